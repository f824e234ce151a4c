"""The plan dialog: shows a plan whole, and takes a deliberate yes."""

from __future__ import annotations

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, command_line
from quarterdeck.release.freshness import age
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.store.base import StoreError
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages import plan as pages
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import Line, line, width
from quarterdeck.ui.widgets.choices import Buttons, Option
from quarterdeck.ui.widgets.page import Page

CANCEL, CLOSE = Option("cancel", "Cancel"), Option("cancel", "Close")
_SLOW = 15.0


class PlanDialog(Dialog[str]):
    """Asks for a plan, shows it, and hands in the yes. Comes back with the id of the operation, or None."""

    DEFAULT_CSS = """
    PlanDialog .field { height: 1; display: none; }
    PlanDialog.-confirmable .field.needed { display: block; }
    PlanDialog .field Page { height: 1; }
    PlanDialog Input { width: 1fr; border: none; padding: 0; background: $qd-background; color: $qd-text; }
    """

    AUTO_FOCUS = "#answers"

    def __init__(self, action: Action) -> None:
        super().__init__()
        self._action = action
        self._plan: Plan | None = None
        self._refusal: Refusal | None = None
        self._request = ""
        self._asked_at = 0.0
        self._confirming = False
        self._complaint = ""

    def parts(self) -> list[Widget]:
        reason = Input(id="reason", compact=True, placeholder="kept in the journal; may stay empty")
        typed = Input(id="typed", compact=True)
        for field in (reason, typed):
            field.cursor_blink = False
        return [
            Horizontal(Page(id="ask-reason"), reason, classes="field needed", id="reason-row"),
            Horizontal(Page(id="ask-typed"), typed, classes="field", id="typed-row"),
            Buttons([CANCEL], id="answers"),
        ]

    def on_mount(self) -> None:
        self._asked_at = self.cockpit.settings.clock.now()
        try:
            self._request = self.cockpit.asker.plan(self._action, "").id
        except StoreError as error:
            self._refusal = Refusal("unreadable", str(error), error.hint)
        self.paint()

    def paint(self) -> None:
        if not self.is_mounted:
            return
        self._read_answer()
        if self._refusal is not None:
            self._paint_refusal(self._refusal)
        elif self._plan is not None:
            self._paint_plan(self._plan)
        else:
            self._paint_waiting()

    def action_back(self) -> None:
        """Leave without a yes. After a yes it is too late: the operation is the runner's."""
        plan = self._plan
        if plan is not None and not self._confirming:
            self.cockpit.attempt(lambda: self.cockpit.asker.dismiss(plan))
        self.dismiss(None)

    def on_descendant_focus(self) -> None:
        self._paint_labels()

    @on(Buttons.Given, "#answers")
    def _answered(self, event: Buttons.Given) -> None:
        if event.option == "confirm":
            self._confirm()
        else:
            self.action_back()

    @on(Input.Submitted, "#reason")
    def _reason_given(self) -> None:
        self.focus_next()

    @on(Input.Submitted, "#typed")
    def _name_typed(self) -> None:
        self._confirm()

    def _confirm(self) -> None:
        plan = self._plan
        if plan is None or self._confirming or self._refusal is not None:
            return
        wanted, typed = pages.must_be_typed(plan), self.query_one("#typed", Input).value.strip()
        if plan.expires_at <= self.cockpit.settings.clock.now():
            self._complaint = "this plan has expired: close it and ask again"
        elif wanted and typed != wanted:
            self._complaint = f"type {wanted} first, exactly so" + (f" (not {typed})" if typed else "")
            self.query_one("#typed", Input).focus()
        else:
            self._complaint = ""
            self._hand_in(plan, typed)
        self.paint()

    def _hand_in(self, plan: Plan, typed: str) -> None:
        reason = self.query_one("#reason", Input).value.strip()
        try:
            self._request = self.cockpit.asker.confirm(plan, typed, reason).id
        except StoreError as error:
            self._refusal = Refusal("unreadable", str(error), error.hint)
            return
        self._confirming = True
        self._asked_at = self.cockpit.settings.clock.now()

    def _read_answer(self) -> None:
        if not self._request or self._refusal is not None or (self._plan is not None and not self._confirming):
            return
        try:
            answer = self.cockpit.store.answer(self._request)
        except StoreError as error:
            self._refusal = Refusal("unreadable", str(error), error.hint)
            return
        if answer is None:
            return
        self._refusal = answer.refusal
        if answer.operation:
            self.dismiss(answer.operation)
        elif answer.plan is not None:
            self._plan = answer.plan
            # An empty field answers Enter with a complaint, and a name can be typed without looking for it.
            self.set_focus(self.query_one("#typed" if pages.must_be_typed(answer.plan) else "#answers"))

    def _paint_waiting(self) -> None:
        self._head("working it out")
        waited = self.cockpit.settings.clock.now() - self._asked_at
        told = [line(("planning…", "moving"), "  both sides are being read afresh")]
        if waited >= _SLOW:
            told.append(line((f"no answer for {age(waited)}; Esc goes back and changes nothing", "attention")))
        self.query_one("#text", Page).make(lambda _: told)
        self.say_below(())

    def _paint_refusal(self, refusal: Refusal) -> None:
        self._head("nothing to do" if refusal.code == "unchanged" else "refused")
        self.remove_class("-confirmable")
        self.query_one("#text", Page).make(lambda cells: pages.refusal_lines(refusal, cells))
        self._offer(CLOSE)
        self.say_below(())

    def _paint_plan(self, plan: Plan) -> None:
        now = self.cockpit.settings.clock.now()
        self.query_one("#text", Page).make(lambda cells: pages.plan_lines(plan, cells))
        wanted = pages.must_be_typed(plan)
        self.add_class("-confirmable")
        self.query_one("#typed-row").set_class(bool(wanted), "needed")
        self._paint_labels()
        if self._confirming:
            self._head("starting")
            self.say_below(line(("handed in; waiting for the runner to start it", "moving")))
            return
        self._head("the plan; nothing is changed yet")
        if plan.expires_at <= now:
            self.remove_class("-confirmable")
            self._offer(CLOSE)
        else:
            self._offer(CANCEL, Option("confirm", verb_of(plan)))
        told = line((self._complaint, "danger")) if self._complaint else pages.deadline(plan, now)
        self.say_below(told)

    def _paint_labels(self) -> None:
        wanted = clean(pages.must_be_typed(self._plan) if self._plan else "", 60)
        self._paint_label("reason", line("Why?"))
        self._paint_label("typed", line("Type ", (wanted, "protected"), " to confirm, then Enter:"))

    def _paint_label(self, field: str, prompt: Line) -> None:
        label = self.query_one(f"#ask-{field}", Page)
        pointed = (marks.pointer(self.query_one(f"#{field}").has_focus), *prompt)
        label.styles.width = width(pointed) + 1
        label.make(lambda _: [pointed])

    def _head(self, state: str) -> None:
        what = clean(command_line(self._action).removeprefix("qd "), 120)
        self.say_title(line((what, "title")), line((f" {state}", "dim")))

    def _offer(self, *options: Option) -> None:
        answers = self.query_one("#answers", Buttons)
        answers.offer(options)
        if self.focused is None or not self.focused.display:
            answers.focus()


def verb_of(plan: Plan) -> str:
    """What the yes is called: never just OK."""
    match plan.action:
        case Swap(mode=mode):
            return {
                "swap": "Swap now",
                "preview": "Prepare the swap",
                "complete": "Complete the swap",
                "cancel": "Drop the prepared swap",
            }[mode]
        case Shift():
            return "Shift traffic now"
        case FlagChange():
            return "Change the flag now"
        case Rollback():
            return "Roll back now"
        case Deploy():
            return "Deploy now"
