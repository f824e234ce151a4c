"""What is told of a mistake of ours, or of a provider's: its kind and its place. Never its text: it may hold a signed
URL or a token."""

from __future__ import annotations

import traceback


def without_text(error: BaseException) -> str:
    """Kind and traceback, for the log."""
    return f"{type(error).__name__}\n" + "".join(traceback.format_tb(error.__traceback__))


def where(error: BaseException) -> str:
    """Kind and place in one line, for whoever asked."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"internal error: {type(error).__name__} at {frame.name}:{frame.lineno}"
