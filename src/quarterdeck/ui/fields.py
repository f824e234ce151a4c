"""Words such as `actor:ana` in what is typed to find something, on top of the one grammar of `filtering.py`. Pure.

`actor:ana`    lines whose actor holds these letters
`!kind:step`   lines whose kind doesn't
`since:2h`     lines of then and later; `until:14:02` lines of then and earlier

Anything else is an ordinary word. A name with nothing behind its colon is somebody still typing, and leaves nothing
out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from quarterdeck.records import dataclass
from quarterdeck.release.moments import past_moment
from quarterdeck.ui.completing import Offer
from quarterdeck.ui.filtering import Filter

TIMES = ("since", "until")


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for.

    Attributes:
        words: the rest of it, by the one grammar.
        wanted, unwanted: names of fields with the letters that must, and must not be in them.
        since, until: UNIX seconds; None where nothing is said.
        wrong: what can't be understood, and how it is written right; "" if all is.
    """

    words: Filter = Filter()
    wanted: tuple[tuple[str, str], ...] = ()
    unwanted: tuple[tuple[str, str], ...] = ()
    since: float | None = None
    until: float | None = None
    wrong: str = ""

    def __bool__(self) -> bool:
        """Whether it can leave anything out."""
        return bool(self.words or self.wanted or self.unwanted) or self.since is not None or self.until is not None

    def names(self, field: str) -> bool:
        """Whether something is said about a field."""
        return any(name == field for name, _ in (*self.wanted, *self.unwanted))

    def matches(self, fields: Mapping[str, str], text: Callable[[], str], at: float | None = None) -> bool:
        """Whether a line is to be shown.

        Args:
            fields: the line's fields by name.
            text: the whole line, for words; made only when it is needed.
            at: its time, if it has one.
        """
        if at is not None and (
            (self.since is not None and at < self.since) or (self.until is not None and at > self.until)
        ):
            return False
        if any(letters not in fields.get(name, "").casefold() for name, letters in self.wanted):
            return False
        if any(letters in fields.get(name, "").casefold() for name, letters in self.unwanted):
            return False
        return not self.words or self.words.matches(text())


def seek(typed: str, names: Collection[str], now: float | None = None) -> Sought:
    """Read what was typed; everything can be read, what can't be understood is said in `wrong`.

    Args:
        names: the fields there are.
        now: UNIX seconds, where lines have a time; None where they don't.
    """
    words: list[str] = []
    wanted: list[tuple[str, str]] = []
    unwanted: list[tuple[str, str]] = []
    times: dict[str, float] = {}
    wrong = ""
    for word in typed.split():
        name, colon, value = word.removeprefix("!").partition(":")
        name = name.casefold()
        if colon and now is not None and name in TIMES:
            try:
                times |= {name: past_moment(value, now)} if value else {}
            except ValueError as error:
                wrong = wrong or f"{name}: {error}"
        elif colon and name in names:
            (unwanted if word.startswith("!") else wanted).extend([(name, value.casefold())] if value else [])
        else:
            words.append(word)
    return Sought(
        Filter.parse(" ".join(words)), tuple(wanted), tuple(unwanted), times.get("since"), times.get("until"), wrong
    )


def offers(typed: str, known: Mapping[str, Sequence[str]]) -> list[Offer]:
    """What the last word may become: the name of a field, or, behind its colon, one of its known values."""
    begun = "" if not typed or typed[-1].isspace() else typed.split()[-1]
    mark, bare = ("!", begun[1:]) if begun.startswith("!") else ("", begun)
    name, colon, value = bare.partition(":")
    if not colon:
        return [Offer(f"{mark}{each}:") for each in known if each.startswith(name.casefold())] if begun else []
    letters = value.casefold()
    found = [one for one in known.get(name.casefold(), ()) if letters in one.casefold() and one.casefold() != letters]
    found.sort(key=lambda one: not one.casefold().startswith(letters))
    return [Offer(f"{mark}{name}:{one}") for one in dict.fromkeys(found) if not any(c.isspace() for c in one)]
