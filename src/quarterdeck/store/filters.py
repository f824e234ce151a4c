"""Conditions of queries, as SQL with named parameters. Pure."""

from __future__ import annotations


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


def where_all(*conditions: str) -> str:
    """A WHERE clause of those conditions that aren't empty."""
    given = " AND ".join(filter(None, conditions))
    return f"WHERE {given}" if given else ""
