"""How many colours a terminal has, and the theme that fits it. Next to nothing is loaded: the first frame asks too."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal

    Depth = Literal["true", "256", "16", "none"]

_SIXTEEN = ("linux", "vt100", "vt220", "ansi", "xterm-color", "xterm-16color")


def colourless() -> bool:
    """Whether the user wants no colour at all (https://no-color.org: whatever `NO_COLOR` says, even nothing)."""
    return "NO_COLOR" in os.environ


def depth() -> Depth:
    """How many colours this terminal has, told as Rich tells it, so that every frame has the same."""
    if colourless():
        return "none"
    name = os.environ.get("TERM", "")
    passed_on = name.startswith("screen") and "TMUX" not in os.environ  # see `ui.terminal.prepare`
    if not passed_on and os.environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return "true"
    return "256" if name.endswith(("256color", "kitty")) else "16"


def fitting_theme() -> str:
    """The theme for this terminal where none was asked for or chosen; it also stands for terminals of this kind."""
    has = depth()
    if has == "none":
        return "quarterdeck-mono"
    return "quarterdeck-ansi" if has == "16" or os.environ.get("TERM") in _SIXTEEN else "quarterdeck-dark"
