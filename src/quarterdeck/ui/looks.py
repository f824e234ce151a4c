"""How words look in the theme in force, as the styles of what is painted.

Not by component classes: Textual works those out for each word in each widget, a hundred style rules for one screen,
which took a tenth of the time from the launch to the first key.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from rich.style import Style
from textual.app import App
from textual.color import Color

from quarterdeck.ui.spans import Word


def look(app: App[Any], word: Word) -> Style:
    """The style of a word in the theme that the app wears now."""
    variables = app.theme_variables
    name = f"qd-{word}"
    return _style(variables[name], variables[f"{name}-on"], variables[f"{name}-style"])


@lru_cache(maxsize=512)
def _style(colour: str, behind: str, attributes: str) -> Style:
    worn = Style.parse(attributes)
    return worn + Style(color=Color.parse(colour).rich_color, bgcolor=Color.parse(behind).rich_color)
