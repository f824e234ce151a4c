"""Every key of the cockpit, once: the bindings, the footer, the help and the refusals all come from here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Picture
from quarterdeck.release.release_view import ReleaseState, ReleaseView
from quarterdeck.release.standing_view import InboxItem

Where = Literal["bridge", "service", "releases", "release", "gates", "flags", "pipelines", "log"]
EVERYWHERE: tuple[Where, ...] = ("bridge", "service", "releases", "release", "gates", "flags", "pipelines", "log")
Need = Literal[
    "may write", "runner", "service", "flag", "target", "traffic", "slots", "unclaimed", "release", "question",
    "unconfirmed", "step back", "debt", "startable", "open release",
]  # fmt: skip
Footer = Literal["always", "when possible", "when roomy", "never"]


@dataclass(frozen=True, slots=True)
class Deed:
    """Something a key does.

    Attributes:
        id: what the cockpit knows it by.
        key: Textual's name of the key; `shown` is what people call it.
        label: in the footer: a word or two.
        explanation: in the help: a sentence.
        hazard: True if it begins something that may change production (after a plan and a yes).
        needs: what must hold before it can be done.
        twin: the same from the command line, "" if it has none.
        places: the screens on which it means something.
        footer: when it stands in the line of keys.
    """

    id: str
    key: str
    shown: str
    label: str
    explanation: str
    hazard: bool = False
    needs: tuple[Need, ...] = ()
    twin: str = ""
    places: tuple[Where, ...] = EVERYWHERE
    footer: Footer = "always"


_WRITE: tuple[Need, ...] = ("may write", "runner")
_SERVICES: tuple[Where, ...] = ("bridge", "service")
_RELEASES: tuple[Where, ...] = ("releases", "release", "gates")
_RELEASED: tuple[Where, ...] = ("bridge", "service", *_RELEASES, "flags")

DEEDS: tuple[Deed, ...] = (
    Deed("swap", "s", "s", "swap", "Swap slots, or prepare, complete, cancel a swap", True,
         (*_WRITE, "service", "slots", "unclaimed"), "qd swap ENV/SERVICE", _SERVICES),
    Deed("traffic", "t", "t", "traffic", "Divide new clients between slots or endpoints", True,
         (*_WRITE, "service", "traffic", "unclaimed"), "qd shift ENV/SERVICE NAME=PERCENT", _SERVICES),
    Deed("flag", "f", "f", "flag", "Switch a flag, or set who sees it", True,
         (*_WRITE, "flag"), "qd flag on|off|rollout ENV/FLAG", ("flags",)),
    Deed("to-flags", "f", "f", "flags", "Show the flags", places=("bridge", "service", "log"), twin="qd flag list ENV"),
    Deed("promote", "p", "p", "promote", "Let the release go on: end its pause, bake or analysis; with no release "
         "under the cursor: start one", True, (*_WRITE, "startable"),
         "qd release promote ID; qd release start ENV/SERVICE", _RELEASED),
    Deed("promote-full", "P", "P", "promote fully", "Leave out all pauses, bakes and analyses that are to come", True,
         (*_WRITE, "release"), "qd release promote ID --full", _RELEASED, "never"),
    Deed("approve", "a", "a", "approve", "Approve what the release under the cursor waits for", True,
         (*_WRITE, "question"), "qd approve ID", _RELEASED, "when possible"),
    Deed("reject", "x", "x", "reject", "Reject it, with a reason", True,
         (*_WRITE, "question"), "qd reject ID --reason TEXT", _RELEASED, "when possible"),
    Deed("confirm", "y", "y", "keep", "Confirm a change that would be taken back by itself", True,
         (*_WRITE, "unconfirmed"), "qd release confirm ID", _RELEASED, "when possible"),
    Deed("abort", "A", "A", "ABORT", "Abort the release under the cursor, or the one there is: take back everything "
         "it did", True, (*_WRITE, "open release"), "qd release abort ID", footer="when possible"),
    Deed("hold", "space", "Space", "pause", "Begin no new step of the release; once more: go on", True,
         (*_WRITE, "release"), "qd release pause|resume ID", _RELEASED, "when possible"),
    Deed("order", "o", "o", "orders", "Everything the release can be told: retry, skip, undo, abandon, ...", True,
         (*_WRITE, "release"), "qd release ...", _RELEASED, "when roomy"),
    Deed("undo-to", "u", "u", "undo to", "Take back what came after the step under the cursor, and pause there", True,
         (*_WRITE, "release", "step back"), "qd release undo ID --to STEP", ("release",), "when possible"),
    Deed("undo", "u", "u", "undo", "Roll back the last change of what is under the cursor", True,
         (*_WRITE, "target", "unclaimed"), "qd rollback ENV/SERVICE", ("bridge", "service", "flags")),
    Deed("hotfix", "h", "h", "hotfix", "Take a fix through the shortest legal path", True,
         (*_WRITE, "service", "unclaimed"), "qd hotfix start ENV/SERVICE --ref REF", _SERVICES),
    Deed("pay", "d", "d", "pay debt", "Pay what a hotfix left to be done, with evidence", True,
         (*_WRITE, "debt"), "qd hotfix pay ID --evidence TEXT", ("gates",), "when possible"),
    Deed("conn", "c", "c", "conn", "Who is in control: take, offer or give up the conn", True,
         _WRITE, "qd conn take|offer|give SCOPE", footer="never"),
    Deed("guard", "z", "z", "freeze", "Freeze, lock, stop the line; lift what somebody placed", True,
         _WRITE, "qd freeze|lock SCOPE; qd line stop", footer="never"),
    Deed("refresh", "r", "r", "read", "Have everything read again now", False, ("runner",), "qd status --live",
         footer="never"),
    Deed("filter", "slash", "/", "find", "Show only lines that hold these letters; Esc shows all again",
         places=("bridge", "releases", "gates", "flags", "log"), footer="when roomy"),
    Deed("attention", "exclamation_mark", "!", "look", "Everything that wants a look, in full", footer="never",
         twin="qd status"),
    Deed("command", "colon", ":", "cmd", "Type anything as on the command line", True, _WRITE, "qd ...",
         footer="when roomy"),
    Deed("bridge", "1", "1", "bridge", "Services down, environments across", footer="never", twin="qd status"),
    Deed("service", "2", "2", "service", "Slots, traffic and history of one service", needs=("service",),
         footer="never", twin="qd status ENV/SERVICE", places=("bridge", "service", *_RELEASES)),
    Deed("releases", "3", "3", "releases", "Releases, running and past, with their steps", footer="never",
         twin="qd release list"),
    Deed("gates", "4", "4", "gates", "Everything that waits for a person or a gate", footer="never", twin="qd gates"),
    Deed("flags", "5", "5", "flags", "Flags by environment", footer="never", twin="qd flag list ENV"),
    Deed("log", "7", "7", "log", "The journal", footer="never", twin="qd history"),
    Deed("mark", "m", "m", "mark", "Mark what is under the cursor; the next key that changes something acts on "
         "everything that is marked", places=("bridge", "flags"), footer="never"),
    Deed("pin", "asterisk", "*", "pin", "Keep the service under the cursor at the top; once more: let it go",
         needs=("service",), places=("bridge",), footer="never"),
    Deed("view", "v", "v", "view", "Group and sort the lines, hide what is healthy, show only what changed lately",
         places=("bridge",), footer="when roomy"),
    Deed("hide-healthy", "minus", "-", "hide healthy", "Show only what wants a look; once more: show everything",
         places=("bridge",), footer="never"),
    Deed("follow", "F", "F", "follow", "Keep the newest line in sight", places=("log",), footer="when roomy",
         twin="qd watch"),
    Deed("scrub-back", "less_than_sign", "<", "earlier", "Show the fleet as it was a step earlier", places=("log",)),
    Deed("scrub-forward", "greater_than_sign", ">", "later", "Show the fleet as it was a step later", places=("log",)),
    Deed("compare", "D", "D", "compare", "What differs between two moments of the journal", places=("log",),
         footer="when roomy"),
    Deed("export", "e", "e", "export", "Write the lines that are shown into a file of the state folder",
         places=("log",), footer="when roomy", twin="qd history --json"),
    Deed("report", "E", "E", "report", "Write the report of the release into the state folder", needs=("release",),
         places=("release",), footer="never", twin="qd report ID --format md"),
    Deed("copy", "C", "C", "copy", "Send what is under the cursor to the terminal's clipboard", footer="never"),
    Deed("dump", "w", "w", "write", "Write this screen as text and as a picture into the state folder",
         footer="never"),
    Deed("palette", "ctrl+p", "Ctrl+P", "palette", "Everything that can be done here, to search and run",
         footer="never"),
    Deed("past", "left_square_bracket", "[", "back", "The place before this one", footer="never"),
    Deed("future", "right_square_bracket", "]", "forward", "The place from which [ came", footer="never"),
    Deed("help", "question_mark", "?", "keys", "Show these keys"),
    Deed("back", "escape", "Esc", "back", "One step back; never changes anything", footer="never"),
    Deed("quit", "q", "q", "leave", "Leave the cockpit; what runs goes on running"),
    Deed("leave-now", "ctrl+c", "Ctrl+C", "leave", "Leave at once", footer="never"),
    Deed("suspend", "ctrl+z", "Ctrl+Z", "suspend", "Back to the shell; `fg` returns", footer="never"),
)  # fmt: skip

LATER = {"6": "Pipelines"}
"""Screens whose keys are spoken for, and that this version doesn't have."""

