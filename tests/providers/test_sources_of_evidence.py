"""Every source of evidence of ours passes the same checks, against the sandbox or a server on loopback."""

from __future__ import annotations

from typing import Any

from tests.providers.azure.conftest import Start, start
from tests.providers.azure.monitored import ERRORS, SITE, watched
from tests.providers.loopback import SECRET, Asked, listening, says, session

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import GateSource, Session
from quarterdeck.release.gate import GateKind, GateSpec
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World
from quarterdeck.testing.gate_conformance import check_evidence

__all__ = ["start"]


def _metrics() -> Connection:
    return Connection("metrics", "prometheus", {"url": "http://prometheus.internal:9090"})


def gate(name: str, kind: GateKind, **options: str) -> GateSpec:
    return GateSpec(name, kind, "source", options)


def source(of: Session) -> GateSource:
    found = of.gates()
    assert found
    return found


async def test_azure_monitor_conforms_with_metrics(start: Start) -> None:
    shop = await watched(start)

    await check_evidence(
        shop.monitor,
        gate("errors", "metric", **ERRORS),
        gate("of nobody", "metric", **{**ERRORS, "resource": f"{SITE}/slots/staging"}),
        gate("no such metric", "metric", resource=SITE, metric="Nonsense"),
        now=shop.world.clock.now,
    )


async def test_azure_monitor_conforms_with_alerts(start: Start) -> None:
    shop = await watched(start)

    await check_evidence(
        shop.monitor,
        gate("quiet", "alerts", matchers='{severity="Sev1"}'),
        gate("nothing could fire", "alerts", matchers='{severity="Sev4"}'),
        gate("no selector", "alerts", matchers="{severity"),
        now=shop.world.clock.now,
    )


async def test_prometheus_conforms() -> None:
    world = World(
        WorldClock(), {"sites": [{"group": "g", "name": "shop", "location": "x", "slots": {"production": {}}}]}
    )
    async with running(world, tls=True) as up:
        connection = registry.load("prometheus").sandboxed(_metrics(), announcement(up))
        prometheus = source(session("prometheus", **connection.options))
        for answered, silent, wrong in (
            (
                gate("up", "metric", query="vector(1)"),
                gate("none", "metric", query="nope"),
                gate("bad", "metric", query="("),
            ),
            (
                gate("quiet", "alerts", matchers='{severity="page"}'),
                gate("no rule", "alerts", matchers='{severity="none"}'),
                gate("bad", "alerts", matchers="{"),
            ),
        ):
            await check_evidence(prometheus, answered, silent, wrong)


async def test_alertmanager_conforms() -> None:
    def say(asked: Asked) -> bytes:
        return says([])

    async with listening(say) as server:
        alertmanager = source(session("alertmanager", url=server.url, bearer_token="${env:TOKEN}"))
        doubted = source(session("alertmanager", url=server.url, watchdog="Watchdog"))
        await check_evidence(
            alertmanager, gate("quiet", "alerts"), wrong=gate("bad", "alerts", matchers="{"), secrets=(SECRET,)
        )
        assert (await doubted.measure(gate("quiet", "alerts"))).value is None


async def test_work_items_over_http_conform() -> None:
    answers: dict[str, Any] = {"/items": {"total": 2}, "/other": {"count": 1}, "/wrong": {"errors": [SECRET]}}

    async with listening(lambda asked: says(answers.get(asked.path, {}))) as server:
        http = source(session("http", url=server.url, bearer_token="${env:TOKEN}"))
        await check_evidence(
            http,
            gate("items", "query", path="items", count="total"),
            gate("none", "query", path="other", count="total"),
            gate("wrong", "query", path="wrong", count="total"),
            secrets=(SECRET,),
        )
