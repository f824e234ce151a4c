"""The one grammar of what is typed to find something, on every screen. Pure.

`checkout prod`   lines that hold all these words, in any order
`!ok`             lines that don't hold it
`-f chkt`         fuzzy: lines with a word that has these letters in this order

Capitals don't matter. A `!` or `-f` with nothing after it is somebody still typing, and leaves nothing out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from quarterdeck.records import dataclass

GRAMMAR = "all of these words; !word leaves out; -f fuzzy"
"""The grammar in a line, for placeholders and the help."""

_FUZZY = "-f"

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Filter:
    """What must, and what must not be in a line; `fuzzy`: the words are letters in order."""

    wanted: tuple[str, ...] = ()
    unwanted: tuple[str, ...] = ()
    fuzzy: bool = False

    @classmethod
    def parse(cls, typed: str) -> Filter:
        """Read what was typed; everything can be read."""
        words = typed.casefold().split()
        fuzzy = words[:1] == [_FUZZY]
        words = words[1:] if fuzzy else words
        wanted = tuple(word for word in words if not word.startswith("!"))
        unwanted = tuple(word[1:] for word in words if word.startswith("!") and word != "!")
        return cls(wanted, unwanted, fuzzy)

    def __bool__(self) -> bool:
        """Whether it can leave anything out."""
        return bool(self.wanted or self.unwanted)

    def matches(self, text: str) -> bool:
        """Whether a line is to be shown."""
        if not self:
            return True
        folded = text.casefold()
        holds = _holds_fuzzily if self.fuzzy else _holds
        return all(holds(folded, word) for word in self.wanted) and not any(
            holds(folded, word) for word in self.unwanted
        )


def keep(things: Iterable[Thing], typed: str, text_of: Callable[[Thing], str]) -> list[Thing]:
    """Those whose text matches what was typed, in their order."""
    wanted = Filter.parse(typed)
    return [thing for thing in things if wanted.matches(text_of(thing))] if wanted else list(things)


def _holds(text: str, word: str) -> bool:
    return word in text


def _holds_fuzzily(text: str, letters: str) -> bool:
    """One word of the text has the letters in their order. Over a whole line nearly anything would."""
    return any(_in_order(letters, word) for word in text.split())


def _in_order(letters: str, word: str) -> bool:
    rest = iter(word)
    return all(letter in rest for letter in letters)
