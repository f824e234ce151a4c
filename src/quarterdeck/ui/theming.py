"""Theme files: TOML with semantic names, to what Textual wants."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import BUILTIN_THEMES, Theme

from quarterdeck import paths
from quarterdeck.records import dataclass
from quarterdeck.ui.spans import WORDS

DEFAULT = "quarterdeck-dark"

_SCREEN = ("background", "text", "border")
_WORDS = tuple(word for word in WORDS if word != "text")
_ATTRIBUTES = frozenset({"bold", "dim", "reverse", "underline", "italic"})


@dataclass(frozen=True, slots=True)
class ThemeFault:
    """What is wrong with a theme file; `line` counts from 1, 0 if the fault has no line."""

    path: Path
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}{f':{self.line}' if self.line else ''}: {self.message}"


class BadTheme(ValueError):
    """A theme file that can't be used."""

    def __init__(self, fault: ThemeFault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def folders() -> Sequence[Path]:
    """Where themes lie: those that come with the program, then the user's own, which win."""
    return (paths.shared_dir("themes"), paths.config_dir() / "themes")


def find(name: str, among: Sequence[Path]) -> Path | None:
    """The file of a theme; the last folder wins."""
    # A name is not a path: `--theme ../../etc/x` must find nothing.
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        return None
    files = (folder / f"{name}.toml" for folder in reversed(among))
    return next((file for file in files if file.is_file()), None)


def names(among: Sequence[Path]) -> list[str]:
    """The names of all themes, sorted."""
    return sorted({file.stem for folder in among for file in folder.glob("*.toml") if find(file.stem, among)})


def choose(name: str, among: Sequence[Path]) -> tuple[Theme, str]:
    """The theme of that name, and "" or a line saying why it is another one.

    Raises:
        BadTheme: if not even the default can be used.
    """
    path = find(name, among)
    if path is not None:
        try:
            return read(path), ""
        except BadTheme as error:
            problem = str(error)
    else:
        problem = f"there is no theme {name!r} in {' or '.join(map(str, among))}"
    return read(among[0] / f"{DEFAULT}.toml"), f"{problem}; using {DEFAULT}"


def read(path: Path) -> Theme:
    """Read a theme file.

    Raises:
        BadTheme: naming file, line and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadTheme(ThemeFault(path, 0, f"can't be read: {error}")) from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise BadTheme(ThemeFault(path, int(found[1]) if found else 0, str(error))) from error
    return _Reader(path, text, data).theme()


class _Reader:
    def __init__(self, path: Path, text: str, data: Mapping[str, Any]) -> None:
        self._path, self._text, self._data = path, text, data

    def theme(self) -> Theme:
        self._only_keys(self._data, ("name", "dark", "ansi", "screen", "words"), "")
        ansi = self._flag("ansi")
        screen = self._section("screen", _SCREEN)
        words = self._section("words", _WORDS)
        background, text, border = (self._colour("screen", key, screen[key], ansi) for key in _SCREEN)
        variables = {"qd-border": border, "qd-background": background}
        variables |= {"qd-text": text, "qd-text-on": background, "qd-text-style": "none"}
        if ansi:
            # Textual's own widgets ask an ANSI theme for more names; its built-in one knows them all.
            variables = {**BUILTIN_THEMES["ansi-dark"].variables, **variables}
        for word, look in words.items():
            variables |= self._look(word, look, background, ansi)
        return Theme(
            name=str(self._data.get("name", self._path.stem)),
            primary=variables["qd-key"],
            secondary=variables["qd-heading"],
            warning=variables["qd-attention"],
            error=variables["qd-danger"],
            success=variables["qd-ok"],
            accent=variables["qd-protected"],
            foreground=text,
            background=background,
            surface=background,
            panel=background,
            boost=background,
            dark=self._flag("dark"),
            variables=variables,
            ansi=ansi,
        )

    def _look(self, word: str, look: str, background: str, ansi: bool) -> dict[str, str]:
        """`COLOUR [on COLOUR] [attribute ...]` as three variables."""
        colour, *rest = look.split() or [""]
        behind = background
        if rest[:1] == ["on"]:
            behind = self._colour("words", word, rest[1] if len(rest) > 1 else "", ansi)
            rest = rest[2:]
        for attribute in rest:
            if attribute not in _ATTRIBUTES:
                raise self._bad(word, f"{attribute!r} is none of {', '.join(sorted(_ATTRIBUTES))}")
        return {
            f"qd-{word}": self._colour("words", word, colour, ansi),
            f"qd-{word}-on": behind,
            f"qd-{word}-style": " ".join(rest) or "none",
        }

    def _colour(self, section: str, key: str, text: str, ansi: bool) -> str:
        if ansi != text.startswith("ansi_"):
            wanted = "a colour of the terminal (ansi_...)" if ansi else "a colour like #1f2933"
            raise self._bad(key, f"{section}.{key} must be {wanted}, not {text!r}")
        try:
            Color.parse(text)
        except ColorParseError as error:
            raise self._bad(key, f"{section}.{key}: {text!r} is not a colour") from error
        return text

    def _section(self, name: str, keys: Sequence[str]) -> dict[str, str]:
        section = self._data.get(name)
        if not isinstance(section, Mapping):
            raise self._bad(name, f"there is no section [{name}]")
        self._only_keys(section, keys, f"{name}.")
        for key in keys:
            if not isinstance(section.get(key), str):
                raise self._bad(key if key in section else name, f"{name}.{key} must be a text")
        return {key: section[key] for key in keys}

    def _only_keys(self, found: Mapping[str, Any], known: Sequence[str], where: str) -> None:
        for key in found:
            if key not in known:
                raise self._bad(key, f"unknown key {where}{key}; known are {', '.join(known)}")

    def _flag(self, key: str) -> bool:
        value = self._data.get(key, key == "dark")
        if not isinstance(value, bool):
            raise self._bad(key, f"{key} must be true or false")
        return value

    def _bad(self, key: str, message: str) -> BadTheme:
        pattern = re.compile(rf"\s*\[?\s*{re.escape(key)}\b")
        number = next((n for n, text in enumerate(self._text.splitlines(), 1) if pattern.match(text)), 0)
        return BadTheme(ThemeFault(self._path, number, message))
