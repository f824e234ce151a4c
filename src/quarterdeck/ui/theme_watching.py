"""Sees when the files of a theme are written, so that whoever makes one sees it at once."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from quarterdeck.ui import theme_file, theming
from quarterdeck.ui.theme_file import BadTheme, ThemeFile

Stamp = tuple[int, int, int] | None
"""When it was written, which file it is, its size; None where there is none."""


class ThemeWatch:
    """The files of one theme: its own, and those it builds on, in every folder in which they could lie."""

    def __init__(self, name: str, among: Sequence[Path]) -> None:
        self._name, self._among = name, among
        self._stamps: dict[Path, Stamp] = {}
        path = theming.find(name, among)
        try:
            theme = theme_file.read(path, among) if path is not None else None
        except BadTheme:
            theme = None
        self._watch([name] if theme is None else [file.stem for file in theme.files])

    def look(self) -> ThemeFile | BadTheme | None:
        """What the theme is now, or why it can't be read; None as long as nobody writes, and while the file is away:
        many editors put a new one in its place."""
        stamps = {path: _stamp(path) for path in self._stamps}
        if stamps == self._stamps:
            return None
        self._stamps = stamps
        path = theming.find(self._name, self._among)
        if path is None:
            return None
        try:
            theme = theme_file.read(path, self._among)
        except BadTheme as error:
            return error
        self._watch(file.stem for file in theme.files)
        return theme

    def _watch(self, names: Iterable[str]) -> None:
        """Look after these from now on; what is watched already keeps its stamp, so that no write goes unseen."""
        paths = [path for name in names for path in theme_file.candidates(name, self._among)]
        self._stamps = {path: self._stamps[path] if path in self._stamps else _stamp(path) for path in paths}


def _stamp(path: Path) -> Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