MOVING = (
    ("arrows, j, k", "move the cursor"),
    ("PgUp, PgDn, g, G", "a page, the first, the last"),
    ("Enter", "open what is under the cursor"),
    ("Tab", "in a dialog: to the next field or answer"),
)
"""Keys that move, for the help."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What the cockpit looks at when a key is pressed. `marked`: what several were marked for, in their order."""

    picture: Picture
    where: Where
    read_only: bool
    target: TargetId | None
    release: ReleaseView | None = None
    step: str = ""
    item: InboxItem | None = None
    marked: tuple[TargetId, ...] = ()


def deeds_at(where: Where) -> Sequence[Deed]:
    """What can be done on a screen."""
    return [deed for deed in DEEDS if where in deed.places]


def why_not(deed: Deed, now: Situation) -> str:
    """Why a deed can't be done at the moment, "" if it can."""
    return next((reason for need in deed.needs if (reason := _missing(need, now))), "")


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


def _claimed(now: Situation) -> str:
    target = now.target
    release = now.picture.release_of(target) if target is not None else None
    if release is None:
        return ""
    return f"{target} belongs to the release {release.title} ({release.short}): A aborts it, 3 shows it"


_PAST_PROMOTING: Mapping[ReleaseState, str] = {
    "recovering": "it is being taken back",
    "needs operator": "it needs an answer first: o lists them",
    "confirming": "all its steps are through: y keeps what was done",
}


def _nothing_to_start(now: Situation) -> str:
    """There is a release to promote, or a service to start one of."""
    if now.release is not None:
        return _no_release(now) or _PAST_PROMOTING.get(now.release.state, "")
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
}


def _missing_of_service(need: Need, target: TargetId, picture: Picture) -> str:
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
