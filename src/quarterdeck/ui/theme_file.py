"""A theme file: TOML with a look for every word, whole or as a few changes to another theme. Read and judged here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError

from quarterdeck.records import dataclass
from quarterdeck.ui.spans import ACCENT_WORDS, WORDS

SCREEN = ("background", "text", "border")
"""The keys of [screen]."""
STATES = tuple(word for word in WORDS if word != "text" and word not in ACCENT_WORDS)
"""The keys of [words]."""
_ACCENTS = {word.removeprefix("accent_"): word for word in ACCENT_WORDS}
"""The keys of [accents], and the words that they give a look to."""
ATTRIBUTES = ("bold", "dim", "italic", "reverse", "underline")

_MOST_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class ThemeFault:
    """What is wrong with a theme file; `line` counts from 1, 0 if the fault has no line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"

    @property
    def short(self) -> str:
        """For one line of a screen: without the folder."""
        return f"{self.path.name}:{self.line}: {self.message}" if self.line else self.message


class BadTheme(ValueError):
    """A theme file that can't be used."""

    def __init__(self, fault: ThemeFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(frozen=True, slots=True)
class Look:
    """How a word looks. `behind` is the colour behind it, "" for that of the screen."""

    colour: str
    behind: str = ""
    attributes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ThemeFile:
    """A theme as its file says.

    Attributes:
        path: the file; its name without the ending is the theme's.
        dark: whether the background is dark.
        ansi: whether all colours are the terminal's own (`ansi_...`).
        background, text, border: colours of the screen.
        words: the look of every word but `text`.
        files: the file itself and those it builds on, nearest first.
    """

    path: Path
    dark: bool
    ansi: bool
    background: str
    text: str
    border: str
    words: Mapping[str, Look]
    files: tuple[Path, ...]

    @property
    def name(self) -> str:
        """What the theme is called."""
        return self.path.stem


def candidates(name: str, among: Sequence[Path]) -> Iterator[Path]:
    """Where a theme of that name could lie, the last folder first."""
    # A name is not a path: `:theme ../../etc/x` must find nothing.
    if re.fullmatch(r"[A-Za-z0-9_-]+", name):
        yield from (folder / f"{name}.toml" for folder in reversed(among))


def read(path: Path, among: Sequence[Path] = (), below: Sequence[Path] = ()) -> ThemeFile:
    """Read a theme file and what it builds on.

    Args:
        among: the folders in which themes lie; the last one wins.
        below: files that build on this one.

    Raises:
        BadTheme: naming file, line and what is wrong.
    """
    try:
        with path.open("rb") as file:
            text = file.read(_MOST_BYTES).decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadTheme(ThemeFault(path, 0, f"can't be read: {error}")) from error
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        found = re.search(r"at line (\d+)", str(error))
        raise BadTheme(ThemeFault(path, int(found[1]) if found else text.count("\n") + 1, str(error))) from error
    return _Reader(path, text, data, among, (*below, path)).theme()


class _Reader:
    def __init__(
        self, path: Path, text: str, data: Mapping[str, Any], among: Sequence[Path], chain: Sequence[Path]
    ) -> None:
        self._path, self._lines, self._data = path, text.splitlines(), data
        self._among, self._chain = among, chain
        self._ansi = False

    def theme(self) -> ThemeFile:
        self._only(self._data, ("extends", "dark", "ansi", "screen", "words", "accents"), "")
        base = self._base()
        self._ansi = self._flag("ansi", base.ansi if base else False)
        if base and self._ansi != base.ansi:
            raise self._bad("", "ansi", f"ansi can't differ from {base.name}, on which this theme builds")
        dark = self._flag("dark", base.dark if base else True)
        screen = self._section("screen", SCREEN, whole=base is None)
        colours = {key: self._colour("screen", key, text) for key, text in screen.items()}
        words = {
            key: self._look("words", key, text) for key, text in self._section("words", STATES, base is None).items()
        }
        accents = self._section("accents", tuple(_ACCENTS), whole=False)
        words |= {_ACCENTS[key]: self._look("accents", key, text) for key, text in accents.items()}
        if base is not None:
            words = {**base.words, **words}
            colours = {"background": base.background, "text": base.text, "border": base.border, **colours}
        else:
            words = {**dict.fromkeys(ACCENT_WORDS, words["protected"]), **words}
        return ThemeFile(
            path=self._path,
            dark=dark,
            ansi=self._ansi,
            background=colours["background"],
            text=colours["text"],
            border=colours["border"],
            words=words,
            files=(self._path, *(base.files if base is not None else ())),
        )

    def _base(self) -> ThemeFile | None:
        """The theme that this one builds on. A file may build on one of its own name in a folder before its own."""
        name = self._data.get("extends")
        if name is None:
            return None
        if not isinstance(name, str):
            raise self._bad("", "extends", 'extends must be a name in quotes, like "quarterdeck-dark"')
        there = [path for path in candidates(name, self._among) if path.is_file()]
        if not there:
            raise self._bad("", "extends", f"there is no theme {name!r} to build on")
        base = next((path for path in there if path not in self._chain), None)
        if base is None:
            raise self._bad("", "extends", f"{name!r} builds on this theme: one of them must stand by itself")
        return read(base, self._among, self._chain)

    def _look(self, section: str, key: str, text: str) -> Look:
        """`COLOUR [on COLOUR] [attribute ...]`."""
        colour, *rest = text.split() or [""]
        behind = ""
        if rest[:1] == ["on"]:
            behind = self._colour(section, key, rest[1] if len(rest) > 1 else "")
            rest = rest[2:]
        for attribute in rest:
            if attribute not in ATTRIBUTES:
                raise self._bad(section, key, f"{attribute!r} is none of {', '.join(ATTRIBUTES)}")
        return Look(self._colour(section, key, colour), behind, tuple(rest))

    def _colour(self, section: str, key: str, text: str) -> str:
        if self._ansi != text.startswith("ansi_"):
            wanted = "a colour of the terminal (ansi_...)" if self._ansi else "a colour like #1f2933"
            raise self._bad(section, key, f"{section}.{key} must be {wanted}, not {text!r}")
        try:
            parsed = Color.parse(text)
        except ColorParseError as error:
            raise self._bad(section, key, f"{section}.{key}: {text!r} is not a colour") from error
        if parsed.a != 1 or parsed.auto:
            raise self._bad(section, key, f"{section}.{key}: {text!r} is not a colour by itself")
        return text

    def _section(self, name: str, keys: Sequence[str], whole: bool) -> dict[str, str]:
        """The texts of a section; all of them where nothing else says what is missing."""
        section = self._data.get(name, None if whole else {})
        if not isinstance(section, Mapping):
            raise self._bad("", name, f"there is no section [{name}]")
        self._only(section, keys, name)
        missing = [key for key in keys if key not in section] if whole else []
        if missing:
            raise self._bad(
                name, "", f'{name}.{missing[0]} is missing; extends = "quarterdeck-dark" takes it from there'
            )
        for key, text in section.items():
            if not isinstance(text, str):
                raise self._bad(name, key, f"{name}.{key} must be a text")
        return {key: section[key] for key in keys if key in section}

    def _only(self, found: Mapping[str, Any], known: Sequence[str], section: str) -> None:
        for key in found:
            if key not in known:
                full = f"{section}.{key}" if section else key
                raise self._bad(section, key, f"unknown key {full}; known are {', '.join(known)}")

    def _flag(self, key: str, default: bool) -> bool:
        value = self._data.get(key, default)
        if not isinstance(value, bool):
            raise self._bad("", key, f"{key} must be true or false")
        return value

    def _bad(self, section: str, key: str, message: str) -> BadTheme:
        return BadTheme(ThemeFault(self._path, self._line(section, key), message))

    def _line(self, section: str, key: str) -> int:
        """Where a key of a section stands; if not found, where the section begins; else 1."""
        begin = self._first(rf"\s*\[\s*{re.escape(section)}\s*\]", 0) if section else 0
        own = rf"""\s*(\[\s*)?({re.escape(section)}\.)?["']?{re.escape(key)}\b"""
        return (self._first(own, begin or 0) if key else 0) or begin or 1

    def _first(self, pattern: str, begin: int) -> int:
        """The number of the first line from there on that begins so, 0 if there is none."""
        matching = re.compile(pattern)
        return next((n for n, line in enumerate(self._lines[begin:], begin + 1) if matching.match(line)), 0)
