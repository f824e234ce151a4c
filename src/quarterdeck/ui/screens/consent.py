"""What asks for a deliberate yes: shows what will be done, takes a reason and a typed name, and hands the yes in."""

from __future__ import annotations

from textual import on
from textual.containers import Horizontal
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.text import clean
from quarterdeck.release.clearance import OVERRIDE
from quarterdeck.release.freshness import age
from quarterdeck.release.plan import Refusal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request, StoreError
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages import plan as pages
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import Line, line, width
from quarterdeck.ui.widgets.choices import Buttons, Option
from quarterdeck.ui.widgets.page import Page

CANCEL, CLOSE = Option("cancel", "Cancel"), Option("cancel", "Close")
_SET_ASIDE = Option("override", "Set it aside...")
_SLOW = 15.0


class Consent(Dialog[str]):
    """Comes back with what the runner made of the yes (an id, a sentence), or None.

    Two questions are handed in, one after the other: the one that `ask` makes, answered by something to say yes to,
    and the one that `hand_in` makes. A dialog that knows already what it asks a yes for has no first one.
    """

    DEFAULT_CSS = """
    Consent .field { height: 1; display: none; }
    Consent.-confirmable .field.needed { display: block; }
    Consent .field Page { height: 1; }
    Consent Input { width: 1fr; border: none; padding: 0; background: $qd-background; color: $qd-text; }
    """

    AUTO_FOCUS = "#answers"

    def __init__(self, classes: str = "") -> None:
        super().__init__(classes=classes or None)
        self.override = ""
        self._refusal: Refusal | None = None
        self._request = ""
        self._asked_at = 0.0
        self._confirming = False
        self._complaint = ""

    # --- what subclasses say --------------------------------------------------------------------------------------
    def heading(self) -> str:
        """What it is about, for the title."""
        raise NotImplementedError

    def ask(self) -> Request | None:
        """Hand in what has to be worked out first; None if nothing has."""
        return None

    def ready(self) -> bool:
        """Whether there is something to say yes to."""
        return True

    def take(self, answer: Answer) -> str | None:
        """Read an answer that is no refusal; what the dialog comes back with once it is over, else None."""
        raise NotImplementedError

    def lines(self, cells: int) -> list[Line]:
        """What will be done."""
        raise NotImplementedError

    def verb(self) -> str:
        """What the yes is called: never just OK; "" if there is nothing to say yes to."""
        raise NotImplementedError

    def so_far(self) -> str:
        """What has come of it as long as nobody has said yes."""
        return "nothing is changed yet"

    def must_type(self) -> str:
        """What has to be typed first; "" if a plain yes will do."""
        return ""

    def why_not_without_reason(self) -> str:
        """Why a reason is needed, "" if it may stay empty."""
        return ""

    def expires_at(self) -> float | None:
        """Until when the yes may be said."""
        return None

    def hand_in(self, typed: str, reason: str) -> Request:
        """Say yes. Raises StoreError."""
        raise NotImplementedError

    def forget(self) -> None:
        """It was closed without a yes."""

    # --- life -----------------------------------------------------------------------------------------------------
    def parts(self) -> list[Widget]:
        reason = Input(id="reason", compact=True, placeholder=self._about_reason())
        typed = Input(id="typed", compact=True)
        for field in (reason, typed):
            field.cursor_blink = False
        return [
            Horizontal(Page(id="ask-reason"), reason, classes="field needed", id="reason-row"),
            Horizontal(Page(id="ask-typed"), typed, classes="field", id="typed-row"),
            Buttons([CANCEL], id="answers"),
        ]

    def _about_reason(self) -> str:
        return "kept in the journal; " + ("needed" if self.why_not_without_reason() else "may stay empty")

    def on_mount(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self._asked_at = self.cockpit.settings.clock.now()
        try:
            request = self.ask()
            self._request = request.id if request is not None else ""
        except StoreError as error:
            self.refuse(error)
        self.paint()
        if self.ready() and self._refusal is None:
            self.put_focus()

    def paint(self) -> None:
        if not self.is_mounted:
            return
        self._read_answer()
        if self._refusal is not None:
            self._paint_refusal(self._refusal)
        elif self.ready():
            self._paint_question()
        else:
            self._paint_waiting()

    def action_back(self) -> None:
        """Leave without a yes. After a yes it is too late: it is the runner's."""
        if self.ready() and not self._confirming:
            self.forget()
        self.dismiss(None)

    def on_descendant_focus(self) -> None:
        self._paint_labels()

    @on(Buttons.Given, "#answers")
    def _answered(self, event: Buttons.Given) -> None:
        match event.option:
            case "confirm":
                self._confirm()
            case "override":
                self._set_aside()
            case _:
                self.action_back()

    @on(Input.Submitted, "#reason")
    def _reason_given(self) -> None:
        self.focus_next()

    @on(Input.Submitted, "#typed")
    def _name_typed(self) -> None:
        self._confirm()

    # --- the yes --------------------------------------------------------------------------------------------------
    def _confirm(self) -> None:
        if not self.ready() or self._confirming or self._refusal is not None:
            return
        wanted, typed = self.must_type(), self.query_one("#typed", Input).value.strip()
        reason = self.query_one("#reason", Input).value.strip()
        needs_reason, ends = self.why_not_without_reason(), self.expires_at()
        if ends is not None and ends <= self.cockpit.settings.clock.now():
            self._complaint = "this plan has expired: close it and ask again"
        elif needs_reason and not reason:
            self._complaint = needs_reason
            self.query_one("#reason", Input).focus()
        elif wanted and typed != wanted:
            self._complaint = f"type {wanted} first, exactly so" + (f" (not {typed})" if typed else "")
            self.query_one("#typed", Input).focus()
        else:
            self._complaint = ""
            self._say_yes(typed, reason)
        self.paint()

    def _say_yes(self, typed: str, reason: str) -> None:
        try:
            self._request = self.hand_in(typed, reason).id
        except StoreError as error:
            self.refuse(error)
            return
        self._confirming = True
        self._asked_at = self.cockpit.settings.clock.now()

    def _set_aside(self) -> None:
        """What was refused, asked once more with a reason for setting aside what stands in the way."""
        from quarterdeck.ui.screens.small import Prompt

        def given(reason: str | None) -> None:
            if reason is not None:
                self.override = reason.strip()
                self._refusal, self._confirming, self._request = None, False, ""
                self._begin()

        told = [self._refusal.message if self._refusal else "", "Your name and this reason are kept for ever. Why?"]
        self.cockpit.push_screen(Prompt("Set aside what stands in the way", told, "", _wants_reason), given)

    def refuse(self, error: StoreError) -> None:
        """Show what the store refuses instead of the question."""
        self._refusal = Refusal("unreadable", str(error), error.hint)

    def _read_answer(self) -> None:
        waiting = self._confirming or not self.ready()
        if not self._request or self._refusal is not None or not waiting:
            return
        try:
            answer = self.cockpit.store.answer(self._request)
        except StoreError as error:
            self.refuse(error)
            return
        if answer is None:
            return
        self._refusal = answer.refusal
        if answer.refusal is not None:
            return
        result = self.take(answer)
        if result is not None:
            self.dismiss(result)
        elif self.ready():
            self.put_focus()

    def put_focus(self) -> None:
        """Where the first thing is to be done: an empty field answers Enter with a complaint, and a name can be typed
        without looking for it."""
        field = "#reason" if self.why_not_without_reason() else "#typed" if self.must_type() else "#answers"
        self.set_focus(self.query_one(field))

    # --- painting -------------------------------------------------------------------------------------------------
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
        self._offer(CLOSE, *([_SET_ASIDE] if OVERRIDE in refusal.hint and not self.override else []))
        self.say_below(())

    def _paint_question(self) -> None:
        now, ends = self.cockpit.settings.clock.now(), self.expires_at()
        self.query_one("#text", Page).make(self.lines)
        self.set_class(bool(self.verb()), "-confirmable")
        self.query_one("#typed-row").set_class(bool(self.must_type()), "needed")
        self._paint_labels()
        if self._confirming:
            self._head("starting")
            self.say_below(line(("handed in; waiting for the runner to start it", "moving")))
            return
        self._head(self.so_far())
        if ends is not None and ends <= now:
            self.remove_class("-confirmable")
            self._offer(CLOSE)
        elif not self.verb():
            self._offer(CLOSE)
        else:
            self._offer(CANCEL, Option("confirm", self.verb()))
        deadline = pages.deadline(ends, now) if ends is not None else ()
        self.say_below(line((self._complaint, "danger")) if self._complaint else deadline)

    def _paint_labels(self) -> None:
        self._paint_label("reason", line("Why?"))
        self._paint_label(
            "typed", line("Type ", (clean(self.must_type(), 60), "protected"), " to confirm, then Enter:")
        )

    def _paint_label(self, field: str, prompt: Line) -> None:
        label = self.query_one(f"#ask-{field}", Page)
        pointed = (marks.pointer(self.query_one(f"#{field}").has_focus), *prompt)
        label.styles.width = width(pointed) + 1
        label.make(lambda _: [pointed])

    def _head(self, state: str) -> None:
        self.say_title(line((clean(self.heading(), 120), "title")), line((f" {state}", "dim")))

    def _offer(self, *options: Option) -> None:
        answers = self.query_one("#answers", Buttons)
        answers.offer(options)
        if self.focused is None or not self.focused.display:
            answers.focus()


def _wants_reason(text: str) -> str:
    return "" if text.strip() else "a reason is needed"
