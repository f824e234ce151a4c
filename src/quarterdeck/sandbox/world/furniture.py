"""Parts of world documents: builds, sites, profiles and flags as an ordinary web shop has them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

REGISTRY = "contoso.azurecr.io"

_FLAG_TYPE = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"


@dataclass(frozen=True, slots=True)
class Versions:
    """Three builds of a service in order: live, next, and the one after."""

    live: str
    next: str
    after: str


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A site to be: where, of what, with which build live and which waiting in the slots `waiting_in`.

    `version_setting` is the app setting that says which version a slot has.
    """

    group: str
    name: str
    location: str
    service: str
    environment: str
    live: str
    waiting: str
    waiting_in: tuple[str, ...] = ("staging",)
    rate: float = 0.0
    version_setting: str = "RELEASE"
    region: str = ""


def image(service: str, version: str) -> str:
    """The container image of a build."""
    return f"{REGISTRY}/{service}:{version}"


def build_documents(versions: Mapping[str, Versions], bad: str) -> list[dict[str, Any]]:
    """Every build; all are healthy but the next one of the service `bad`."""
    return [
        {
            "version": version,
            "image": image(service, version),
            "error_rate": 0.18 if (service, version) == (bad, of.next) else 0.002,
            "latency_ms": 900 if (service, version) == (bad, of.next) else 45,
        }
        for service, of in versions.items()
        for version in (of.live, of.next, of.after)
    ]


def site_document(plan: SitePlan) -> dict[str, Any]:
    """A site whose slots keep their own environment name and database."""
    return {
        "group": plan.group,
        "name": plan.name,
        "location": plan.location,
        "plan": f"{plan.group}-plan",
        "rate": plan.rate,
        "service": plan.service,
        "environment": plan.environment,
        "region": plan.region,
        "sticky": {"app_settings": ["ENVIRONMENT", "SLOT"], "connection_strings": ["Orders"]},
        "slots": {
            "production": _slot(plan, "production", plan.live),
            **{slot: _slot(plan, slot, plan.waiting) for slot in plan.waiting_in},
        },
    }


def profile_document(group: str, name: str, hosts: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """A weighted profile over sites, given as (location, ARM id), all with the same weight."""
    owner = f"/subscriptions/{{subscription}}/resourceGroups/{group}"
    return {
        "id": f"{owner}/providers/Microsoft.Network/trafficManagerProfiles/{name}",
        "location": "global",
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": name.lower(), "ttl": 60},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/healthz"},
            "endpoints": [
                {
                    "name": location,
                    "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
                    "properties": {
                        "targetResourceId": resource_id,
                        "endpointStatus": "Enabled",
                        "weight": 50,
                        "priority": number,
                        "endpointLocation": location,
                    },
                }
                for number, (location, resource_id) in enumerate(hosts, 1)
            ],
        },
    }


def flag_documents(label: str, prefix: str, rollout: int) -> list[dict[str, Any]]:
    """Three feature flags under a label ("": none): one for rings, one by percentage, one on or off for all."""
    rings = [{"Name": "canary", "RolloutPercentage": 100}, {"Name": "early", "RolloutPercentage": rollout}]
    targeting = {"Audience": {"Users": [], "Groups": rings, "DefaultRolloutPercentage": 0}}
    return [
        _flag(label, f"{prefix}NewCheckout", "The one-page checkout", True, [("Microsoft.Targeting", targeting)]),
        _flag(label, f"{prefix}FastCart", "Edge cache", True, [("Microsoft.Percentage", {"Value": rollout})]),
        _flag(label, f"{prefix}PayLater", "Invoices instead of cards", rollout == 100, []),
    ]


def many_sites(count: int) -> list[dict[str, Any]]:
    """That many sites, each with a staging slot, for measuring how clients cope."""
    return [
        {
            "group": f"scale-{number // 200 + 1}",
            "name": f"scale-{number + 1:05d}",
            "location": ("westeurope", "northeurope")[number % 2],
            "slots": {
                "production": {"image": "registry.example/shop:1.2.3"},
                "staging": {"image": "registry.example/shop:1.2.4"},
            },
        }
        for number in range(count)
    ]


def _slot(plan: SitePlan, slot: str, version: str) -> dict[str, Any]:
    return {
        "image": image(plan.service, version),
        "tags": {"service": plan.service, "environment": plan.environment},
        "app_settings": {
            "ENVIRONMENT": plan.environment,
            "SLOT": slot,
            plan.version_setting: version,
            "WEBSITE_SWAP_WARMUP_PING_PATH": "/healthz",
            "WEBSITE_SWAP_WARMUP_PING_STATUSES": "200",
        },
        "connection_strings": {"Orders": {"value": f"Server=db;Database={plan.service}-{slot}", "type": "SQLAzure"}},
        "config": {"alwaysOn": True, "healthCheckPath": "/healthz"},
    }


def _flag(
    label: str, name: str, description: str, enabled: bool, filters: list[tuple[str, dict[str, Any]]]
) -> dict[str, Any]:
    value = {
        "id": name,
        "description": description,
        "enabled": enabled,
        "conditions": {"client_filters": [{"name": kind, "parameters": given} for kind, given in filters]},
    }
    return {
        "key": f".appconfig.featureflag/{name}",
        "label": label or None,
        "value": json.dumps(value),
        "content_type": _FLAG_TYPE,
    }
