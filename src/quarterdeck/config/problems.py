"""What is wrong with a configuration, where, and how to mend it. Never holds a value that could be a secret."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

_SHOWN = 80


def shown(text: str) -> str:
    """Text out of a file, fit for a terminal: control characters written as escapes, long text cut."""
    visible = "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)
    return visible if len(visible) <= _SHOWN else visible[: _SHOWN - 3] + "..."


@dataclass(frozen=True, slots=True)
class Mark:
    """A position in a file; line and column count from 1, 0 means the file as a whole."""

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return ":".join([shown(self.file), *(str(part) for part in (self.line, self.column) if part)])


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


@dataclass(slots=True)
class Report:
    """Collects what is found, so that all of it can be shown at once."""

    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)

    def add(self, mark: Mark, path: str, message: str, hint: str = "") -> None:
        """Note something that makes the configuration unusable."""
        problem = _problem(mark, path, message, hint)
        if problem not in self.problems:
            self.problems.append(problem)

    def about(self, mark: Mark) -> bool:
        """Whether something is already known to be wrong at this very place."""
        return any((p.file, p.line, p.column) == (mark.file, mark.line, mark.column) for p in self.problems)

    def warn(self, mark: Mark, path: str, message: str, hint: str = "") -> None:
        """Note something that is probably not meant."""
        self.warnings.append(_problem(mark, path, message, hint))


def _problem(mark: Mark, path: str, message: str, hint: str) -> Problem:
    return Problem(mark.file, mark.line, mark.column, shown(path), message, hint)
