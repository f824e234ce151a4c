"""How viewers and the command line ask the runner for something."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action
from quarterdeck.release.operation import Choice
from quarterdeck.release.plan import Plan
from quarterdeck.store.base import Request, RequestKind, Store
from quarterdeck.store.ids import new_id


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

    def plan(self, action: Action, reason: str) -> Request:
        """Ask what an action would do; the answer has a plan or a refusal."""
        return self._submit("plan", {"action": to_json(action)}, reason)

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
