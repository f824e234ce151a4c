"""Weighted records of Route 53 as a TrafficRouter between their set identifiers.

A write is one change batch: all or nothing, and conditional on every record that it changes (`records.changes_to`).
What an emulator doesn't prove is the refusal itself: moto 5.2.5 takes a DELETE with any values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.aws.account import Account
from quarterdeck.providers.aws.arns import partition_of
from quarterdeck.providers.aws.permissions import Permissions
from quarterdeck.providers.aws.records import (
    NO_CHECKS,
    CheckHealth,
    Checks,
    Weighted,
    changes_to,
    difference,
    given_reading,
    planned_reading,
    risks,
)
from quarterdeck.providers.aws.zones import SERVICE, Wanted, Zones
from quarterdeck.providers.base import InDoubt, Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.shares import is_due
from quarterdeck.providers.turns import Turns
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_shares

A_ROUND = 5
"""Places with health checks read in one round: each check costs a request, and Amazon asks not to ask often."""

BETWEEN_LOOKS = 5.0
"""Seconds; a change is on all name servers within a minute as a rule."""


class WeightedRecords:
    """Whatever the hosted zones of an account divide by weight."""

    source = "aws route 53"

    def __init__(self, account: Account, permissions: Permissions) -> None:
        self._account = account
        self._zones = Zones(account)
        self._permissions = permissions
        self._turns = Turns(account.clock, A_ROUND)

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Zone by zone; those with health checks in turns."""
        at = {place.subject: _wanted(place.address) for place in places}
        found = await self._zones.watched(dict.fromkeys(at.values()))
        checked = [place for place in places if _checks(found[at[place.subject]])]
        chosen = self._turns.next(checked)
        asked = dict.fromkeys(check for place in chosen for check in _checks(found[at[place.subject]]))
        health = await self._zones.health(list(asked), watching=True)
        waiting = {place.subject for place in checked} - {place.subject for place in chosen}
        return {subject: _seen(found[at[subject]], health) for subject in at if subject not in waiting}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        weighted, checks = await self._now(address)
        if disagree := difference(weighted):
            raise ProviderError("misconfigured", disagree, "bring them to the same weights first, or list one type")
        return TrafficSurvey(planned_reading(weighted, checks), weighted.limits, (*risks(weighted, checks),))

    async def permitted(self, address: Address) -> bool | None:
        try:
            partition = partition_of(await self._account.identity())
        except ProviderError:
            return None
        zone = f"arn:{partition}:route53:::hostedzone/{address.parts['zone']}"
        return await self._permissions.may("route53:ChangeResourceRecordSets", zone)

    async def send(self, step: Step) -> Receipt:
        """One change batch with whatever differs; nothing is sent if nothing does.

        Sent once, and repeatable: the batch deletes what it has read, so that a second one finds nothing to do.
        """
        try:
            weighted, checks = await self._now(step.address)
        except ProviderError as error:
            raise error.before_sending() from None
        if disagree := difference(weighted):
            raise Refused("provider_error", f"nothing was sent: {disagree}", "bring them to the same weights first")
        if not is_due(step, planned_reading(weighted, checks)):
            return Receipt()
        changes = changes_to(weighted, step.change["shares"])
        answer = await self._account.write(
            SERVICE,
            "change_resource_record_sets",
            HostedZoneId=step.address.parts["zone"],
            ChangeBatch={"Comment": "quarterdeck", "Changes": changes},
        )
        try:
            change = clean(str(answer["ChangeInfo"]["Id"]), 80)
        except (KeyError, TypeError):
            raise InDoubt("garbage", "Route 53 took the change and gave no id for it") from None
        return Receipt(change.removeprefix("/change/"), change)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Whether all name servers have the change."""
        try:
            answer = await self._account.read(SERVICE, "get_change", Id=receipt.token)
        except ProviderError as error:
            if error.trouble.code != "forbidden":
                raise
            # The records themselves are read back all the same; only the name servers can't be waited for.
            return Progress("finished", f"not told whether all name servers have it: {error.trouble.hint}")
        if answer.get("ChangeInfo", {}).get("Status") == "INSYNC":
            return Progress("finished", "all name servers have it")
        return Progress("running", "on its way to the name servers", BETWEEN_LOOKS)

    async def settle(self, step: Step) -> Settlement:
        weighted = await self._zones.one(_wanted(step.address))
        if disagree := difference(weighted):
            return Settlement("changed_by_other", disagree)
        return settle_shares(step, planned_reading(weighted, NO_CHECKS))

    async def _now(self, address: Address) -> tuple[Weighted, Checks]:
        """The records, and how what is behind them is. Raises ProviderError."""
        weighted = await self._zones.one(_wanted(address))
        return weighted, _told(weighted, await self._zones.health(weighted.checks))


def _wanted(address: Address) -> Wanted:
    parts = address.parts
    return Wanted(parts["zone"], parts["name"], tuple(json.loads(parts["type"])))


def _checks(found: Weighted | Trouble) -> tuple[str, ...]:
    return () if isinstance(found, Trouble) else found.checks


def _seen(found: Weighted | Trouble, health: Mapping[str, CheckHealth | Trouble]) -> Reading | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return given_reading(found, _told(found, health))
    except ProviderError as error:
        return error.trouble


def _told(weighted: Weighted, health: Mapping[str, CheckHealth | Trouble]) -> Checks:
    """What the checks say. Raises ProviderError if one of them couldn't be asked."""
    told = {}
    for check in weighted.checks:
        its = health[check]
        if isinstance(its, Trouble):
            raise ProviderError(its.code, its.message, its.hint)
        told[check] = its
    return told
