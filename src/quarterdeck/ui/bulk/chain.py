"""Confirmed plans that are carried out one after another.

Each is an ordinary plan that the runner has made and checks again, and each is only confirmed once the one before it
has succeeded. One that has expired by then is planned anew, and confirmed if it would do exactly what was shown.
The cockpit does that: nothing waits in the runner, so if this process ends, what hasn't begun isn't
begun (and the next cockpit says so, see `note.py`). The first that doesn't succeed ends the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from quarterdeck.clock import Clock
from quarterdeck.release.operation import Operation
from quarterdeck.release.plan import Plan
from quarterdeck.store.asking import Asker
from quarterdeck.store.base import Request, Store, StoreError
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.plan import must_be_typed

_MARGIN = 10.0
"""Seconds before its end from which a plan is rather made anew than confirmed."""

State = Literal["waiting", "planning", "confirming", "running", "done", "stopped", "not begun"]


_UNDER_WAY: tuple[State, ...] = ("planning", "confirming", "running")


@dataclass(slots=True)
class Link:
    """One plan of a chain. `told` is why it stopped; `request` and `operation` are ids, "" as long as there is none.

    `request` is the last one handed in for it: for a plan anew, then to confirm it.
    """

    plan: Plan
    state: State = "waiting"
    request: str = ""
    operation: str = ""
    told: str = ""

    @property
    def what(self) -> str:
        """The plan in a few words: its command without the program's name."""
        return self.plan.command.removeprefix("qd ") or str(self.plan.action.target)


class Chain:
    """Carries out plans in their order. `advance` is called whenever something was written to the store."""

    def __init__(
        self,
        store: Store,
        asker: Asker,
        clock: Clock,
        plans: Sequence[Plan],
        reason: str,
        noted: Callable[[Chain], None],
        override: str = "",
    ) -> None:
        """`noted` is called when a link begins or ends; `override` as for `Asker.plan`."""
        self.links = tuple(Link(plan) for plan in plans)
        self._store, self._asker, self._clock = store, asker, clock
        self._reason, self._noted, self._override = reason, noted, override

    @property
    def over(self) -> bool:
        """Whether nothing of it goes on any more."""
        return all(link.state in ("done", "stopped", "not begun") for link in self.links)

    @property
    def succeeded(self) -> bool:
        """Whether all of it was done."""
        return all(link.state == "done" for link in self.links)

    @property
    def rest(self) -> list[str]:
        """What waits for its turn, in words."""
        return [link.what for link in self.links if link.state == "waiting"]

    def begin(self) -> Request:
        """Confirm the first. Raises StoreError."""
        request = self._confirm(self.links[0])
        self._noted(self)
        return request

    def advance(self) -> None:
        """Look how far the current one is; confirm the next, or give up the rest."""
        current = next((link for link in self.links if link.state in _UNDER_WAY), None)
        if current is None:
            return
        before = current.state
        try:
            self._follow(current)
            if current.state == "done" and (following := self._next()) is not None:
                current = following
                self._begin(following)
        except StoreError as error:
            self._stop(current, f"{error}. {error.hint}")
        if current.state == "stopped":
            self.give_up()
        if current.state != before or self.over:
            self._noted(self)

    def give_up(self) -> None:
        """Begin nothing more; what is under way goes on."""
        for link in self.links:
            if link.state == "waiting":
                link.state = "not begun"

    def _follow(self, link: Link) -> None:
        if link.state != "running":
            answer = self._store.answer(link.request)
            if answer is None:
                return
            if answer.refusal is not None:
                self._stop(link, f"refused: {answer.refusal.message}")
                return
            if link.state == "planning" and answer.plan is not None:
                self._replace(link, answer.plan)
                return
            link.operation, link.state = answer.operation, "running"
        operation = self._store.operation(link.operation)
        if operation is None or operation.ending is None:
            return
        if operation.ending == "succeeded":
            link.state = "done"
        else:
            self._stop(link, _ended(operation))

    def _next(self) -> Link | None:
        return next((link for link in self.links if link.state == "waiting"), None)

    def _begin(self, link: Link) -> None:
        if link.plan.expires_at - self._clock.now() > _MARGIN:
            self._confirm(link)
        else:
            link.request = self._asker.plan(link.plan.action, "", self._override).id
            link.state = "planning"

    def _replace(self, link: Link, fresh: Plan) -> None:
        """The yes was said to what was shown, and holds for nothing else."""
        if _would_do(fresh) == _would_do(link.plan):
            link.plan = fresh
            self._confirm(link)
        else:
            self._asker.dismiss(fresh)
            self._stop(link, "what it would do isn't any more what was shown: plan it again")

    def _confirm(self, link: Link) -> Request:
        """The reason in the journal says that it is one of several."""
        place = f"{self.links.index(link) + 1} of {len(self.links)}"
        reason = f"{self._reason} ({place})" if self._reason else f"{place} marked together"
        request = self._asker.confirm(link.plan, must_be_typed(link.plan), reason)
        link.request, link.state = request.id, "confirming"
        return request

    @staticmethod
    def _stop(link: Link, told: str) -> None:
        link.state, link.told = "stopped", told


def _would_do(plan: Plan) -> tuple[object, ...]:
    return plan.action, plan.steps, plan.effects, plan.risks, plan.fuse.possible, plan.type_to_confirm


def _ended(operation: Operation) -> str:
    assert operation.ending is not None
    word = marks.OPERATION[operation.ending][0][2:]
    return f"{word}: {operation.detail}" if operation.detail else word
