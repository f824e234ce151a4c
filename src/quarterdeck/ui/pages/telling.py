"""What is told before a yes, in sections: what must have been in sight first, and what may be read besides."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.records import dataclass
from quarterdeck.ui.spans import BLANK, Line

Section = Sequence[Line]


@dataclass(frozen=True, slots=True)
class Told:
    """A text before a yes. `first`: nobody may say yes who hasn't had all of it in sight. An empty section is none."""

    first: Sequence[Section] = ()
    more: Sequence[Section] = ()

    def lines(self, rows: int) -> list[Line]:
        """All of it. The sections stand apart where all of `first` fits into so many rows like that, else close."""
        between = self._between(rows)
        lines: list[Line] = []
        for section in (*_full(self.first), *_full(self.more)):
            lines += [*(between if lines else ()), *section]
        return lines

    def needed(self, rows: int) -> int:
        """How many lines from the top must have been in sight."""
        sections = _full(self.first)
        return sum(map(len, sections)) + len(self._between(rows)) * (len(sections) - 1) if sections else 0

    def _between(self, rows: int) -> Sequence[Line]:
        sections = _full(self.first)
        return (BLANK,) if sum(map(len, sections)) + len(sections) - 1 <= rows else ()


def _full(sections: Sequence[Section]) -> list[Section]:
    return [section for section in sections if section]
