"""Sends the terminal what calls for a person: its bell, a desktop notification, the window's title.

Notifications are OSC 9 (iTerm2's, which most terminals read) or OSC 777 (rxvt's, with a title); the title is OSC 2
(xterm's control sequences). Nobody answers: a terminal that knows none of them shows nothing.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from quarterdeck.clock import Clock
from quarterdeck.release.picture import Picture
from quarterdeck.ui.multiplexers import wrapped
from quarterdeck.ui.pages.calls import Call, Crier
from quarterdeck.ui.preferences import Attention
from quarterdeck.ui.spans import line, plain, to_ascii

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

_WITH_TITLE = ("rxvt", "foot", "ghostty", "wezterm", "contour", "konsole")
"""Terminals that read OSC 777, by what stands in TERM or TERM_PROGRAM."""
_PLAIN = ("linux", "vt100", "vt220", "ansi", "cons25")
"""Terminals that print what they don't know."""


def caller_of(cockpit: Cockpit) -> Caller:
    """The caller of a cockpit, which knows the picture that stands there. The title is left alone where nobody would
    give the old one back."""
    driver, wanted = cockpit._driver, cockpit.settings.preferences.attention
    if not getattr(driver, "gives_title_back", False):
        wanted = replace(wanted, title=False)

    def send(data: str) -> None:
        if driver is not None:
            driver.write(data)
            driver.flush()

    return Caller(
        wanted,
        cockpit.picture,
        send=send,
        environment=os.environ,
        clock=cockpit.settings.clock,
        me=cockpit.settings.actor,
        ascii_only=bool(cockpit.settings.ascii),
    )


class Caller:
    """Looks at each picture, and sends what it calls for; nothing if it calls for nothing."""

    def __init__(
        self,
        wanted: Attention,
        picture: Picture,
        *,
        send: Callable[[str], None],
        environment: Mapping[str, str],
        clock: Clock,
        me: str,
        ascii_only: bool,
    ) -> None:
        """`picture` is what stands there already. `send` takes what the terminal gets. `me` sits here."""
        self._crier = Crier(wanted, picture, me)
        self._send = send
        self._environment = environment
        self._clock = clock
        self._ascii = ascii_only

    def see(self, picture: Picture) -> None:
        """Call for what is new in a picture."""
        local = time.strftime("%H:%M", time.localtime(self._clock.now()))
        if data := sequence(self._crier.hear(picture, local), self._environment, ascii_only=self._ascii):
            self._send(data)

    def forget_title(self, _: object = None) -> None:
        """The terminal was somebody else's meanwhile: it wears their title."""
        self._crier.forget_title()


def sequence(call: Call, environment: Mapping[str, str], *, ascii_only: bool) -> str:
    """What a call is to this terminal."""
    parts = ["\x07"] if call.bell else []
    if environment.get("TERM") not in _PLAIN:
        if call.notice:
            text = _ascii(call.notice) if ascii_only else call.notice
            parts.append(wrapped(_notification(text, environment), environment))
        if call.title is not None:
            title = _ascii(call.title) if ascii_only else call.title
            parts.append(f"\x1b]2;{title}\x1b\\")
    return "".join(parts)


def _ascii(text: str) -> str:
    return plain(to_ascii(line(text)))


def _notification(text: str, environment: Mapping[str, str]) -> str:
    name = f"{environment.get('TERM', '')} {environment.get('TERM_PROGRAM', '')}".lower()
    if environment.get("VTE_VERSION") or any(one in name for one in _WITH_TITLE):
        return f"\x1b]777;notify;Quarterdeck;{text.replace(';', ',')}\x07"
    return f"\x1b]9;{text}\x07"
