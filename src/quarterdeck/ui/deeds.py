"""Everything that can be done in the cockpit, once: key map, command line, palette, help, footer and the README's table
of keys all come from here. `actions.py` says what of it is possible at the moment."""

from __future__ import annotations

from typing import Literal

from quarterdeck.records import dataclass

Where = Literal["bridge", "service", "releases", "release", "gates", "flags", "pipelines", "log"]
EVERYWHERE: tuple[Where, ...] = ("bridge", "service", "releases", "release", "gates", "flags", "pipelines", "log")
Need = Literal[
    "may write", "runner", "service", "flag", "target", "traffic", "slots", "unclaimed", "release", "question",
    "unconfirmed", "step back", "debt", "startable", "open release", "pipeline", "open run", "ended run",
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
_ASKED: tuple[Where, ...] = (*_RELEASED, "pipelines")

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
    Deed("approve", "a", "a", "approve", "Approve what the release or run under the cursor waits for", True,
         (*_WRITE, "question"), "qd approve ID", _ASKED, "when possible"),
    Deed("reject", "x", "x", "reject", "Reject it, with a reason", True,
         (*_WRITE, "question"), "qd reject ID --reason TEXT", _ASKED, "when possible"),
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
    Deed("start-run", "n", "n", "new run", "Start a run of the pipeline under the cursor", True,
         (*_WRITE, "pipeline"), "qd run PIPELINE", ("pipelines",)),
    Deed("cancel-run", "X", "X", "cancel", "Cancel the run under the cursor", True,
         (*_WRITE, "open run"), "qd run cancel RUN", ("pipelines",), "when possible"),
    Deed("rerun", "R", "R", "run again", "Run again what the cursor is on: all of it, or what failed", True,
         (*_WRITE, "ended run"), "qd run rerun RUN [--failed]", ("pipelines",), "when possible"),
    Deed("conn", "c", "c", "conn", "Who is in control: take, offer or give up the conn", True,
         _WRITE, "qd conn take|offer|give SCOPE", footer="never"),
    Deed("guard", "z", "z", "freeze", "Freeze, lock, stop the line; lift what somebody placed", True,
         _WRITE, "qd freeze|lock SCOPE; qd line stop", footer="never"),
    Deed("refresh", "r", "r", "read", "Have everything read again now", False, ("runner",), "qd status --live",
         footer="never"),
    Deed("filter", "slash", "/", "find", "Show only lines that hold these letters; Esc shows all again",
         places=("bridge", "releases", "gates", "flags", "pipelines", "log"), footer="when roomy"),
    Deed("command", "colon", ":", "cmd", "Type anything as on the command line, or the name of anything listed here",
         footer="when roomy", twin="qd ..."),
    Deed("bridge", "1", "1", "bridge", "Services down, environments across", footer="never", twin="qd status"),
    Deed("service", "2", "2", "service", "Slots, traffic and history of one service", needs=("service",),
         footer="never", twin="qd status ENV/SERVICE", places=("bridge", "service", *_RELEASES)),
    Deed("releases", "3", "3", "releases", "Releases, running and past, with their steps", footer="never",
         twin="qd release list"),
    Deed("gates", "4", "4", "gates", "Everything that waits for a person or a gate", footer="never", twin="qd gates"),
    Deed("flags", "5", "5", "flags", "Flags by environment", footer="never", twin="qd flag list ENV"),
    Deed("pipelines", "6", "6", "pipelines", "Runs of pipelines and what they wait for", footer="never",
         twin="qd pipelines"),
    Deed("log", "7", "7", "log", "The journal", footer="never", twin="qd history"),
    Deed("attention", "exclamation_mark", "!", "look", "Everything that wants a look, in full", footer="never",
         twin="qd status"),
    Deed("mark", "m", "m", "mark", "Mark what is under the cursor; the next key that changes something acts on "
         "everything that is marked", places=("bridge", "flags"), footer="never"),
    Deed("pin", "asterisk", "*", "pin", "Keep the service under the cursor at the top; once more: let it go",
         needs=("service",), places=("bridge",), footer="never"),
    Deed("view", "v", "v", "view", "Group and sort the lines, hide what is healthy, show only what changed lately",
         places=("bridge", "flags"), footer="when roomy"),
    Deed("hide-healthy", "minus", "-", "hide healthy", "Show only what wants a look; once more: show everything",
         places=("bridge",), footer="never"),
    Deed("follow", "F", "F", "follow", "Keep the newest line in sight", places=("log",), footer="when roomy",
         twin="qd watch"),
    Deed("scrub-back", "less_than_sign", "<", "earlier", "The fleet as it was, and a step earlier", places=("log",),
         twin="qd history --at MOMENT"),
    Deed("scrub-forward", "greater_than_sign", ">", "later", "The fleet as it was, and a step later", places=("log",),
         twin="qd history --at MOMENT"),
    Deed("compare", "D", "D", "compare", "Mark a moment of the journal; at another one: tell what differs",
         places=("log",), footer="when roomy", twin="qd history --compare MOMENT MOMENT"),
    Deed("export", "e", "e", "export", "Write the lines that are found into files of the state folder",
         places=("log",), footer="when roomy", twin="qd history --json"),
    Deed("report", "E", "E", "report", "Write the report of the release into the state folder, running or past",
         places=("releases", "release"), footer="never", twin="qd report ID --format html"),
    Deed("copy", "C", "C", "copy", "Send what is under the cursor to the terminal's clipboard", footer="never"),
    Deed("dump", "w", "w", "write", "Write this screen as text and as a picture into the state folder",
         footer="never"),
    Deed("theme", "T", "T", "theme", "Choose another look", footer="never"),
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

MOVING = (
    ("arrows, j, k", "move the cursor"),
    ("PgUp, PgDn, g, G", "a page, the first, the last"),
    ("Enter", "open what is under the cursor"),
    ("Tab", "in a dialog: to the next field, and to the answers"),
    ("left, right", "in a dialog: from one answer to the other"),
)
"""Keys that move, for the help."""
