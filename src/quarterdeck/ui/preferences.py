"""What this user wants of the cockpit, whatever the fleet: `cockpit.toml` in the configuration folder.

A flag of the command line beats the environment, which beats this file. Standard library only: it is read before the
first frame.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast, get_args

from quarterdeck.records import dataclass, field

FILE_NAME = "cockpit.toml"

Output = Literal["cells", "stock"]
"""How frames reach the terminal: only the cells that changed, or as Textual writes them."""

_CLOCK_TIMES = re.compile(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d")


class BadPreferences(ValueError):
    """The file can't be used; the text names file, line and what is wrong."""


@dataclass(frozen=True, slots=True)
class Attention:
    """How the cockpit calls for a person.

    Attributes:
        bell: ring the terminal's bell.
        desktop: send the terminal a notification (OSC 9 or 777), for terminals that show them.
        title: keep the state of the fleet in the window's title.
        quiet: `HH:MM-HH:MM`, local time, during which neither bell nor notification goes out; "" for never.
    """

    bell: bool = True
    desktop: bool = True
    title: bool = True
    quiet: str = ""


@dataclass(frozen=True, slots=True)
class Preferences:
    """What `cockpit.toml` says; what it doesn't say stays as it is here.

    Attributes:
        theme: the name of a theme, "" to choose by the terminal.
        mouse, ascii: None to choose by the terminal.
        keys: other keys for deeds: from the deed's id to Textual's name of the key. Checked against the registry by
            `ui.keymap`.
    """

    theme: str = ""
    mouse: bool | None = None
    ascii: bool | None = None
    output: Output = "cells"
    keys: Mapping[str, str] = field(default_factory=dict)
    attention: Attention = Attention()


def read(folder: Path) -> Preferences:
    """Read the file in that folder; the defaults if there is none.

    Raises:
        BadPreferences: naming file, line and what is wrong.
    """
    path = folder / FILE_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Preferences()
    except (OSError, UnicodeDecodeError) as error:
        raise BadPreferences(f"{path}: can't be read: {error}") from error
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        raise BadPreferences(f"{path}:{found[1] if found else 1}: {error}") from error
    return _Reader(path, text, data).preferences()


def fault(folder: Path, section: str, key: str, message: str) -> BadPreferences:
    """What is wrong with a key of a section, said with file and line. For what only others can judge."""
    path = folder / FILE_NAME
    lines = path.read_text(encoding="utf-8").splitlines()
    begin = next((n for n, text in enumerate(lines) if text.strip().startswith(f"[{section}]")), 0)
    pattern = re.compile(rf'\s*"?{re.escape(key)}\b')
    number = next((n for n, text in enumerate(lines[begin:], begin + 1) if pattern.match(text)), begin + 1)
    return BadPreferences(f"{path}:{number}: {message}")


class _Reader:
    def __init__(self, path: Path, text: str, data: Mapping[str, Any]) -> None:
        self._path, self._text, self._data = path, text, data

    def preferences(self) -> Preferences:
        self._only(self._data, ("theme", "mouse", "ascii", "output", "keys", "attention"), "")
        keys, attention = self._section("keys"), self._section("attention")
        self._only(attention, ("bell", "desktop", "title", "quiet"), "attention.")
        return Preferences(
            theme=self._text_of(self._data, "theme"),
            mouse=self._flag(self._data, "mouse", None),
            ascii=self._flag(self._data, "ascii", None),
            output=self._output(),
            keys={deed: self._text_of(keys, deed) for deed in keys},
            attention=Attention(
                bell=bool(self._flag(attention, "bell", True)),
                desktop=bool(self._flag(attention, "desktop", True)),
                title=bool(self._flag(attention, "title", True)),
                quiet=self._quiet(attention),
            ),
        )

    def _output(self) -> Output:
        value = self._text_of(self._data, "output") or "cells"
        if value not in get_args(Output):
            raise self._bad("output", f"output must be one of {', '.join(get_args(Output))}")
        return cast("Output", value)

    def _quiet(self, attention: Mapping[str, Any]) -> str:
        value = self._text_of(attention, "quiet")
        if value and not _CLOCK_TIMES.fullmatch(value):
            raise self._bad("quiet", 'attention.quiet must be like "22:00-07:00"')
        return value

    def _section(self, name: str) -> Mapping[str, Any]:
        section = self._data.get(name, {})
        if not isinstance(section, Mapping):
            raise self._bad(name, f"{name} must be a section: [{name}]")
        return section

    def _text_of(self, section: Mapping[str, Any], key: str) -> str:
        value = section.get(key, "")
        if not isinstance(value, str):
            raise self._bad(key, f"{key} must be a text in quotes")
        return value

    def _flag(self, section: Mapping[str, Any], key: str, default: bool | None) -> bool | None:
        value = section.get(key, default)
        if value is not default and not isinstance(value, bool):
            raise self._bad(key, f"{key} must be true or false")
        return value

    def _only(self, found: Mapping[str, Any], known: tuple[str, ...], where: str) -> None:
        for key in found:
            if key not in known:
                raise self._bad(key, f"unknown key {where}{key}; known are {', '.join(known)}")

    def _bad(self, key: str, message: str) -> BadPreferences:
        pattern = re.compile(rf'\s*\[?\s*"?{re.escape(key)}\b')
        number = next((n for n, text in enumerate(self._text.splitlines(), 1) if pattern.match(text)), 1)
        return BadPreferences(f"{self._path}:{number}: {message}")
