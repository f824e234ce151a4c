"""Text from outside, made harmless for a terminal: one line, nothing invisible, nothing that moves the cursor."""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = re.compile(
    r"(?:\x1b\]|\x9d)[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC: window title, clipboard, links
    r"|(?:\x1b[PX^_]|[\x90\x98\x9e\x9f])[^\x1b\x9c]*(?:\x1b\\|\x9c)?"  # DCS, SOS, PM, APC
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor
    r"|\x1b[ -/]*[0-~]?"  # everything else that starts with ESC
)
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
_INVISIBLE_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f")
_MOST_MARKS = 2
"""Combining marks kept per letter: enough for every living script, too few to paint over neighbouring lines."""


def clean(text: str, limit: int = 200) -> str:
    """One visible line of at most `limit` characters ("…" at the end if some were cut off).

    Removes whole ANSI sequences, control and format characters (bidirectional overrides, zero width, soft
    hyphens, tags), variation selectors and letters without a shape; line breaks and runs of blanks become one blank.
    Markup is not touched: whoever shows the text must show it as plain text.
    """
    if text.isascii() and text.isprintable() and len(text) <= limit and "  " not in text and text == text.strip(" "):
        return text  # as nearly every name is; a fleet has tens of thousands of them
    # Ten times the limit is plenty to fill a line even if most of it is stripped, and bounds the work for a
    # provider that answers with megabytes.
    short = _ESCAPES.sub("", text[: max(limit, 20) * 10])
    kept: list[str] = []
    marks = 0
    for character in short:
        category = unicodedata.category(character)
        if character.isspace():
            kept.append(" ")
            marks = 0
        elif category in _INVISIBLE_CATEGORIES or character in _INVISIBLE_LETTERS or _is_variation_selector(character):
            continue
        elif category in {"Mn", "Me"}:
            marks += 1
            if marks <= _MOST_MARKS and kept:
                kept.append(character)
        else:
            kept.append(character)
            marks = 0
    line = " ".join("".join(kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _is_variation_selector(character: str) -> bool:
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
