"""What App Service's own rules say about a swap before anybody asks for it. Pure.

The rules are Microsoft's documentation of deployment slots. What can be said of any system's slots (not running,
busy, another preview pending, auto swap) is said by the planner.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.app_service.documents import PRODUCTION
from quarterdeck.providers.azure.app_service.settings import Names
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import FORBIDS_PREVIEW, FORBIDS_SWAP

PING_STATUSES = "WEBSITE_SWAP_WARMUP_PING_STATUSES"
PING_PATH = "WEBSITE_SWAP_WARMUP_PING_PATH"


@dataclass(frozen=True, slots=True)
class SwapFacts:
    """What was read of both sides of a swap.

    `source_settings` are names of the source's app settings; `rules` the ramp-up rules of the production slot.
    None stands for "not allowed to read it".
    """

    source: SlotReading
    destination: SlotReading
    source_settings: frozenset[str] | None = None
    names: Sequence[Names] = ()
    https_only: bool = False
    authentication: bool | None = False
    rules: Sequence[Mapping[str, Any]] = ()
    differences: Sequence[Mapping[str, Any]] = ()


def risks(facts: SwapFacts) -> tuple[Risk, ...]:
    """Everything that could go wrong with this swap, in the order of this module."""
    return tuple(risk for lint in _LINTS for risk in lint(facts))


def _service_says_error(facts: SwapFacts) -> Iterator[Risk]:
    for row in facts.differences:
        if str(row.get("level") or "").lower() == "error":
            name = clean(str(row.get("settingName") or ""))
            yield Risk(
                "danger", FORBIDS_SWAP, f"App Service objects to {name}: {clean(str(row.get('description') or ''))}"
            )


def _production_as_source(facts: SwapFacts) -> Iterator[Risk]:
    if facts.source.name.lower() == PRODUCTION:
        yield Risk(
            "danger",
            FORBIDS_SWAP,
            "all restarts and the warm-up happen in the source, so production must be the destination",
            f"swap the other way round: --from {facts.destination.name} --to {PRODUCTION}",
        )


def _warm_up(facts: SwapFacts) -> Iterator[Risk]:
    if facts.source_settings is None:
        return
    present = {name.upper() for name in facts.source_settings}
    if PING_STATUSES not in present:
        yield Risk(
            "warning",
            "warm-up-accepts-errors",
            f"the warm-up of {facts.source.name} takes any answer for good, 500 too",
            f"set {PING_STATUSES}, for example to 200,202",
        )


def _https_only(facts: SwapFacts) -> Iterator[Risk]:
    if not facts.https_only:
        return
    yield Risk(
        "info" if _has(facts, PING_PATH) else "warning",
        "https-only",
        f"HTTPS only is on for {facts.source.name}; the warm-up ping is plain HTTP, and a redirect or a rewrite to "
        "HTTPS inside the app fails it or warms up nothing",
        f"let the path in {PING_PATH} answer plain HTTP from localhost",
    )


def _authentication(facts: SwapFacts) -> Iterator[Risk]:
    if facts.authentication:
        yield Risk(
            "warning",
            FORBIDS_PREVIEW,
            "App Service authentication is on: swap with preview can't be used",
            "swap without preview",
        )
    elif facts.authentication is None:
        yield Risk("info", "authentication-unread", "not allowed to see whether authentication is on")


def _ramp_rules(facts: SwapFacts) -> Iterator[Risk]:
    involved = {facts.source.name.lower(), facts.destination.name.lower()}
    hosts = {facts.source.host.lower(), facts.destination.host.lower()}
    for rule in facts.rules:
        name = str(rule.get("name") or "")
        percent = float(rule.get("reroutePercentage") or 0)
        aims_here = name.lower() in involved or str(rule.get("actionHostName") or "").lower() in hosts
        if aims_here and percent > 0:
            yield Risk(
                "danger",
                "ramp-rule",
                f"a rule sends {percent:g}% of production's new clients to {clean(name)}; after the swap the rule "
                "stays, and sends them to the old build",
                "take the traffic back to production first, or set the rule anew right after",
            )
        if aims_here and rule.get("changeStep"):
            yield Risk(
                "danger",
                "automatic-ramp",
                f"the share of {clean(name)} is changed automatically by App Service",
                "switch the automatic change off before the swap",
            )


def _without_twin(facts: SwapFacts) -> Iterator[Risk]:
    for names in facts.names:
        for name in names.without_twin:
            where = facts.source.name if name in names.source else facts.destination.name
            yield Risk(
                "warning",
                "sticky-without-twin",
                f"the sticky {names.kind} {clean(name)} exists in {where} only: the other side runs without it",
                "add it to both slots, or take it from the sticky names",
            )


def _unread_settings(facts: SwapFacts) -> Iterator[Risk]:
    if facts.source_settings is None:
        yield Risk(
            "warning",
            "settings-unread",
            "not allowed to list the settings: what moves and what sticks is not known",
            "ask for Microsoft.Web/sites/config/list/action",
        )


def _has(facts: SwapFacts, setting: str) -> bool:
    return facts.source_settings is not None and setting in {name.upper() for name in facts.source_settings}


_LINTS: tuple[Callable[[SwapFacts], Iterator[Risk]], ...] = (
    _production_as_source,
    _service_says_error,
    _warm_up,
    _https_only,
    _authentication,
    _ramp_rules,
    _without_twin,
    _unread_settings,
)
