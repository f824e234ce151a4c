"""What a configuration says of Caddy: what becomes of it, and what is told, with its line, about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError

TEXT = """\
fleet: shop
connections:
  edge:
    provider: caddy
    url: http://localhost:2019
environments:
  production: {protected: true}
services:
  checkout:
    production:
      traffic:
        connection: edge
        id: app
        names: {stable: "10.0.0.1:80", canary: "10.0.0.2:80"}
"""


def load(folder: Path, text: str = TEXT) -> Fleet:
    file = folder / "quarterdeck.yaml"
    file.write_text(text)
    return config.load(file, registry.schemas, environment={}).fleet


def test_names_are_parts_of_the_address(tmp_path: Path) -> None:
    (place,) = load(tmp_path).places
    assert dict(place.address.parts) == {"id": "app", "names.stable": "10.0.0.1:80", "names.canary": "10.0.0.2:80"}


def test_nothing_but_an_id_is_needed_and_a_socket_is_found_beside_the_file(tmp_path: Path) -> None:
    text = TEXT.replace("url: http://localhost:2019", "socket: admin.sock")
    fleet = load(tmp_path, text[: text.index("        names")])
    assert fleet.connections[0].options["socket"] == str(tmp_path / "admin.sock")
    assert dict(fleet.places[0].address.parts) == {"id": "app"}


@pytest.mark.parametrize("path", ["apps/http/servers/srv0/routes/0/handle/0", "/config/apps/http/servers/srv0/x"])
def test_a_path_is_one_below_the_config(tmp_path: Path, path: str) -> None:
    (place,) = load(tmp_path, TEXT.replace("id: app", f"path: {path}")).places
    assert place.address.parts["path"] == path.removeprefix("/config/")


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "words"),
    [
        ("url: http://localhost:2019", "url: localhost", 5, "connections.edge.url", "match"),
        ("    url:", "    socket: a.sock\n    url:", 3, "connections.edge", "either url or socket"),
        ("url: http", "uri: http", 5, "connections.edge.uri", "unknown key"),
        ("id: app", "id: a/../b", 13, "services.checkout.production.traffic.id", "match"),
        ("id: app", "path: /x/../id/y", 13, "services.checkout.production.traffic.path", "path in Caddy's config"),
        ("id: app", "id: app\n        path: x", 11, "services.checkout.production.traffic", "either id or path"),
        ('canary: "10.0.0.2', 'canary: "10.0.0.1', 14, "services.checkout.production.traffic.names", "same"),
        ("canary:", "Stable:", 14, "services.checkout.production.traffic.names", "letter case"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(
    tmp_path: Path, good: str, bad: str, line: int, path: str, words: str
) -> None:
    assert good in TEXT
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, TEXT.replace(good, bad))
    problem = next(one for one in caught.value.problems if one.path == path)
    assert problem.line == line, problem
    assert words in problem.message, problem


def test_the_sandbox_says_that_it_has_no_caddy() -> None:
    with pytest.raises(ProviderError, match="the sandbox has no Caddy") as caught:
        registry.load("caddy").sandboxed(Connection("edge", "caddy", {}), {})
    assert "leave --sandbox out" in caught.value.trouble.hint
