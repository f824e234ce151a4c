"""Screen 7: the journal, newest last."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import age
from quarterdeck.store.base import Event, StoreError
from quarterdeck.ui.fields import offers
from quarterdeck.ui.journal_lines import GRAMMAR, JournalLines
from quarterdeck.ui.pages import log, marks
from quarterdeck.ui.screens.deck import Deck, bindings
from quarterdeck.ui.screens.small import Reader
from quarterdeck.ui.spans import Line, line, plain
from quarterdeck.ui.widgets.grid import Grid
from quarterdeck.ui.widgets.page import Page

if TYPE_CHECKING:
    from quarterdeck.ui.completing import Offer


class Log(Deck):
    """Lines of the journal. The newest stays in sight until the cursor leaves it; older ones are read at the top."""

    WHERE = "log"
    BINDINGS: ClassVar[list[BindingType]] = bindings("log")
    DEFAULT_CSS = "Log > #told { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: JournalLines | None = None
        self._rows: list[log.LogRow] = []
        self._looked_for = ""
        self._following = True
        self._below = 0
        self._marked: Event | None = None
        self._steps: dict[str, Mapping[str, str]] = {}
        self._filling = False
        self._reading = False

    def above(self) -> list[Widget]:
        return [Page(id="told", classes="one-line")]

    def body(self) -> Widget:
        return Grid(id="body")

    def handlers(self) -> Mapping[str, Callable[[], Any]]:
        return {
            "follow": self._follow,
            "scrub-back": self._look_back,
            "scrub-forward": self._look_back,
            "compare": self._compare,
            "export": self._export,
        }

    def grammar(self) -> str:
        return GRAMMAR

    def found_names(self, typed: str) -> Sequence[Offer]:
        """Names of fields, and what stands in them on the lines that are shown."""
        lines, releases = self._lines.lines if self._lines else (), self.cockpit.picture.releases
        known = {
            "actor": [event.actor for event in lines],
            "target": [event.target for event in lines],
            "release": [release.id for release in releases],
            "operation": [event.operation for event in lines],
            "kind": [event.kind for event in lines],
            "since": ["10m", "1h", "24h", "7d"],
            "until": [],
        }
        return offers(typed, {name: list(filter(None, map(clean, dict.fromkeys(of)))) for name, of in known.items()})

    # --- painting -------------------------------------------------------------------------------------------------
    def paint_body(self) -> None:
        lines = self._lines
        anew = lines is None or self.letters != self._looked_for
        if lines is None or anew:
            self._looked_for = self.letters
            now = self.cockpit.settings.clock.now()
            lines = self._lines = JournalLines(self.cockpit.store, self.letters, now, self._names_at_hand())
            self._rows, self._following, self._below = [], True, 0
        new = lines.add_newer(self.cockpit.sight.events)
        if not self._following:
            self._below += new
        if anew or new:
            self._fill(lines)
        self._read_until_full()

    def _fill(self, lines: JournalLines) -> None:
        """Show the lines; those that were shown before are the same rows."""
        known = {row.key: row for row in self._rows}
        self._rows = [known.get(str(event.seq)) or log.LogRow(event, self._names) for event in lines.lines]
        grid, newest = self.query_one(Grid), self._newest
        self._filling = True
        empty = "the journal holds no such line" if lines.whole else "looking further back…"
        grid.fill(log.COLUMNS, log.with_days(self._rows, self.cockpit.settings.clock.now()), empty)
        if self._following and newest:
            grid.put_cursor(newest)
        self._filling = False
        self._tell()

    @property
    def _newest(self) -> str:
        """The key of the newest row that is shown."""
        return self._rows[-1].key if self._rows else ""

    def _tell(self) -> None:
        lines = self._lines
        if lines is None:
            return
        told = log.state_line(
            lines,
            self.letters,
            following=self._following,
            below=self._below,
            marked=self._marked,
            key_of=self.cockpit.keys.shown,
        )
        self.query_one("#told", Page).make(lambda _: [told])

    def paint_cursor(self) -> None:
        if not self._filling:
            self._notice_cursor()
        super().paint_cursor()

    def _notice_cursor(self) -> None:
        """Whoever leaves the newest line stays where they are; whoever comes to the oldest gets older ones."""
        grid = self.query_one(Grid)
        following = not grid.cursor_key or grid.cursor_key == self._newest
        if following != self._following:
            self._following = following
            self._below = 0
        if self._rows and grid.cursor_key == self._rows[0].key and len(self._rows) > 1:
            self.call_later(self._read_older)
        self._tell()

    # --- older lines ----------------------------------------------------------------------------------------------
    def _read_until_full(self) -> None:
        """Read on while fewer lines are found than there is room for: a portion at a time, keys come between."""
        lines = self._lines
        if lines is not None and len(lines.lines) < self.size.height and not lines.whole and not self._reading:
            self._reading = True
            self.call_later(self._read_portion, lines)

    def _read_older(self) -> None:
        lines = self._lines
        if lines is not None and not lines.whole and not lines.full and not self._reading:
            self._reading = True
            self.call_later(self._read_portion, lines)

    def _read_portion(self, lines: JournalLines) -> None:
        """One portion, and on until it brought something; nothing if somebody looks for something else by now."""
        found = 0
        try:
            found = lines.read_older() if lines is self._lines and self.is_mounted else 0
        except StoreError as error:
            self.say(f"{error}. {error.hint}")
            lines.whole = True
        self._reading = False
        if lines is not self._lines or not self.is_mounted:
            return
        self._fill(lines)
        if not found and not lines.whole and not lines.full:
            self._read_older()
        else:
            self._read_until_full()

    # --- what a line is about -------------------------------------------------------------------------------------
    def _names(self, event: Event) -> Mapping[str, str]:
        """What the steps do that an event may name; read once for each operation and release."""
        group = event.kind.partition(".")[0]
        if not event.operation or group not in ("release", "step", "operation", "operator"):
            return {}
        known = self._steps.get(event.operation)
        if known is None:
            store = self.cockpit.store
            found = store.release(event.operation) if group == "release" else store.operation(event.operation)
            known = {} if found is None else {step.id: step.summary for step in found.plan.steps}
            self._steps[event.operation] = known
        return known

    def _names_at_hand(self) -> log.Names:
        """The same, of the last operations and releases only: to look through a long journal nobody waits until each
        of its plans has been read."""
        sight = self.cockpit.sight
        plans = {one.id: {step.id: step.summary for step in one.plan.steps} for one in sight.operations}
        plans |= {one.id: {step.id: step.summary for step in one.plan.steps} for one in sight.releases}
        return lambda event: plans.get(event.operation, {})

    def detail(self) -> Line:
        event = self._event()
        if event is None:
            return line("  ", ("Enter shows a line in full; times are UTC", "dim"))
        how_old = marks.ago(age(self.cockpit.picture.at - event.at))
        told = [clean(event.target, 60)] if event.target else []
        told += [how_old, f"Enter: in full; {self.cockpit.keys.shown('scrub-back')}: the fleet as it was then"]
        return line("  ", (" · ".join(told), "dim"))

    def target(self) -> TargetId | None:
        return None

    def _event(self) -> Event | None:
        """The line under the cursor."""
        key = self.query_one(Grid).cursor_key
        return next((row.event for row in reversed(self._rows) if row.key == key), None)

    def copyable(self) -> str:
        event = self._event()
        return "" if event is None else "\n".join(plain(row) for row in log.event_lines(event, 10_000))

    # --- deeds ----------------------------------------------------------------------------------------------------
    def open(self) -> None:
        event = self._event()
        if event is not None:
            self.cockpit.push_screen(Reader("A line of the journal", lambda cells: log.event_lines(event, cells)))

    def back(self) -> bool:
        """Esc: end finding first, then forget the marked moment. True if there was something to end."""
        if super().back():
            return True
        if self._marked is None:
            return False
        self._marked = None
        self._tell()
        return True

    def _follow(self) -> None:
        """F: to the newest line, and stay there; once more: stay at this line."""
        grid = self.query_one(Grid)
        self._following, self._below = not self._following, 0
        if self._following and self._newest:
            grid.put_cursor(self._newest)
        self._tell()

    def _look_back(self) -> None:
        """< and >: the fleet as it was after the line under the cursor."""
        from quarterdeck.ui.screens.past import AsItWas

        event = self._event()
        if event is None:
            self.say("there is no line to look back to")
        else:
            self.cockpit.push_screen(AsItWas(event.seq, self._marked.seq if self._marked else None))

    def _compare(self) -> None:
        """D: mark a moment; on another line: what differs between the two."""
        from quarterdeck.ui.screens.past import Compared

        event, marked = self._event(), self._marked
        if event is None:
            self.say("there is no line to compare with")
        elif marked is None or marked.seq == event.seq:
            self._marked = None if marked is not None else event
            self._tell()
        else:
            self._marked = None
            self.cockpit.push_screen(Compared(*sorted((marked.seq, event.seq))))

    def _export(self) -> None:
        self.run_worker(self._write_out(), exclusive=True)

    async def _write_out(self) -> None:
        """Everything in the journal that matches, also what isn't read yet; other keys act meanwhile."""
        from asyncio import sleep

        from quarterdeck.ui.exporting import Export
        from quarterdeck.ui.taking_away import at_home

        settings = self.cockpit.settings
        wanted = JournalLines(self.cockpit.store, self.letters, settings.clock.now(), self._names_at_hand())
        try:
            with Export(settings.state, settings.clock.now()) as export:
                for portion in wanted.all():
                    export.add((event, self._names(event)) for event in portion)
                    await sleep(0)
        except (OSError, StoreError) as error:
            self.say(f"the lines can't be written: {error}")
            return
        lines = f"{export.lines} line{'' if export.lines == 1 else 's'}"
        self.say(f"{lines} written: {export.path.name} and .jsonl in {at_home(export.path.parent)}", "text")
