"""From a flag as it is to the instructions of a semantic patch that make it as wanted. Pure.

A semantic patch is one write, however many instructions it holds: "If any instruction in the patch encounters an
error, the endpoint returns an error and will not change the resource" (LaunchDarkly's overview, "Updates using semantic
patch"). Only what differs is named, so that everything else stays as it is: other rules, targets, prerequisites.

A rollout that changes goes on drawing by whom it drew by: without `rolloutContextKind` LaunchDarkly would take users
("defaults to `user`"), and other people would see the flag from then on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.launchdarkly.documents import WHOLE, Flag, Groups, Serving
from quarterdeck.release.plan import Facts

_NEARLY = 1e-6
"""Weights that are no difference but that of binary fractions."""


def instructions(flag: Flag, wanted: Facts, groups: Groups) -> tuple[dict[str, Any], ...]:
    """What to send, in this order.

    Args:
        wanted: `enabled`, `percent` and `audience` (see `release/settlement.py`).

    Raises:
        ProviderError: misconfigured, if that can't be said of this flag in LaunchDarkly.
    """
    rules = tuple(_rules(flag, wanted, groups))
    if wanted["enabled"] and not flag.on:
        return (*rules, {"kind": "turnFlagOn"})
    if flag.on and not wanted["enabled"]:
        return ({"kind": "turnFlagOff"}, *rules)
    return rules


def new_groups(flag: Flag, wanted: Facts, groups: Groups) -> tuple[str, ...]:
    """The groups that will get a rule."""
    now = flag.groups(groups)
    return tuple(group for group in wanted["audience"] if group not in now)


def _rules(flag: Flag, wanted: Facts, groups: Groups) -> Iterator[dict[str, Any]]:
    limits, on = flag.limits, flag.on_variation
    everybody = wanted["percent"]
    if everybody is not None and everybody != flag.fallthrough.percent(on):
        if not limits.percent:
            raise ProviderError("misconfigured", f"flag {flag.key}: {limits.why}")
        serving = _serve(flag, flag.fallthrough, everybody, groups.kind)
        yield {"kind": "updateFallthroughVariationOrRollout", **serving}
    now, then = flag.groups(groups), wanted["audience"]
    if not limits.audience and {group: rule.serving.percent(on) for group, rule in now.items()} != then:
        raise ProviderError("misconfigured", f"flag {flag.key}: {limits.why}")
    for group, rule in now.items():
        if group not in then:
            yield {"kind": "removeRule", "ruleId": rule.id}
        elif then[group] != rule.serving.percent(on):
            serving = _serve(flag, rule.serving, then[group], groups.kind)
            yield {"kind": "updateRuleVariationOrRollout", "ruleId": rule.id, **serving}
    for group in new_groups(flag, wanted, groups):
        serving = _serve(flag, Serving({}), then[group], groups.kind)
        yield {"kind": "addRule", "clauses": [groups.clause(group)], **serving}


def _serve(flag: Flag, now: Serving, percent: float, kind: str) -> dict[str, Any]:
    weight = _weight(percent)
    if not now.rollout and weight in (0, WHOLE):
        return {"variationId": flag.variations[flag.on_variation if weight else flag.off_variation]}
    weights = dict.fromkeys(flag.variations, 0)
    weights[flag.variations[flag.on_variation]] = weight
    weights[flag.variations[flag.off_variation]] = WHOLE - weight
    # A rollout that doesn't say is from the time before there were other contexts than users.
    drawn = {"rolloutContextKind": (now.kind or "user") if now.rollout else kind}
    if now.bucket_by:
        drawn["rolloutBucketBy"] = now.bucket_by
    return {"rolloutWeights": weights, **drawn}


def _weight(percent: float) -> int:
    exact = percent * (WHOLE / 100)
    weight = round(exact)
    if abs(exact - weight) > _NEARLY or not 0 <= weight <= WHOLE:
        message = f"{percent:g}% can't be said in LaunchDarkly: it takes thousandths of a percent from 0 to 100"
        raise ProviderError("misconfigured", message, "give a coarser percentage")
    return weight
