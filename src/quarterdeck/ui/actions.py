"""Every key of the cockpit, once: the bindings, the footer, the help and the refusals all come from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.picture import Picture

Where = Literal["bridge", "service", "flags", "log"]
EVERYWHERE: tuple[Where, ...] = ("bridge", "service", "flags", "log")
Need = Literal["may write", "runner", "service", "flag", "target", "traffic", "slots"]


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
    in_footer: bool = True


_WRITE: tuple[Need, ...] = ("may write", "runner")

DEEDS: tuple[Deed, ...] = (
    Deed("swap", "s", "s", "swap", "Swap slots, or prepare, complete, cancel a swap", True,
         (*_WRITE, "service", "slots"), "qd swap ENV/SERVICE", ("bridge", "service")),
    Deed("traffic", "t", "t", "traffic", "Divide new clients between slots or endpoints", True,
         (*_WRITE, "service", "traffic"), "qd shift ENV/SERVICE NAME=PERCENT", ("bridge", "service")),
    Deed("flag", "f", "f", "flag", "Switch a flag, or set who sees it", True,
         (*_WRITE, "flag"), "qd flag on|off|rollout ENV/FLAG", ("flags",)),
    Deed("to-flags", "f", "f", "flags", "Show the flags", places=("bridge", "service", "log"), twin="qd flag list ENV"),
    Deed("undo", "u", "u", "undo", "Roll back the last change of what is under the cursor", True,
         (*_WRITE, "target"), "qd rollback ENV/SERVICE", ("bridge", "service", "flags")),
    Deed("refresh", "r", "r", "read", "Have everything read again now", False, ("runner",), "qd status --live"),
    Deed("filter", "slash", "/", "find", "Show only lines that hold these letters; Esc shows all again",
         places=("bridge", "flags", "log")),
    Deed("attention", "exclamation_mark", "!", "look", "Everything that wants a look, in full", in_footer=False,
         twin="qd status"),
    Deed("command", "colon", ":", "cmd", "Type an action as on the command line", True, _WRITE, "qd ..."),
    Deed("bridge", "1", "1", "bridge", "Services down, environments across", in_footer=False, twin="qd status"),
    Deed("service", "2", "2", "service", "Slots, traffic and history of one service", needs=("service",),
         in_footer=False, twin="qd status ENV/SERVICE", places=("bridge", "service")),
    Deed("flags", "5", "5", "flags", "Flags by environment", in_footer=False, twin="qd flag list ENV"),
    Deed("log", "7", "7", "log", "The journal", in_footer=False, twin="qd history"),
    Deed("help", "question_mark", "?", "keys", "Show these keys"),
    Deed("back", "escape", "Esc", "back", "One step back; never changes anything", in_footer=False),
    Deed("quit", "q", "q", "leave", "Leave the cockpit; what runs goes on running"),
    Deed("leave-now", "ctrl+c", "Ctrl+C", "leave", "Leave at once", in_footer=False),
    Deed("suspend", "ctrl+z", "Ctrl+Z", "suspend", "Back to the shell; `fg` returns", in_footer=False),
)  # fmt: skip

LATER = {"3": "Releases", "4": "Gates", "6": "Pipelines"}
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
    """What the cockpit looks at when a key is pressed."""

    picture: Picture
    where: Where
    read_only: bool
    target: TargetId | None


def deeds_at(where: Where) -> Sequence[Deed]:
    """What can be done on a screen."""
    return [deed for deed in DEEDS if where in deed.places]


def why_not(deed: Deed, now: Situation) -> str:
    """Why a deed can't be done at the moment, "" if it can."""
    return next((reason for need in deed.needs if (reason := _missing(need, now))), "")


def _missing(need: Need, now: Situation) -> str:
    target, picture = now.target, now.picture
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
