"""Rollouts with the strategy blueGreen as a SlotHost: a swap is a promotion.

Production is what the active service leads to, staging the version that waits behind the preview service (Argo Rollouts
documentation, "BlueGreen Deployment Strategy"). A promotion takes the pause away, in one merge patch of `/status` as
the kubectl plugin sends it, on the condition that nothing has changed since it was read; the controller then leads the
active service to the new pods. Sent twice the condition fails the second time.

It goes one way: afterwards both services lead to the new version, and the former one is taken down after
`scaleDownDelaySeconds` (30 unless it is declared). The way back is a new update to the image before; so the survey
forbids to count on a swap back, instead of making one up.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Reading, SlotReading, SlotsReading
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import Observed, Progress, ProviderError, Receipt, Refused, SwapSurvey
from quarterdeck.providers.kubernetes.cluster import MERGE, Cluster
from quarterdeck.providers.kubernetes.reading import RolloutReader
from quarterdeck.providers.kubernetes.rollouts import GROUP, RESOURCE, Rollout
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.settlement import Settlement
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP, FORBIDS_SWAP_BACK

PRODUCTION, STAGING = "production", "staging"

SCALE_DOWN_SECONDS = 30
"""The default of `scaleDownDelaySeconds`."""

SWAP_SECONDS = 5.0
"""About what a controller needs when the pods are there: one round of its work, and the rules of every node."""

LOOK_SECONDS = 2.0
"""Between two looks at a controller at work."""


class BlueGreen:
    """The blue-green Rollouts of one cluster."""

    source = "argo rollouts"

    def __init__(self, cluster: Cluster, reader: RolloutReader) -> None:
        self._cluster = cluster
        self._reader = reader

    async def observe(self, places: Sequence[Place]) -> Observed:
        """Two lists for each namespace."""
        found = await self._reader.many(places)
        return {subject: _seen(one) for subject, one in found.items()}

    async def survey_swap(self, address: Address, source: str, destination: str) -> SwapSurvey:
        if (source.lower(), destination.lower()) != (STAGING, PRODUCTION):
            message = f"{source} can't go into {destination}: a promotion brings {STAGING} into {PRODUCTION}"
            raise ProviderError("not_found", message, f"the version that waits is {STAGING}")
        rollout = require_blue_green(await self._reader.one(address))
        production, staging = slots_of(rollout).slots
        return SwapSurvey(
            staging,
            production,
            risks=tuple(risks_of(rollout)),
            seconds=SWAP_SECONDS,
            facts={"waits": rollout.preview},
        )

    async def permitted(self, address: Address) -> bool | None:
        parts = address.parts
        return await self._cluster.may("patch", GROUP, RESOURCE, parts["namespace"], parts["rollout"], "status")

    async def send(self, step: Step) -> Receipt:
        """Take the pause away."""
        if step.verb != "swap":
            raise Refused("misconfigured", f"a blue-green Rollout can't {step.verb}: Argo has its preview up already")
        try:
            rollout = require_blue_green(await self._reader.one(step.address))
        except ProviderError as error:
            raise error.before_sending() from None
        settlement = settled(step, rollout)
        if settlement.state == "done":
            return Receipt()
        if settlement.state != "not_done":
            raise Refused("provider_error", f"it isn't as the plan saw it: {settlement.detail}", "plan again")
        if forbidden := next((risk for risk in risks_of(rollout) if risk.code == FORBIDS_SWAP), None):
            raise Refused("provider_error", f"nothing was sent: {forbidden.text}", forbidden.remedy)
        if rollout.of(rollout.preview).health == "unhealthy":
            raise Refused("provider_error", f"nothing was sent: no pod of {STAGING} can take clients")
        parts = step.address.parts
        path = self._reader.objects.path(parts["namespace"], parts["rollout"])
        further = {"metadata": {"resourceVersion": rollout.version}, "status": {"pauseConditions": None}}
        await self._cluster.patch(f"{path}/status", MERGE, further)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """The controller leads the service over when all pods are there."""
        settlement = await self.settle(step)
        if settlement.state in ("running", "not_done"):
            return Progress("running", settlement.detail, LOOK_SECONDS)
        return Progress("finished" if settlement.state == "done" else "failed", settlement.detail)

    async def settle(self, step: Step) -> Settlement:
        return settled(step, require_blue_green(await self._reader.one(step.address)))


def slots_of(rollout: Rollout) -> SlotsReading:
    """What serves, and what waits; staging is empty where nothing does."""
    declared = rollout.blue_green or {}
    active, preview = rollout.of(rollout.active), rollout.of(rollout.preview)
    waits = bool(rollout.preview) and rollout.preview != rollout.active
    by_itself = waits and declared.get("autoPromotionEnabled", True) is not False
    return SlotsReading(
        (
            SlotReading(
                PRODUCTION,
                active.build if rollout.active else None,
                health=active.health,
                host=str(declared.get("activeService") or ""),
            ),
            SlotReading(
                STAGING,
                preview.build if waits else None,
                health=preview.health if waits else "unknown",
                host=str(declared.get("previewService") or ""),
                auto_swap_to=PRODUCTION if by_itself else "",
            ),
        )
    )


def risks_of(rollout: Rollout) -> Iterator[Risk]:
    """What stands in the way of a promotion, and what it means."""
    declared = rollout.blue_green or {}
    if why := _obstacle(rollout):
        yield Risk("danger", FORBIDS_SWAP, *why)
    text = "Argo puts a new version behind the preview service by itself"
    yield Risk("info", FORBIDS_PREVIEW, text, "declare another image to get a preview of it")
    delay = declared.get("scaleDownDelaySeconds")
    seconds = delay if isinstance(delay, int) else SCALE_DOWN_SECONDS
    text = f"the former version is taken down {seconds} s after the promotion, and nothing swaps back to it"
    where = f"in the repository that {rollout.gitops} applies" if rollout.gitops else "(kubectl argo rollouts undo)"
    yield Risk("warning", FORBIDS_SWAP_BACK, text, f"to go back declare the image before {where}, then promote that")


def _obstacle(rollout: Rollout) -> tuple[str, str] | None:
    """Why it can't be promoted now, and what to do about it."""
    if not rollout.seen:
        return "the controller hasn't seen the last change of the declaration yet", "wait a moment, then plan again"
    if not rollout.preview or rollout.preview == rollout.active:
        return "no new version waits: active and preview are the same", "declare another image"
    if rollout.aborted:
        why = f" ({rollout.words})" if rollout.words else ""
        return f"the update is aborted{why}", "kubectl argo rollouts retry, or declare another image"
    if rollout.held:
        return "spec.paused is set", "whoever set it has to take it away first"
    if not rollout.pauses:
        return "it isn't waiting for anybody: it goes on by itself, or its pods aren't up yet", "wait, then plan again"
    return None


