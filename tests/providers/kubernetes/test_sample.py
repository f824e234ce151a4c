"""The sample for Kubernetes: seen, released, taken back and promoted by the engine; a stand-in plays the controller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from tests.engine.ship import Moments, Ship
from tests.providers.kubernetes.api_server import ApiServer
from tests.providers.kubernetes.lab import Controller, Lab
from tests.providers.kubernetes.objects import blue_green, canary, route

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Role
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.providers.base import Capability, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.action import Rollback, Shift, Swap
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release
from quarterdeck.release.strategy import BakeStep, PauseStep

SAMPLE = shared_dir("sample-configs") / "kubernetes-argo-unleash.yaml"
CHECKOUT, PORTAL, SEARCH = (TargetId("production", name) for name in ("checkout", "portal", "search"))
STEPS: list[dict[str, Any]] = [
    {"setWeight": 5},
    {"pause": {}},
    {"setWeight": 25},
    {"pause": {}},
    {"setWeight": 50},
    {"pause": {}},
]


class Lines:
    """A session on the cluster, and nobody who answers for gates."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def open(self, connection: str) -> Session:
        return self.session

    def capability(self, connection: str, role: Role) -> Capability:
        found = self.session.capability(role)
        assert found
        return found

    def gates(self, connection: str) -> GateSource:
        raise ProviderError("unreachable", "there is nobody here")

    async def identity(self, connection: str) -> str:
        return await self.session.identity()


@dataclass
class Bridge:
    ship: Ship
    lab: Lab

    async def begin(self, version: str) -> str:
        proposed = await self.ship.ask("propose", {"wish": to_json(Wish((CHECKOUT,), version))})
        assert proposed
        plan = proposed.proposal
        assert plan, proposed.refusal
        said = {"plan": plan.id, "digest": plan.digest, "typed": plan.type_to_confirm}
        launched = await self.ship.ask("launch", said)
        assert launched
        assert launched.release, launched.refusal
        return launched.release

    async def order(self, release: str, order: str) -> None:
        await self.ship.ask("order", {"release": release, "order": order, "step": "", "override": ""})

    async def until(self, release: str, true: Callable[[Release], bool]) -> Release:
        async with asyncio.timeout(30):
            while not true(found := cast(Release, self.ship.store.release(release))):  # noqa: ASYNC110 - told to the store only
                await asyncio.sleep(0.01)
        return found

    async def status(self, name: str) -> dict[str, Any]:
        return cast(dict[str, Any], (await self.lab.get("rollouts", name))["status"])


@pytest.fixture
async def bridge(
    own: ApiServer, own_lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Bridge]:
    async with controlled(own, own_lab):
        file = tmp_path / "kubeconfig"
        file.write_text(
            yaml.safe_dump(
                {
                    "contexts": [{"name": "production", "context": {"cluster": "c", "user": "alice"}}],
                    "clusters": [
                        {"name": "c", "cluster": {"server": own.loopback.url, "certificate-authority": "ca.crt"}}
                    ],
                    "users": [{"name": "alice", "user": {"token": "alice-token"}}],
                }
            )
        )
        monkeypatch.setenv("KUBECONFIG", str(file))
        loaded = config.load(SAMPLE, registry.schemas, environment={})
        fleet = replace(loaded.fleet, places=tuple(p for p in loaded.fleet.places if p.role != "flags"))
        waits = tuple(
            replace(one, steps=tuple(PauseStep() if isinstance(step, BakeStep) else step for step in one.steps))
            for one in loaded.rules.strategies
        )
        rules = replace(loaded.rules, strategies=waits, gates=())
        context = SessionContext(SystemClock(), print, lambda _: "")
        session = registry.load("kubernetes").open(fleet.connections[0], context)
        lines = Lines(session)
        ship = Ship(tmp_path, cast(Any, SystemClock()), lambda: lines, Moments(), fleet, rules)
        seen = [await lines.capability("cluster", place.role).observe([place]) for place in fleet.places]
        assert not [one for found in seen for one in found.values() if isinstance(one, Trouble)]
        yield Bridge(ship, own_lab)
        await ship.engine.close()
        await session.close()


@asynccontextmanager
async def controlled(own: ApiServer, lab: Lab) -> AsyncIterator[None]:
    """What the sample expects to be there, and controllers that act on every change of ours."""
    controllers = [Controller(lab, "checkout"), Controller(lab, "portal")]
    await controllers[0].begin(canary("checkout", STEPS))
    await controllers[1].begin(blue_green("portal"))
    for one in controllers:
        await one.update()
    await Lab(lab.url, lab.authority, "search").create("httproutes", route("search", {"search": 100, "search-next": 0}))

    async def act() -> None:
        while True:
            await own.changed.wait()
            own.changed.clear()
            for one in controllers:
                await one.act()

    acting = asyncio.create_task(act())
    try:
        yield
    finally:
        acting.cancel()


async def test_a_release_goes_by_the_steps_of_the_rollout_to_the_end(bridge: Bridge) -> None:
    release = await bridge.begin("2.0")
    for pause, share in (("1", 5), ("3", 25), ("5", 50)):
        await bridge.until(release, lambda one, pause=pause: one.standing(pause).state == "running")  # type: ignore[misc]
        assert (await bridge.status("checkout"))["canary"]["weights"]["canary"]["weight"] == share
        await bridge.order(release, "promote")
    ended = await bridge.until(release, lambda one: one.ending is not None)
    assert ended.ending == "succeeded", ended.detail
    assert (await bridge.status("checkout"))["stableRS"] == "bbb"
    assert bridge.ship.store.verify() == ()


async def test_a_release_that_is_aborted_gives_everybody_the_version_before(bridge: Bridge) -> None:
    release = await bridge.begin("2.0")
    await bridge.until(release, lambda one: one.standing("1").state == "running")
    await bridge.order(release, "promote")
    await bridge.until(release, lambda one: one.standing("3").state == "running")
    await bridge.order(release, "abort")
    ended = await bridge.until(release, lambda one: one.ending is not None)
    assert ended.ending == "rolled_back", ended.detail
    status = await bridge.status("checkout")
    assert (status["abort"], status["canary"]["weights"]["canary"]["weight"]) == (True, 0)


async def test_a_promotion_is_one_way_and_a_shift_of_a_route_isnt(bridge: Bridge) -> None:
    done = await bridge.ship.carry_out(Swap(PORTAL))
    assert done.ending == "succeeded", done.detail
    assert (await bridge.status("portal"))["blueGreen"]["activeSelector"] == "bbb"
    back = await bridge.ship.ask("plan", {"action": to_json(Rollback(PORTAL))})
    assert back
    assert back.refusal
    assert back.refusal.message == "production/portal: nothing swaps back here: 1.0 has to come as a new one"
    assert "kubectl argo rollouts undo" in back.refusal.hint
    for action in (Shift(SEARCH, {"search-next": 10.0}), Rollback(SEARCH)):
        assert (await bridge.ship.carry_out(action)).ending == "succeeded"
