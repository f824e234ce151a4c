"""A flag in one environment of LaunchDarkly, read from its documents. Pure.

Who gets which variation (LaunchDarkly's documentation, "Flag evaluation rules in server-side SDKs"): while targeting is
off, everybody gets the off variation. While it is on, so does whoever doesn't meet the prerequisites; then the first
decides of: targets by key, the rules from top to bottom, the default rule ("fallthrough"). A rule or the default rule
serves one variation, or a rollout of several by weight.

So "sees it on" means: gets the on variation. That is the one whose value is true; of a flag that isn't boolean it is
the flag's default on variation, or the first ("Create a feature flag": "If omitted, the first and last variation").
Everybody else's percentage is the default rule's. A group is a rule with one clause that serves nothing but the on and
the off variation; its members get that rule's percentage, and the default rule's never.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from quarterdeck.fleet.readings import Audience, FlagReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.survey import FlagLimits

WHOLE = 100_000
"""What the weights of a rollout add up to: they are thousandths of a percent."""

STEP = 100 / WHOLE
"""The finest percentage."""

SEGMENT = "segmentMatch"
"""The attribute and the operator of a clause that asks for segments."""

DRIVEN = "an experiment or a rollout that LaunchDarkly drives itself"


@dataclass(frozen=True, slots=True)
class Serving:
    """What a rule serves: weights by index of the variation (none if it serves nothing). `kind` and `bucket_by` are
    whom a rollout draws by; "" where it doesn't say. `driven` is one that LaunchDarkly moves itself, or that draws
    others than ours would: an experiment, or a rollout with a seed of its own."""

    weights: Mapping[int, int]
    rollout: bool = False
    kind: str = ""
    bucket_by: str = ""
    driven: bool = False

    def percent(self, variation: int) -> float:
        """How many of those it is for get that variation."""
        return self.weights.get(variation, 0) / (WHOLE / 100)

    def only(self, *variations: int) -> bool:
        """Whether it serves these and nothing else, and LaunchDarkly leaves it to us."""
        others = any(weight for variation, weight in self.weights.items() if variation not in variations)
        return bool(self.weights) and not others and not self.driven


@dataclass(frozen=True, slots=True)
class Groups:
    """How clauses name groups: by segment, or by an attribute of a kind of context."""

    attribute: str | None
    kind: str

    def named(self, clause: Mapping[str, Any]) -> str | None:
        """The one group that a clause asks for."""
        values = clause.get("values")
        if clause.get("negate") is not False or not isinstance(values, list) or len(values) != 1:
            return None
        if self.attribute is None:
            mine = clause.get("op") == SEGMENT
        else:
            kind = clause.get("contextKind") or "user"
            mine = (clause.get("op"), clause.get("attribute"), kind) == ("in", self.attribute, self.kind)
        value = values[0]
        return value if mine and isinstance(value, str) and value and value == clean(value, 80) else None

    def clause(self, group: str) -> dict[str, Any]:
        """One that asks for that group."""
        attribute, op = (SEGMENT, SEGMENT) if self.attribute is None else (self.attribute, "in")
        return {"contextKind": self.kind, "attribute": attribute, "op": op, "negate": False, "values": [group]}


@dataclass(frozen=True, slots=True)
class Rule:
    """One targeting rule."""

    id: str
    clauses: Sequence[Mapping[str, Any]]
    serving: Serving
    description: str = ""
    disabled: bool = False

    def told(self, on: int, off: int) -> str:
        """Whom it is for and what it lets in, for people."""
        asks = ", ".join(clean(str(clause.get("attribute") or clause.get("op")), 30) for clause in self.clauses)
        what = f"{self.serving.percent(on):g}%" if self.serving.only(on, off) else "other variations"
        what = "LaunchDarkly drives it" if self.serving.driven else what
        return clean(f"{self.description or 'a rule'} by {asks or 'nothing'}: {what}", 80)


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag in one environment. `variations` are their ids; `on_variation` and `off_variation` what we write, and
    `off_serves` what targeting that is off serves (None: the application's own fallback), all by index."""

    key: str
    version: str
    variations: tuple[str, ...]
    on_variation: int
    off_variation: int
    off_serves: int | None
    on: bool
    rules: tuple[Rule, ...]
    fallthrough: Serving
    targets: int = 0
    prerequisites: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    description: str = ""
    boolean: bool = True
    archived: bool = False
    deprecated: bool = False
    migration: bool = False
    modified_at: float | None = None

    def groups(self, groups: Groups) -> dict[str, Rule]:
        """The rule of each group: of several the first, which alone decides."""
        found: dict[str, Rule] = {}
        for rule in self.rules:
            if rule.disabled or len(rule.clauses) != 1 or not rule.serving.only(self.on_variation, self.off_variation):
                continue
            if (group := groups.named(rule.clauses[0])) is not None:
                found.setdefault(group, rule)
        return found

    @property
    def limits(self) -> FlagLimits:
        """What can be said of this flag as it is built now."""
        can = FlagLimits(percent_step=STEP, default_rule=True)
        if self.on_variation == self.off_variation:
            return replace(can, percent=False, audience=False, why="it has no variation for off beside the one for on")
        if self.fallthrough.driven:
            return replace(can, percent=False, why=f"its default rule is {DRIVEN}; end that there first")
        if self.fallthrough.weights and not self.fallthrough.only(self.on_variation, self.off_variation):
            return replace(can, percent=False, why="its default rule serves other variations than on and off, too")
        return can

    def reading(self, groups: Groups) -> FlagReading:
        """In our nouns."""
        mine = self.groups(groups)
        return FlagReading(
            name=self.key,
            enabled=self.on,
            percent=self.fallthrough.percent(self.on_variation),
            audience=tuple(Audience(group, rule.serving.percent(self.on_variation)) for group, rule in mine.items()),
            other_rules=tuple(self._others([rule.id for rule in mine.values()])),
            locked=self.migration,
            description=self.description,
            etag=self.version,
            modified_at=self.modified_at,
        )

    def _others(self, mine: Sequence[str]) -> Iterator[str]:
        if self.migration:
            yield "a migration by stages, which LaunchDarkly moves itself"
        for key in self.prerequisites:
            yield f"depends on {clean(key, 60)}"
        if self.targets:
            yield f"{self.targets} targets by key"
        for rule in self.rules:
            if not rule.disabled and rule.id not in mine:
                yield rule.told(self.on_variation, self.off_variation)
        if self.fallthrough.driven:
            yield f"the default rule: {DRIVEN}"


