"""Documents that people write, held against the dataclass that they are to become."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, get_type_hints


def check(document: Mapping[str, Any], kind: type, what: str, without: Collection[str] = ()) -> None:
    """Let a document pass whose entries are fields of `kind`, of the right types.

    Args:
        what: what the document describes, for messages: "a fault".
        without: fields that a document cannot set.

    Raises:
        ValueError: naming what is unknown, or of the wrong type.
    """
    known = {name: hint for name, hint in get_type_hints(kind).items() if name not in without}
    unknown = sorted(set(document) - set(known))
    if unknown:
        raise ValueError(f"{what} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    for name, value in document.items():
        if not _fits(value, known[name]):
            wanted = getattr(known[name], "__name__", None) or str(known[name])
            raise ValueError(f"{what}'s {name} is of type {wanted}, not {value!r}")


def check_pattern(document: Mapping[str, Any], name: str, what: str) -> None:
    """Let an entry pass that is missing or a regular expression.

    Raises:
        ValueError: when it is none.
    """
    try:
        re.compile(document.get(name, ""))
    except re.error as error:
        raise ValueError(f"{what}'s {name} is a regular expression: {error}") from error


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(value, bool):
        return hint is bool
    if isinstance(value, float) and not math.isfinite(value):
        return False
    # JSON writes 1 and 1.0 for the same number.
    return isinstance(value, hint) or (isinstance(value, int) and isinstance(0.0, hint))
