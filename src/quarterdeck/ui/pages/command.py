"""What stands above the command line: what is wrong, the form, and what the line may become."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.ui.completing import Offer
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import Line, as_cursor, fit, line, wrap

_WIDEST = 36


def told_lines(
    form: str, offers: Sequence[Offer], chosen: int, complaint: str, room: int, cells: int
) -> Sequence[Line]:
    """At most `room` lines: the complaint, the form, then the offers around the chosen one (-1: none is)."""
    lines: list[Line] = []
    if complaint:
        lines += wrap(complaint, cells - 4, first=line("  "), word="danger")
    elif form:
        lines.append(fit(line("  ", (form, "dim")), cells))
    return [*lines, *_offered(offers, chosen, max(1, room - len(lines)))][:room]


def _offered(offers: Sequence[Offer], chosen: int, room: int) -> list[Line]:
    first = max(0, min(chosen - room // 2, len(offers) - room))
    shown = offers[first : first + room]
    widest = min(_WIDEST, max((len(offer.text) for offer in shown), default=0))
    lines = []
    for number, offer in enumerate(shown, first):
        name = fit(line((clean(offer.text, 80), "key")), max(widest, 1))
        marked = number == chosen
        lines.append(
            line(
                "  ",
                marks.pointer(marked),
                *(as_cursor(name) if marked else name),
                "  ",
                (clean(offer.told, 120), "dim"),
            )
        )
    hidden = len(offers) - len(shown)
    if hidden > 0 and lines:
        lines[-1] = line(*lines[-1], (f"   {hidden} more", "attention"))
    return lines
