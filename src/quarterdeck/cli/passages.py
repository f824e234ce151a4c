"""Passages that plans of actions and of releases have in common, for a terminal of 80 columns."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.plan import Fuse, Risk, Severity

WIDTH = 80

_MARKS: dict[Severity, str] = {"info": "note", "warning": "WARNING", "danger": "DANGER"}


def section(title: str, lines: Iterable[str]) -> Iterator[str]:
    """A title with its lines under it; nothing where there are no lines."""
    body = list(lines)
    if body:
        yield ""
        yield title
        yield from body


def risk_lines(risks: Iterable[Risk]) -> Iterator[str]:
    """Each risk, with what to do about it."""
    for risk in risks:
        yield from wrapped(f"{_MARKS[risk.severity]}: {risk.text}", "  ", limit=500)
        if risk.remedy:
            yield from wrapped(risk.remedy, "    -> ", limit=500)


def fuse_lines(fuse: Fuse) -> Iterator[str]:
    """Whether there is a way back, how, what is lost on it, until when."""
    takes = f", takes {about(fuse.seconds)}" if fuse.possible and fuse.seconds is not None else ""
    lack = {"gone": "NONE: ", "needless": "nothing to take back: ", "later": "not now: "}
    state = "" if fuse.possible else lack[fuse.lack]
    yield from wrapped(state + fuse.how + takes, "  ", limit=500)
    if fuse.lost:
        yield from wrapped(f"lost on the way back: {fuse.lost}", "  ", limit=500)
    if fuse.until:
        yield from wrapped(f"until: {fuse.until}", "  ", limit=500)


def answer_lines(commands: str, indent: str) -> Iterator[str]:
    """Commands of which any one answers something (`A | B`), each in a line of its own that a shell takes."""
    for one in re.split(r" \| (?=qd )", commands):
        yield from wrapped(one, f"{indent}-> ", limit=500)


def wrapped(text: str, indent: str, *, hang: int = 2, limit: int = 300) -> list[str]:
    """A text as cleaned lines of the terminal's width; all but the first are indented by `hang` more.

    Two blanks keep words apart that don't belong together; each part has at most `limit` characters.
    """
    return textwrap.wrap(
        "  ".join(filter(None, (clean(part, limit) for part in text.split("  ")))),
        WIDTH,
        initial_indent=indent,
        subsequent_indent=" " * (len(indent) + hang),
        break_on_hyphens=False,
    )
