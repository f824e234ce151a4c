"""From a swap that somebody wants to the steps that make it, or the reason why not."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.readings import Build, SlotReading, TrafficReading
from quarterdeck.fleet.topology import Place
from quarterdeck.records import dataclass
from quarterdeck.release.action import Swap, SwapMode
from quarterdeck.release.outline import Outline, joined
from quarterdeck.release.plan import Effect, Fuse, Refusal, Risk, Step, Verb
from quarterdeck.release.settlement import slot_facts
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP, FORBIDS_SWAP_BACK, SwapSurvey

SOURCE = "staging"
DESTINATION = "production"


@dataclass(frozen=True, slots=True)
class Site:
    """One place whose slots are to be swapped. `traffic` is the split between its slots, if there is one."""

    place: Place
    survey: SwapSurvey
    traffic: TrafficReading | None = None


def slot_names(action: Swap) -> tuple[str, str]:
    """Source and destination, with the usual names for what the action leaves open."""
    return action.source or SOURCE, action.destination or DESTINATION


def plan_swap(action: Swap, sites: Sequence[Site]) -> Outline | Refusal:
    """One step per site, in the order given. One site that can't be swapped refuses them all."""
    source, destination = slot_names(action)
    if source.lower() == destination.lower():
        return Refusal("usage", f"{source} can't be swapped with itself", "name two different slots")
    for site in sites:
        if refusal := _refusal(action.mode, site):
            return refusal
    outlines = tuple(_outline(action.mode, site) for site in sites)
    whole = joined(outlines, _fuse(action, sites), _who_feels_it(action.mode, sites))
    return Outline(
        whole.steps, whole.effects, whole.settings, (*whole.risks, *_across(sites)), whole.fuse, whole.who_feels_it
    )


def _refusal(mode: SwapMode, site: Site) -> Refusal | None:
    where, source, destination = str(site.place.target), site.survey.source, site.survey.destination
    for slot in (source, destination):
        if slot.operation:
            return Refusal(
                "impossible",
                f"{where}: another operation is in progress on {slot.name} ({slot.operation})",
                "wait until it has ended, then plan again",
            )
    pending = _pending_refusal(mode, where, source, destination)
    if pending or mode == "cancel":
        return pending
    for slot in (source, destination):
        if not slot.running:
            return Refusal("impossible", f"{where}: {slot.name} is not running", f"start {slot.name} first")
    for risk in site.survey.risks:
        if risk.code == FORBIDS_SWAP or (mode == "preview" and risk.code == FORBIDS_PREVIEW):
            return Refusal("impossible", f"{where}: {risk.text}", risk.remedy)
    return None


def _pending_refusal(mode: SwapMode, where: str, source: SlotReading, destination: SlotReading) -> Refusal | None:
    if source.preview_from:
        return Refusal(
            "impossible",
            f"{where}: a swap of {source.preview_from} into {source.name} is prepared",
            f"complete or cancel that one first (--from {source.preview_from} --to {source.name})",
        )
    pending, ours = destination.preview_from, destination.preview_from.lower() == source.name.lower()
    if mode in ("swap", "preview") and pending:
        return Refusal(
            "impossible",
            f"{where}: a preview of {pending} in {destination.name} is pending",
            f"complete or cancel it: swap {where} --from {pending} --to {destination.name} --complete or --cancel",
        )
    if mode in ("complete", "cancel") and not ours:
        found = f"the one pending is of {pending}" if pending else "none is pending"
        return Refusal(
            "impossible",
            f"{where}: no preview of {source.name} in {destination.name} to {mode}: {found}",
            f"name the slot that is prepared: --from {pending}" if pending else "start one with --preview",
        )
    return None


def _outline(mode: SwapMode, site: Site) -> Outline:
    survey = site.survey
    return Outline(
        steps=(_step(mode, site),),
        effects=_effects(mode, site),
        settings=survey.settings,
        risks=(*(risk for risk in survey.risks if risk.code != FORBIDS_PREVIEW), *_risks(mode, site)),
    )


def _step(mode: SwapMode, site: Site) -> Step:
    place, source, destination = site.place, site.survey.source, site.survey.destination
    before = slot_facts(source, destination)
    change = {**site.survey.facts, "source": source.name, "destination": destination.name}
    after = {**before, "preview_from": source.name.lower() if mode == "preview" else ""}
    if mode in ("swap", "complete"):
        for what in ("build", "version"):
            after[f"source_{what}"], after[f"destination_{what}"] = (
                before[f"destination_{what}"],
                before[f"source_{what}"],
            )
        del after["last_swap"]
    verb: Verb = mode
    back: dict[SwapMode, Verb] = {"swap": "swap", "complete": "swap", "preview": "cancel", "cancel": "preview"}
    return Step(
        id="1",
        verb=verb,
        role="slots",
        target=place.target,
        address=place.address,
        summary=_SUMMARIES[mode].format(where=place.target, source=source.name, destination=destination.name),
        change=change,
        before=before,
        after=after,
        undo=None if _final(site) and back[mode] == "swap" else {"verb": back[mode], **change},
        repeatable=mode == "cancel",
    )


