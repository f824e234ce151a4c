"""Copying: to the machine's own clipboard, else by asking the terminal, else as text to select."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from quarterdeck.fleet.text import clean
from quarterdeck.ui import clipboard

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit

_PATIENCE = 2.0
"""Seconds that a native tool may take."""
_SHOWN = 60


async def copy(cockpit: Cockpit, text: str) -> str:
    """Send a text on its way; what to tell about it. "" if it can only be shown, to be selected by hand."""
    tool = clipboard.native_tool(os.environ, shutil.which)
    if tool and await _run(tool, text):
        return f"given to {os.path.basename(tool[0])}: {_short(text)}"
    sequence = clipboard.sequence(text, os.environ)
    driver = cockpit._driver
    if not sequence or driver is None:
        return ""
    driver.write(sequence)
    return f"sent to the terminal: {_short(text)}"


async def _run(command: Sequence[str], text: str) -> bool:
    """Whether the tool took it."""
    nowhere = asyncio.subprocess.DEVNULL
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=nowhere, stderr=nowhere
        )
    except OSError:
        return False
    try:
        await asyncio.wait_for(process.communicate(text.encode()), _PATIENCE)
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        return False
    return process.returncode == 0


def _short(text: str) -> str:
    lines = text.count("\n")
    return f"{lines + 1} lines" if lines else clean(text, _SHOWN)
