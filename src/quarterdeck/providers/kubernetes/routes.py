"""HTTPRoutes of the Gateway API: how the backends of a rule divide its clients, and what their gateways say. Pure.

`weight` is a whole number from 0 to 1000000, 1 where none stands; a backend gets its part of the sum. Where all are 0,
clients get errors (Gateway API reference, "HTTPRoute", "BackendRef"). `status.parents` has what each gateway says about
the route: `Accepted`, `ResolvedRefs`, and of which generation of it. Whether pods are there behind a backend a route
doesn't know; the endpoints of its Service do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.weights import whole_weights
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.kubernetes.endpoints import Ready
from quarterdeck.release.plan import Risk
from quarterdeck.release.settlement import TOLERANCE
from quarterdeck.release.survey import Limits

GROUP, RESOURCE = "gateway.networking.k8s.io", "httproutes"

LIMITS = Limits(units=1000, smallest=0, largest=1_000_000)
"""A tenth of a percent is as fine as this program writes them."""

SUMS = (100, 1000)
"""What weights add up to that we write: percent, if that is fine enough."""

_ROLLOUTS = "rollouts.argoproj.io/gatewayapi-canary"
"""The label with which the Gateway API plugin of Argo Rollouts marks a route while it moves its weights."""


@dataclass(frozen=True, slots=True)
class Backend:
    """One of `backendRefs`; `at` is its place among them, `service` the Service of the route's own namespace that it is
    ("" if it is anything else)."""

    name: str
    weight: int
    at: int
    service: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """One of the rules of a route; `at` is its place."""

    at: int
    backends: tuple[Backend, ...]


def rule_of(document: Mapping[str, Any], wanted: str) -> Rule:
    """The rule that is meant: by its place or its name, or the only one ("").

    Raises:
        ProviderError: there is none, or it isn't clear which; or it has no backends.
    """
    rules = [one for one in _part(document, "spec").get("rules") or () if isinstance(one, Mapping)]
    at = _place(rules, wanted)
    refs = [one for one in rules[at].get("backendRefs") or () if isinstance(one, Mapping)]
    if not refs:
        message = f"rule {at} of the route has no backendRefs: it redirects, or answers with errors"
        raise ProviderError("misconfigured", message, "name a rule that leads to backends")
    plain = [clean(str(one.get("name") or "?"), 253) for one in refs]
    names = [
        name if plain.count(name) == 1 else f"{name}.{one.get('namespace', '')}:{one.get('port', '')}"
        for name, one in zip(plain, refs, strict=True)
    ]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        message = f"rule {at} of the route has the backend {twice[0]} twice: nothing tells them apart"
        raise ProviderError("misconfigured", message, "list it once, and give it more weight")
    named = enumerate(zip(names, refs, strict=True))
    return Rule(at, tuple(Backend(name, _weight(one), place, _service(one)) for place, (name, one) in named))


def services_of(rule: Rule) -> list[str]:
    """Those whose endpoints tell whether its backends can take clients."""
    return [backend.service for backend in rule.backends if backend.service]


def reading_of(document: Mapping[str, Any], rule: Rule, ready: Ready) -> TrafficReading:
    """How the clients of a rule are divided."""
    whole = sum(backend.weight for backend in rule.backends)
    accepted, words = standing(document)
    return TrafficReading(
        method="gateway api, by weight",
        destinations=tuple(
            Destination(
                one.name,
                100 * one.weight / whole if whole else 0.0,
                one.weight,
                True,
                _health(ready.get(one.service)) if accepted else "unhealthy",
                _count(ready.get(one.service)),
            )
            for one in rule.backends
        ),
        status=words if whole else "all weights are 0: clients get errors",
    )


def standing(document: Mapping[str, Any]) -> tuple[bool, str]:
    """Whether a gateway takes the route as it is now, and what they say, in words."""
    generation = _part(document, "metadata").get("generation")
    parents = [one for one in _part(document, "status").get("parents") or () if isinstance(one, Mapping)]
    if not parents:
        return True, "no gateway has said anything about it yet"
    told, taken = [], False
    for parent in parents:
        name = clean(str(_part(parent, "parentRef").get("name") or "?"), 60)
        conditions = {str(one.get("type")): one for one in parent.get("conditions") or () if isinstance(one, Mapping)}
        bad = [
            f"{kind}: {clean(str(one.get('reason') or one.get('message') or 'False'), 80)}"
            for kind in ("Accepted", "ResolvedRefs")
            if (one := conditions.get(kind)) is not None and one.get("status") == "False"
        ]
        refused = conditions.get("Accepted", {}).get("status") == "False"
        taken = taken or not refused
        old = any(one.get("observedGeneration") not in (None, generation) for one in conditions.values())
        word = "; ".join(bad) if bad else "hasn't seen the last change yet" if old else "accepted"
        told.append(f"{name} {word}" if not bad else f"{name}: {word}")
    return taken, clean(", ".join(told), 200)


def risks_of(document: Mapping[str, Any]) -> tuple[Risk, ...]:
    """What else is to be known before its weights are changed."""
    risks = []
    accepted, words = standing(document)
    if not accepted:
        text = f"no gateway takes this route: its weights have no effect ({words})"
        risks.append(Risk("danger", "not-accepted", text, "mend the route first"))
    elif "ResolvedRefs" in words:
        text = f"a gateway can't find all of its backends: clients of those get errors ({words})"
        risks.append(Risk("danger", "unresolved", text, "mend the route first"))
    if _ROLLOUTS in (_part(document, "metadata").get("labels") or {}):
        text = "Argo Rollouts moves the weights of this route right now, and would set them back"
        risks.append(Risk("danger", "argo-rollouts", text, "shift the rollout instead of the route"))
    return tuple(risks)


def patch_of(document: Mapping[str, Any], rule: Rule, shares: Mapping[str, float]) -> list[Mapping[str, Any]]:
    """A JSON patch that sets the weights which differ, and nothing else, if the route is still as it was read.

    Raises:
        ValueError: the shares can't be weights.
    """
    weights = whole_weights(shares, SUMS, TOLERANCE)
    version = str(_part(document, "metadata").get("resourceVersion") or "")
    condition = {"op": "replace", "path": "/metadata/resourceVersion", "value": version}
    where = f"/spec/rules/{rule.at}/backendRefs"
    return [
        condition,
        *(
            {"op": "add", "path": f"{where}/{one.at}/weight", "value": weights[one.name]}
            for one in rule.backends
            if weights[one.name] != one.weight
        ),
    ]


def _place(rules: Sequence[Mapping[str, Any]], wanted: str) -> int:
    names = [str(one.get("name") or "") for one in rules]
    if wanted in names and wanted:
        return names.index(wanted)
    if wanted.isdigit() and int(wanted) < len(rules):
        return int(wanted)
    if not wanted and len(rules) == 1:
        return 0
    there = clean(", ".join(name or str(at) for at, name in enumerate(names)), 200) or "none"
    message = f"the route has no rule {clean(wanted, 60)}" if wanted else f"the route has {len(rules)} rules"
    raise ProviderError("not_found" if wanted else "misconfigured", message, f"name one with rule: there are {there}")


def _health(ready: int | None) -> Health:
    if ready is None:
        return "unknown"
    return "healthy" if ready else "unhealthy"


def _count(ready: int | None) -> str:
    return "" if ready is None else f"{ready or 'no'} endpoint{'' if ready == 1 else 's'} ready"


def _service(entry: Mapping[str, Any]) -> str:
    """Names go into a selector: what Kubernetes wouldn't take as one is none."""
    name, own = str(entry.get("name") or ""), not entry.get("namespace") and not entry.get("group")
    plain = name.replace("-", "").isalnum() and len(name) <= 63
    return name if own and plain and entry.get("kind") in (None, "Service") else ""


def _weight(entry: Mapping[str, Any]) -> int:
    weight = entry.get("weight", 1)
    return weight if isinstance(weight, int) else 1


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = document.get(key)
    return found if isinstance(found, Mapping) else {}
