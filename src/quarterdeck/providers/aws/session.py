"""An open connection to AWS. Nothing is asked, and boto3 isn't imported, before somebody wants to know something."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.aws import ROUTE53
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext

if TYPE_CHECKING:
    from quarterdeck.providers.aws.account import Account
    from quarterdeck.providers.aws.permissions import Permissions

WATCHING_ALB = (
    "elasticloadbalancing:DescribeListeners",
    "elasticloadbalancing:DescribeRules",
    "elasticloadbalancing:DescribeTargetHealth",
)
WATCHING_ROUTE53 = ("route53:ListHealthChecks",)
"""Actions that watching needs and that policies can't limit to single resources (Service Authorization Reference), so
that asking about all of them is a fair question. What is changed is asked place by place."""


class AwsSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(
        self, account: Account, permissions: Permissions, traffic: Capability, watching: Sequence[str]
    ) -> None:
        self._account = account
        self._permissions = permissions
        self._traffic = traffic
        self._watching = watching

    def capability(self, role: Role) -> Capability | None:
        return self._traffic if role == "traffic" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        return await self._account.identity()

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Sign-in and account, and what IAM says about the actions that watching needs, if it may be asked."""
        try:
            who = await self._account.identity()
        except ProviderError as error:
            yield "signed in to AWS", error.trouble
            return
        account = who.split(":")[4] if who.count(":") >= 5 else "?"
        yield f"signed in to AWS account {account} as {who}", None
        try:
            allowed = await self._permissions.ask(self._watching, "*")
        except ProviderError as error:
            told = "what is allowed can't be asked beforehand (iam:SimulatePrincipalPolicy)"
            yield f"{told}: {error.trouble.message}", None
            return
        for action, may in allowed.items():
            hint = f"a policy has to allow {action}"
            yield f"allowed: {action}", None if may is not False else Trouble("forbidden", "not allowed", hint)

    async def close(self) -> None:
        await self._account.close()


def open_session(connection: Connection, context: SessionContext) -> AwsSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    if find_spec("boto3") is None:
        raise ProviderError("misconfigured", "boto3 isn't installed", "install quarterdeck[aws]")
    from quarterdeck.providers.aws.account import Account
    from quarterdeck.providers.aws.permissions import Permissions
    from quarterdeck.providers.aws.schema import AwsConnection
    from quarterdeck.providers.http.schema import options_of

    account = Account(options_of(connection, AwsConnection), context)
    permissions = Permissions(account)
    if connection.provider == ROUTE53:
        from quarterdeck.providers.aws.weighted_records import WeightedRecords

        return AwsSession(account, permissions, WeightedRecords(account, permissions), WATCHING_ROUTE53)
    from quarterdeck.providers.aws.target_groups import TargetGroups

    return AwsSession(account, permissions, TargetGroups(account, permissions), WATCHING_ALB)
