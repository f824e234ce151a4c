"""What every provider's capabilities must do, checked against a live system.

For authors of providers: call these from your own tests, against a sandbox or a place that nobody needs. The writes
are planned by Quarterdeck's own planner, sent through your capability, read back, and undone. A check that fails
raises `NotConforming`, which says what is wrong.

    async def test_swap():
        await check_swap(session.capability("slots"), place, "staging", "production")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from typing import Any

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.fleet.readings import Audience, FlagsReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place, Role
from quarterdeck.providers.base import BuildHost, Capability, FlagStore, ProviderError, Receipt, SlotHost, TrafficRouter
from quarterdeck.release.action import Deploy, FlagChange, Shift, Swap, SwapMode
from quarterdeck.release.deploy import plan_deploy, plan_undo
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.survey import FORBIDS_PREVIEW
from quarterdeck.release.swap import Site, plan_swap

MOST_LOOKS = 100
"""Looks at a write under way before it counts as never ending."""

_KINDS: Mapping[Role, type] = {
    "slots": SlotsReading,
    "slot_traffic": TrafficReading,
    "traffic": TrafficReading,
    "flags": FlagsReading,
    "pipelines": RunsReading,
}

PassTime = Callable[[float], Awaitable[None]]
"""Lets so many seconds pass for the system behind the provider."""


class NotConforming(AssertionError):
    """A capability breaks the contract of `quarterdeck.providers.base`."""


async def check_observing(capability: Capability, places: Sequence[Place], missing: Place | None = None) -> None:
    """Every place is read as what its role says, a missing one is a trouble, and the text is fit for a terminal."""
    require(bool(capability.source), "`source` is empty: observations must say who said so")
    asked = [*places, missing] if missing else [*places]
    try:
        observed = await capability.observe(asked)
    except Exception as error:
        raise NotConforming(f"observe raised {type(error).__name__} instead of reporting a Trouble") from error
    strange = set(observed) - {place.subject for place in asked}
    require(not strange, f"observe answered for what nobody asked: {sorted(strange)}")
    for place in places:
        found = observed.get(place.subject)
        require(isinstance(found, _KINDS[place.role]), f"{place.subject} was read as {type(found).__name__}")
        _require_round_trip(found)
        require_printable(found, place.subject)
    if missing:
        trouble = observed.get(missing.subject)
        require(isinstance(trouble, Trouble), f"{missing.subject} isn't there, and was read as {trouble!r}")
        require_printable(trouble, missing.subject)


async def check_swap(
    host: SlotHost, place: Place, source: str, destination: str, pass_time: PassTime = asyncio.sleep
) -> None:
    """A swap and the swap back; a preview and its cancellation. Leaves everything as it was.

    A host whose survey forbids a preview must be refused one by the planner, and is not asked for it.
    """
    modes: tuple[SwapMode, ...] = ("swap", "swap", "preview", "cancel")
    for mode in modes:
        survey = await host.survey_swap(place.address, source, destination)
        require_printable(survey, f"survey of {place.subject}")
        action = Swap(place.target, source, destination, mode)
        if mode == "preview" and any(risk.code == FORBIDS_PREVIEW for risk in survey.risks):
            refused = isinstance(plan_swap(action, [Site(place, survey)]), Refusal)
            require(refused, "the survey forbids a preview, and one was planned")
            return
        await take(host, steps_of(plan_swap(action, [Site(place, survey)]), mode), pass_time)


async def check_deploy(
    host: BuildHost, place: Place, slot: str, version: str, artifact: str, pass_time: PassTime = asyncio.sleep
) -> None:
    """A version into a slot that nobody reaches, read back; then what was there before, if the provider tells what that
    was. The slot should hold another version at first."""
    survey = await host.survey_deploy(place.address, slot)
    require_printable(survey, f"survey of {place.subject}")
    require(survey.slot.name.lower() == slot.lower(), f"asked for {slot}, surveyed {survey.slot.name}")
    outline = plan_deploy(Deploy(place.target, version, slot, artifact), place, survey, artifact)
    steps = steps_of(outline, f"deploy of {version}")
    await take(host, steps, pass_time)
    after = await host.survey_deploy(place.address, slot)
    require(after.artifact in ("", artifact), f"{slot} holds {after.artifact} instead of {artifact}")
    if survey.artifact:
        await take(host, steps_of(plan_undo(steps[0], place, after), "the way back"), pass_time)
        again = await host.survey_deploy(place.address, slot)
        require(again.artifact == survey.artifact, f"after the way back {slot} holds {again.artifact}")


async def check_shift(
    router: TrafficRouter, place: Place, shares: Mapping[str, float], pass_time: PassTime = asyncio.sleep
) -> None:
    """A shift to these shares, as near as the router can, and back to those that were."""
    before = await router.survey_traffic(place.address)
    old = {destination.name: destination.share for destination in before.reading.destinations}
    for wanted in (shares, old):
        survey = await router.survey_traffic(place.address)
        require_printable(survey, f"survey of {place.subject}")
        # Where the first that is up gets everything, a share of 0 means "off": only who gets it all is named.
        named = {name: share for name, share in wanted.items() if share or not survey.limits.ordered}
        outline = plan_shift(Shift(place.target, named), [Router(place, survey)])
        await take(router, steps_of(outline, f"shift to {named}"), pass_time)
        after = (await router.survey_traffic(place.address)).reading
        for destination in after.destinations:
            near = abs(destination.share - wanted.get(destination.name, destination.share))
            require(near < 1, f"{destination.name} has {destination.share:g}% and should have {wanted}")


async def check_flag(
    store: FlagStore, place: Place, name: str, label: str = "", pass_time: PassTime = asyncio.sleep
) -> None:
    """On, off, a percentage, a ring, and back; a write planned on an old version is refused. What the survey says that
    the store can't express must be refused by the planner, and is not asked for."""
    target = TargetId(place.target.environment, name, flag=True)
    survey = await store.survey_flag(place.address, name, label)
    first, limits = survey.reading, survey.limits
    portion = 12.5 if not limits.percent_step else limits.percent_step * max(1, round(12.5 / limits.percent_step))
    partly = FlagChange(target, label, percent=portion)
    ring = FlagChange(target, label, audience=(Audience("conformance", 50.0),))
    back = FlagChange(
        target,
        label,
        percent=first.percent if first.percent is not None else 100.0 if limits.percent else None,
        audience=first.audience if limits.audience else None,
        enabled=first.enabled,
    )
    changes = (
        FlagChange(target, label, enabled=not first.enabled),
        FlagChange(target, label, enabled=first.enabled),
        *((partly,) if limits.percent else ()),
        *((ring,) if limits.audience else ()),
        *((back,) if limits.percent or limits.audience else ()),
    )
    for impossible in (*(() if limits.percent else (partly,)), *(() if limits.audience else (ring,))):
        outline = plan_flag(impossible, place, survey)
        require(isinstance(outline, Refusal), f"the survey says that this can't be, and it was planned: {impossible}")
    old: Step | None = None
    for change in changes:
        survey = await store.survey_flag(place.address, name, label)
        require_printable(survey, f"survey of {name}")
        steps = steps_of(plan_flag(change, place, survey), str(change))
        await take(store, steps, pass_time)
        old = old or steps[0]
    if old is not None:
        await _require_refused(store, old)


