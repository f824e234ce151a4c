"""The places that were looked at, to go back and forward like in a browser. Pure."""

from __future__ import annotations

from quarterdeck.records import dataclass
from quarterdeck.ui.deeds import Where

MOST = 50
"""Places that are remembered in each direction."""


@dataclass(frozen=True, slots=True)
class Place:
    """A screen, what it is about, and where its cursor stands.

    Attributes:
        where: the screen.
        about: what it shows: a target or a release; "" for screens that show everything.
        key, column: the row and the column under the cursor, "" and None where there is none.
        letters: what is filtered for; None for whatever is there already.
    """

    where: Where
    about: str = ""
    key: str = ""
    column: int | None = None
    letters: str | None = None

    def same_screen(self, other: Place) -> bool:
        """Whether both are the same screen about the same thing, wherever the cursor is."""
        return (self.where, self.about) == (other.where, other.about)


class Trail:
    """What lies behind, and ahead once somebody has gone back."""

    def __init__(self) -> None:
        self._behind: list[Place] = []
        self._ahead: list[Place] = []

    def leave(self, here: Place) -> None:
        """Go somewhere new from here: nothing lies ahead any more."""
        self._behind = [*self._behind, here][-MOST:]
        self._ahead.clear()

    def back(self, here: Place) -> Place | None:
        """The place before this one, None if there is none."""
        return _step(self._behind, self._ahead, here)

    def forward(self, here: Place) -> Place | None:
        """The place from which `back` came, None if there is none."""
        return _step(self._ahead, self._behind, here)


def _step(source: list[Place], other: list[Place], here: Place) -> Place | None:
    if not source:
        return None
    other.append(here)
    return source.pop()
