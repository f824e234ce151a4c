"""The capabilities of the simulated provider: requests that take time, get lost, are refused, and read old news."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.simulation.fleets import IMAGE
from tests.simulation.physics import PRODUCTION, STAGING, Declined, Flag, Send, Site, Split, World
from tests.simulation.weather import LATEST_EFFECT, STALEST_READ

from quarterdeck.fleet.observation import TroubleCode
from quarterdeck.fleet.readings import (
    Audience,
    Build,
    Destination,
    FlagReading,
    SlotReading,
    SwapRecord,
    TrafficReading,
)
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place, Role
from quarterdeck.providers.base import (
    Capability,
    GateSource,
    InDoubt,
    Observed,
    Progress,
    ProviderError,
    Receipt,
    Refused,
)
from quarterdeck.release.gate import Evidence, GateSpec
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import (
    Settlement,
    settle_deploy,
    settle_destination,
    settle_flag,
    settle_shares,
    settle_slots,
)
from quarterdeck.release.survey import DeploySurvey, FlagSurvey, SwapSurvey, TrafficSurvey

if TYPE_CHECKING:
    from tests.simulation.runners import Runner
    from tests.simulation.simulation import Simulation

ROLES: dict[str, str] = {"slots": "slots", "slot_traffic": "split", "traffic": "split", "flags": "flag"}


UNREADABLE: Sequence[TroubleCode] = ("unreachable", "timeout", "throttled", "garbage", "provider_error")
REFUSALS: Sequence[TroubleCode] = ("throttled", "forbidden", "provider_error")


def key_of(role: str, address: Address) -> str:
    """The world's name of what a role of an address is about."""
    return f"{ROLES[role]}/{address.parts['name']}"


