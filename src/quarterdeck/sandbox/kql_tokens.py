"""The words and signs of a Kusto query, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


class QueryError(ValueError):
    """The query is malformed, or beyond this part of the language."""

    def __init__(self, message: str, token: str = "", line: int = 1, column: int = 0) -> None:
        super().__init__(message)
        self.token, self.line, self.column = token, line, column


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query. `kind` is string, number, word, sign, unknown or end; `offset` counts characters."""

    kind: str
    text: str
    offset: int


_GRAMMAR = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
    |(?P<string>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
    |(?P<number>\d+(?:\.\d+)?)
    |(?P<word>!?[A-Za-z_$][A-Za-z0-9_$]*~?)
    |(?P<sign>==|!=|=~|!~|<=|>=|[<>=|,.()\[\]])
    """,
    re.VERBOSE,
)


def tokens(text: str) -> Iterable[Token]:
    """The pieces of a query without blanks and comments, "end" last."""
    position = 0
    while position < len(text):
        match = _GRAMMAR.match(text, position)
        kind, found = (str(match.lastgroup), match.group()) if match else ("unknown", text[position])
        if kind != "space":
            yield Token(kind, found, position)
        position += len(found)
    yield Token("end", "", position)


def error_at(text: str, message: str, token: str, offset: int) -> QueryError:
    """An error about the token at an offset."""
    before = text[:offset]
    return QueryError(message, token, before.count("\n") + 1, offset - (before.rfind("\n") + 1))


def unquoted(text: str) -> str:
    """What a quoted text says."""
    return re.sub(r"\\(.)", r"\1", text[1:-1])
