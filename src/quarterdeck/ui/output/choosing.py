"""Which way frames go out: ours where everything it builds on is known, Textual's own otherwise."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from quarterdeck.ui.preferences import Output

if TYPE_CHECKING:
    from textual.driver import Driver

    from quarterdeck.ui.output.handover import Handover

KNOWN = ("8.2.",)
"""Series of Textual whose way of writing frames and reading keys was looked at."""

_METHODS = frozenset({"write", "start_application_mode", "disable_input", "stop_application_mode"})


def asked_for_stock(wanted: Output) -> bool:
    """Whether the user wants Textual's own way; the environment (`QUARTERDECK_OUTPUT`) beats `cockpit.toml`."""
    return (os.environ.get("QUARTERDECK_OUTPUT") or wanted) == "stock"


def unknown_ground() -> str:
    """Why our way can't be gone on this machine, "" if it can. Doesn't import Textual."""
    if sys.platform != "linux":
        return f"it is made for Linux, this is {sys.platform}"
    installed = _installed()
    return "" if installed.startswith(KNOWN) else f"Textual {installed} isn't known to it"


def driver_class(wanted: Output, handover: Handover | None = None) -> tuple[type[Driver] | None, str]:
    """The driver for `App.driver_class` (None: Textual's own), and what to tell the user about it, "" for nothing."""
    if asked_for_stock(wanted):
        return None, ""
    problem = unknown_ground() or _missing() or _unreachable()
    if problem:
        return None, f"frames go out as Textual writes them (more bytes, the same picture): {problem}"
    from quarterdeck.ui.output.driver import CellDriver

    return type("CellDriver", (CellDriver,), {"handover": handover}), ""


def _installed() -> str:
    """Textual's version: told by the name of the folder with its metadata, where it is loaded already, because
    `importlib.metadata` takes longer to load than the whole driver."""
    if (loaded := sys.modules.get("textual")) is not None and loaded.__file__:
        around = os.listdir(os.path.dirname(os.path.dirname(loaded.__file__)))
        told = [name for name in around if name.startswith("textual-") and name.endswith(".dist-info")]
        if len(told) == 1:
            return told[0].removeprefix("textual-").removesuffix(".dist-info")
    from importlib.metadata import version

    return version("textual")


def _missing() -> str:
    """What this Textual lacks, or wants besides."""
    try:
        from textual import constants, messages
        from textual._xterm_parser import XTermParser
        from textual.driver import Driver
    except ImportError as error:
        return f"this Textual has no {error.name}"
    if Driver.__abstractmethods__ != _METHODS:
        return "a driver of this Textual does other things"
    parts = ((constants, "ESCAPE_DELAY"), (messages, "TerminalSupportsSynchronizedOutput"), (XTermParser, "tick"))
    return next((f"this Textual has no {name}" for owner, name in parts if not hasattr(owner, name)), "")


def _unreachable() -> str:
    from quarterdeck.ui.output.line import Line

    try:
        Line(sys.stderr.fileno()).close()
    except OSError as error:
        return f"the terminal can't be opened by its name: {error.strerror}"
    return ""
