"""Conditions of queries, as SQL with named parameters. Pure."""

from __future__ import annotations

from collections.abc import Sequence


def target_condition(target: str) -> str:
    """For the parameter `:target`: a service without a region means all of its regions.

    A flag is only itself: `@` in its name is part of its name.
    """
    if not target:
        return ""
    if "@" in target or target.startswith("flag:"):
        return "target = :target"
    # The range lets the index be used; `A` is the character after `@`.
    return """target >= :target AND target < :target || 'A'
              AND (target = :target OR substr(target, length(:target) + 1, 1) = '@')"""


def kind_condition(kinds: Sequence[str]) -> str:
    """For the parameters of `kind_parameters`: kinds that begin in one of these ways."""
    if not kinds:
        return ""
    return "(" + " OR ".join(f"substr(kind, 1, length(:kind{i})) = :kind{i}" for i in range(len(kinds))) + ")"


def kind_parameters(kinds: Sequence[str]) -> dict[str, str]:
    """The beginnings themselves."""
    return {f"kind{i}": kind for i, kind in enumerate(kinds)}


def where_all(*conditions: str) -> str:
    """A WHERE clause of those conditions that aren't empty."""
    given = " AND ".join(filter(None, conditions))
    return f"WHERE {given}" if given else ""
