"""Which of two versions is the older one."""

from __future__ import annotations

import re

_NUMBERED = re.compile(r"v?(\d+(?:\.\d+)*)(?:[-.]?([A-Za-z][0-9A-Za-z.-]*|-?[0-9][0-9A-Za-z.-]*))?(?:\+.*)?")


def older(one: str, other: str) -> bool:
    """Whether `one` is older than `other`: numbers are compared part by part, and `2.0.0-rc1` comes before `2.0.0`.

    What doesn't begin with a number (a commit, a branch) is neither older nor newer than anything.
    """
    first, second = _NUMBERED.fullmatch(one.strip()), _NUMBERED.fullmatch(other.strip())
    if first is None or second is None:
        return False
    numbers = [[int(part) for part in found[1].split(".")] for found in (first, second)]
    longest = max(map(len, numbers))
    mine, theirs = (part + [0] * (longest - len(part)) for part in numbers)
    if mine != theirs:
        return mine < theirs
    return _before(first[2] or "", second[2] or "")


def _before(one: str, other: str) -> bool:
    """Pre-releases of the same version: any of them comes before the version itself."""
    if not one or not other:
        return bool(one) and not other
    return _parts(one) < _parts(other)


def _parts(text: str) -> list[tuple[int, int, str]]:
    """Numbers before words, each by its own order."""
    found = re.findall(r"\d+|[A-Za-z]+", text)
    return [(0, int(part), "") if part.isdigit() else (1, 0, part.lower()) for part in found]
