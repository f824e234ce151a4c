"""The section `notify`: who is told what when nobody looks at a screen."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from quarterdeck.config.checking import check, suggestion
from quarterdeck.config.names import Names, listed
from quarterdeck.config.nodes import Mapping, child, dotted
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Report, shown
from quarterdeck.config.quantities import Name, Part, at_least_one
from quarterdeck.config.quantities import Names as Many
from quarterdeck.config.references import REFERENCE_FORMS, secret
from quarterdeck.config.windows import Zone
from quarterdeck.release.hooks import Hook, HookFormat, Quiet
from quarterdeck.release.notices import NOTICE_KINDS, USUAL, NoticeKind

SECTION = "notify"


def _reference(text: str) -> str:
    if secret(text) is None:
        raise ValueError(f"the address of a hook is a secret: write {REFERENCE_FORMS}")
    return text.strip()


def _kinds(value: Any) -> Any:
    words = [value] if isinstance(value, str) else value
    for word in words if isinstance(words, list) else ():
        if word not in NOTICE_KINDS:
            raise ValueError(f"nothing is told about {shown(str(word))} ({suggestion(str(word), list(NOTICE_KINDS))})")
    return words


def _clock_time(text: str) -> str:
    if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", text):
        raise ValueError("must be a time of the day: 07:00, 22:30")
    return text


ClockTime = Annotated[str, AfterValidator(_clock_time)]
Kinds = Annotated[tuple[NoticeKind, ...], BeforeValidator(_kinds)]


class QuietEntry(Part):
    """When nothing is told, and what is told all the same."""

    begin: ClockTime = Field(alias="from")
    end: ClockTime = Field(alias="to")
    tz: Zone = "UTC"
    but: Kinds = Field(default=("needs_operator",), alias="except")

    @model_validator(mode="after")
    def _some_time(self) -> QuietEntry:
        if self.begin == self.end:
            raise ValueError("`from` and `to` are the same time")
        return self


class HookEntry(Part):
    """One receiver."""

    name: Name
    url: Annotated[str, AfterValidator(_reference)]
    format: HookFormat = "generic"
    on: Annotated[Kinds, AfterValidator(at_least_one)] = USUAL
    environments: Many = ()
    quiet: QuietEntry | None = None
    limit: int = Field(default=30, ge=1, le=3600)


def secret_places(tree: Mapping) -> set[NodePath]:
    """Where the addresses stand, which are secrets."""
    return {(SECTION, index, "url") for index, _ in enumerate(listed(tree, SECTION))}


def hooks(tree: Mapping, names: Names, report: Report) -> tuple[Hook, ...]:
    """The hooks that a tree declares; those that are wrong are told to the report and left out."""
    found: dict[str, Hook] = {}
    for index, node in enumerate(listed(tree, SECTION)):
        path: NodePath = (SECTION, index)
        entry = check(HookEntry, node, path, report)
        there = names.refer("environment", child(node, "environments"), (*path, "environments"))
        if entry is None:
            continue
        if entry.name in found:
            message = f"the name {shown(entry.name)} is given twice"
            report.add((child(node, "name") or node).mark, dotted((*path, "name")), message, "choose another name")
            continue
        at = entry.quiet
        quiet = None if at is None else Quiet(at.begin, at.end, at.tz, at.but)
        found[entry.name] = Hook(
            entry.name, entry.url, entry.format, tuple(dict.fromkeys(entry.on)), there, quiet, entry.limit
        )
    return tuple(found.values())
