"""Ramp-up rules of a production slot as a split of traffic, and a wanted split as rules. Pure.

A rule sends a percentage of new clients to a host, the rest stays with production. The list is replaced as a whole
by every write (recorded), so every rule that is to stay has to be sent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.app_service.documents import PRODUCTION
from quarterdeck.release.plan import Risk

COOKIE_SECONDS = 3600.0
"""The routing cookie pins a client to its slot for an hour (Microsoft's documentation)."""

METHOD = "ramp-up rules"

_AUTOMATIC = (
    "changeStep",
    "changeIntervalInMinutes",
    "minReroutePercentage",
    "maxReroutePercentage",
    "changeDecisionCallbackUrl",
)
_KEPT = ("actionHostName", "reroutePercentage", "name", *_AUTOMATIC)

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownSlot:
    """A slot that traffic could go to."""

    name: str
    host: str
    running: bool = True


def rules_of(config: Mapping[str, Any]) -> list[Rule]:
    """The rules in the properties of config/web."""
    experiments = config.get("experiments")
    rules = experiments.get("rampUpRules") if isinstance(experiments, Mapping) else None
    return [rule for rule in rules or [] if isinstance(rule, Mapping)]


def traffic_reading(rules: Sequence[Rule], slots: Sequence[KnownSlot]) -> TrafficReading:
    """The split: production with what the rules leave, then every slot with what its rule gives it."""
    hosts = {slot.name.lower(): slot for slot in slots}
    shares = {slot.name.lower(): 0.0 for slot in slots if slot.name.lower() != PRODUCTION}
    strangers: dict[str, Rule] = {}
    for rule in rules:
        name = slot_of(rule, slots)
        if name.lower() not in shares:
            strangers[name.lower()] = rule
        shares[name.lower()] = shares.get(name.lower(), 0.0) + percent_of(rule)
    rest = max(0.0, 100.0 - sum(shares.values()))
    destinations = [_destination(PRODUCTION, rest, hosts.get(PRODUCTION), "")]
    for key, share in shares.items():
        slot = hosts.get(key)
        host = str(strangers.get(key, {}).get("actionHostName") or "")
        destinations.append(_destination(slot.name if slot else clean(key), share, slot, host))
    automatic = any(map(is_automatic, rules))
    status = "changes by itself" if automatic else ""
    return TrafficReading(METHOD, tuple(destinations), COOKIE_SECONDS, status, automatic, kept_by="cookie")


def wanted_rules(
    rules: Sequence[Rule], slots: Sequence[KnownSlot], shares: Mapping[str, float]
) -> list[dict[str, Any]]:
    """The whole list of rules that gives every named slot its share.

    Rules whose share stays are kept as they are, and so are rules for slots that aren't named. A share of 0 is no
    rule at all: with a rule of 0 clients could still ask for the slot by name (Microsoft's documentation).

    Raises:
        ValueError: a share can't be expressed: there is no such slot, or they add up to more than 100.
    """
    wanted = {name.lower(): share for name, share in shares.items() if name.lower() != PRODUCTION}
    if not all(0 <= share <= 100 for share in shares.values()) or sum(wanted.values()) > 100.0001:
        raise ValueError("the shares of all slots together must be 0 to 100 percent")
    result = []
    for rule in rules:
        name = slot_of(rule, slots).lower()
        share = wanted.pop(name, None)
        if share is None or abs(share - percent_of(rule)) < 1e-6:
            result.append({key: rule[key] for key in _KEPT if rule.get(key) is not None})
        elif share > 0:
            result.append(_rule(_host(name, slots) or str(rule.get("actionHostName")), share, str(rule.get("name"))))
    for name, share in wanted.items():
        if share > 0:
            host = _host(name, slots)
            if not host:
                raise ValueError(f"there is no slot {name}")
            result.append(_rule(host, share, name))
    return result


def risks(rules: Sequence[Rule], slots: Sequence[KnownSlot]) -> Iterator[Risk]:
    """What is dangerous about the rules as they are."""
    known = {slot.host.lower(): slot for slot in slots}
    for rule in rules:
        name, slot = slot_of(rule, slots), known.get(str(rule.get("actionHostName") or "").lower())
        if is_automatic(rule):
            yield Risk(
                "danger",
                "automatic-ramp",
                f"App Service itself changes the share of {clean(name)} as time goes by",
                "setting that share here switches the automatic change off",
            )
        if slot is None and percent_of(rule) > 0:
            yield Risk(
                "danger",
                "dangling-rule",
                f"a rule sends {percent_of(rule):g}% to {clean(str(rule.get('actionHostName')))}, no slot of this site",
                f"take it away: shift {clean(name)}=0",
            )
        elif slot is not None and not slot.running and percent_of(rule) > 0:
            yield Risk("danger", "not-running", f"{slot.name} gets traffic and is not running", f"start {slot.name}")


def slot_of(rule: Rule, slots: Sequence[KnownSlot]) -> str:
    """The slot that a rule aims at: the one with that host, else what the rule calls itself."""
    host = str(rule.get("actionHostName") or "").lower()
    found = next((slot.name for slot in slots if slot.host.lower() == host), "")
    return found or str(rule.get("name") or host)


def percent_of(rule: Rule) -> float:
    """The percentage of new clients that a rule sends away."""
    value = rule.get("reroutePercentage")
    return float(value) if isinstance(value, (int, float)) else 0.0


def is_automatic(rule: Rule) -> bool:
    """Whether App Service changes the percentage by itself."""
    return bool(rule.get("changeStep") or rule.get("changeDecisionCallbackUrl"))


def _rule(host: str, share: float, name: str) -> dict[str, Any]:
    return {"actionHostName": host, "reroutePercentage": share, "name": name}


def _host(name: str, slots: Sequence[KnownSlot]) -> str:
    return next((slot.host for slot in slots if slot.name.lower() == name), "")


def _destination(name: str, share: float, slot: KnownSlot | None, host: str) -> Destination:
    health: Health = "unhealthy" if slot is not None and not slot.running else "unknown"
    return Destination(name, share, share, True, health, "", slot.host if slot else host)
