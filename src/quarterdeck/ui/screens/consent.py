"""What asks for a deliberate yes: shows what will be done, takes a reason and a typed name, and hands the yes in."""

from __future__ import annotations

from collections.abc import Sequence

from textual import on
from textual.containers import Horizontal
from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.clearance import OVERRIDE
from quarterdeck.release.freshness import age
from quarterdeck.release.plan import Refusal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request, StoreError
from quarterdeck.ui.circumstances import Vigil, around
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages import plan as pages
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.screens.dialog import Dialog
from quarterdeck.ui.spans import Line, line, width
from quarterdeck.ui.standing import stands
from quarterdeck.ui.widgets.choices import Buttons, Option
from quarterdeck.ui.widgets.page import Page

CANCEL, CLOSE = Option("cancel", "Cancel"), Option("cancel", "Close")
AGAIN = Option("again", "Plan again")
_SET_ASIDE = Option("override", "Set it aside...")
_SLOW = 15.0
_TAKEN = frozenset("jkCw ")
"""Letters that do something in every dialog."""


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
        self._read = False
        self._vigil = Vigil()

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

    def told(self, cells: int) -> Told:
        """What will be done, and what of it must have been in sight before the yes."""
        raise NotImplementedError

    def about(self) -> Sequence[TargetId]:
        """What it will be done to: a change there, while this is open, is told."""
        return ()

    def verb(self) -> str:
        """What the yes is called: never just OK; "" if there is nothing to say yes to."""
        raise NotImplementedError

    def so_far(self) -> str:
        """What has come of it as long as nobody has said yes."""
        return "nothing is changed yet"

    def must_type(self) -> str:
        """What has to be typed first; "" if a plain yes will do."""
        return ""

    def environments(self) -> tuple[str, ...]:
        return tuple(self.must_type().split())

    def reason_given(self) -> str:
        """The reason, where it was asked for already."""
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
        """What was worked out is no longer wanted: it was closed without a yes, or is worked out again."""

    def drop(self) -> None:
        """Be no longer ready: what was worked out is worked out again."""

    # --- life -----------------------------------------------------------------------------------------------------
    def parts(self) -> list[Widget]:
        reason = Input(id="reason", compact=True, placeholder=self._about_reason())
        typed = Input(id="typed", compact=True, select_on_focus=False)
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
        if self not in self.app.screen_stack:
            return  # closed by a key that came in the same moment: nobody wants to know any more
        self._asked_at = self.cockpit.settings.clock.now()
        self._refusal, self._confirming, self._request, self._complaint = None, False, "", ""
        self._read, self._vigil = False, Vigil()
        try:
            request = self.ask()
            self._request = request.id if request is not None else ""
        except StoreError as error:
            self.refuse(error)
        self.paint()
        if self.ready() and self._refusal is None:
            self.put_focus()

    def paint(self) -> None:
        if not stands(self):
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
        if self.ready() and not self._confirming and self.in_front:
            self.forget()
        self.dismiss(None)

    def on_descendant_focus(self) -> None:
        if stands(self):
            self._paint_labels()

    @on(Buttons.Given, "#answers")
    def _answered(self, event: Buttons.Given) -> None:
        match event.option:
            case "confirm":
                self._confirm()
            case "override":
                self._set_aside()
            case "again":
                self._again()
            case _:
                self.action_back()

    @on(Input.Submitted, "#reason")
    def _reason_given(self) -> None:
        self.focus_next()

    @on(Input.Submitted, "#typed")
    def _name_typed(self) -> None:
        self._confirm()

    def on_key(self, event: Key) -> None:
        """The name can be typed without looking for its field. Keys that do something here keep doing it, unless the
        name begins with one."""
        wanted, letter = self.must_type(), event.character or ""
        free = letter.isprintable() and letter not in _TAKEN
        if not isinstance(self.focused, Buttons) or not wanted or not letter or not (free or letter == wanted[0]):
            return
        field = self.query_one("#typed", Input)
        if field.display and self.query_one("#typed-row").display:
            event.stop()
            event.prevent_default()
            field.focus()
            field.insert_text_at_cursor(letter)

    def action_scroll_text(self, rows: int) -> None:
        self._note_reading()
        super().action_scroll_text(rows)
        self._note_reading()

    # --- the yes --------------------------------------------------------------------------------------------------
    def _confirm(self) -> None:
        if not self.in_front:
            return  # it was left just before
        if not self.ready() or self._confirming or self._refusal is not None:
            return
        wanted, typed = self.must_type(), self.query_one("#typed", Input).value.strip()
        reason = self.query_one("#reason", Input).value.strip()
        needs_reason = self.why_not_without_reason()
        self._note_reading()
        if self._out_of_date():
            pass  # the yes is gone, and why stands there
        elif not self._read:
            self._complaint = "read on before the yes: what could go wrong isn't in sight yet"
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

    def _note_reading(self) -> None:
        """Remember that all that must be read has been in sight."""
        text = self.query_one("#text", Page)
        if self.ready() and self._refusal is None:
            rows = text.size.height
            self._read = self._read or text.top + rows >= self.told(text.size.width).needed(rows)

    def _out_of_date(self) -> bool:
        """Whether what is shown can't be said yes to any more, because time has passed or something has changed."""
        ends = self.expires_at()
        return bool(self._vigil.told) or (ends is not None and ends <= self.cockpit.settings.clock.now())

    def _again(self) -> None:
        """Work it out again, because somebody asked for that: never under the eyes of who is reading."""
        if self.ready():
            self.forget()
        self.drop()
        self.query_one("#typed", Input).value = ""
        self.query_one("#text", Page).top = 0
        self._begin()

    def _set_aside(self) -> None:
        """What was refused, asked once more with a reason for setting aside what stands in the way."""
        from quarterdeck.ui.screens.small import Prompt

        def given(reason: str | None) -> None:
            if reason is not None:
                self.override = reason.strip()
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
            self.call_after_refresh(self._fill_in)

    def _fill_in(self) -> None:
        """The reason that was asked for before, as if it were typed here."""
        field = self.query_one("#reason", Input)
        field.value = field.value or self.reason_given()

    def put_focus(self) -> None:
        """On Cancel: whatever is pressed by habit changes nothing. Only where a reason is needed there is a line to
        write first, and Enter in it is no yes."""
        self.set_focus(self.query_one("#reason" if self.why_not_without_reason() else "#answers"))

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
        more = [_SET_ASIDE] if OVERRIDE in refusal.hint and not self.override else []
        self._offer(CLOSE, *more, *([AGAIN] if refusal.code == "stale" else []))
        self.say_below(())

    def _paint_question(self) -> None:
        self._look_around()
        now, ends = self.cockpit.settings.clock.now(), self.expires_at()
        text = self.query_one("#text", Page)
        text.make(lambda cells: [*self._vigil.lines(cells), *self.told(cells).lines(text.size.height)])
        gone = self._out_of_date() and not self._confirming
        self.set_class(bool(self.verb()) and not gone, "-confirmable")
        self.query_one("#typed-row").set_class(bool(self.must_type()), "needed")
        self._paint_labels()
        if self._confirming:
            self._head("starting")
            self.say_below(line(("handed in; waiting for the runner to start it", "moving")))
            return
        self._head(self.so_far())
        if not gone and self.verb():
            self._offer(CANCEL, Option("confirm", self.verb()))
        else:
            self._offer(CLOSE, *([AGAIN] if gone else []))
            self.set_focus(self.query_one("#answers"))
        if self._vigil.told:
            self.say_below(line(("▲ not as it was when this was planned: plan again", "danger")))
        elif self._complaint and not gone:
            self.say_below(line((self._complaint, "danger")))
        else:
            self.say_below(pages.deadline(ends, now) if ends is not None else ())

    def _look_around(self) -> None:
        if self._confirming:
            return  # what changes now is the doing of the yes
        if self._vigil.look(around(self.cockpit.picture, self.about(), self.cockpit.settings.actor)):
            self.query_one("#text", Page).top = 0

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