class Wire:
    """All capabilities, as one runner sees them."""

    source = "simulated"

    def __init__(self, simulation: Simulation, runner: Runner) -> None:
        self._simulation = simulation
        self._runner = runner
        self._loop = simulation.loop
        self._world: World = simulation.world
        self._random = simulation.random
        self._looks: dict[tuple[str, str], tuple[float, str]] = {}

    # --- Connections -------------------------------------------------------------------------------------------------
    def capability(self, connection: str, role: Role) -> Capability:
        return self

    def gates(self, connection: str) -> GateSource:
        return Oracle(self._simulation, self._runner)

    async def open(self, connection: str) -> Any:
        """Open already; see `sampling.Sources`."""

    async def identity(self, connection: str) -> str:
        return "ana@contoso.example"

    # --- reading -----------------------------------------------------------------------------------------------------
    async def observe(self, places: Sequence[Place]) -> Observed:
        return {}

    async def permitted(self, address: Address) -> bool | None:
        return None

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        sides = [await self._slot(key_of("slots", address), name) for name in (source, destination)]
        return SwapSurvey(sides[0][0], sides[1][0], seconds=60)

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        key = f"split/{address.parts['name']}"
        reading, when = await self._split(key)
        self._looks[self._task(), f"survey {key}"] = (when, "")
        return TrafficSurvey(reading, self._simulation.scene.limits[key])

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        return FlagSurvey((await self._flag(key_of("flags", address)))[0])

    async def survey_deploy(self, address: Address, slot: str) -> DeploySurvey:
        key = key_of("slots", address)
        reading, _ = await self._slot(key, slot)
        prepared = {"prepared_for": "production"} if slot == STAGING and self._world.now(key).preview else {}
        live = slot == PRODUCTION or self._world.share(key, slot) > 0
        return DeploySurvey(reading, IMAGE + _version(reading), live, seconds=20, facts=prepared)

    async def settle(self, step: Step) -> Settlement:
        key = key_of(step.role, step.address)
        self._looks.pop((self._task(), key), None)
        if step.verb == "deploy":
            slot, when = await self._slot(key, str(step.change["slot"]))
            settlement = settle_deploy(step, slot, IMAGE + _version(slot), "")
        elif step.role == "slots":
            source, first = await self._slot(key, STAGING)
            destination, second = await self._slot(key, PRODUCTION)
            when, settlement = min(first, second), settle_slots(step, source, destination)
            if settlement.state == "unclear" and self._simulation.weather.tells:
                settlement = replace(settlement, state="not_done")
        elif step.role == "flags":
            flag, when = await self._flag(key)
            settlement = settle_flag(step, flag)
        else:
            split, when = await self._split(key)
            settlement = settle_shares(step, split) if step.verb == "set_shares" else settle_destination(step, split)
        self._looks[self._task(), key] = (when, settlement.state)
        return settlement

    async def _slot(self, key: str, name: str) -> tuple[SlotReading, float]:
        state, when = await self._read(key)
        site: Site = state
        busy = site.busy if self._simulation.weather.tells else ""
        at, source, destination = site.swapped
        record = SwapRecord(at, source, destination) if at else None
        build = site.staging if name == STAGING else site.production
        preview = site.preview if name == PRODUCTION else ""
        reading = SlotReading(
            name, Build(build, build), health="healthy", preview_from=preview, last_swap=record, operation=busy
        )
        return reading, when

    async def _split(self, key: str) -> tuple[TrafficReading, float]:
        state, when = await self._read(key)
        split: Split = state
        whole = sum(side.weight for side in split.sides.values() if side.enabled) or 1
        return TrafficReading(
            "Weighted",
            tuple(
                Destination(
                    name,
                    side.weight if split.atomic else (100 * side.weight / whole if side.enabled else 0.0),
                    side.weight,
                    side.enabled,
                    "healthy" if side.healthy else "unhealthy",
                )
                for name, side in split.sides.items()
            ),
        ), when

    async def _flag(self, key: str) -> tuple[FlagReading, float]:
        state, when = await self._read(key)
        flag: Flag = state
        audience = tuple(Audience(group, percent) for group, percent in flag.audience)
        reading = FlagReading("banner", flag.enabled, percent=flag.percent, audience=audience, etag=f"v{flag.version}")
        return reading, when

    async def _read(self, key: str) -> tuple[Any, float]:
        """The state of a thing, and the moment that it is the state of."""
        weather = self._simulation.weather
        if not self._task().startswith("operation "):
            self._simulation.worst_moment()
        await self._travel()
        now = self._loop.time()
        if self._random.random() < weather.unreadable:
            await self._travel()
            code = self._random.choice(UNREADABLE)
            raise ProviderError(code, f"{key} can't be read: {code}")
        lag = self._random.uniform(0, STALEST_READ) if self._random.random() < weather.stale else 0.0
        state = self._world.at(key, now - lag)
        await self._travel()
        return state, now - lag

    async def _travel(self) -> None:
        self._runner.breathe()
        if self._task().startswith("operation "):
            self._runner.nod_off()
        if self._random.random() < 0.9:
            await asyncio.sleep(self._delay())

    def _delay(self) -> float:
        return min(1.0, self._random.expovariate(1.0) * self._simulation.weather.latency)

    # --- writing -----------------------------------------------------------------------------------------------------
    async def send(self, step: Step) -> Receipt:
        self._runner.breathe()
        key = key_of(step.role, step.address)
        when, state = self._looks.pop((self._task(), key), (-1.0, "nothing"))
        survey, _ = self._looks.pop((self._task(), f"survey {key}"), (when, ""))
        operation = self._task().removeprefix("operation ")
        send = self._simulation.auditor.leaves(key, operation, step, self._runner, min(when, survey), state)
        answer: asyncio.Future[Receipt] = self._loop.create_future()
        self._loop.call_later(self._delay(), self._arrive, send, answer, context=Context())
        return await answer

    def _arrive(self, send: Send, answer: asyncio.Future[Receipt]) -> None:
        """At the provider. Whoever sent it may be dead by now."""
        weather, drawn = self._simulation.weather, self._random.random()
        fates: Sequence[tuple[float, Callable[[Send], Receipt | Exception]]] = (
            (weather.refused, self._refuse),
            (weather.before, self._lose),
            (weather.after, self._lose_answer),
            (weather.fault, self._lose_answer_badly),
            (weather.empty, self._acknowledge),
        )
        deed: Callable[[Send], Receipt | Exception] = self._perform
        for chance, fate in fates:
            if drawn < chance:
                deed = fate
                break
            drawn -= chance
        result = deed(send)
        self._simulation.auditor.arrives(send)
        self._simulation.tell(f"world: {send} arrives: {result!r}")
        self._loop.call_later(self._delay(), _reply, answer, result, context=Context())

    def _refuse(self, send: Send) -> Exception:
        code = self._random.choice(REFUSALS)
        return Refused(code, f"{send.step.verb} refused: {code}")

    def _lose(self, send: Send) -> Exception:
        return InDoubt("unreachable", "connection dropped")

    def _lose_answer(self, send: Send) -> Exception:
        late = self._random.uniform(0, LATEST_EFFECT) if self._random.random() < 0.5 else 0.0
        self._loop.call_later(late, self._perform, send, context=Context())
        return InDoubt("timeout", "504 Gateway Timeout")

    def _lose_answer_badly(self, send: Send) -> Exception:
        self._perform(send)
        return RuntimeError("https://signed.example/?s=SECRET")

    def _acknowledge(self, send: Send) -> Receipt | Exception:
        """Says yes, does nothing. Only where the whole answer is the yes."""
        return self._perform(send) if send.step.verb in ("swap", "complete") else Receipt("ref")

    def _perform(self, send: Send) -> Receipt | Exception:
        """What a write does when it gets there."""
        step, key, world = send.step, send.key, self._world
        change = step.change
        try:
            match step.verb:
                case "swap" | "complete":
                    work = world.swap(key, send, *self._simulation.swap_length())
                    return Receipt(work.id, work.id)
                case "preview" | "cancel":
                    world.prepare(key, str(change["source"]) if step.verb == "preview" else "", send)
                case "deploy":
                    world.deploy(key, str(change["slot"]), str(change["version"]), send)
                case "set_destination":
                    world.weigh(key, change["destination"], change["weight"], change["enabled"], send)
                case "set_shares":
                    world.divide(key, change["shares"], send)
                case "set_flag":
                    flag = Flag(change["enabled"], change["percent"], tuple(change["audience"].items()))
                    world.set_flag(key, flag, int(step.before["etag"][1:]), send)
        except Declined as error:
            return Refused("provider_error", str(error))
        return Receipt("ref")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        await self._travel()
        if self._random.random() < self._simulation.weather.poll_fails:
            failures: tuple[Callable[[], Exception], ...] = (
                lambda: ProviderError("garbage", "the answer is not JSON"),
                lambda: ProviderError("throttled", "429"),
                lambda: RuntimeError("garbage"),
            )
            raise self._random.choice(failures)()
        work = self._world.works[receipt.token]
        await self._travel()
        match work.outcome:
            case "finished":
                return Progress("finished")
            case "failed":
                return Progress("failed", "staging did not respond to http ping")
        return Progress("running", "warming up", 15)

    def _task(self) -> str:
        task = asyncio.current_task()
        return task.get_name() if task else ""


