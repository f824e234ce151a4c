"""Getting past tmux and GNU screen to the terminal that somebody really looks at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

_SCREEN_CHUNK = 252
"""GNU screen passes a device control string on only if it is short (256 in old versions)."""


def inside(environment: Mapping[str, str]) -> Literal["tmux", "screen", ""]:
    """Which of them this session runs in."""
    terminal = environment.get("TERM", "")
    if environment.get("TMUX") or terminal.startswith("tmux"):
        return "tmux"
    return "screen" if environment.get("STY") or terminal.startswith("screen") else ""


def wrapped(sequence: str, environment: Mapping[str, str]) -> str:
    """What carries a sequence through to the terminal outside; the sequence itself where nothing lies between.

    tmux passes it on with `allow-passthrough on`, and swallows it otherwise (tmux(1)).
    """
    match inside(environment):
        case "tmux":
            return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\"
        case "screen":
            chunks = (sequence[at : at + _SCREEN_CHUNK] for at in range(0, len(sequence), _SCREEN_CHUNK))
            return "".join(f"\x1bP{chunk}\x1b\\" for chunk in chunks)
    return sequence
