"""Reading Application Load Balancers: what they forward where, and how the targets are."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.aws.account import Account
from quarterdeck.providers.aws.arns import Forwarding
from quarterdeck.providers.aws.documents import Document, listed
from quarterdeck.providers.aws.faults import reading
from quarterdeck.providers.aws.forwarding import Forward, GroupHealth, forward_of, group_health
from quarterdeck.providers.base import ProviderError

SERVICE = "elbv2"
PAGE = 400
"""As many listeners or rules come with one answer at most (API reference)."""

_NOT_TOLD = frozenset({"forbidden", "not_found"})
"""Why the health of a group isn't known, without anything being wrong with knowing the weights."""


class Balancers:
    """All load balancers that one connection reaches, in any region."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def one(self, at: Forwarding) -> Forward:
        """What is forwarded there now. Raises ProviderError."""
        if at.rule:
            answer = await self._account.read(SERVICE, "describe_rules", region=at.region, RuleArns=[at.rule])
            return _forward(_by_arn(answer, "Rules", "RuleArn"), at)
        answer = await self._account.read(SERVICE, "describe_listeners", region=at.region, ListenerArns=[at.listener])
        return _forward(_by_arn(answer, "Listeners", "ListenerArn"), at)

    async def watched(self, wanted: Sequence[Forwarding]) -> dict[Forwarding, Forward | Trouble]:
        """What is forwarded at many places: one request a page for each load balancer, and for each listener whose
        rules are wanted. One that isn't there costs the others nothing."""
        listeners = {at.balancer: at for at in wanted if not at.rule}
        rules = {at.listener: at for at in wanted if at.rule}
        asked = [
            *(self._page(at, "describe_listeners", "LoadBalancerArn", name) for name, at in listeners.items()),
            *(self._page(at, "describe_rules", "ListenerArn", name) for name, at in rules.items()),
        ]
        found = dict(zip([*listeners, *rules], await asyncio.gather(*asked), strict=True))
        return {at: _seen(found[at.listener if at.rule else at.balancer], at) for at in wanted}

    async def tags(self, at: Forwarding) -> frozenset[str]:
        """The keys of the tags of a listener or rule, and of its load balancer; none where we may not ask."""
        try:
            answer = await self._account.read(
                SERVICE, "describe_tags", region=at.region, ResourceArns=[at.balancer, at.arn]
            )
            with reading(SERVICE):
                return frozenset(str(tag["Key"]) for one in listed(answer, "TagDescriptions") for tag in one["Tags"])
        except ProviderError:
            return frozenset()  # what they tell is a warning, so trouble with them stops nothing

    async def health(
        self, groups: Iterable[tuple[str, str]], *, watching: bool = False
    ) -> dict[str, GroupHealth | Trouble]:
        """How the targets of groups are, by ARN; a request for each, as AWS offers no other way.

        Args:
            groups: region and ARN of each.
        """
        distinct = list(dict.fromkeys(groups))
        found = await asyncio.gather(*(self._health(region, arn, watching) for region, arn in distinct))
        return {arn: health for (_, arn), health in zip(distinct, found, strict=True)}

    async def _health(self, region: str, arn: str, watching: bool) -> GroupHealth | Trouble:
        try:
            answer = await self._account.read(
                SERVICE, "describe_target_health", region=region, watching=watching, TargetGroupArn=arn
            )
            with reading(SERVICE):
                return group_health(answer)
        except ProviderError as error:
            if error.trouble.code in _NOT_TOLD:
                return GroupHealth(said=f"health unknown: {error.trouble.message}")
            return error.trouble

    async def _page(self, at: Forwarding, operation: str, key: str, arn: str) -> Mapping[str, Document] | Trouble:
        """All listeners of a load balancer or all rules of a listener, by ARN."""
        name, own = ("Rules", "RuleArn") if at.rule else ("Listeners", "ListenerArn")
        found: dict[str, Document] = {}
        marker: dict[str, str] = {}
        try:
            while True:
                answer = await self._account.read(
                    SERVICE, operation, region=at.region, watching=True, **{key: arn}, PageSize=PAGE, **marker
                )
                found |= _by_arn(answer, name, own)
                if not answer.get("NextMarker"):
                    return found
                marker = {"Marker": str(answer["NextMarker"])}
        except ProviderError as error:
            return error.trouble


def _by_arn(answer: Document, name: str, key: str) -> dict[str, Document]:
    with reading(SERVICE):
        return {str(one[key]): one for one in listed(answer, name)}


def _seen(found: Mapping[str, Document] | Trouble, at: Forwarding) -> Forward | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return _forward(found, at)
    except ProviderError as error:
        return error.trouble


def _forward(found: Mapping[str, Document], at: Forwarding) -> Forward:
    """Raises ProviderError."""
    what = "rule" if at.rule else "listener"
    document = found.get(at.arn)
    if document is None:
        raise ProviderError("not_found", f"there is no such {what}", "check arn: it changes when one is made anew")
    if document.get("IsDefault"):
        hint = f"name the listener instead: {at.listener}"
        raise ProviderError("misconfigured", "this is the default rule, which only its listener can change", hint)
    with reading(SERVICE):
        return forward_of(list(listed(document, "Actions" if at.rule else "DefaultActions")), f"this {what}")
