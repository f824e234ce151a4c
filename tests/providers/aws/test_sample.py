"""The sample for AWS, and configurations that are wrong: read, seen and carried out on an account that moto plays."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.engine.ship import Moments, Ship
from tests.providers.aws.cloud import Admin, forward, record
from tests.servers import needs

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Connection, Fleet, Role
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.action import Rollback, Shift

SAMPLE = shared_dir("sample-configs") / "aws-alb-route53.yaml"
CHECKOUT, STOREFRONT = TargetId("production", "checkout"), TargetId("production", "storefront")
NAME = "www.fabrikam.example"


class Lines:
    """Sessions of all connections of a fleet; nobody answers for gates here."""

    def __init__(self, fleet: Fleet) -> None:
        context = SessionContext(SystemClock(), print, lambda _: "")
        self.sessions: dict[str, Session] = {
            one.name: registry.load(one.provider).open(one, context) for one in fleet.connections
        }

    async def open(self, connection: str) -> Session:
        return self.sessions[connection]

    def capability(self, connection: str, role: Role) -> Capability:
        found = self.sessions[connection].capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        raise ProviderError("unreachable", "there is nobody here")

    async def identity(self, connection: str) -> str:
        return await self.sessions[connection].identity()


@asynccontextmanager
async def sailing(folder: Path, fleet: Fleet) -> AsyncIterator[tuple[Ship, Lines]]:
    """A runner's engine on the real sessions of a fleet."""
    lines = Lines(fleet)
    ship = Ship(folder, SystemClock(), lambda: lines, Moments(), fleet)  # type: ignore[arg-type]
    try:
        yield ship, lines
    finally:
        await ship.engine.close()
        for session in lines.sessions.values():
            await session.close()


@needs("moto_server")
async def test_the_sample_is_seen_shifted_and_taken_back(
    moto: Admin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blue, green = moto.group("checkout-blue"), moto.group("checkout-green")
    listener = moto.listener(moto.balancer("store"), forward((blue, 1)))
    rule = moto.rule(listener, forward((blue, 100), (green, 0), sticky=60))
    zone = moto.zone("fabrikam.example")
    for first, second in (("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")):
        moto.records(zone, record(NAME, "ireland", 100, first), record(NAME, "frankfurt", 0, second))
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto.url)
    fleet = config.load(SAMPLE, registry.schemas, {"CHECKOUT_RULE": rule, "STORE_ZONE": zone}).fleet
    async with sailing(tmp_path, fleet) as (ship, lines):
        for place in fleet.places:
            seen = await lines.capability(place.address.connection, place.role).observe([place])
            reading = seen[place.subject]
            assert isinstance(reading, TrafficReading)
            assert [d.share for d in reading.destinations] == [100, 0]
        for target, name in ((CHECKOUT, "checkout-green"), (STOREFRONT, "frankfurt")):
            done = await ship.carry_out(Shift(target, {name: 25.0}))
            assert done.ending == "succeeded", done
        assert moto.weights(rule) == [75, 25]
        assert moto.record_weights(zone, NAME) == {"ireland": 75, "frankfurt": 25}
        assert moto.record_weights(zone, NAME, "AAAA") == {"ireland": 75, "frankfurt": 25}
        for target in (CHECKOUT, STOREFRONT):
            assert (await ship.carry_out(Rollback(target))).ending == "succeeded"
        assert moto.weights(rule) == [100, 0]
        assert moto.record_weights(zone, NAME) == {"ireland": 100, "frankfurt": 0}


TEXT = """\
fleet: shop
connections:
  lb: {provider: aws.alb}
  dns: {provider: aws.route53}
environments:
  production: {protected: true}
services:
  checkout:
    production:
      traffic:
        connection: lb
        arn: arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/shop/0a/1b
  www:
    production:
      traffic:
        connection: dns
        zone: /hostedzone/Z0123
        name: WWW.Example.com.
"""


def load(folder: Path, text: str = TEXT) -> Fleet:
    file = folder / "quarterdeck.yaml"
    file.write_text(text)
    return config.load(file, registry.schemas, environment={}).fleet


def test_what_means_the_same_is_the_same_address(tmp_path: Path) -> None:
    parts = load(tmp_path).places[1].address.parts
    assert (parts["zone"], parts["name"], json.loads(parts["type"])) == ("Z0123", "www.example.com", ["A"])


@pytest.mark.parametrize(
    ("good", "bad", "line", "path", "words"),
    [
        ("app/shop/0a/1b", "net/shop/0a/1b", 12, "services.checkout.production.traffic.arn", "Application Load"),
        ("listener/app", "targetgroup/app", 12, "services.checkout.production.traffic.arn", "must be the ARN"),
        ("zone: /hostedzone/Z0123", "zone: example.com", 17, "services.www.production.traffic.zone", "id of a hosted"),
        ("name: WWW.Example.com.", "name: www", 18, "services.www.production.traffic.name", "whole name"),
        ("Example.com.", "Example.com\n        type: MX", 19, "services.www.production.traffic.type", "'A'"),
        ("Example.com.", "Example.com\n        type: [A, A]", 19, "services.www.production.traffic.type", "twice"),
        ("aws.alb}", "aws.alb, region: Ireland}", 3, "connections.lb.region", "pattern"),
        ("aws.alb}", "aws.alb, role_arn: release}", 3, "connections.lb.role_arn", "pattern"),
        ("aws.alb}", "aws.alb, secret_key: x}", 3, "connections.lb.secret_key", "unknown key"),
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


@pytest.mark.parametrize("name", ["aws.alb", "aws.route53"])
def test_the_sandbox_says_that_it_has_no_aws(name: str) -> None:
    with pytest.raises(ProviderError, match="the sandbox has no AWS") as caught:
        registry.load(name).sandboxed(Connection("lb", name, {}), {})
    assert "endpoint_url" in caught.value.trouble.hint