def _reply(answer: asyncio.Future[Receipt], result: Receipt | Exception) -> None:
    if answer.done():
        return
    if isinstance(result, Exception):
        answer.set_exception(result)
    else:
        answer.set_result(result)


def _version(reading: SlotReading) -> str:
    return reading.build.version if reading.build else ""


class Oracle:
    """What answers for gates, and for the share of traffic that users really get, as one runner asks."""

    source = "oracle"

    def __init__(self, simulation: Simulation, runner: Runner) -> None:
        self._simulation = simulation
        self._runner = runner
        self._random = simulation.random

    async def measure(self, gate: GateSpec) -> Evidence:
        """`errors` and `latency` tell whether a sick build serves; what else there is, is as chance has it."""
        await self._travel()
        weather, simulation = self._simulation.weather, self._simulation
        name, _, where = gate.options["query"].partition(" ")
        bad = simulation.ill(TargetId.parse(where)) if name != "noise" else self._random.random() < weather.noise
        value = float(bad or name == "shadow")
        fate = self._random.random() / weather.silence if weather.silence else 1.0
        if fate < 0.2:
            await asyncio.sleep(self._random.choice((5.0, 100.0)))
        elif fate < 0.4:
            raise ProviderError("unreachable", "the metrics don't answer")
        elif fate < 0.5:
            raise RuntimeError("garbage")
        elif fate < 0.7:
            return self._told(gate, Evidence(None, detail="no such series"))
        elif fate < 1.0:
            return self._told(gate, Evidence(value, at=simulation.wall() - 500, detail="an old value"))
        await self._travel()
        return self._told(gate, Evidence(value, detail=f"{value:g}"))

    async def off_by(self, gate: GateSpec) -> Evidence:
        """By how many points the shares of a target differ from the intended ones."""
        await self._travel()
        shares = json.loads(gate.options["shares"])
        return self._told(gate, Evidence(self._simulation.off_by(TargetId.parse(gate.options["target"]), shares)))

    def _told(self, gate: GateSpec, evidence: Evidence) -> Evidence:
        self._simulation.auditor.log.evidence(gate.name, evidence)
        return evidence

    async def _travel(self) -> None:
        self._runner.breathe()
        await asyncio.sleep(min(1.0, self._random.expovariate(1.0) * self._simulation.weather.latency))
