"""What a configuration says of HAProxy: what becomes of it, and what is told, with its line, about what is wrong."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from tests.providers.haproxy.balancer import needs_haproxy
from tests.servers import program

from quarterdeck import config
from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError, SessionContext

SAMPLE = shared_dir("sample-configs") / "haproxy-on-premises.yaml"

TEXT = """\
fleet: shop
connections:
  lb:
    provider: haproxy
    socket: /run/haproxy/admin.sock
environments:
  production: {protected: true}
services:
  checkout:
    production:
      traffic: {connection: lb, backend: checkout}
  portal:
    production:
      slots:
        connection: lb
        map: /etc/haproxy/live.map
        key: portal.example
        backends: [blue, green]
"""


def load(folder: Path, text: str = TEXT) -> Fleet:
    file = folder / "quarterdeck.yaml"
    file.write_text(text)
    return config.load(file, registry.schemas, environment={}).fleet


def test_one_socket_needs_no_brackets(tmp_path: Path) -> None:
    fleet = load(tmp_path)
    assert json.loads(fleet.connections[0].options["socket"]) == ["/run/haproxy/admin.sock"]
    traffic, slots = fleet.places
    assert dict(traffic.address.parts) == {"backend": "checkout"}
    assert json.loads(slots.address.parts["backends"]) == ["blue", "green"]


def test_several_are_one_connection(tmp_path: Path) -> None:
    fleet = load(tmp_path, TEXT.replace("/run/haproxy/admin.sock", "[/run/one.sock, 10.0.0.2:9999]"))
    assert json.loads(fleet.connections[0].options["socket"]) == ["/run/one.sock", "10.0.0.2:9999"]


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "words"),
    [
        ("socket: /run/haproxy/admin.sock", "socket: admin.sock", 5, "connections.lb.socket", "path of a socket"),
        ("socket: /run/haproxy/admin.sock", "socket: []", 5, "connections.lb.socket", "at least 1"),
        ("socket: /run/haproxy/admin.sock", "socket: [/a.sock, /a.sock]", 5, "connections.lb.socket", "twice"),
        ("socket: /run/haproxy/admin.sock", "sock: /a.sock", 5, "connections.lb.sock", "unknown key"),
        ("socket: /run/haproxy/admin.sock", "socket: /a.sock\n    timeout: 2m", 6, "connections.lb.timeout", "at most"),
        ("backend: checkout", "backend: a;b", 11, "services.checkout.production.traffic.backend", "letters, digits"),
        ("backend: checkout", "site: x, backend: c", 11, "services.checkout.production.traffic.site", "unknown key"),
        ("backends: [blue, green]", "backends: [blue]", 18, "services.portal.production.slots.backends", "at least 2"),
        ("backends: [blue, green]", "backends: [a, a]", 18, "services.portal.production.slots.backends", "twice"),
        ("key: portal.example", 'key: "x; disable server a/b"', 17, "services.portal.production.slots.key", "one word"),
        ("map: /etc/haproxy/live.map", 'map: "a b"', 16, "services.portal.production.slots.map", "one word"),
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


def test_the_sandbox_says_that_it_has_no_haproxy() -> None:
    connection = Connection("lb", "haproxy", {"socket": '["/a.sock"]'})
    with pytest.raises(ProviderError, match="the sandbox has no HAProxy") as caught:
        registry.load("haproxy").sandboxed(connection, {})
    assert "leave --sandbox out" in caught.value.trouble.hint


def test_a_connection_from_elsewhere_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    context = SessionContext(clock=None, tell=print, secret=str)  # type: ignore[arg-type]
    with pytest.raises(ProviderError, match="path of a socket"):
        registry.load("haproxy").open(Connection("lb", "haproxy", {"socket": "nowhere"}), context)


@needs_haproxy
def test_what_the_sample_says_of_haproxys_own_configuration_is_accepted_by_haproxy(tmp_path: Path) -> None:
    comment = [line.removeprefix("#") for line in SAMPLE.read_text().splitlines() if line.startswith("#")]
    start = next(number for number, line in enumerate(comment) if line.strip() == "global")
    lines = comment[start:]
    (tmp_path / "live.map").write_text("portal.northwind.example portal-blue\n")
    (tmp_path / "state").touch()
    text = "\n".join(lines).replace("/run/haproxy", str(tmp_path)).replace("/etc/haproxy", str(tmp_path))
    text = text.replace("/var/lib/haproxy/server-state", str(tmp_path / "state"))
    text = text.replace("frontend www\n", f"frontend www\n bind unix@{tmp_path}/front.sock\n")
    text = text.replace(
        " defaults\n", " defaults\n mode http\n timeout connect 1s\n timeout client 1s\n timeout server 1s\n"
    )
    (tmp_path / "haproxy.cfg").write_text(text + "\n")
    checked = subprocess.run([program("haproxy"), "-c", "-f", tmp_path / "haproxy.cfg"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
