"""Rollouts with the strategy canary as a TrafficRouter between the version that serves and the one on its way.

A shift is an order to Argo's controller: one merge patch of `/status`, as its kubectl plugin sends them. It goes out
after a fresh read, and on the condition that nothing has changed since that (409 otherwise, so that it had no effect);
an abort goes out without it. Sent twice it does the same once: the condition fails, and an abort of what is aborted is
none. What became of it tells the controller's status, never the answer: orders can be ignored, as an abort is while a
full promotion is pending.
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, TrafficSurvey
from quarterdeck.providers.kubernetes.canary import (
    CANARY,
    facts_of,
    limits_of,
    moves,
    patch_of,
    reading_of,
    risks_of,
    settled,
)
from quarterdeck.providers.kubernetes.cluster import MERGE, Cluster
from quarterdeck.providers.kubernetes.reading import RolloutReader
from quarterdeck.providers.kubernetes.rollouts import GROUP, RESOURCE, Rollout
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import TOLERANCE, Settlement
from quarterdeck.release.splitting import would_be_unsafe

LOOK_SECONDS = 2.0
"""Between two looks at a controller at work: it needs seconds for pods, and milliseconds for a router."""


class Canaries:
    """The canaries of one cluster."""

    source = "argo rollouts"

    def __init__(self, cluster: Cluster, reader: RolloutReader) -> None:
        self._cluster = cluster
        self._reader = reader

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Two lists for each namespace."""
        found = await self._reader.many(places)
        return {subject: _seen(one) for subject, one in found.items()}

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        rollout = require_canary(await self._reader.one(address))
        return TrafficSurvey(reading_of(rollout), limits_of(rollout), risks_of(rollout), facts_of(rollout))

    async def permitted(self, address: Address) -> bool | None:
        parts = address.parts
        return await self._cluster.may("patch", GROUP, RESOURCE, parts["namespace"], parts["rollout"], "status")

    async def send(self, step: Step) -> Receipt:
        """Let it go on, promote in full, abort or try again: what leads to the share that is wanted."""
        if step.verb != "set_shares":
            raise Refused("misconfigured", f"a canary of Argo Rollouts can't {step.verb}")
        try:
            rollout = require_canary(await self._reader.one(step.address))
        except ProviderError as error:
            raise error.before_sending() from None
        settlement = settled(step, rollout)
        if settlement.state == "done":
            return Receipt()
        if settlement.state != "not_done":
            raise Refused("provider_error", f"it isn't where the plan saw it: {settlement.detail}", "plan again")
        if unsafe := would_be_unsafe(step, reading_of(rollout)):
            raise Refused("provider_error", f"nothing was sent: {unsafe}")
        share = float(step.change["shares"].get(CANARY, 0))
        possible, why = moves(rollout)
        move = next((move for to, move in possible.items() if abs(to - share) < TOLERANCE), None)
        if move is None:
            raise Refused("provider_error", f"{share:g}% can't be reached any more: {why}", "plan again")
        parts = step.address.parts
        path = self._reader.objects.path(parts["namespace"], parts["rollout"])
        await self._cluster.patch(f"{path}/status", MERGE, patch_of(move, rollout))
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """The controller goes on by itself until the share is in force."""
        settlement = await self.settle(step)
        if settlement.state in ("running", "not_done"):
            return Progress("running", settlement.detail, LOOK_SECONDS)
        return Progress("finished" if settlement.state == "done" else "failed", settlement.detail)

    async def settle(self, step: Step) -> Settlement:
        return settled(step, require_canary(await self._reader.one(step.address)))


def require_canary(rollout: Rollout) -> Rollout:
    """The same one. Raises ProviderError (misconfigured) if it has another strategy."""
    if rollout.canary is None:
        message = f"{rollout.name} is no canary: its strategy is blueGreen"
        raise ProviderError("misconfigured", message, "declare it as slots instead of traffic")
    return rollout


def _seen(found: Rollout | Trouble) -> Reading | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return reading_of(require_canary(found))
    except ProviderError as error:
        return error.trouble
