"""Names and texts as somebody would write them who wants to do harm, or who just writes another script.

`poisoned` puts them wherever free text stands in a record, the same one for the same text, so that what belongs
together stays together.
"""

from __future__ import annotations

import dataclasses
import random
import re
from collections.abc import Callable
from typing import Any, TypeVar, cast

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import replace

FRAGMENTS = (
    "\x1b[2J\x1b[H", "\x1b]0;title\x07", "\x1b]52;c;ZXZpbA==\x07", "\x9b31m", "\x1bP+q\x1b\\", "\x07\x08\x7f\x00",
    "\r\n", "\t", "[/x]", "[red]", "[@click=app.quit]", "\\[", "\u202e", "\u2066\u2069", "\u200b\u200d\ufeff",
    "e\u0301\u0301\u0301", "\u0301", "変更", "\U0001f3f3\ufe0f\u200d\U0001f308", "\U0001f469\u200d\U0001f467", "\u2705",
    "\uff57\uff49\uff44\uff45", "\u1160", "\u00ad", "\U000e0041", "\u2028", "العربية", "\u0e01\u0e47\u0e47\u0e47", "-",
    " ", "x", "checkout", "{0}", "%s", "$(reboot)", "'\"", "\\",
)  # fmt: skip
LONGEST = 10_000
_IDENTITY = frozenset({"id", "request", "needs", "success", "failure"})
"""Made by us, or checked when the configuration is read (the conditions of a gate)."""
_LEGAL = frozenset({("Environment", "name"), ("Fleet", "services"), ("Pipeline", "name"), ("Pipeline", "environments")})
"""Names that are parts of targets: only plain ones are let in."""

Thing = TypeVar("Thing")
Swap = Callable[[str], str]


def swapping(seed: int) -> Swap:
    """From a text to what stands in its place."""

    def swap(text: str) -> str:
        if not text:
            return text
        chance = random.Random(f"{seed} {text}")
        drawn = "".join(chance.choices(FRAGMENTS, k=chance.choice((1, 1, 2, 3, 5))))
        match chance.randrange(12):
            case 0:
                return ""
            case 1:
                return (drawn + "x") * (LONGEST // (len(drawn) + 1))
            case 2:
                return text
            case _:
                return drawn + text[:4]

    return swap


def poisoned(thing: Thing, swap: Swap) -> Thing:
    """The same record with other texts. What is one of few known words stays: its field isn't annotated as text."""
    found: Any = thing
    if isinstance(found, TargetId):
        named = found if not found.flag else replace(found, name=swap(found.name).replace("\n", "") or "x")
        return cast(Thing, named)
    if dataclasses.is_dataclass(found) and not isinstance(found, type):
        name_of = type(found).__name__
        kinds = {
            field.name: str(field.type)
            for field in dataclasses.fields(found)
            if field.name not in _IDENTITY and (name_of, field.name) not in _LEGAL
        }
        changes = {name: _value(getattr(found, name), kind, swap) for name, kind in kinds.items()}
        return cast(Thing, replace(found, **changes))
    return thing


def _value(value: Any, kind: str, swap: Swap) -> Any:
    if isinstance(value, str):
        return swap(value) if re.search(r"\bstr\b", kind) else value
    if isinstance(value, tuple):
        return tuple(_value(item, kind, swap) for item in value)
    return poisoned(value, swap)
