"""The words of the tour: a few lines for each of its steps, in the keys of this user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

from quarterdeck.release.picture import CellState
from quarterdeck.ui.keymap import Keymap
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import Line, Span, line, wrap

Step = Literal["look", "plan", "canary", "abort", "farewell"]
"""look: move about on the Bridge. plan: see a plan. canary: start a release. abort: take it back."""

STEPS: tuple[Step, ...] = get_args(Step)
_NUMBER: Mapping[Step, str] = {"look": "1 of 3", "plan": "2 of 3", "canary": "3 of 3", "abort": "3 of 3"}

_LEGEND: tuple[tuple[CellState, str], ...] = (
    ("ok", "well"),
    ("moving", "moving"),
    ("waiting", "needs you"),
    ("drift", "look"),
    ("unhealthy", "trouble"),
    ("stale", "old"),
)
"""States whose marks stand for all there are: the mark, and what to make of it."""


def tour_lines(step: Step, keys: Keymap, cells: int) -> Sequence[Line]:
    """A step in as many lines as it takes at that width."""
    heading = f"TOUR {_NUMBER[step]}" if step in _NUMBER else "TOUR"
    told = _WORDS[step].format_map(_Named(keys))
    lines = wrap(told, cells - 2, first=line("  ", (f"{heading}  ", "heading")))
    if step == "look":
        lines += [_legend()]
    if step != "farewell":
        lines.append(line((f"  A screen's number, or {keys.shown('back')} on the Bridge, ends the tour", "dim")))
    return lines


_WORDS: Mapping[Step, str] = {
    "look": "This is the Bridge: services down, environments across. Move with the arrows.",
    "plan": "Press {swap} on a service and choose a swap: its whole plan comes first. {back} closes it again; nothing "
    "moves without your yes.",
    "canary": "Press {promote} on a service in production, and start a canary: a few users first, under gates.",
    "abort": "It goes on by itself, also when you leave. Watch it; {abort} takes everything back.",
    "farewell": "That was it. {help} has every key of a screen, {attention} what wants a look, {quit} leaves.",
}


def _legend() -> Line:
    spans: list[Span] = []
    for state, meaning in _LEGEND:
        mark, _, word = marks.CELL[state]
        spans += [(f"  {mark}", word), (f" {meaning}", "text")]
    return tuple(spans)


class _Named(dict[str, str]):
    """What the key of a deed is called, looked up as a text asks for it."""

    def __init__(self, keys: Keymap) -> None:
        super().__init__()
        self._keys = keys

    def __missing__(self, deed: str) -> str:
        return self._keys.shown(deed)
