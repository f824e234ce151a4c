"""What is wrong with a configuration, where, and how to mend it. Never holds a value that could be a secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

MOST = 100
_SHOWN = 80


def visible(text: str) -> str:
    """Text fit for a terminal: control characters written as escapes.

    Who has to mend the file must see what is wrong with it, so nothing is left out as `fleet.text.clean` does.
    """
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def shown(text: str) -> str:
    """Text out of a file, visible, and cut if it is long. Names of files are never cut: they have to be found."""
    whole = visible(text)
    return whole if len(whole) <= _SHOWN else whole[: _SHOWN - 3] + "..."


@dataclass(frozen=True, slots=True)
class Mark:
    """A position in a file; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([visible(self.file), *(str(part) for part in (self.line, self.column) if part)])


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes:
        file: as the operator named it, or as an include reached it.
        line, column: counted from 1; 0 when the file as a whole is meant.
        path: the keys that lead there, for example `services.checkout.production.slots`; "" at the top.
        hint: what to do about it.
    """

    file: str
    line: int
    column: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        path = f"  {self.path}" if self.path else ""
        hint = f"\n    hint: {self.hint}" if self.hint else ""
        return f"{Mark(self.file, self.line, self.column)}{path}: {self.message}{hint}"


class ConfigError(Exception):
    """A configuration can't be used.

    Attributes:
        problems: everything that is wrong with it, in the order of the files.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


class Report:
    """Collects what is found, so that all of it can be shown at once; the first hundred are plenty to mend."""

    def __init__(self) -> None:
        self.warnings: list[Problem] = []
        self._problems: dict[Problem, None] = {}
        self._more = False

    @property
    def problems(self) -> list[Problem]:
        """What makes the configuration unusable."""
        return list(self._problems)

    @property
    def full(self) -> bool:
        """Whether more was found than is kept."""
        return self._more

    def add(self, mark: Mark, path: str, message: str, hint: str = "") -> None:
        """Note something that makes the configuration unusable."""
        if len(self._problems) < MOST:
            self._problems[_problem(mark, path, message, hint)] = None
        else:
            self._more = True

    def warn(self, mark: Mark, path: str, message: str, hint: str = "") -> None:
        """Note something that is probably not meant."""
        if len(self.warnings) < MOST:
            self.warnings.append(_problem(mark, path, message, hint))

    def about(self, mark: Mark) -> bool:
        """Whether something is already known to be wrong at this very place."""
        return any((p.file, p.line, p.column) == (mark.file, mark.line, mark.column) for p in self._problems)

    def below(self, path: str) -> bool:
        """Whether something is already known to be wrong at this path or deeper."""
        return any(f"{p.path}.".startswith(f"{path}.") for p in self._problems)


def _problem(mark: Mark, path: str, message: str, hint: str) -> Problem:
    return Problem(mark.file, mark.line, mark.column, shown(path), message, hint)
