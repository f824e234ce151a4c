"""What of the registry (`deeds.py`) can be done at the moment, and why the rest can't."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, replace
from quarterdeck.release.picture import Picture
from quarterdeck.release.pipeline_view import RunView
from quarterdeck.release.standing_view import InboxItem
from quarterdeck.ui.deeds import DEEDS, EVERYWHERE, MOVING, Deed, Need, Where
from quarterdeck.ui.keymap import STANDARD, Keymap

if TYPE_CHECKING:
    from quarterdeck.release.release_view import ReleaseState, ReleaseView

__all__ = [
    "DEEDS",
    "EVERYWHERE",
    "MOVING",
    "Deed",
    "Need",
    "Situation",
    "Where",
    "deeds_at",
    "why_not",
    "why_not_write",
]


@dataclass(frozen=True, slots=True)
class Situation:
    """What the cockpit looks at when a key is pressed.

    `marked`: what several were marked for, in their order; `keys`: what this user's keys are called; `run`: the run
    of a pipeline under the cursor.
    """

    picture: Picture
    where: Where
    read_only: bool
    target: TargetId | None
    release: ReleaseView | None = None
    step: str = ""
    item: InboxItem | None = None
    marked: tuple[TargetId, ...] = ()
    keys: Keymap = STANDARD
    run: RunView | None = None


def deeds_at(where: Where) -> Sequence[Deed]:
    """What can be done on a screen."""
    return [deed for deed in DEEDS if where in deed.places]


ON_MARKED = ("swap", "traffic", "undo", "flag")
"""Deeds that are done to everything that is marked, if anything is."""


def about(now: Situation, target: TargetId) -> Situation:
    """The same moment with something else under the cursor."""
    return replace(now, target=target, release=now.picture.release_of(target), step="", item=None)


def possible(deed: Deed, now: Situation) -> bool:
    """Whether a key can do something; to what is marked, if it can to one of them: the others are left out in sight."""
    if now.marked and deed.id in ON_MARKED:
        return any(not why_not(deed, about(now, target)) for target in now.marked)
    return not why_not(deed, now)


def why_not(deed: Deed, now: Situation) -> str:
    """Why a deed can't be done at the moment, "" if it can."""
    return next((reason for need in deed.needs if (reason := _missing(need, now))), "")


def why_not_write(now: Situation) -> str:
    """Why nothing can be asked for that changes something, "" if it can."""
    return _missing("may write", now) or _missing("runner", now)


def _missing(need: Need, now: Situation) -> str:
    target, picture = now.target, now.picture
    if need in _OF_RELEASE:
        return _OF_RELEASE[need](now)
    if need == "may write":
        return "this cockpit is read-only: start it without --read-only to change anything" if now.read_only else ""
    if need == "runner":
        return "" if picture.runner.alive else "no runner is alive yet; one is being started: try again in a moment"
    if target is None:
        return f"nothing is under the cursor: choose a {'flag' if need == 'flag' else 'service'} first"
    if need == "flag":
        flag = picture.flag(target) if target.flag else None
        if flag is None:
            return f"there is no such flag in {target.environment}"
        return f"{target.name} is locked in its flag store" if flag.locked else ""
    if need in ("service", "slots", "traffic"):
        return _missing_of_service(need, target, picture)
    return ""


def _no_release(now: Situation) -> str:
    if now.release is None:
        return "there is no release under the cursor"
    return "" if now.release.open else f"that release has ended: {now.release.state}"


def _no_open_release(now: Situation) -> str:
    return "" if any(one.open for one in now.picture.releases) else "no release is under way"


def _no_question(now: Situation) -> str:
    if now.item is not None and now.item.kind == "by itself":
        return f"{now.item.title} asks nobody for a yes or a no: it goes on by itself"
    if now.run is not None:
        return "" if now.run.decisions else f"{now.run.name} waits for nobody's decision: it is {now.run.state}"
    release = now.release
    step = release.current if release is not None else None
    if release is None or not release.open or step is None or step.asked is None or step.state != "running":
        return "nothing under the cursor waits for an approval"
    return ""


def _nothing_to_confirm(now: Situation) -> str:
    if now.release is not None and now.release.state == "confirming":
        return ""
    return "nothing under the cursor waits to be confirmed"


def _no_step_back(now: Situation) -> str:
    return "" if now.step else "choose the step to go back to first"


def _no_debt(now: Situation) -> str:
    return "" if now.item is not None and now.item.kind == "debt" else "no debt is under the cursor"


def _no_pipeline(now: Situation) -> str:
    return "" if now.target is not None and now.target.pipeline else "no pipeline is under the cursor"


def _no_open_run(now: Situation) -> str:
    if now.run is None:
        return "no run is under the cursor"
    return "" if now.run.open else f"{now.run.name} has ended: {now.run.state}"


def _no_ended_run(now: Situation) -> str:
    if now.run is None:
        return "no run is under the cursor"
    return f"{now.run.name} is {now.run.state}: only what has ended can be run again" if now.run.open else ""


def _claimed(now: Situation) -> str:
    target = now.target
    release = now.picture.release_of(target) if target is not None else None
    if release is None:
        return ""
    abort, show = now.keys.shown("abort"), now.keys.shown("releases")
    return f"{target} belongs to the release {release.title} ({release.short}): {abort} aborts it, {show} shows it"


def _past_promoting(now: Situation, state: ReleaseState) -> str:
    match state:
        case "recovering":
            return "it is being taken back"
        case "needs operator":
            return f"it needs an answer first: {now.keys.shown('order')} lists them"
        case "confirming":
            return f"all its steps are through: {now.keys.shown('confirm')} keeps what was done"
        case _:
            return ""


def _nothing_to_start(now: Situation) -> str:
    """There is a release to promote, or a service to start one of."""
    if now.release is not None:
        return _no_release(now) or _past_promoting(now, now.release.state)
    if now.target is None or now.target.flag:
        return "choose a service or a release first"
    return _missing_of_service("service", now.target, now.picture)


_OF_RELEASE: Mapping[Need, Callable[[Situation], str]] = {
    "release": _no_release,
    "open release": _no_open_release,
    "question": _no_question,
    "unconfirmed": _nothing_to_confirm,
    "step back": _no_step_back,
    "debt": _no_debt,
    "unclaimed": _claimed,
    "startable": _nothing_to_start,
    "pipeline": _no_pipeline,
    "open run": _no_open_run,
    "ended run": _no_ended_run,
}


def _missing_of_service(need: Need, target: TargetId, picture: Picture) -> str:
    if target.pipeline:
        return f"{target.name} is a pipeline, not a service"
    cell = picture.cell(target)
    if cell is None:
        return f"{target.name} doesn't exist in {target.environment}"
    # Only what no new attempt can mend is refused here; everything else is read afresh when it is planned.
    trouble = cell.known.trouble
    if trouble is not None and trouble.code == "misconfigured":
        return f"{target}: {trouble.message}"
    if need == "slots" and not cell.regions:
        return f"{target} has no slots"
    if need == "traffic" and not cell.splits:
        return f"{target} has no traffic router"
    return ""
