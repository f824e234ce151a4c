"""The forward action of a listener or a rule as a split of traffic. Pure.

Documents are those of the API reference of Elastic Load Balancing v2: a rule, or the default of a listener, has exactly
one action that ends it (forward, redirect or fixed-response), after actions that sign people in. A forward action goes
to one target group, or by weights from 0 to 999 to up to five (`ForwardActionConfig`, `TargetGroupTuple`; quotas of
Application Load Balancers).

Weights don't look at health: a group whose targets are all unhealthy keeps its share, and its targets get it all the
same; one without any target answers 503 (Application Load Balancers, "Target group health", "Troubleshoot").
"""

from __future__ import annotations

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.aws.arns import target_group_name
from quarterdeck.providers.aws.documents import Document, listed
from quarterdeck.providers.aws.weights import shares_of, weights_for
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import Limits

LARGEST = 999
MOST_GROUPS = 5

_UNDECIDED = frozenset({"initial", "unavailable", "unused"})
"""States of a target that has no health (yet): just registered, its checks switched off, or not in use."""

_KEEPERS = {
    ".k8s.aws/cluster": "the AWS Load Balancer Controller of a Kubernetes cluster",
    "aws:cloudformation:stack-name": "CloudFormation",
}
"""Who tags what it looks after, by the ends of the tags' keys (the controller's published policy names
`elbv2.k8s.aws/cluster`, older ones `ingress.k8s.aws/cluster`; CloudFormation User Guide, "Resource tag")."""


@dataclass(frozen=True, slots=True)
class Group:
    """A target group that gets traffic by weight."""

    arn: str
    name: str
    weight: int


@dataclass(frozen=True, slots=True)
class Forward:
    """What is forwarded where.

    Attributes:
        actions: all actions as they were read, in their order.
        lag: seconds that a client is kept at the group that it got first.
    """

    actions: tuple[Document, ...]
    groups: tuple[Group, ...]
    lag: float = 0

    @property
    def shares(self) -> dict[str, float]:
        """Percent of new clients by the name of a group."""
        return shares_of({group.name: group.weight for group in self.groups})

    @property
    def limits(self) -> Limits:
        """Tenths of a percent. Weights of 0 to 999 hold each of them: 999 and 1, or 0 and any."""
        return Limits(units=1000, smallest=0, largest=LARGEST, atomic=True, lag=self.lag)


@dataclass(frozen=True, slots=True)
class GroupHealth:
    """Of the targets of a group. `said` in words."""

    health: Health = "unknown"
    said: str = ""


def forward_of(actions: Sequence[Document], where: str) -> Forward:
    """What the forward action among these says.

    Raises:
        ProviderError: misconfigured, there is none.
        KeyError, TypeError, ValueError: the documents aren't those of the API reference.
    """
    forwards = [action for action in actions if action["Type"] == "forward"]
    if not forwards:
        kinds = ", ".join(clean(str(action["Type"]), 40) for action in actions) or "nothing"
        message = f"{where} doesn't forward to target groups (its actions: {kinds})"
        raise ProviderError("misconfigured", message, "name a listener or a rule that forwards by weight")
    (forward,) = forwards
    about = forward.get("ForwardConfig") or {}
    tuples = list(listed(about, "TargetGroups")) if about.get("TargetGroups") else []
    if not tuples:  # the short form, for a single group
        tuples = [{"TargetGroupArn": forward["TargetGroupArn"]}]
    sticky = about.get("TargetGroupStickinessConfig") or {}
    lag = float(sticky.get("DurationSeconds") or 0) if sticky.get("Enabled") else 0.0
    return Forward(tuple(actions), tuple(map(_group, tuples)), lag)


def actions_with(forward: Forward, weights: Mapping[str, int]) -> list[Document]:
    """All actions with other weights, and else as they were read.

    What is read of an action that signs people in lacks the client secret: it is kept by saying so (API reference,
    `AuthenticateOidcActionConfig`). An action that names a single group can't name two, so the name goes.
    """
    actions = copy.deepcopy(list(forward.actions))
    for action in actions:
        if sign_in := action.get("AuthenticateOidcConfig"):
            sign_in.pop("ClientSecret", None)
            sign_in["UseExistingClientSecret"] = True
        if action["Type"] == "forward":
            action.pop("TargetGroupArn", None)
            config = action.setdefault("ForwardConfig", {})
            config["TargetGroups"] = [
                {"TargetGroupArn": group.arn, "Weight": weights[group.name]} for group in forward.groups
            ]
    return actions


def wanted_weights(forward: Forward, shares: Mapping[str, Any]) -> dict[str, int]:
    """The weights that these shares need, checked as AWS would, and as an emulator may not.

    Raises:
        Refused: no weights divide so, or there are too many groups.
    """
    if len(forward.groups) > MOST_GROUPS:
        raise Refused("misconfigured", f"nothing was sent: a rule has at most {MOST_GROUPS} target groups")
    weights = weights_for({name: float(share) for name, share in shares.items()}, LARGEST)
    if weights is None:
        told = ", ".join(f"{clean(name, 60)} {float(share):g}%" for name, share in shares.items())
        raise Refused("misconfigured", f"nothing was sent: no weights from 0 to {LARGEST} divide so: {told}")
    return weights


def group_health(answer: Document) -> GroupHealth:
    """What an answer to DescribeTargetHealth amounts to. Raises KeyError and TypeError for garbage.

    One healthy target makes a group healthy, as long as its attributes don't ask for more ("Target group health").
    """
    states = [str(one["TargetHealth"]["State"]) for one in listed(answer, "TargetHealthDescriptions")]
    counted = [state for state in states if state != "draining"]
    well = counted.count("healthy")
    said = f"{well}/{len(counted)} healthy" if counted else "no targets"
    if well:
        return GroupHealth("healthy", said)
    return GroupHealth("unknown" if _UNDECIDED & set(counted) else "unhealthy", said)


def traffic_reading(forward: Forward, health: Mapping[str, GroupHealth]) -> TrafficReading:
    """The split of new clients. `health` by the ARN of a group."""
    shares = forward.shares
    destinations = tuple(
        Destination(
            name=group.name,
            share=shares[group.name],
            weight=group.weight,
            health=health.get(group.arn, GroupHealth()).health,
            status=health.get(group.arn, GroupHealth()).said,
        )
        for group in forward.groups
    )
    nobody = "" if any(shares.values()) else "all weights are 0: nothing is forwarded"
    return TrafficReading("weighted target groups", destinations, lag=forward.lag, status=nobody, kept_by="cookie")


def risks(reading: TrafficReading, tags: Collection[str]) -> Iterator[Risk]:
    """What has to be known before this split is changed.

    Args:
        tags: keys of the tags of the listener or rule, and of its load balancer.
    """
    for keeper in sorted({keeper for tag in tags for end, keeper in _KEEPERS.items() if tag.endswith(end)}):
        text = f"{keeper} made this and sets it as it has it declared: it may take a change back at any time"
        yield Risk("warning", "kept-by-others", text, "change it there instead, or stop that while the release runs")
    for one in reading.destinations:
        if one.share > 0 and one.health == "unhealthy":
            text = f"{one.name} has {one.share:.4g}% of new clients and {one.status}: weights don't look at health"
            yield Risk("warning", "no-failover", text, "take its share away, or mend its targets")


def _group(document: Mapping[str, Any]) -> Group:
    arn = str(document["TargetGroupArn"])
    name = target_group_name(arn)
    if not name:
        raise ValueError("no ARN of a target group")
    return Group(arn, name, int(document.get("Weight", 1)))
