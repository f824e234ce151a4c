"""A word to the runner that needs no plan: an order to a release, a decision, a change of what stands guard."""

from __future__ import annotations

from collections.abc import Callable

from quarterdeck.records import dataclass
from quarterdeck.store.answer import Answer
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Request
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.screens.consent import Consent
from quarterdeck.ui.spans import Line

Submit = Callable[[Asker, str, str], Request]
"""From who asks, the reason and the override to what was handed in."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked a yes for.

    Attributes:
        title: the headless twin, or what it is in a few words.
        lines: everything to know before saying yes; asked for again whenever something may have changed.
        verb: what the yes is called.
        submit: hands it in.
        type_to_confirm: "" if a plain yes will do.
        needs_reason: why a reason is needed, "" if it may stay empty.
        environment: the one that it is about, whose accent the dialog wears; "" for none in particular.
    """

    title: str
    lines: Callable[[int], list[Line]]
    verb: str
    submit: Submit
    type_to_confirm: str = ""
    needs_reason: str = ""
    environment: str = ""


class OrderDialog(Consent):
    """Shows what a word does, and hands it in. Comes back with what the runner said to it, or None."""

    TICKS = True

    def __init__(self, question: Question) -> None:
        super().__init__(classes="-low")
        self._question = question

    DEFAULT_CSS = "OrderDialog.-low > #box { max-height: 22; max-width: 84; }"

    def heading(self) -> str:
        return self._question.title

    def told(self, cells: int) -> Told:
        return Told(more=[self._question.lines(cells)])

    def verb(self) -> str:
        return self._question.verb

    def so_far(self) -> str:
        return "nobody is told yet"

    def must_type(self) -> str:
        return self._question.type_to_confirm

    def environments(self) -> tuple[str, ...]:
        return (self._question.environment, *super().environments())

    def why_not_without_reason(self) -> str:
        return self._question.needs_reason

    def take(self, answer: Answer) -> str:
        return answer.said or f"accepted: {self._question.title}"

    def hand_in(self, typed: str, reason: str) -> Request:
        return self._question.submit(self.cockpit.asker, reason, self.override)
