"""What our credentials may do, asked of IAM before it is offered.

IAM's simulator knows the policies of a user or a role, boundaries and service control policies; it may be wrong where a
policy has conditions (API reference of IAM, SimulatePrincipalPolicy). So a no counts only where it misses no condition,
and no answer counts as "AWS doesn't tell".
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.providers.aws.account import Account
from quarterdeck.providers.aws.arns import principal_of
from quarterdeck.providers.aws.documents import listed
from quarterdeck.providers.aws.faults import reading
from quarterdeck.providers.base import ProviderError

REMEMBERED = 300.0
"""Seconds for which an answer counts."""


class Permissions:
    """What was asked lately."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self._known: dict[tuple[str, str], tuple[float, bool | None]] = {}

    async def may(self, action: str, resource: str) -> bool | None:
        """Whether an action such as `route53:GetChange` is allowed on a resource (an ARN, or `*`); None: not told."""
        known = self._known.get((action, resource))
        now = self._account.clock.monotonic()
        if known is None or now - known[0] > REMEMBERED:
            try:
                answer = (await self.ask([action], resource)).get(action)
            except ProviderError:
                answer = None
            known = self._known[action, resource] = (now, answer)
        return known[1]

    async def ask(self, actions: Sequence[str], resource: str) -> dict[str, bool | None]:
        """Several actions on one resource. Raises ProviderError if IAM isn't there to be asked."""
        principal = principal_of(await self._account.identity())
        if principal.endswith(":root"):
            return dict.fromkeys(actions, True)
        answer = await self._account.read(
            "iam",
            "simulate_principal_policy",
            PolicySourceArn=principal,
            ActionNames=list(actions),
            ResourceArns=[resource],
        )
        with reading("iam"):
            found = {str(one["EvalActionName"]): _allowed(one) for one in listed(answer, "EvaluationResults")}
        return {action: found.get(action) for action in actions}


def _allowed(result: dict[str, object]) -> bool | None:
    if result["EvalDecision"] == "allowed":
        return True
    return None if result.get("MissingContextValues") else False
