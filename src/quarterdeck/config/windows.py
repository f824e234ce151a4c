"""Freezes, the times in which alone something is released, and schedules."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from quarterdeck.config.checking import check
from quarterdeck.config.names import Names, held, listed, section
from quarterdeck.config.nodes import Mapping, Node, Scalar, child, dotted
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report, shown
from quarterdeck.config.quantities import Names as Many
from quarterdeck.config.quantities import Part, Span
from quarterdeck.release.calendar import check_cron
from quarterdeck.release.rules import Window

WindowKind = Literal["freeze", "open", "named"]


# --- the keys ---------------------------------------------------------------------------------------------------------
@lru_cache(maxsize=64)
def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {shown(name)}: write an IANA name such as Europe/Berlin") from None
    return name


@lru_cache(maxsize=64)
def _cron(text: str) -> str:
    check_cron(text, "UTC")
    return text


def _moment(text: str) -> str:
    if not _SHAPE.fullmatch(text):
        raise ValueError("must be a date, perhaps with a time: 2026-12-20, 2026-12-20T17:00Z")
    try:
        year = datetime.fromisoformat(text).year
    except ValueError as error:
        raise ValueError(f"is not a date: {error}") from None
    if not 1971 <= year <= 2199:
        raise ValueError(f"{year} is not a year to release in")
    return text


_SHAPE = re.compile(r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?)?")
Zone = Annotated[str, AfterValidator(_zone)]
Cron = Annotated[str, AfterValidator(_cron)]
Moment = Annotated[str, AfterValidator(_moment)]
"""A date, or a date and time; without an offset in the window's own zone."""


class ScheduleEntry(Part):
    """A time span: again and again (`cron` with `for`), or once (`from` with `until` or `for`)."""

    cron: Cron = ""
    length: Span | None = Field(default=None, alias="for")
    begin: Moment | None = Field(default=None, alias="from")
    end: Moment | None = Field(default=None, alias="until")
    tz: Zone = "UTC"
    reason: str = ""

    @model_validator(mode="after")
    def _whole(self) -> ScheduleEntry:
        if self.cron and self.length is None:
            raise ValueError("`cron` says when it begins; add `for`, how long it lasts")
        if not self.cron and (self.begin is None or (self.end is None) == (self.length is None)):
            raise ValueError("needs `cron` and `for`, or `from` and `until`, or `from` and `for`")
        if self.begin and self.until and self.since >= self.until:
            raise ValueError("ends before it begins")
        return self

    @property
    def since(self) -> float:
        """UNIX seconds; 0 if it has no beginning."""
        return _at(self.begin, self.tz) if self.begin else 0

    @property
    def until(self) -> float:
        """UNIX seconds; 0 if it has no end. A date is meant with the whole of that day."""
        if self.end:
            return _at(self.end, self.tz, whole_day=True)
        return 0 if self.cron or self.length is None else self.since + self.length


class WindowEntry(ScheduleEntry):
    """A freeze, or a time in which something is released."""

    name: str = ""
    rollback_too: bool = False


class FleetWindowEntry(WindowEntry):
    """A freeze that stands at the top: everywhere, or in some environments."""

    environments: Many = ()


def _at(text: str, tz: str, *, whole_day: bool = False) -> float:
    moment = datetime.fromisoformat(text)
    if whole_day and len(text) == len("2026-12-20"):
        moment += timedelta(days=1)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(tz))).timestamp()


# --- what is made of them ---------------------------------------------------------------------------------------------
def windows(tree: Mapping, names: Names, report: Report) -> tuple[Window, ...]:
    """Schedules, then freezes of the fleet, then what each environment has."""
    work = _Windows(tree, names, report)
    for index, node in enumerate(listed(tree, "freezes")):
        work.window(node, ("freezes", index), "freeze", f"freeze-{index + 1}", FleetWindowEntry)
    for environment, mark, node in section(tree, "environments").items():
        path: NodePath = ("environments", environment)
        for index, inner in enumerate(listed(held(node, mark), "freezes")):
            work.window(inner, (*path, "freezes", index), "freeze", f"{environment}-freeze-{index + 1}", of=environment)
        for index, inner in enumerate(listed(held(node, mark), "releases_only")):
            work.window(inner, (*path, "releases_only", index), "open", f"{environment}-{index + 1}", of=environment)
    return tuple(work.found.values())


class _Windows:
    def __init__(self, tree: Mapping, names: Names, report: Report) -> None:
        self._names, self._report = names, report
        self._marks: dict[str, Mark] = {}
        self.found: dict[str, Window] = {}
        for name, mark, node in section(tree, "schedules").items():
            entry = check(ScheduleEntry, held(node, mark), ("schedules", name), report)
            if entry is not None:
                self._take(_window(name, "named", (), entry), mark, ("schedules", name))

    def window(
        self,
        node: Node,
        path: NodePath,
        kind: WindowKind,
        name: str,
        model: type[WindowEntry] = WindowEntry,
        of: str = "",
    ) -> None:
        """Take in an item of a list: a window, or the name of a schedule. `name` is what it is called if it has none,
        `of` the environment that it stands in."""
        environments = [of] if of else []
        if isinstance(node, Scalar) and node.text:
            for schedule in self._names.refer("schedule", node, path):
                if (known := self.found.get(schedule)) is not None:
                    same = replace(known, name=f"{of} {schedule}".strip(), kind=kind, environments=tuple(environments))
                    self._take(same, node.mark, path)
            return
        entry = check(model, node, path, self._report)
        environments += self._names.refer("environment", child(node, "environments"), (*path, "environments"))
        if entry is not None:
            window = _window(entry.name or name, kind, tuple(environments), entry)
            self._take(replace(window, rollback_too=entry.rollback_too), node.mark, path)

    def _take(self, window: Window, mark: Mark, path: NodePath) -> None:
        if window.name in self.found:
            message = f"the name {shown(window.name)} is already given in {self._marks[window.name]}"
            self._report.add(mark, dotted(path), message, "choose another `name`")
            return
        self.found[window.name], self._marks[window.name] = window, mark


def _window(name: str, kind: WindowKind, environments: tuple[str, ...], entry: ScheduleEntry) -> Window:
    length = entry.length or 0
    return Window(name, kind, environments, entry.cron, length, entry.since, entry.until, entry.tz, entry.reason)
