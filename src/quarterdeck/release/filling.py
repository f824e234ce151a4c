"""Names in what a configuration asks or runs: `$version` and the like, replaced when their turn comes."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAMES = (
    "service", "environment", "region", "slot", "site", "version", "previous", "release", "host", "window",
)  # fmt: skip
"""The names that a gate may hold; what each means is told in `gate.GateSpec`."""

_NAMED = re.compile(r"\$(\$|[A-Za-z_][A-Za-z0-9_]*)")
_UNSAFE = re.compile(r"[\"'`\\{}\x00-\x1f\x7f]")
_OF_A_SHELL = re.compile(r"[\s;&|<>()$*?!#~\[\]]")


def fill(text: str, names: Mapping[str, str]) -> str:
    """The text with every `$name` replaced. `$$` is a dollar, and so is one that no name follows (`"5..$"`).

    Values come from outside (a version is an image's tag), the text around them is a query or a command: a value with
    quotes, backslashes, braces or control characters could change what is asked, and is refused.

    Raises:
        ValueError: a name that isn't known, or a value that can't stand in a question.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1]
        if name == "$":
            return "$"
        if name not in names:
            raise ValueError(f"${name} isn't known here; there are {', '.join(f'${one}' for one in sorted(names))}")
        if _UNSAFE.search(names[name]):
            raise ValueError(f"the value of ${name} holds quotes, braces or control characters: it can't be filled in")
        return names[name]

    return _NAMED.sub(value, text)


def fill_word(word: str, names: Mapping[str, str]) -> str:
    """One word of a command with every `$name` replaced.

    No shell starts a program, but the program may well be one (`sh -c "deploy $version"`): a value with blanks or with
    what means something to a shell is refused, and so is one that would make an option of the word.

    Raises:
        ValueError: as `fill`, or a value that can't stand in a command.
    """
    for name in named(word):
        if _OF_A_SHELL.search(names.get(name, "")):
            raise ValueError(f"the value of ${name} holds blanks or signs of a shell: it can't stand in a command")
    filled = fill(word, names)
    if filled.startswith("-") and not word.startswith("-"):
        raise ValueError(f"{word} begins with a dash when it is filled in: it would be taken for an option")
    return filled


def named(text: str) -> tuple[str, ...]:
    """The names that a text asks for, each once, in their order."""
    return tuple(dict.fromkeys(found for found in _NAMED.findall(text) if found != "$"))
