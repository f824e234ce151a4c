"""The dialog for everything that is marked: all plans in one text, and one yes to them."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action
from quarterdeck.release.plan import Plan
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request, StoreError
from quarterdeck.ui.bulk.asking import LeftOut
from quarterdeck.ui.bulk.chain import Chain
from quarterdeck.ui.bulk.note import Note
from quarterdeck.ui.pages import bulk as pages
from quarterdeck.ui.pages import plan as plans
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.screens.consent import Consent


class BulkDialog(Consent):
    """Asks for the plan of each action, and begins the chain of those that can be done.

    Comes back with the id of the first operation, or None.
    """

    def __init__(self, actions: Sequence[Action], left_out: Sequence[LeftOut]) -> None:
        super().__init__()
        self._actions, self._left_out = tuple(actions), tuple(left_out)
        self._requests: list[str] = []
        self._answers: dict[str, Answer] = {}

    def heading(self) -> str:
        count = len(self._plans) if self.ready() else len(self._actions)
        left = len(self._left_out) + len(self._actions) - count
        return f"{count} plan{'' if count == 1 else 's'}, one yes" + (f" ({left} left out)" if left else "")

    def ask(self) -> Request | None:
        """One ordinary request for each: the runner plans them as it would plan them alone."""
        asker = self.cockpit.asker
        self._requests, self._answers = [], {}
        for action in self._actions:
            self._requests.append(asker.plan(action, "", self.override).id)
        return None

    def ready(self) -> bool:
        return bool(self._requests) and len(self._answers) == len(self._requests)

    def paint(self) -> None:
        if self.is_mounted and not self.ready():
            self._gather()
        super().paint()

    def _gather(self) -> None:
        try:
            for request in self._requests:
                if request not in self._answers and (answer := self.cockpit.store.answer(request)) is not None:
                    self._answers[request] = answer
        except StoreError as error:
            self.refuse(error)
            return
        if self.ready():
            self.put_focus()

    def take(self, answer: Answer) -> str | None:
        return answer.operation or None

    def told(self, cells: int) -> Told:
        left = [(one.target, one.why) for one in self._left_out]
        for action, request in zip(self._actions, self._requests, strict=True):
            if (refusal := self._answers[request].refusal) is not None:
                left.append((action.target, pages.reason_of(refusal)))
        return pages.told_of(self._plans, left, cells)

    def about(self) -> Sequence[TargetId]:
        return [plan.action.target for plan in self._plans]

    def drop(self) -> None:
        self._requests, self._answers = [], {}

    def verb(self) -> str:
        """Nothing to say yes to if none can be done."""
        count = len(self._plans)
        return "" if not count else "Do it now" if count == 1 else f"Do all {count} now"

    def must_type(self) -> str:
        """Every name that one of them alone would ask for."""
        return " ".join(dict.fromkeys(filter(None, map(plans.must_be_typed, self._plans))))

    def expires_at(self) -> float | None:
        return min((plan.expires_at for plan in self._plans), default=None)

    def hand_in(self, typed: str, reason: str) -> Request:
        """Confirm the first; `typed` has been compared with what must be, so each gets the name that it asks for."""
        note = Note(self.cockpit.settings.store_path)
        cockpit = self.cockpit
        chain = Chain(
            cockpit.store, cockpit.asker, cockpit.settings.clock, self._plans, reason, note.write, self.override
        )
        request = chain.begin()
        self.cockpit.chain = chain
        return request

    def forget(self) -> None:
        for plan in self._plans:
            self.cockpit.attempt(lambda plan=plan: self.cockpit.asker.dismiss(plan))  # type: ignore[misc]

    @property
    def _plans(self) -> list[Plan]:
        found = (self._answers[request].plan for request in self._requests if request in self._answers)
        return [plan for plan in found if plan is not None]