def settled(step: Step, rollout: Rollout) -> Settlement:
    """Where the active service leads decides; the pause tells whether the order has arrived."""
    wanted, before = str(step.after["destination_build"]), str(step.before["destination_build"])
    now = {"active": rollout.active, "preview": rollout.preview, "aborted": rollout.aborted}
    if rollout.active == wanted:
        return Settlement("done", "the active service leads to the new version", now)
    if rollout.active != before:
        return Settlement("changed_by_other", "the active service leads to yet another version", now)
    if rollout.preview != wanted:
        return Settlement("changed_by_other", "another version waits now", now)
    if rollout.aborted:
        why = f" ({rollout.words})" if rollout.words else ""
        return Settlement("changed_by_other", f"the update is aborted{why}", now)
    if rollout.pauses or rollout.held:
        return Settlement("not_done", "it still waits", now)
    return Settlement("running", "the controller is at work", now)


def require_blue_green(rollout: Rollout) -> Rollout:
    """The same one. Raises ProviderError (misconfigured) if it has another strategy."""
    if rollout.blue_green is None:
        message = f"{rollout.name} isn't blue-green: its strategy is canary"
        raise ProviderError("misconfigured", message, "declare it as traffic instead of slots")
    return rollout


def _seen(found: Rollout | Trouble) -> Reading | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return slots_of(require_blue_green(found))
    except ProviderError as error:
        return error.trouble
