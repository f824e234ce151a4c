"""The same sample with a real Prometheus that watches the load balancers: a canary that fails is taken back."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.providers.haproxy.balancer import needs_haproxy
from tests.providers.haproxy.racks import CHECKOUT, Racks, begin, racks
from tests.providers.loopback import session
from tests.providers.prometheus.watchtower import prometheus
from tests.servers import free_port, needs

from quarterdeck.release.rules import Rulebook

pytestmark = [needs_haproxy, needs("prometheus")]


def quickened(rules: Rulebook) -> Rulebook:
    """The sample's own gates and strategies; its gates are asked more often than four times a minute."""
    return replace(rules, gates=tuple(replace(gate, interval=0.4) for gate in rules.gates))


def exporter(port: int) -> str:
    """HAProxy's own, as its documentation has it."""
    return (
        f"frontend metrics\n  bind 127.0.0.1:{port}\n"
        "  http-request use-service prometheus-exporter if {{ path /metrics }}\n"
    )


async def come_and_go(here: Racks) -> None:
    """Clients, as long as they aren't stopped."""
    while True:
        await here.answered("shop.northwind.example", 40)
        await asyncio.sleep(0.02)


async def test_a_canary_that_fails_by_real_metrics_is_taken_back(tmp_path: Path) -> None:
    ports = {"lb1": free_port(), "lb2": free_port()}
    with prometheus(tmp_path / "prometheus", ports) as url:
        more = {name: exporter(port) for name, port in ports.items()}
        async with racks(tmp_path, more=more, rules=quickened, metrics=session("prometheus", url=url)) as here:
            here.behind.failing["canary"] = 1  # every answer: with fewer its first ones could be good ones
            clients = asyncio.create_task(come_and_go(here))
            release = await begin(here.ship, CHECKOUT, version="2.0")
            ended = await here.until(release, lambda r: r.ending is not None)
            clients.cancel()
            assert ended.ending == "rolled_back", ended.detail
            assert [one.weight("checkout/canary") for one in here.balancers] == [0, 0]
            assert await here.answered("shop.northwind.example", 100) == {"stable": 100}
            assert "errors" in ended.detail
            sampled = here.ship.store.events(kinds=["release.sampled"])
            verdicts = [one["verdict"] for event in sampled for one in event.body["sample"]["measurements"]]
            assert verdicts[-2:] == ["fail", "fail"], verdicts
            assert set(verdicts[:-2]) <= {"no_data"}, verdicts  # before Prometheus has seen an answer of the canary
