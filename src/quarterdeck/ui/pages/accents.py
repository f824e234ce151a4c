"""What an environment wears wherever it is named: its own accent, so that production looks like production. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import cast

from quarterdeck.fleet.accents import PROTECTED, accent_of
from quarterdeck.release.picture import EnvironmentView
from quarterdeck.ui.spans import Word


def word_of(environment: EnvironmentView, otherwise: Word = "heading") -> Word:
    """The word that it wears; `otherwise` if it is like any other."""
    accent = accent_of(environment.accent) or (PROTECTED if environment.protected else "")
    if not accent:
        return otherwise
    return "protected" if accent == PROTECTED else cast("Word", f"accent_{accent}")


def find(environments: Iterable[EnvironmentView], *names: str) -> EnvironmentView | None:
    """Of the environments of these names the one to look out for: a protected one, else one with an accent."""
    found = [one for one in environments if one.name in names]
    return max(found, key=lambda one: (one.protected, bool(accent_of(one.accent))), default=None)
