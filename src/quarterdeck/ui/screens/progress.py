"""An operation on its way. Closing it changes nothing; one that needs an operator is answered here."""

from __future__ import annotations

from textual import on
from textual.widget import Widget

from quarterdeck.fleet.text import clean
from quarterdeck.release.operation import CHOICES, Operation
from quarterdeck.store.base import StoreError
from quarterdeck.ui.pages import progress as pages
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import line
from quarterdeck.ui.widgets.choices import Choices, Option
from quarterdeck.ui.widgets.page import Page

_CLOSE = Option("close", "Close", "back to the screen before")
_LEAVE = Option("close", "Decide later", "back to the screen before; it goes on waiting")
_WATCH = Option("close", "Back", "leave it running")


class Progress(Dialog[None]):
    """Follows one operation."""

    DEFAULT_CSS = "Progress #answers { dock: bottom; }"
    AUTO_FOCUS = "#answers"

    def __init__(self, operation_id: str) -> None:
        super().__init__()
        self._operation_id = operation_id
        self._operation: Operation | None = None
        self._told = ""
        self._request = ""

    def parts(self) -> list[Widget]:
        return [Choices([_WATCH], id="answers")]

    def environments(self) -> tuple[str, ...]:
        return () if self._operation is None else (self._operation.plan.action.target.environment,)

    def paint(self) -> None:
        if not self.is_mounted:
            return
        try:
            self._operation = self.cockpit.store.operation(self._operation_id)
            self._read_answer()
        except StoreError as error:
            self._told = str(error)
        operation = self._operation
        if operation is None:
            self.say_title(line((f"operation {self._operation_id}", "title")))
            self.query_one("#text", Page).make(lambda _: [line(("the journal doesn't know it yet", "dim"))])
            return
        now = self.cockpit.settings.clock.now()
        what = clean(operation.plan.command.removeprefix("qd ") or str(operation.plan.action.target), 120)
        self.say_title(line((what, "title")), line((f" {clean(operation.id, 40)}", "dim")))
        self.query_one("#text", Page).make(lambda cells: pages.progress_lines(operation, now, cells))
        told = self._told
        if not told and operation.ending is None and not self.cockpit.picture.runner.alive:
            told = "no runner is alive, so nothing moves; one is being started"
        self.say_below(line((clean(told, 200), "attention")))
        self.query_one("#answers", Choices).offer(_answers(operation))

    @on(Choices.Given, "#answers")
    def _answered(self, event: Choices.Given) -> None:
        operation = self._operation
        choice = next((choice for choice in CHOICES if choice == event.option), None)
        if choice is None or operation is None:
            self.action_back()
        elif self.cockpit.settings.read_only:
            self._told = "this cockpit is read-only: start it without --read-only to answer"
            self.paint()
        else:
            step = pages.step_in_question(operation)
            try:
                self._request = self.cockpit.asker.choose(operation.id, step, choice, "").id
                self._told = f"handed in: {choice}"
            except StoreError as error:
                self._told = f"{error}. {error.hint}"
            self.paint()

    def _read_answer(self) -> None:
        answer = self.cockpit.store.answer(self._request) if self._request else None
        if answer is not None:
            self._request = ""
            refusal = answer.refusal
            self._told = f"refused: {refusal.message}. {refusal.hint}" if refusal else ""


def _answers(operation: Operation) -> list[Option]:
    """The harmless answer first: Enter by habit must change nothing."""
    if operation.ending is None:
        return [_WATCH]
    if not operation.open:
        return [_CLOSE]
    return [_LEAVE, *(Option(choice, choice, pages.CHOICES[choice]) for choice in operation.choices)]
