"""A program with a table that is opened, gets a key, and is left."""

from __future__ import annotations

from dataclasses import dataclass

from tests.benchmarks.fleets import ENVIRONMENT, service
from tests.benchmarks.programs import Program
from tests.benchmarks.terminal import DOWN, NEAR, Link, Terminal, running

SERVICES = 10
LONGEST = 60.0
_TAKEN = " · "
"""Stands behind a name in the cockpit's line of detail, and nowhere in what the launcher paints."""


@dataclass(frozen=True, slots=True)
class Opening:
    """Seconds from the start of the program, but for the last.

    Attributes:
        readable: the last row stood on the screen.
        interactive: a key pressed then had its effect.
        left: from q to the end of the process.
    """

    readable: float
    interactive: float
    left: float


def stands(terminal: Terminal, quiet: float) -> None:
    """Wait until a program that shows more than a screenful is there itself, with its cursor on the first service, and
    nothing has come for so many seconds. What a launcher paints has no cursor."""
    terminal.shows(f"{ENVIRONMENT}/{service(0)}")
    terminal.settle(quiet, LONGEST)


def opened(program: Program, quiet: float, link: Link = NEAR) -> Opening:
    """Open and leave a program that shows a fleet of `SERVICES`, and names what is under its cursor.

    It is left when nothing has come for `quiet` seconds.
    """
    after = "" if program.name == "bare Textual app" else _TAKEN
    with running(program, link=link) as terminal:
        readable = terminal.shows(service(SERVICES - 1)) - terminal.began
        terminal.press(DOWN)
        interactive = terminal.shows(f"{ENVIRONMENT}/{service(1)}{after}") - terminal.began
        terminal.settle(quiet)
        pressed = terminal.press(b"q")
        return Opening(readable, interactive, terminal.ends() - pressed)
