"""What a configuration says of PowerDNS: what becomes of it, and what is told, with its line, about what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.powerdns.asking_dns import endpoint_of

TEXT = """\
fleet: shop
connections:
  dns:
    provider: powerdns
    url: https://dns.internal:8081
    api_key: ${env:KEY}
    dns: 192.0.2.53
environments:
  production: {protected: true}
services:
  checkout:
    production:
      traffic:
        connection: dns
        zone: shop.example
        name: App.shop.example
        names: {stable: 192.0.2.1, canary: 192.0.2.2}
"""


def load(folder: Path, text: str = TEXT) -> Fleet:
    file = folder / "quarterdeck.yaml"
    file.write_text(text)
    return config.load(file, registry.schemas, environment={"KEY": "x"}).fleet


def test_names_are_as_the_api_wants_them_and_the_key_stays_a_reference(tmp_path: Path) -> None:
    fleet = load(tmp_path)
    assert fleet.connections[0].options["api_key"] == "${env:KEY}"
    parts = {"zone": "shop.example.", "name": "app.shop.example.", "type": "A"}
    assert dict(fleet.places[0].address.parts) == {**parts, "names.stable": "192.0.2.1", "names.canary": "192.0.2.2"}


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "words"),
    [
        ("    url: https://dns.internal:8081\n", "", 3, "connections.dns.url", "missing"),
        ("api_key: ${env:KEY}", "api_key: letmein", 6, "connections.dns.api_key", "secret"),
        ("dns: 192.0.2.53", "dns: ns1.example", 7, "connections.dns.dns", "IP address"),
        ("dns: 192.0.2.53", "dns: 192.0.2.53:0", 7, "connections.dns.dns", "no port"),
        ("zone: shop.example", "zone: a..b", 15, "services.checkout.production.traffic.zone", "name of DNS"),
        ("zone: shop.example", 'zone: "x/../../y z"', 15, "services.checkout.production.traffic.zone", "name of DNS"),
        ("name: App.shop", "name: App.other", 13, "services.checkout.production.traffic", "not in the zone"),
        ("name: App", "type: MX\n        name: App", 16, "services.checkout.production.traffic.type", "CNAME"),
    ],
)
def test_what_is_wrong_is_told_where_it_is(
    tmp_path: Path, good: str, bad: str, line: int, path: str, words: str
) -> None:
    assert good in TEXT
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, TEXT.replace(good, bad))
    problem = next((one for one in caught.value.problems if one.path == path), None)
    assert problem is not None, caught.value.problems
    assert problem.line == line, problem
    assert words in problem.message, problem


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5300", ("192.0.2.53", 5300)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5300", ("2001:db8::53", 5300)),
    ],
)
def test_where_dns_is_answered(text: str, endpoint: tuple[str, int]) -> None:
    assert endpoint_of(text) == endpoint


def test_the_sandbox_says_that_it_has_no_powerdns() -> None:
    with pytest.raises(ProviderError, match="the sandbox has no PowerDNS") as caught:
        registry.load("powerdns").sandboxed(Connection("dns", "powerdns", {}), {})
    assert "leave --sandbox out" in caught.value.trouble.hint
