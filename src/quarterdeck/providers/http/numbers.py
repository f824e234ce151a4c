"""Numbers in JSON documents, found by a path of names and positions: `data.0.count`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError


def number_at(document: Any, path: str) -> float | None:
    """The number there; of a list its length, true is 1 and false 0. None if nothing (or null) is there.

    Raises:
        ProviderError: misconfigured; something is there that is no number.
    """
    found = document
    for key in path.split("."):
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, Sequence) and not isinstance(found, str) and key.isdigit():
            found = found[int(key)] if int(key) < len(found) else None
        elif found is not None:
            found = None
    if found is None:
        return None
    if isinstance(found, str):
        try:
            return float(found)
        except ValueError:
            pass
    elif isinstance(found, (bool, int, float)):
        return float(found)
    elif isinstance(found, Sequence):
        return float(len(found))
    kind = "an object" if isinstance(found, Mapping) else f"the text {clean(str(found), 40)!r}"
    raise ProviderError("misconfigured", f"{path} in the answer is {kind}, not a number", "name where a number is")
