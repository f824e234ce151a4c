"""How text gets to the clipboard of whoever sits at the terminal. Pure: what to run, or what to send.

On the machine whose screen they look at, its own tool takes it. Over SSH that tool would fill the clipboard of the
wrong machine, so the terminal is asked instead, by OSC 52 (xterm's control sequences, "Manipulate Selection Data").
Whether it obeys, nobody can tell: it doesn't answer.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence

from quarterdeck.ui.multiplexers import inside, wrapped

MOST = 74_994
"""Letters of Base64 that terminals take: xterm refuses more."""

_NATIVE: Sequence[tuple[str, str, Sequence[str]]] = (
    ("", "pbcopy", ()),
    ("WAYLAND_DISPLAY", "wl-copy", ()),
    ("DISPLAY", "xclip", ("-selection", "clipboard")),
    ("WSL_DISTRO_NAME", "clip.exe", ()),
)
"""What must be set in the environment, the tool, its arguments."""


def native_tool(environment: Mapping[str, str], which: Callable[[str], str | None]) -> Sequence[str]:
    """The command that takes text on its standard input; () if there is none here, or the session came over SSH."""
    if any(environment.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")):
        return ()
    for needed, tool, arguments in _NATIVE:
        if (not needed or environment.get(needed)) and (path := which(tool)):
            return (path, *arguments)
    return ()


def sequence(text: str, environment: Mapping[str, str]) -> str:
    """What to send to the terminal; "" if the text is more than a terminal takes.

    Inside tmux both ways are tried: `set-clipboard on` takes the plain sequence, `allow-passthrough on` the wrapped
    one (tmux(1)); with neither, tmux swallows both and nothing is shown.
    """
    encoded = base64.b64encode(text.encode()).decode()
    if len(encoded) > MOST:
        return ""
    plain = f"\x1b]52;c;{encoded}\x07"
    return (plain if inside(environment) == "tmux" else "") + wrapped(plain, environment)
