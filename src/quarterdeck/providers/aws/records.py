"""Weighted records of Route 53 as a split of traffic. Pure.

Documents are those of Route 53's API reference (`ResourceRecordSet`); weights are whole numbers from 0 to 255, a client
gets a record in proportion to its weight (Developer Guide, "Weighted routing"), and:

- If all weights are 0, all records are given with equal probability.
- A record whose health check fails isn't given. Records of weight 0 are given only when all others have failed; when
  all have failed, all count as healthy.
- A check counts as healthy while more than 18% of its checkers say so ("How Amazon Route 53 determines whether a health
  check is healthy").
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.aws.documents import Document, listed
from quarterdeck.providers.aws.weights import shares_of, weights_for
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.plan import Risk
from quarterdeck.release.settlement import TOLERANCE
from quarterdeck.release.survey import Limits

LARGEST = 255
ALIAS_TTL = 60.0
"""Seconds that answers of an alias are kept: that of load balancers, which say it themselves (Developer Guide)."""

HEALTHY_ABOVE = 0.18

_NOT_OBSERVED = frozenset({"CALCULATED", "CLOUDWATCH_METRIC", "RECOVERY_CONTROL"})
"""Types of health checks that no checker of Route 53 reports on."""


@dataclass(frozen=True, slots=True)
class CheckHealth:
    """What a health check says. `said` in words."""

    health: Health = "unknown"
    said: str = "no check"


Checks = Mapping[str, CheckHealth]
"""By the id of a health check."""

NO_CHECKS: Checks = {}


@dataclass(frozen=True, slots=True)
class Weighted:
    """All weighted records of one name: for each type, the document of each set identifier."""

    name: str
    sets: Mapping[str, Mapping[str, Document]]

    @property
    def checks(self) -> tuple[str, ...]:
        """The ids of all health checks that matter here."""
        found = (one.get("HealthCheckId") for its in self.sets.values() for one in its.values())
        return tuple(dict.fromkeys(str(check) for check in found if check))

    @property
    def lag(self) -> float:
        """Seconds that resolvers may keep an answer."""
        records = [one for its in self.sets.values() for one in its.values()]
        return max(ALIAS_TTL if one.get("AliasTarget") else float(one["TTL"]) for one in records)

    @property
    def limits(self) -> Limits:
        """Halves of a percent: weights of 0 to 255 hold each of them."""
        return Limits(units=200, smallest=0, largest=LARGEST, atomic=True, lag=self.lag)

    @property
    def shares(self) -> dict[str, float]:
        """Percent by set identifier, as the weights of the first type say; health is left out."""
        return _by_weight(_weights(next(iter(self.sets.values()))))


def plain_name(name: str) -> str:
    """A name as people write it: Route 53 writes `*` as `\\052`, and ends names with a dot."""
    unescaped = re.sub(r"\\(\d{3})", lambda found: chr(int(found[1], 8)), name)
    return unescaped.lower().rstrip(".")


def weighted_of(name: str, sets: Mapping[str, Sequence[Document]]) -> Weighted:
    """The weighted records of a name.

    Args:
        sets: for each type that is wanted, all records of that name and type.

    Raises:
        ProviderError: not_found or misconfigured.
        KeyError, TypeError, ValueError: the documents aren't those of the API reference.
    """
    for kind, documents in sets.items():
        if not documents:
            raise ProviderError("not_found", f"there is no {kind} record {name} in this zone", "check name and type")
        if any("Weight" not in one or "SetIdentifier" not in one for one in documents):
            hint = "give the records of this name weights and set identifiers"
            raise ProviderError("misconfigured", f"{kind} {name} isn't divided by weight", hint)
        if any(one.get("TrafficPolicyInstanceId") for one in documents):
            message = f"{kind} {name} belongs to a traffic policy, which would set it back"
            raise ProviderError("misconfigured", message, "change the traffic policy instead")
        if odd := [one for one in documents if str(one["SetIdentifier"]) != clean(str(one["SetIdentifier"]), 128)]:
            message = f"{kind} {name} has a set identifier that can't be shown as it is: {odd[0]['SetIdentifier']!a}"
            raise ProviderError("misconfigured", message, "give it a plain one: shares go by these names")
    found = Weighted(name, {kind: {str(one["SetIdentifier"]): one for one in its} for kind, its in sets.items()})
    given_reading(found, NO_CHECKS)  # so that what can't be understood is told here, and nowhere later
    return found


def difference(weighted: Weighted) -> str:
    """Where the types disagree, as a sentence; "" if they don't."""
    (first, reference), *others = ((kind, _by_weight(_weights(its))) for kind, its in weighted.sets.items())
    for kind, shares in others:
        for name in dict.fromkeys((*reference, *shares)):
            one, other = reference.get(name, 0.0), shares.get(name, 0.0)
            if (name in reference) != (name in shares) or abs(one - other) >= TOLERANCE:
                told = f"{first} gives it {one:.4g}%, {kind} {other:.4g}%"
                return f"the types of {weighted.name} disagree about {clean(name, 60)}: {told}"
    return ""


def planned_reading(weighted: Weighted, checks: Checks) -> TrafficReading:
    """The split as the weights say, whatever the health: what a plan changes, and settling compares."""
    return _reading(weighted, checks, weighted.shares)


def given_reading(weighted: Weighted, checks: Checks) -> TrafficReading:
    """The split of new answers, with what failing health checks take out; the mean where types disagree."""
    each = [_given(its, checks) for its in weighted.sets.values()]
    names = dict.fromkeys(name for shares in each for name in shares)
    return _reading(weighted, checks, {name: sum(its.get(name, 0.0) for its in each) / len(each) for name in names})


