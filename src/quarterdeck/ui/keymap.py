"""Which key does what: the registry's, with what this user wants otherwise (`[keys]` of `cockpit.toml`).

Keys have Textual's names: a character by its Unicode name in small letters with underscores (`exclamation_mark`,
`left_square_bracket`; letters and digits are themselves), `space`, `insert`, `delete`, `f1` to `f12`, `ctrl+x`. A
character may also stand for itself.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping

from quarterdeck.records import dataclass, field
from quarterdeck.ui.deeds import DEEDS, EVERYWHERE, Deed

FIXED = ("back", "leave-now")
"""Deeds whose keys stay: whatever else is changed, there is a way back and a way out."""

IN_DIALOGS = ("copy", "dump")
"""Deeds that work in dialogs too."""

_MOVING = "moves the cursor, or answers a dialog"
_TAKEN: Mapping[str, str] = {
    "escape": "always goes back",
    "ctrl+c": "always leaves",
    **dict.fromkeys(
        ("enter", "tab", "shift+tab", "up", "down", "left", "right", "pageup", "pagedown", "home", "end",
         "j", "k", "g", "G", "ctrl+b", "ctrl+d", "ctrl+f", "ctrl+u"), _MOVING),
    "ctrl+h": "is Backspace to many terminals",
    "ctrl+i": "is Tab to many terminals",
    "ctrl+j": "is a line feed to many terminals",
    "ctrl+m": "is Enter to many terminals",
    "ctrl+l": "paints the screen anew",
}  # fmt: skip
"""Keys that nothing can be put on, and why."""
_IN_DIALOGS_TAKEN = ("space",)

# Unicode's names are Textual's, but for these (textual/keys.py, KEY_NAME_REPLACEMENTS).
_TEXTUAL_NAMES: Mapping[str, str] = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}


def _textual_name(character: str) -> str:
    name = unicodedata.name(character).lower().replace("-", "_").replace(" ", "_")
    return _TEXTUAL_NAMES.get(name, name)


_NAMES: Mapping[str, str] = {mark: _textual_name(mark) for mark in (" ", *string.punctuation)}
_CHARACTERS: Mapping[str, str] = {name: mark for mark, name in _NAMES.items()}
_CALLED: Mapping[str, str] = {"escape": "Esc", "space": "Space", "insert": "Ins", "delete": "Del"}
_NAMED_KEYS = re.compile(r"space|insert|delete|f([1-9]|1[0-2])|ctrl\+[a-z]")


class BadKey(ValueError):
    """A key that can't be had. The text says why; `deed` is the line of `[keys]` that asks for it."""

    def __init__(self, deed: str, message: str) -> None:
        super().__init__(message)
        self.deed = deed


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of all deeds. `changed`: from a deed's id to Textual's name of another key than the registry's."""

    changed: Mapping[str, str] = field(default_factory=dict)

    def key(self, deed: Deed) -> str:
        """Textual's name of a deed's key."""
        return self.changed.get(deed.id, deed.key)

    def shown(self, deed: Deed | str) -> str:
        """What people call the key of a deed, or of the deed of that id."""
        found = deed if isinstance(deed, Deed) else _BY_ID[deed]
        return called(self.changed[found.id]) if found.id in self.changed else found.shown


_BY_ID: Mapping[str, Deed] = {deed.id: deed for deed in DEEDS}

STANDARD = Keymap()


def read(wanted: Mapping[str, str]) -> Keymap:
    """The keys of a user: from a deed's id to the name of a key.

    Raises:
        BadKey: for an unknown deed or key, a key that can't be given away, and two deeds on one key.
    """
    changed = {deed_id: _checked(deed_id, text) for deed_id, text in wanted.items()}
    keymap = Keymap(changed)
    for deed_id in changed:
        _refuse_clash(keymap, _BY_ID[deed_id])
    return keymap


def called(key: str) -> str:
    """What people call a key: `?` for `question_mark`."""
    if key in _CALLED:
        return _CALLED[key]
    if "+" in key or re.fullmatch(r"f\d+", key):
        return "+".join(part.capitalize() for part in key.split("+"))
    return _CHARACTERS.get(key, key)


def _checked(deed_id: str, text: str) -> str:
    if deed_id not in _BY_ID:
        raise BadKey(deed_id, f"there is nothing called {deed_id!r}; known are {', '.join(_BY_ID)}")
    if deed_id in FIXED:
        raise BadKey(deed_id, f"{deed_id} keeps its key {_BY_ID[deed_id].shown}: there must always be a way out")
    key = _name(text)
    if not key:
        raise BadKey(
            deed_id, f"{text!r} is no key; write a character (x, ?, exclamation_mark), space, insert, delete, f1 to "
            "f12 or ctrl+x"
        )  # fmt: skip
    if key in _TAKEN:
        raise BadKey(deed_id, f"{called(key)} can't be given to {deed_id}: it {_TAKEN[key]}")
    if deed_id in IN_DIALOGS and key in _IN_DIALOGS_TAKEN:
        raise BadKey(deed_id, f"{called(key)} can't be given to {deed_id}: it scrolls in dialogs, where this works too")
    return key


def _refuse_clash(keymap: Keymap, deed: Deed) -> None:
    for other in DEEDS:
        if other.id == deed.id or keymap.key(other) != keymap.key(deed):
            continue
        shared = [place for place in EVERYWHERE if place in deed.places and place in other.places]
        if shared:
            where = "every screen" if shared == list(EVERYWHERE) else f"the screen {shared[0]}"
            raise BadKey(
                deed.id, f"{keymap.shown(deed)} is the key of {other.id} on {where}: give {other.id} another one too"
            )  # fmt: skip


def _name(text: str) -> str:
    """Textual's name of a key that a user wrote, "" if it is none."""
    if len(text) == 1:
        return text if text.isalnum() else _NAMES.get(text, "")
    lower = text.lower()
    return lower if _NAMED_KEYS.fullmatch(lower) or lower in _TAKEN or lower in _CHARACTERS else ""
