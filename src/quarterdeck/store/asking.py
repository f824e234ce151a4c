"""How viewers and the command line ask the runner for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action
from quarterdeck.release.operation import Choice
from quarterdeck.release.plan import Plan
from quarterdeck.store.base import GuardDeed, Request, RequestKind, Store
from quarterdeck.store.ids import new_id

if TYPE_CHECKING:
    from quarterdeck.release.release_plan import ReleasePlan, Wish
    from quarterdeck.release.rollout import Order


class Asker:
    """Hands in requests in one viewer's name. All methods raise StoreError.

    A plan that is confirmed or dismissed twice (an impatient second press) makes one request.
    """

    def __init__(self, store: Store, actor: str, via: str, clock: Clock, read_only: bool) -> None:
        """`actor` is user@host; `via` names the kind of viewer (`cockpit`, `cli`)."""
        self._store = store
        self._actor = actor
        self._via = via
        self._clock = clock
        self._read_only = read_only

    def plan(self, action: Action, reason: str, override: str = "") -> Request:
        """Ask what an action would do; the answer has a plan or a refusal.

        `override` is the reason for setting aside what would stop it (a freeze, a lock, somebody else's conn).
        """
        return self._submit("plan", {"action": to_json(action), "override": override}, reason)

    def confirm(self, plan: Plan, typed: str, reason: str) -> Request:
        """Say yes to a plan exactly as it was shown; the answer has the operation's id or a refusal."""
        body = {"plan": plan.id, "digest": plan.digest, "typed": typed}
        return self._submit("confirm", body, reason, key=f"{plan.id}:{plan.digest}:{typed}")

    def dismiss(self, plan: Plan) -> Request:
        """Say no to a plan."""
        return self._submit("dismiss", {"plan": plan.id}, key=plan.id)

    def choose(self, operation: str, step: str, choice: Choice, reason: str) -> Request:
        """Answer an operation that needs an operator."""
        return self._submit("choose", {"operation": operation, "step": step, "choice": choice}, reason)

    def refresh(self, target: TargetId | None = None) -> Request:
        """Ask for a fresh look at a target, or at everything."""
        return self._submit("refresh", {"target": str(target) if target else ""})

    def propose(self, wish: Wish, reason: str) -> Request:
        """Ask how a release would go; the answer has a proposal or a refusal."""
        return self._submit("propose", {"wish": to_json(wish)}, reason)

    def launch(self, proposal: ReleasePlan, typed: str, reason: str) -> Request:
        """Start a release exactly as it was proposed; the answer has its id or a refusal."""
        body = {"plan": proposal.id, "digest": proposal.digest, "typed": typed}
        return self._submit("launch", body, reason, key=f"{proposal.id}:{proposal.digest}:{typed}")

    def order(self, release: str, order: Order, reason: str, *, step: str = "", override: str = "") -> Request:
        """Tell a release something; `step` is the one that the operator looked at (for `undo`: where to go back to)."""
        body = {"release": release, "order": order, "step": step, "override": override}
        return self._submit("order", body, reason)

    def decide(
        self,
        release: str,
        verdict: Literal["approve", "reject"],
        reason: str,
        *,
        step: str = "",
        effective_at: float = 0,
    ) -> Request:
        """Approve or reject what a release waits for; `effective_at` lets a yes count only from then on."""
        body = {"release": release, "step": step, "verdict": verdict, "effective_at": effective_at}
        return self._submit("decide", body, reason)

    def guard(self, deed: GuardDeed, reason: str, **details: str | float | None) -> Request:
        """Change what stands guard; `details` are those of the deed."""
        return self._submit("guard", {"deed": deed, **details}, reason)

    def stop(self) -> Request:
        """Ask the runner to leave as soon as nothing runs."""
        return self._submit("stop", {})

    def _submit(self, kind: RequestKind, body: Mapping[str, Any], reason: str = "", key: str = "") -> Request:
        now = self._clock.now()
        request_id = new_id(now)
        request = Request(
            id=request_id,
            key=f"{kind}:{key or request_id}",
            kind=kind,
            body=body,
            actor=self._actor,
            reason=reason,
            via=self._via,
            at=now,
            read_only=self._read_only,
        )
        return self._store.submit(request)
