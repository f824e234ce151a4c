"""What kind of terminal this is, before anything is drawn. Standard library only."""

from __future__ import annotations

import locale
import os
import sys
from collections.abc import Mapping

_DEFAULTS: Mapping[str, str] = {
    # Textual reads these when it is imported.
    "TEXTUAL_ANIMATIONS": "none",
    "TEXTUAL_SMOOTH_SCROLL": "0",
    "ESCDELAY": "200",  # a slow link tears escape sequences apart; 100 ms turns arrows into Esc
}


def unfit() -> str:
    """Why a cockpit can't be shown here, "" if it can. The driver draws on stderr and reads stdin."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return "this is not a terminal"
    if os.environ.get("TERM", "dumb") in ("dumb", "unknown", ""):
        return f"this terminal can't move its cursor (TERM={os.environ.get('TERM', '')})"
    return ""


def prepare() -> None:
    """Set what Textual reads at import, where the user hasn't."""
    for name, value in _DEFAULTS.items():
        os.environ.setdefault(name, value)
    for name in ("COLUMNS", "LINES"):
        # A shell that exports them has said how large the terminal was; Textual would never see it resized.
        os.environ.pop(name, None)
    if os.environ.get("TERM", "").startswith("screen") and "TMUX" not in os.environ:
        # GNU screen passes on what the terminal around it says of itself, and shows other colours than those it gets.
        os.environ.pop("COLORTERM", None)
    if over_ssh() and os.environ.get("QUARTERDECK_OUTPUT") == "stock":
        os.environ.setdefault("TEXTUAL_FPS", "15")  # cells go out as the link takes them, whole regions as they come


def asked_theme() -> str:
    """The theme that the user's environment asks for (`QUARTERDECK_THEME`), "" for none."""
    return os.environ.get("QUARTERDECK_THEME", "")


def asked(name: str) -> bool | None:
    """What the user's environment says about `mouse` or `ascii` (`QUARTERDECK_MOUSE=1`), None if nothing."""
    value = os.environ.get(f"QUARTERDECK_{name.upper()}", "")
    return None if not value else value.lower() not in ("0", "no", "off", "false")


def over_ssh() -> bool:
    """Whether this session came over SSH."""
    return bool(os.environ.get("SSH_CONNECTION"))


def wants_ascii() -> bool:
    """Whether only ASCII can be trusted to come out right."""
    if os.environ.get("TERM") in ("linux", "vt100", "vt220"):
        return True
    return locale.getpreferredencoding(False).lower().replace("-", "") != "utf8"
