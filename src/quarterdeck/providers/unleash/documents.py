"""A flag in one environment of Unleash, read from its documents. Pure.

What decides who sees it (Unleash's documentation, "Activation strategies"; evaluated with Unleash 8.2.0): nobody while
the environment is off. While it is on, everybody whom any strategy lets in; everybody if there is no strategy. A
strategy lets in those who meet all its constraints and segments, and of those the percentage `rollout` if it is a
`flexibleRollout`. A strategy that is disabled counts for nothing.

So percentages add up: everybody always has one (100 without a strategy, 0 with strategies for others only), and a group
is a `flexibleRollout` with one constraint, that a field of the context is one value.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import Any

from quarterdeck.fleet.readings import Audience, FlagReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.survey import FlagLimits

ROLLOUT = "flexibleRollout"
EVERYBODY = "default"
"""The strategy without a percentage: it lets in everybody who meets its constraints."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy. `constraints` are as Unleash has them, for the tests of a patch."""

    id: str
    name: str
    title: str
    disabled: bool
    rollout: Any
    parameters: Mapping[str, Any]
    constraints: Sequence[Any]
    segments: tuple[int, ...]

    @property
    def gradual(self) -> bool:
        """Whether it lets in a percentage."""
        return self.name == ROLLOUT

    @property
    def unconditional(self) -> bool:
        """Whether it asks nothing of whom it lets in."""
        return not self.constraints and not self.segments

    @property
    def percent(self) -> float:
        """Of those who meet its conditions. What is no number lets nobody in, and more than 100 is everybody."""
        if not self.gradual:
            return 100.0
        try:
            number = float(str(self.rollout))
        except ValueError:
            return 0.0
        return min(max(number, 0.0), 100.0) if isfinite(number) else 0.0

    @property
    def odd(self) -> bool:
        """Whether its percentage isn't one: Unleash takes any text for it."""
        return self.gradual and str(self.rollout) not in {f"{self.percent:g}", f"{self.percent}"}

    def group(self, field: str | None) -> str | None:
        """The one group that it is for."""
        if not field or not self.gradual or self.segments or len(self.constraints) != 1:
            return None
        only = _conditions(self.constraints[0])
        if only["field"] != field or only["operator"] != "IN" or only["inverted"] or len(only["values"]) != 1:
            return None
        value = only["values"][0]
        return value if isinstance(value, str) and value and value == clean(value, 80) else None

    def told(self) -> str:
        """What it lets in, for people."""
        fields = ", ".join(str(_conditions(one)["field"]) for one in self.constraints)
        asks = f" by {fields}" if fields else ""
        segments = " in segments" if self.segments else ""
        percent = f" {self.percent:g}%" if self.gradual else ""
        return clean(f"{self.title or self.name}{percent}{asks}{segments}", 80)


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag in one environment. `parents` are the flags that it depends on ("" where Unleash doesn't tell which)."""

    name: str
    enabled: bool
    strategies: tuple[Strategy, ...]
    description: str = ""
    stale: bool = False
    parents: tuple[str, ...] = ()

    @property
    def active(self) -> tuple[Strategy, ...]:
        """The strategies that count."""
        return tuple(one for one in self.strategies if not one.disabled)

    @property
    def for_everybody(self) -> tuple[Strategy, ...]:
        """Those that let in a part of everybody."""
        return tuple(one for one in self.active if one.unconditional and one.gradual)

    @property
    def percent(self) -> float:
        """The part of everybody that sees it while it is on."""
        parts = [one.percent for one in self.active if one.unconditional and one.name in (ROLLOUT, EVERYBODY)]
        return max(parts, default=0.0 if self.active else 100.0)

    def groups(self, field: str | None) -> dict[str, list[Strategy]]:
        """The strategies of each group."""
        found: dict[str, list[Strategy]] = {}
        for one in self.active:
            if (group := one.group(field)) is not None:
                found.setdefault(group, []).append(one)
        return found

    @property
    def etag(self) -> str:
        """The same while nothing has changed of who sees it."""
        strategies = sorted(map(_identity, self.strategies), key=lambda one: str(one[0]))
        text = json.dumps([self.enabled, strategies], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def limits(self, field: str | None) -> FlagLimits:
        """What Unleash can say of this flag as it is built now: whole percents, and groups where there is a field."""
        can = FlagLimits(percent_step=1, audience=field is not None, adds_up=True)
        if any(one.unconditional and one.name == EVERYBODY for one in self.active):
            why = "its strategy `default` lets in everybody; replace it by a gradual rollout in Unleash"
            return replace(can, percent=False, why=why)
        if len(self.for_everybody) > 1:
            why = f"it has {len(self.for_everybody)} gradual rollouts for everybody; leave one of them in Unleash"
            return replace(can, percent=False, why=why)
        if field is None:
            why = "groups need `group_field` in the address: the field of the context that names them"
            return replace(can, audience=False, why=why)
        if twice := [group for group, strategies in self.groups(field).items() if len(strategies) > 1]:
            why = f"it has several strategies for {clean(twice[0], 60)}; leave one of them in Unleash"
            return replace(can, audience=False, why=why)
        return can

    def reading(self, field: str | None) -> FlagReading:
        """In our nouns."""
        groups = {group: max(one.percent for one in its) for group, its in self.groups(field).items()}
        return FlagReading(
            name=self.name,
            enabled=self.enabled,
            percent=self.percent,
            audience=tuple(Audience(group, percent) for group, percent in groups.items() if percent),
            other_rules=tuple(self._others(field)),
            description=self.description,
            etag=self.etag,
        )

    def _others(self, field: str | None) -> Iterator[str]:
        main = self.for_everybody[:1]
        for one in self.active:
            if one not in main and one.group(field) is None:
                yield one.told()
        for parent in self.parents:
            yield f"depends on {clean(parent, 60) or 'another flag'}"


def of_feature(document: Any, environment: str) -> Flag:
    """A flag of `GET .../features/NAME`. The document of one environment alone won't do: it leaves out segments, so
    that a strategy for a few looks like one for everybody (measured with Unleash 8.2.0).

    Raises:
        ProviderError: not_found, if the flag doesn't have the environment; garbage.
    """
    feature = _mapping(document)
    name = str(feature.get("name"))
    listed = [one for one in _list(feature.get("environments")) if isinstance(one, Mapping)]
    found = next((one for one in listed if one.get("name") == environment), None)
    if found is None:
        known = clean(", ".join(str(one.get("name")) for one in listed), 120) or "none"
        message = f"flag {clean(name, 60)} has no environment {environment} in Unleash"
        raise ProviderError("not_found", message, f"it has: {known}")
    return Flag(
        name,
        found.get("enabled") is True,
        tuple(map(_strategy, _list(found.get("strategies")))),
        clean(str(feature.get("description") or "")),
        feature.get("stale") is True,
        tuple(str(_mapping(one).get("feature")) for one in _list(feature.get("dependencies"))),
    )


def of_evaluation(document: Any, described: Mapping[str, tuple[str, bool]]) -> dict[str, dict[str, Flag]]:
    """The flags of an evaluation (`POST /api/admin/playground/advanced`) by environment and name.

    `described` has the description of each flag and whether it is stale, which an evaluation doesn't tell.
    Raises ProviderError (garbage).
    """
    found: dict[str, dict[str, Flag]] = {}
    for feature in map(_mapping, _list(_mapping(document).get("features"))):
        for environment, entries in _mapping(feature.get("environments")).items():
            for entry in map(_mapping, _list(entries)):
                name = str(entry.get("name"))
                description, stale = described.get(name, ("", False))
                found.setdefault(str(environment), {})[name] = Flag(
                    name,
                    entry.get("isEnabledInCurrentEnvironment") is True,
                    tuple(map(_strategy, _list(_mapping(entry.get("strategies")).get("data")))),
                    description,
                    stale,
                    ("",) if entry.get("hasUnsatisfiedDependency") is True else (),
                )
    return found


def descriptions(document: Any) -> dict[str, tuple[str, bool]]:
    """Of the flags of a project (`GET .../features`): what they are for, and whether somebody marked them stale."""
    features = map(_mapping, _list(_mapping(document).get("features")))
    return {
        str(one.get("name")): (clean(str(one.get("description") or "")), one.get("stale") is True) for one in features
    }


def environments_of_flags(document: Any) -> frozenset[str]:
    """The environments of a project as its flags show them (`GET .../features`); none where there are no flags."""
    features = map(_mapping, _list(_mapping(document).get("features")))
    shown = (map(_mapping, _list(one.get("environments"))) for one in features)
    return frozenset(str(one.get("name")) for environments in shown for one in environments)


def environments_of_project(document: Any) -> frozenset[str]:
    """The environments of a project (`GET /api/admin/environments/project/P`, which lists all there are)."""
    listed = map(_mapping, _list(_mapping(document).get("environments")))
    return frozenset(str(one.get("name")) for one in listed if one.get("visible") is True)


def _strategy(document: Any) -> Strategy:
    entry = _mapping(document)
    parameters = _mapping(entry.get("parameters") or {})
    segments = (one.get("id") if isinstance(one, Mapping) else one for one in _list(entry.get("segments") or []))
    return Strategy(
        id=str(entry.get("id") or ""),
        name=str(entry.get("name") or "a strategy without a name"),
        title=str(entry.get("title") or ""),
        disabled=entry.get("disabled") is True,
        rollout=parameters.get("rollout"),
        parameters=parameters,
        constraints=tuple(_list(entry.get("constraints") or [])),
        segments=tuple(sorted(one for one in segments if isinstance(one, int))),
    )


def _identity(strategy: Strategy) -> tuple[Any, ...]:
    return (
        strategy.id,
        strategy.name,
        strategy.disabled,
        dict(strategy.parameters),
        [_conditions(one) for one in strategy.constraints],
        list(strategy.segments),
    )


def _conditions(constraint: Any) -> dict[str, Any]:
    """What a constraint asks. Documents differ in whether they name what is as usual."""
    said = _mapping(constraint)
    return {
        "field": said.get("contextName"),
        "operator": said.get("operator"),
        "values": _list(said.get("values") or []),
        "value": said.get("value"),
        "inverted": said.get("inverted") is True,
        "case": said.get("caseInsensitive") is True,
    }


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ProviderError("garbage", "Unleash's answer isn't the document that it should be", "check url")
    return value


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ProviderError("garbage", "Unleash's answer isn't the document that it should be", "check url")
    return value
