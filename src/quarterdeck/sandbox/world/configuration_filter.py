"""Filters on keys, labels and tags in App Configuration's small language.

`abc` is exactly that, `abc*` what begins with it, `a,b` one of at most five, `*` or nothing anything; a backslash
takes the next character literally; the character NUL stands for no value (Microsoft's documentation, "Key-values").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

NULL = "\0"
MAX_VALUES = 5


class InvalidFilter(ValueError):
    """A filter that means nothing. `position` counts characters from 0."""

    def __init__(self, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.position = position


@dataclass(frozen=True, slots=True)
class TextFilter:
    """What a value must be: one of `values` (None is no value), or begin with `prefix` when that is not None."""

    values: frozenset[str | None] = frozenset()
    prefix: str | None = None

    def matches(self, value: str | None) -> bool:
        """Whether a key or label passes."""
        if self.prefix is None:
            return value in self.values
        return self.prefix == "" or (value is not None and value.startswith(self.prefix))

    @property
    def is_single(self) -> bool:
        """Whether only one value can pass."""
        return self.prefix is None and len(self.values) == 1


ANYTHING = TextFilter(prefix="")


def text_filter(text: str | None) -> TextFilter:
    """The filter that `text` writes; anything passes when it is None or empty.

    Raises:
        InvalidFilter: for a wildcard that is not at the end, more than five values, or a lonely backslash.
    """
    if not text:
        return ANYTHING
    parts = list(_split(text, ","))
    if len(parts) > MAX_VALUES:
        raise InvalidFilter(f"Too many values; at most {MAX_VALUES} are allowed", parts[MAX_VALUES][0])
    if len(parts) == 1 and _ends_with_wildcard(text):
        return TextFilter(prefix=_literal(text[:-1], 0))
    return TextFilter(values=frozenset(None if part == NULL else _literal(part, start) for start, part in parts))


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Tags that must all be there with these values; None is a tag without a value."""

    tags: tuple[tuple[str, str | None], ...] = ()

    def matches(self, tags: Mapping[str, str | None]) -> bool:
        """Whether a key-value with these tags passes."""
        return all(name in tags and tags[name] == value for name, value in self.tags)


def tag_filter(texts: Iterable[str]) -> TagFilter:
    """The filter that `name=value` texts write together; empty texts are ignored.

    Raises:
        InvalidFilter: for a text of another form, or more than five.
    """
    tags: list[tuple[str, str | None]] = []
    for text in texts:
        if not text.strip():
            continue
        parts = list(_split(text, "="))
        if len(parts) != 2 or not parts[0][1] or parts[0][1] == NULL:
            raise InvalidFilter("A tag filter has the form name=value")
        (_, name), (start, value) = parts
        tags.append((_literal(name, 0), None if value == NULL else _literal(value, start)))
    if len(tags) > MAX_VALUES:
        raise InvalidFilter(f"Too many values; at most {MAX_VALUES} are allowed")
    return TagFilter(tuple(tags))


def _split(text: str, separator: str) -> Iterator[tuple[int, str]]:
    """The parts between separators that no backslash precedes, with where they begin."""
    start = position = 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == separator:
            yield start, text[start:position]
            start = position + 1
        position += 1
    yield start, text[start:]


def _ends_with_wildcard(text: str) -> bool:
    body = text[:-1]
    backslashes = len(body) - len(body.rstrip("\\"))
    return text.endswith("*") and backslashes % 2 == 0


def _literal(text: str, offset: int) -> str:
    """`text` without its escapes."""
    result: list[str] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            position += 1
            if position == len(text):
                raise InvalidFilter("Invalid character", offset + position - 1)
            character = text[position]
        elif character in "*,":
            raise InvalidFilter("Invalid character", offset + position)
        result.append(character)
        position += 1
    return "".join(result)