async def take(capability: Capability, steps: Sequence[Step], pass_time: PassTime) -> None:
    """Perform steps one after the other, each settled before and after."""
    for planned in steps:
        # As after a crash: all that is known of a step is what was stored.
        step = _require_round_trip(planned)
        state = (await capability.settle(step)).state
        require(state in ("not_done", "unclear"), f"{step.summary}: before it was sent, settle said {state}")
        receipt = await capability.send(step)
        require(isinstance(receipt, Receipt), f"{step.summary}: send gave no Receipt")
        hidden = not receipt.token or receipt.token not in repr(receipt)
        require(hidden, "the repr of a receipt shows its token")
        await _follow(capability, step, receipt, pass_time)
        settled = await capability.settle(step)
        require(settled.state == "done", f"{step.summary}: afterwards settle said {settled.state}: {settled.detail}")


async def _follow(capability: Capability, step: Step, receipt: Receipt, pass_time: PassTime) -> None:
    for _ in range(MOST_LOOKS):
        progress = await capability.poll(step, receipt)
        if progress.state == "finished":
            return
        require(progress.state == "running", f"{step.summary}: failed: {progress.detail}")
        require(progress.wait > 0, f"{step.summary}: poll wants to be asked again at once, for ever")
        await pass_time(progress.wait)
    raise NotConforming(f"{step.summary}: still running after {MOST_LOOKS} looks")


async def _require_refused(store: FlagStore, old: Step) -> None:
    stale = replace(old, before={**old.before, "etag": "an-older-version"})
    try:
        await store.send(stale)
    except ProviderError:
        return
    raise NotConforming("a write of a flag that was planned on another version went through: it must be conditional")


def steps_of(outline: Outline | Refusal, what: str) -> tuple[Step, ...]:
    """The steps of an outline, of which there must be some."""
    if isinstance(outline, Refusal):
        raise NotConforming(f"{what}: the planner refuses: {outline.message}")
    require(bool(outline.steps), f"{what}: there is nothing to do")
    return outline.steps


def _require_round_trip(value: Any) -> Any:
    try:
        again = from_json(type(value), to_json(value))
    except (TypeError, ValueError) as error:
        raise NotConforming(f"{type(value).__name__} can't be stored: {error}") from error
    require(to_json(again) == to_json(value), f"{type(value).__name__} isn't the same when it is read back")
    return again


def require_printable(value: Any, where: str) -> None:
    """No text in it could do anything to a terminal."""
    if isinstance(value, str):
        require(all(c.isprintable() for c in value), f"{where}: control characters in {value!r}")
    elif isinstance(value, Mapping):
        for part in value.values():
            require_printable(part, where)
    elif isinstance(value, (tuple, list)):
        for part in value:
            require_printable(part, where)
    elif is_dataclass(value):
        for field in fields(value):
            require_printable(getattr(value, field.name), f"{where}.{field.name}")


def require(holds: bool, otherwise: str) -> None:
    """Raises NotConforming with what is wrong if it doesn't hold."""
    if not holds:
        raise NotConforming(otherwise)
