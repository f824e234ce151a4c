"""What the operators and functions of Kusto do with values, as far as `kql` knows them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def _folded(value: Any) -> str:
    return _text(value).casefold()


def _words(value: Any) -> list[str]:
    return re.findall(r"[a-z0-9]+", _folded(value))


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def checked(left: Any, right: Any) -> bool:
        numbers = isinstance(left, int | float) and isinstance(right, int | float)
        return bool(compare(left, right)) if numbers else compare(_text(left), _text(right))

    return checked


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) != isinstance(right, str):
        return _text(left) == _text(right)
    return bool(left == right)


def _not(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda left, right: not compare(left, right)


_POSITIVE: Mapping[str, Callable[[Any, Any], bool]] = {
    "contains": lambda left, right: _folded(right) in _folded(left),
    "has": lambda left, right: _folded(right) in _words(left),
    "startswith": lambda left, right: _folded(left).startswith(_folded(right)),
    "endswith": lambda left, right: _folded(left).endswith(_folded(right)),
}
COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": _equal,
    "!=": _not(_equal),
    "=~": lambda left, right: _folded(left) == _folded(right),
    "!~": lambda left, right: _folded(left) != _folded(right),
    "<": _ordered(lambda left, right: left < right),
    "<=": _ordered(lambda left, right: left <= right),
    ">": _ordered(lambda left, right: left > right),
    ">=": _ordered(lambda left, right: left >= right),
    **_POSITIVE,
    **{f"!{name}": _not(compare) for name, compare in _POSITIVE.items()},
}
MEMBERSHIPS: Mapping[str, Callable[[Any, Sequence[Any]], bool]] = {
    "in": lambda value, items: any(_equal(value, item) for item in items),
    "in~": lambda value, items: _folded(value) in map(_folded, items),
    "!in": lambda value, items: not any(_equal(value, item) for item in items),
    "!in~": lambda value, items: _folded(value) not in map(_folded, items),
}
FUNCTIONS: Mapping[str, Callable[[Any], Any]] = {
    "tostring": _text,
    "tolower": lambda value: _text(value).lower(),
    "toupper": lambda value: _text(value).upper(),
    "isempty": lambda value: _text(value) == "",
    "isnotempty": lambda value: _text(value) != "",
    "isnull": lambda value: value is None,
    "isnotnull": lambda value: value is not None,
    "not": lambda value: value is False,
}


def rank(value: Any) -> tuple[int, Any]:
    """A sort key over mixed values: nothing first, then numbers, then text without letter case."""
    if value is None:
        return (0, 0)
    return (1, value) if isinstance(value, int | float) else (2, _folded(value))