def of_feature(document: Any, environment: str) -> Flag:
    """A flag's document (`FeatureFlag`), in one of the environments that it holds.

    Raises:
        ProviderError: not_found, if it doesn't hold the environment; garbage.
    """
    feature = mapping(document)
    key = str(feature.get("key") or "")
    found = mapping(feature.get("environments") or {}).get(environment)
    if found is None:
        message = f"flag {clean(key, 60)} has no environment {environment} in LaunchDarkly"
        raise ProviderError("not_found", message, "check the environment's key; a token may also not see it")
    config = mapping(found)
    variations = [mapping(one) for one in listed(feature.get("variations"))]
    if not key or not variations or not isinstance(config.get("on"), bool):
        raise _garbage()
    if "fallthrough" not in config:
        # As in a summary, which leaves out all rules: read as it is, nobody would see the flag.
        message = f"LaunchDarkly tells of flag {clean(key, 60)} without its rules in {environment}"
        raise ProviderError("garbage", message, "whatever stands in between may have dropped `summary=0`")
    off_serves = config.get("offVariation")
    on, off = _on_and_off(feature, variations, off_serves)
    targets = [*listed(config.get("targets") or []), *listed(config.get("contextTargets") or [])]
    return Flag(
        key=key,
        # The flag's own counts what holds in all environments, such as variations.
        version=f"{feature.get('_version')}.{config.get('version')}",
        variations=tuple(str(one.get("_id") or "") for one in variations),
        on_variation=on,
        off_variation=off,
        off_serves=off_serves if isinstance(off_serves, int) else None,
        on=config["on"],
        rules=tuple(map(_rule, listed(config.get("rules") or []))),
        fallthrough=_serving(mapping(config["fallthrough"] or {})),
        targets=sum(len(listed(mapping(one).get("values") or [])) for one in targets),
        prerequisites=tuple(str(mapping(one).get("key")) for one in listed(config.get("prerequisites") or [])),
        tags=tuple(str(one) for one in listed(feature.get("tags") or [])),
        description=clean(str(feature.get("description") or "")),
        boolean=feature.get("kind") == "boolean",
        archived=feature.get("archived") is True,
        deprecated=feature.get("deprecated") is True,
        migration=feature.get("_purpose") == "migration",
        modified_at=_seconds(config.get("lastModified")),
    )


def mapping(value: Any) -> Mapping[str, Any]:
    """The same. Raises ProviderError (garbage) if it isn't a JSON object."""
    if not isinstance(value, Mapping):
        raise _garbage()
    return value


def listed(value: Any) -> list[Any]:
    """The same. Raises ProviderError (garbage) if it isn't a JSON array."""
    if not isinstance(value, list):
        raise _garbage()
    return value


def _on_and_off(feature: Mapping[str, Any], variations: list[Mapping[str, Any]], off_serves: Any) -> tuple[int, int]:
    values = [one.get("value") for one in variations]
    if feature.get("kind") == "boolean":
        by_value = {value: index for index, value in enumerate(values) if isinstance(value, bool)}
        if len(by_value) != 2:
            raise _garbage()
        return by_value[True], by_value[False]
    defaults = mapping(feature.get("defaults") or {})
    last = len(values) - 1
    on, off = defaults.get("onVariation", 0), defaults.get("offVariation", last)
    found = (on, off_serves if isinstance(off_serves, int) else off)
    if not all(isinstance(one, int) and 0 <= one <= last for one in found):
        raise _garbage()
    return found


def _rule(document: Any) -> Rule:
    rule = mapping(document)
    return Rule(
        id=str(rule.get("_id") or ""),
        clauses=tuple(mapping(one) for one in listed(rule.get("clauses"))),
        serving=_serving(rule),
        description=clean(str(rule.get("description") or ""), 60),
        disabled=rule.get("disabled") is True,
    )


def _serving(document: Mapping[str, Any]) -> Serving:
    rollout = document.get("rollout")
    if rollout is not None:
        entry = mapping(rollout)
        weights: dict[int, int] = {}
        for one in map(mapping, listed(entry.get("variations"))):
            variation, weight = one.get("variation"), one.get("weight")
            if not isinstance(variation, int) or not isinstance(weight, int):
                raise _garbage()
            weights[variation] = weights.get(variation, 0) + weight
        kind, bucket_by = str(entry.get("contextKind") or ""), str(entry.get("bucketBy") or "")
        driven = entry.get("experimentAllocation") is not None or entry.get("seed") is not None
        return Serving(weights, True, kind, bucket_by, driven)
    variation = document.get("variation")
    return Serving({variation: WHOLE} if isinstance(variation, int) else {})


def _seconds(milliseconds: Any) -> float | None:
    return milliseconds / 1000 if isinstance(milliseconds, (int, float)) else None


def _garbage() -> ProviderError:
    return ProviderError("garbage", "LaunchDarkly's answer isn't the document that it should be", "check url")
