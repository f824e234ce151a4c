"""Why something can't be read, below what was read before."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck.release.freshness import Knowledge
from quarterdeck.ui.spans import Line, line, wrap


def trouble_lines(known: Knowledge, cells: int) -> Iterator[Line]:
    """What is wrong and what to do about it; nothing if nothing is."""
    trouble = known.trouble
    if trouble is not None:
        yield from wrap(trouble.message, cells, first=line("  ", ("✗ ", "danger")), word="danger")
        if trouble.hint:
            yield from wrap(trouble.hint, cells, first=line("    "), word="dim")