def _final(site: Site) -> Risk | None:
    """The provider's word that another swap wouldn't take this one back."""
    return next((risk for risk in site.survey.risks if risk.code == FORBIDS_SWAP_BACK), None)


_SUMMARIES: dict[SwapMode, str] = {
    "swap": "{where}: swap {source} into {destination}",
    "preview": "{where}: apply the settings of {destination} to {source} and pause",
    "complete": "{where}: complete the swap of {source} into {destination}",
    "cancel": "{where}: cancel the preview of {source} in {destination}",
}


def _effects(mode: SwapMode, site: Site) -> tuple[Effect, ...]:
    where, source, destination = str(site.place.target), site.survey.source, site.survey.destination
    if mode in ("swap", "complete"):
        old, new = version(destination.build), version(source.build)
        gets_new = Effect(where, f"build in {destination.name}", old, new)
        return (gets_new,) if _final(site) else (gets_new, Effect(where, f"build in {source.name}", new, old))
    own, borrowed = f"those of {source.name}", f"those of {destination.name}"
    before, after = (own, borrowed) if mode == "preview" else (borrowed, own)
    return (
        Effect(where, f"settings in {source.name}", before, f"{after}; its instances restart"),
        Effect(
            where, f"build in {destination.name}", version(destination.build), f"still {version(destination.build)}"
        ),
    )


def _risks(mode: SwapMode, site: Site) -> tuple[Risk, ...]:
    where, source, destination = str(site.place.target), site.survey.source, site.survey.destination
    if mode == "cancel":
        return ()
    risks = []
    if source.health == "unhealthy":
        risks.append(
            Risk("danger", "source-unhealthy", f"{where}: {source.name} is unhealthy; users would get it", "mend it")
        )
    if source.build and destination.build and source.build.id and source.build.id == destination.build.id:
        risks.append(
            Risk("warning", "same-build", f"{where}: both slots hold {version(source.build)}: nothing would change")
        )
    if source.auto_swap_to:
        text = f"{where}: auto swap is on: a deployment to {source.name} swaps into {source.auto_swap_to} by itself"
        risks.append(Risk("warning", "auto-swap", text, "turn auto swap off while you release by hand"))
    share = _share(site.traffic, source.name)
    told = any(risk.code == "ramp-rule" for risk in site.survey.risks)
    if share and not told and mode in ("swap", "complete"):
        risks.append(
            Risk(
                "danger",
                "ramp-rule",
                f"{where}: a rule sends {share:g}% of new clients to {source.name}; after the swap that is the old "
                f"build, {version(destination.build)}",
                f"qd shift {where} {source.name}=0 before the swap",
            )
        )
    return tuple(risks)


def _across(sites: Sequence[Site]) -> tuple[Risk, ...]:
    if len(sites) < 2:
        return ()
    versions = {version(site.survey.source.build) for site in sites}
    mixed = Risk("info", "one-by-one", "one place after the other: until the last is done, users meet both builds")
    if len(versions) == 1:
        return (mixed,)
    text = f"the places hold different builds to go to: {', '.join(sorted(versions))}"
    return (mixed, Risk("warning", "builds-differ", text, "deploy the same build everywhere first"))


def _fuse(action: Swap, sites: Sequence[Site]) -> Fuse:
    source, _ = slot_names(action)
    known = [site.survey.seconds for site in sites if site.survey.seconds is not None]
    seconds = sum(known) if known else None
    if action.mode == "preview":
        return Fuse(True, "cancel the preview", seconds, "nothing", "somebody completes it")
    if action.mode == "cancel":
        return Fuse(True, "start the preview again", seconds, "nothing", f"the next deployment to {source}")
    for site in sites:
        if final := _final(site):
            return Fuse(False, f"{site.place.target}: {final.text}" + (f"; {final.remedy}" if final.remedy else ""))
    return Fuse(
        True,
        "swap back: the build that serves now stays warm in " + source,
        seconds,
        "requests and background work in flight when the slots change",
        f"the next deployment to {source}",
    )


def _who_feels_it(mode: SwapMode, sites: Sequence[Site]) -> str:
    if mode in ("preview", "cancel"):
        slots = sorted({site.survey.source.name for site in sites})
        return f"nobody but those who use {', '.join(slots)}: it restarts"
    parts = []
    for site in sites:
        share = _share(site.traffic, site.survey.destination.name)
        clients = "all clients" if share is None or share >= 100 else f"{share:g}% of the clients"
        parts.append(f"{clients} of {site.place.target}")
    return ", ".join(parts)


def _share(traffic: TrafficReading | None, name: str) -> float | None:
    if traffic is None:
        return None
    return next((d.share for d in traffic.destinations if d.name.lower() == name.lower()), None)


def version(build: Build | None) -> str:
    """How a build is called in front of people."""
    return (build.version or build.id or "unknown") if build else "unknown"
