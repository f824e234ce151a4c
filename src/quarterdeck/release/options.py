"""Options among the words of a command."""

from __future__ import annotations

from collections.abc import Sequence


def take_option(words: list[str], name: str) -> str:
    """Take `name VALUE` out of the words; "" if it isn't there.

    Raises:
        ValueError: it has no value, or stands there twice.
    """
    if name not in words:
        return ""
    value = _taken(words, name)
    if name in words:
        raise ValueError(f"{name} is given twice")
    return value


def take_options(words: list[str], name: str) -> list[str]:
    """Take every `name VALUE` out of the words. Raises ValueError if one has no value."""
    values = []
    while name in words:
        values.append(_taken(words, name))
    return values


def _taken(words: list[str], name: str) -> str:
    at = words.index(name)
    if at + 1 == len(words):
        raise ValueError(f"{name} needs a value")
    value = words[at + 1]
    del words[at : at + 2]
    return value


def only_word(words: Sequence[str], what: str) -> str:
    """The one word that there is to be; `what` it says. Raises ValueError."""
    if not words:
        raise ValueError(f"{what} is missing")
    if len(words) > 1:
        raise ValueError(f"{words[1]!r} is one word too many")
    return words[0]
