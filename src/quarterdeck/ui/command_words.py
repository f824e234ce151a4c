"""A line after `:` to what it means: a deed, a place, or what `qd` would do with the same words. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.command import Misread
from quarterdeck.release.release_command import FORMS, Said, read
from quarterdeck.ui.deeds import DEEDS
from quarterdeck.ui.trail import Place


@dataclass(frozen=True, slots=True)
class Do:
    """What a key would do."""

    deed: str


@dataclass(frozen=True, slots=True)
class Find:
    """Show only lines that hold these letters."""

    letters: str


@dataclass(frozen=True, slots=True)
class Wear:
    """Another theme."""

    theme: str


@dataclass(frozen=True, slots=True)
class Show:
    """A release or an operation, by its id, the beginning of it, or the `ENV/SERVICE` of an open release."""

    what: str


@dataclass(frozen=True, slots=True)
class LookBack:
    """The fleet as it was at a moment, as it was typed."""

    moment: str


Meant = Do | Find | Wear | Show | LookBack | Place | Said

OWN_FORMS: Mapping[str, str] = {
    "service": "service ENV/SERVICE",
    "status": "status ENV/SERVICE",
    "show": "show ID",
    "operation": "operation ID",
    "theme": "theme THEME",
    "filter": "filter LETTERS",
    "at": "at MOMENT",
    "history": "history --at MOMENT",
}
"""By first word, the forms of what only the cockpit understands."""


def understand(line: str) -> Meant:
    """Read a line; a leading `qd` or `:` is allowed.

    Raises:
        Misread: saying what is wrong with it, and what form would be right.
    """
    try:
        words = shlex.split(line.strip().removeprefix(":"))
    except ValueError as error:
        raise Misread(f"can't read that: {error}") from error
    words = words[1:] if words[:1] == ["qd"] else words
    if not words:
        raise Misread("type a command, or the name of anything that ? lists")
    first, rest = words[0], words[1:]
    if (deed := _deed(words)) is not None:
        return Do(deed)
    match first, rest:
        case "filter", [_, *_]:
            return Find(" ".join(rest))
        case "theme", [name]:
            return Wear(name)
        case "service" | "status", [target]:
            return Place("service", str(_target(target, first).whole))
        case "show" | "operation", [what]:
            return Show(what)
        case ("at", [_, *_] as moment) | ("history", ["--at", _, *_] as moment):
            return LookBack(" ".join(word for word in moment if word != "--at"))
        case "release", ["show", what]:
            return Show(what)
    if first in FORMS:
        return read(words)
    if first in OWN_FORMS or any(deed.id == first for deed in DEEDS):
        raise Misread(f"{first} doesn't take {' '.join(rest)!r}", OWN_FORMS.get(first, first))
    raise Misread(f"there is no {first!r}: Tab shows what there is")


def _deed(words: Sequence[str]) -> str | None:
    """The deed that goes by this name, or whose headless twin these words are."""
    if len(words) == 1:
        named = next((deed.id for deed in DEEDS if deed.id == words[0]), None)
        if named is not None:
            return named
    line = " ".join(("qd", *words))
    return next((deed.id for deed in DEEDS if deed.twin == line), None)


def _target(text: str, verb: str) -> TargetId:
    try:
        return TargetId.parse(text)
    except ValueError as error:
        raise Misread(str(error), OWN_FORMS[verb]) from error
