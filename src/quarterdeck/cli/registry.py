"""Which commands there are. A command's module is imported only when it is used: start-up time is a budget."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, cast

from quarterdeck.cli.invocation import Invocation
from quarterdeck.records import dataclass

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

Run = Callable[[Invocation], int]
"""What a command does when it is called; it returns the exit code."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, the module it lives in, and one line for `qd --help`.

    The module's function `configure` (or the one named) adds the command's arguments to a parser, and sets the
    default `run` (a Run). With `answers_help` the command sees `--help` among its arguments, and answers it itself.
    """

    name: str
    module: str
    summary: str
    configure: str = "configure"
    answers_help: bool = False

    def set_up(self, parser: ArgumentParser) -> None:
        """Import the module and let it add its arguments."""
        module = import_module(f"quarterdeck.cli.{self.module}")
        cast("Callable[[ArgumentParser], None]", getattr(module, self.configure))(parser)


def run_of(parsed: Namespace) -> Run:
    """What a parsed command line asks for; the cockpit if it names no command."""
    chosen: Run | None = getattr(parsed, "run", None)
    if chosen is not None:
        return chosen
    from quarterdeck.cli.cockpit import run

    return run


COMMANDS = (
    Command("demo", "demo", "the whole cockpit on an embedded sandbox, nothing to set up", answers_help=True),
    Command("drill", "drill", "incidents to practise on in a sandbox, timed and scored"),
    Command("status", "status", "what runs where, what is moving, what is wrong"),
    Command("watch", "watch", "a line for every change, a command for every key; no screen needed"),
    Command("plan", "plan", "work an action out and show it; changes nothing"),
    Command("swap", "actions", "exchange two slots, in one go or with a preview", "configure_swap"),
    Command("shift", "actions", "divide traffic between slots or endpoints", "configure_shift"),
    Command("flag", "actions", "list flags, switch one, or set who sees it", "configure_flag"),
    Command("deploy", "actions", "put a version into a slot", "configure_deploy"),
    Command("rollback", "actions", "undo the last operation on a target", "configure_rollback"),
    Command("run", "actions", "start a run of a pipeline, cancel one, run one again", "configure_run"),
    Command("pipelines", "pipelines", "runs of pipelines, and what they wait for"),
    Command("release", "release", "start a release, follow it, promote, pause, abort, undo, confirm it"),
    Command("hotfix", "hotfix", "take the shortest legal way; see and pay what it left to be done"),
    Command("gates", "gates", "everything that waits for a person or a gate"),
    Command("approve", "deciding", "say yes to what a release or a run waits for", "configure_approve"),
    Command("reject", "deciding", "say no to it", "configure_reject"),
    Command("conn", "conn", "who is in control; take the conn, offer it, give it up"),
    Command("freeze", "freeze", "let nobody release for a time; list freezes, lift one"),
    Command("hold", "freeze", "hold the releases of a place for a time, so that a rollback sticks", "configure_hold"),
    Command("lock", "freeze", "let nobody else release", "configure_lock"),
    Command("unlock", "freeze", "open a lock", "configure_unlock"),
    Command("line", "freeze", "stop the line, or let it run again", "configure_line"),
    Command("operation", "operation", "list operations, follow one, answer one that needs an operator"),
    Command("history", "history", "who did what, when and why; --verify finds edits"),
    Command("report", "report", "a release told whole, or how releases go (DORA), as Markdown, HTML or JSON"),
    Command("notify", "notify", "who is told what when nobody looks; send a test"),
    Command("check", "check", "what works, what doesn't, and how to mend it"),
    Command("sandbox", "sandbox", "a loopback Azure to practise on and to test against"),
    Command("runner", "runner", "the background process that observes and carries out"),
    Command("where", "where", "the files and folders in use"),
    Command("completion", "completion", "the line that makes a shell complete qd"),
)