def risks(weighted: Weighted, checks: Checks) -> Iterator[Risk]:
    """What has to be known before this split is changed."""
    meant, given = weighted.shares, {d.name: d.share for d in given_reading(weighted, checks).destinations}
    off = [
        f"{clean(name, 60)} {meant.get(name, 0):.4g}% -> {share:.4g}%"
        for name, share in given.items()
        if abs(share - meant.get(name, 0)) >= TOLERANCE
    ]
    if off:
        text = f"health checks fail, so that answers aren't divided by the weights: {', '.join(off)}"
        yield Risk("warning", "failing-checks", text)
    unchecked = [name for name, one in next(iter(weighted.sets.values())).items() if not _is_checked(one)]
    if unchecked:
        told = ", ".join(clean(name, 60) for name in unchecked)
        yield Risk("info", "unchecked", f"{told}: no health check, so it is given whether it serves or not")


def changes_to(weighted: Weighted, shares: Mapping[str, Any]) -> list[Document]:
    """The change batch that gives the records of all types the weights of these shares.

    Each record that changes is deleted exactly as it was read, and created with its new weight: a batch is carried out
    as a whole or not at all, and a DELETE whose values aren't the current ones is refused (API reference,
    ChangeResourceRecordSets). So nothing is written over that somebody changed meanwhile.

    Raises:
        Refused: no weights divide so.
    """
    weights = weights_for({name: float(share) for name, share in shares.items()}, LARGEST)
    if weights is None or not any(weights.values()):
        told = ", ".join(f"{clean(name, 60)} {float(share):g}%" for name, share in shares.items())
        raise Refused("misconfigured", f"nothing was sent: no weights from 0 to {LARGEST} divide so: {told}")
    old = [
        (document, weights[name])
        for its in weighted.sets.values()
        for name, document in its.items()
        if document["Weight"] != weights[name]
    ]
    return [
        *({"Action": "DELETE", "ResourceRecordSet": document} for document, _ in old),
        *({"Action": "CREATE", "ResourceRecordSet": {**document, "Weight": weight}} for document, weight in old),
    ]


def check_health(config: Mapping[str, Any], answer: Document) -> CheckHealth:
    """What the checkers of a health check report amounts to. Raises KeyError and TypeError for garbage."""
    if config.get("Disabled"):
        return CheckHealth("unknown", "check disabled: counts as healthy")
    if config.get("Inverted") or config.get("Type") in _NOT_OBSERVED:
        return CheckHealth("unknown", "check inverted" if config.get("Inverted") else "check of another kind")
    said = [str(one["StatusReport"]["Status"]) for one in listed(answer, "HealthCheckObservations")]
    if not said:
        return CheckHealth("unknown", "not checked yet")
    well = sum(status.startswith("Success") for status in said)
    told = f"{well}/{len(said)} checkers say healthy"
    return CheckHealth("healthy" if well / len(said) > HEALTHY_ABOVE else "unhealthy", told)


def is_observed(config: Mapping[str, Any]) -> bool:
    """Whether checkers report on a health check, so that asking for its status tells anything."""
    return not (config.get("Disabled") or config.get("Inverted") or config.get("Type") in _NOT_OBSERVED)


def _reading(weighted: Weighted, checks: Checks, shares: Mapping[str, float]) -> TrafficReading:
    destinations = tuple(_destination(name, share, weighted, checks) for name, share in shares.items())
    first = _weights(next(iter(weighted.sets.values())))
    equally = "" if any(first.values()) else "all weights are 0: given equally"
    failed = all(d.health == "unhealthy" for d in destinations)
    status = "no record is healthy: all are given" if failed else equally
    return TrafficReading("weighted records", destinations, weighted.lag, status, drift=difference(weighted))


def _destination(name: str, share: float, weighted: Weighted, checks: Checks) -> Destination:
    documents = [its[name] for its in weighted.sets.values() if name in its]
    each = [_check_of(one, checks) for one in documents]
    weights = {int(one["Weight"]) for one in documents}
    return Destination(
        name=clean(name, 128),
        share=share,
        weight=weights.pop() if len(weights) == 1 else sum(int(one["Weight"]) for one in documents) / len(documents),
        health=_together(each),
        status=" / ".join(dict.fromkeys(one.said for one in each)),
        host=_host(documents[0]),
    )


def _is_checked(document: Document) -> bool:
    alias = document.get("AliasTarget") or {}
    return bool(document.get("HealthCheckId") or alias.get("EvaluateTargetHealth"))


def _check_of(document: Document, checks: Checks) -> CheckHealth:
    return checks.get(str(document.get("HealthCheckId") or ""), CheckHealth())


def _together(each: Sequence[CheckHealth]) -> Health:
    if any(one.health == "unhealthy" for one in each):
        return "unhealthy"
    return "healthy" if all(one.health == "healthy" for one in each) else "unknown"


def _host(document: Document) -> str:
    alias = document.get("AliasTarget")
    if alias:
        return clean(str(alias["DNSName"]).rstrip("."), 100)
    values = [str(one["Value"]) for one in document.get("ResourceRecords") or []]
    return clean(", ".join(values), 100)


def _given(its: Mapping[str, Document], checks: Checks) -> dict[str, float]:
    """Percent of new answers by set identifier."""
    weights = _weights(its)
    failed = {name for name, one in its.items() if _check_of(one, checks).health == "unhealthy"}
    well = {name: weight for name, weight in weights.items() if name not in failed} or weights
    return {**dict.fromkeys(its, 0.0), **_by_weight(well)}


def _weights(its: Mapping[str, Document]) -> dict[str, int]:
    return {name: int(one["Weight"]) for name, one in its.items()}


def _by_weight(weights: Mapping[str, int]) -> dict[str, float]:
    if any(weights.values()):
        return shares_of(weights)
    return dict.fromkeys(weights, 100 / len(weights))
