"""An Application Load Balancer as a TrafficRouter between target groups.

AWS has no compare-and-set here: ModifyListener and ModifyRule take the whole list of actions, and the last one who
writes wins (API reference of Elastic Load Balancing v2: neither has a condition). So each write reads right before it,
goes nowhere unless the split is what the plan has seen or already what is wanted, and gives back everything else as it
was read. Between that reading and the write there are a few milliseconds in which somebody else's change would be lost;
reading back afterwards tells. Weights are absolute, so that a write repeated changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.aws.account import Account
from quarterdeck.providers.aws.arns import Forwarding, forwarding_of
from quarterdeck.providers.aws.balancers import SERVICE, Balancers
from quarterdeck.providers.aws.forwarding import (
    Forward,
    Group,
    GroupHealth,
    actions_with,
    risks,
    traffic_reading,
    wanted_weights,
)
from quarterdeck.providers.aws.permissions import Permissions
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, TrafficSurvey
from quarterdeck.providers.shares import is_due
from quarterdeck.providers.turns import Turns
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares

A_ROUND = 20
"""Places read in one round: the health of each of their groups costs a request, up to five a place."""


class TargetGroups:
    """Whatever the listeners and rules of an account forward by weight."""

    source = "aws elastic load balancing"

    def __init__(self, account: Account, permissions: Permissions) -> None:
        self._account = account
        self._balancers = Balancers(account)
        self._permissions = permissions
        self._turns = Turns(account.clock, A_ROUND)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """In turns. Listeners of a load balancer, and rules of a listener, come together; health one by one."""
        chosen = self._turns.next(places)
        at = {place.subject: forwarding_of(place.address.parts["arn"]) for place in chosen}
        found = await self._balancers.watched(list(dict.fromkeys(at.values())))
        groups = [(where.region, group.arn) for where, its in found.items() for group in _groups(its)]
        health = await self._balancers.health(groups, watching=True)
        return {subject: _seen(found[where], health) for subject, where in at.items()}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        (_, forward, health), tags = await asyncio.gather(
            self._now(address), self._balancers.tags(forwarding_of(address.parts["arn"]))
        )
        reading = traffic_reading(forward, health)
        return TrafficSurvey(reading, forward.limits, (*risks(reading, tags),))

    async def permitted(self, address: Address) -> bool | None:
        at = forwarding_of(address.parts["arn"])
        action = "elasticloadbalancing:ModifyRule" if at.rule else "elasticloadbalancing:ModifyListener"
        return await self._permissions.may(action, at.arn)

    async def send(self, step: Step) -> Receipt:
        """Replace the actions of the listener or rule by the same ones with other weights; nothing if they have them.

        Sent once, and repeatable: the same weights again are the same split.
        """
        try:
            at, forward, health = await self._now(step.address)
        except ProviderError as error:
            raise error.before_sending() from None
        if not is_due(step, traffic_reading(forward, health)):
            return Receipt()
        actions = actions_with(forward, wanted_weights(forward, step.change["shares"]))
        if at.rule:
            change = self._account.write(SERVICE, "modify_rule", region=at.region, RuleArn=at.rule, Actions=actions)
        else:
            change = self._account.write(
                SERVICE, "modify_listener", region=at.region, ListenerArn=at.listener, DefaultActions=actions
            )
        answer = await change
        return Receipt(clean(str(answer.get("ResponseMetadata", {}).get("RequestId") or ""), 80))

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """The rule is changed with the answer."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        forward = await self._balancers.one(forwarding_of(step.address.parts["arn"]))
        return settle_shares(step, traffic_reading(forward, {}))

    async def _now(self, address: Address) -> tuple[Forwarding, Forward, dict[str, GroupHealth]]:
        """What is forwarded, and how its targets are. Raises ProviderError."""
        at = forwarding_of(address.parts["arn"])
        forward = await self._balancers.one(at)
        health = await self._balancers.health([(at.region, group.arn) for group in forward.groups])
        return at, forward, _told(forward, health)


def _groups(found: Forward | Trouble) -> Sequence[Group]:
    return () if isinstance(found, Trouble) else found.groups


def _seen(found: Forward | Trouble, health: Mapping[str, GroupHealth | Trouble]) -> Reading | Trouble:
    """A place whose groups couldn't be asked keeps what was known of it, with its age."""
    if isinstance(found, Trouble):
        return found
    try:
        return traffic_reading(found, _told(found, health))
    except ProviderError as error:
        return error.trouble


def _told(forward: Forward, health: Mapping[str, GroupHealth | Trouble]) -> dict[str, GroupHealth]:
    """How the groups are. Raises ProviderError if one of them couldn't be asked."""
    told = {}
    for group in forward.groups:
        its = health[group.arn]
        if isinstance(its, Trouble):
            raise ProviderError(its.code, its.message, its.hint)
        told[group.arn] = its
    return told
