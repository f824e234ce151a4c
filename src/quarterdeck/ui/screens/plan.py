"""The plan dialogs: of an action, and of a release. They show it whole, and take a deliberate yes."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import replace
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, command_line
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import ReleasePlan, Wish, wish_line
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Request
from quarterdeck.ui.pages import plan as pages
from quarterdeck.ui.pages import proposal as proposals
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.screens.consent import Consent


class PlanDialog(Consent):
    """Asks for a plan, shows it, and hands in the yes. Comes back with the id of the operation, or None."""

    def __init__(self, action: Action) -> None:
        super().__init__()
        self._action = action
        self._plan: Plan | None = None

    def heading(self) -> str:
        return command_line(self._action).removeprefix("qd ")

    def copyable(self) -> str:
        return f"qd {self.heading()}"

    def ask(self) -> Request:
        return self.cockpit.asker.plan(self._action, "", self.override)

    def ready(self) -> bool:
        return self._plan is not None

    def take(self, answer: Answer) -> str | None:
        if answer.operation:
            return answer.operation
        if answer.plan is not None:
            self._plan = answer.plan
        return None

    def told(self, cells: int) -> Told:
        return pages.told_of(self._planned, cells)

    def about(self) -> Sequence[TargetId]:
        return [self._planned.action.target]

    def drop(self) -> None:
        self._plan = None

    def verb(self) -> str:
        return verb_of(self._planned)

    def must_type(self) -> str:
        return pages.must_be_typed(self._plan) if self._plan is not None else ""

    def environments(self) -> tuple[str, ...]:
        return (self._action.target.environment, *super().environments())

    def reason_given(self) -> str:
        return self._action.comment if isinstance(self._action, DecideRun) else ""

    def expires_at(self) -> float:
        return self._planned.expires_at

    def hand_in(self, typed: str, reason: str) -> Request:
        return self.cockpit.asker.confirm(self._planned, typed, reason)

    def forget(self) -> None:
        self.cockpit.attempt(lambda: self.cockpit.asker.dismiss(self._planned))

    @property
    def _planned(self) -> Plan:
        assert self._plan is not None
        return self._plan


class ProposalDialog(Consent):
    """Asks how a release would go, shows it, and launches it. Comes back with the release's id, or None."""

    def __init__(self, wish: Wish) -> None:
        super().__init__()
        self._wish = wish
        self.override = wish.override
        self._proposal: ReleasePlan | None = None

    def heading(self) -> str:
        return wish_line(replace(self._wish, override=self.override)).removeprefix("qd ")

    def copyable(self) -> str:
        return f"qd {self.heading()}"

    def ask(self) -> Request:
        return self.cockpit.asker.propose(replace(self._wish, override=self.override), "")

    def ready(self) -> bool:
        return self._proposal is not None

    def take(self, answer: Answer) -> str | None:
        if answer.release:
            return answer.release
        if answer.proposal is not None:
            self._proposal = answer.proposal
        return None

    def told(self, cells: int) -> Told:
        return proposals.told_of(self._proposed, cells)

    def about(self) -> Sequence[TargetId]:
        return [one.target for one in self._proposed.members]

    def drop(self) -> None:
        self._proposal = None

    def verb(self) -> str:
        if self._wish.action is not None:
            return "Do it, to be confirmed"
        return "Start the hotfix" if self._wish.hotfix else "Start the release"

    def must_type(self) -> str:
        return pages.must_be_typed(self._proposal) if self._proposal is not None else ""

    def environments(self) -> tuple[str, ...]:
        return (*(target.environment for target in self._wish.targets), *super().environments())

    def expires_at(self) -> float:
        return self._proposed.expires_at

    def hand_in(self, typed: str, reason: str) -> Request:
        return self.cockpit.asker.launch(self._proposed, typed, reason)

    @property
    def _proposed(self) -> ReleasePlan:
        assert self._proposal is not None
        return self._proposal


def verb_of(plan: Plan) -> str:
    """What the yes is called: never just OK."""
    match plan.action:
        case DecideRun(decision=decision):
            return "Approve it" if decision == "approve" else "Reject it"
        case StartRun():
            return "Start the run"
        case SteerRun(order=order):
            return "Cancel the run" if order == "cancel" else "Run it again"
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
