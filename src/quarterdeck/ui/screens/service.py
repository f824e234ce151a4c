"""Screen 2: one service in one environment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widget import Widget

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import replace
from quarterdeck.release.concerning import flags_of, set_by
from quarterdeck.release.indicator import measured
from quarterdeck.release.operation import Operation
from quarterdeck.store.base import StoreError
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.service import Outlook, ServiceView, service_lines
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.spans import Line, line
from quarterdeck.ui.widgets.page import Page


class ScrolledPage(Page, can_focus=True):
    """A page that takes the keys that scroll."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll(-1)", show=False),
        Binding("down,j", "scroll(1)", show=False),
        Binding("pageup", "scroll(-12)", show=False),
        Binding("pagedown", "scroll(12)", show=False),
        Binding("home,g", "scroll(-1000000)", show=False),
        Binding("end,G", "scroll(1000000)", show=False),
    ]

    def action_scroll(self, rows: int) -> None:
        self.scroll_by(rows)


class Service(Deck):
    """Slots, traffic, history and the way back."""

    WHERE = "service"
    TICKS = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("service"), Binding("enter", "open_operation", show=False)]

    def __init__(self, target: TargetId) -> None:
        super().__init__()
        self._target = target.whole

    def body(self) -> Widget:
        return ScrolledPage(id="body")

    def environment(self) -> str:
        return self._target.environment

    def paint_body(self) -> None:
        cockpit, target = self.cockpit, self._target
        cell = cockpit.picture.cell(target)
        if cell is not None:  # between two pictures only clocks are judged again: those of releases, not of cells
            cell = replace(cell, release=cockpit.picture.release_of(target))
        page = self.query_one("#body", ScrolledPage)
        if cell is None:
            page.make(lambda _: [line((f"{target} is not part of this fleet", "attention"))])
            return
        operations = [one for one in cockpit.sight.operations if one.plan.action.target.whole == target]
        now = cockpit.picture.at
        environments = cockpit.picture.environments
        protected = any(env.protected for env in environments if env.name == target.environment)
        series, rules = self._series(), cockpit.sight.rules
        truth = rules.route(target).truth
        view = ServiceView(
            cell=cell,
            operations=operations,
            outlook=self._outlook(operations, now),
            now=now,
            protected=protected,
            measured=measured(target, cockpit.sight.fleet or Fleet(""), rules, series),
            series=series,
            probes=truth.probes if truth is not None else 0,
            waiting=[one for one in cockpit.picture.inbox if one.target is not None and one.target.whole == target],
            flags=flags_of(cockpit.picture, target, set_by(rules, cockpit.sight.fleet or Fleet(""), target)),
        )
        page.make(lambda cells: service_lines(view, cells))

    def _series(self) -> Mapping[SeriesId, Sequence[Point]]:
        try:
            return self.cockpit.sight.series(self._target)
        except StoreError as error:
            self.cockpit.say(f"what was measured can't be read: {error}. {error.hint}")
            return {}

    def _outlook(self, operations: Sequence[Operation], now: float) -> Outlook:
        from quarterdeck.release.drain import drains, in_words
        from quarterdeck.release.fuse import fuse_of

        sight = self.cockpit.sight
        fleet, observations = sight.fleet or Fleet(""), sight.observations or {}
        fuse = fuse_of(
            self._target, operations, fleet=fleet, observations=observations, releases=sight.releases,
            rules=sight.rules, now=now,
        )  # fmt: skip
        left = drains(self._target, operations, fleet=fleet, observations=observations, now=now)
        return Outlook(fuse, tuple(in_words(one, now) for one in left))

    def on_resize(self) -> None:
        self.call_after_refresh(self.paint)  # how much lies below is known once the page has its size

    def detail(self) -> Line:
        below = self.query_one("#body", ScrolledPage).hidden_below
        more = line("  ", marks.further(below)) if below else ()
        cell = self.cockpit.picture.cell(self._target)
        if cell is not None and cell.release is not None:
            return (*line("  ", ("Enter opens the release under way", "moving")), *more)
        if self._open_operation():
            return (*line("  ", ("Enter opens the operation under way", "moving")), *more)
        return more

    def target(self) -> TargetId | None:
        return self._target

    def about(self) -> str:
        return str(self._target)

    def action_open_operation(self) -> None:
        """Enter: the release or the operation under way, else the last one."""
        cell = self.cockpit.picture.cell(self._target)
        if cell is not None and cell.release is not None:
            self.cockpit.show_release(cell.release.id)
            return
        operations = [o for o in self.cockpit.picture.operations if o.target.whole == self._target]
        if operations:
            self.cockpit.show_operation(self._open_operation() or operations[0].id)
        else:
            self.say("no operation of this service is in the journal")

    def _open_operation(self) -> str:
        cell = self.cockpit.picture.cell(self._target)
        return cell.operation.id if cell is not None and cell.operation is not None else ""
