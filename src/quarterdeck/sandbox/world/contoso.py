"""The world that is served when nobody brings one: contoso-shop, in the middle of an ordinary week.

Three services, each with a staging environment and production in two regions behind Traffic Manager. checkout and
cart have a newer build waiting in the staging slot; the one waiting for payments is bad and should not go live.
"""

from __future__ import annotations

import json
from typing import Any

REGISTRY = "contoso.azurecr.io"
REGIONS = ("westeurope", "eastus")

_LIVE = {"checkout": "2.14.3", "cart": "1.9.1", "payments": "3.9.8"}
_NEXT = {"checkout": "2.15.0", "cart": "1.9.2", "payments": "4.0.0"}
_RATES = {"checkout": 40.0, "cart": 60.0, "payments": 15.0}
_FLAG = "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"


def contoso() -> dict[str, Any]:
    """The world document."""
    return {
        "physics": {"apply": 1.0, "restart": 2.0, "ping": 0.5, "deploy": 3.0},
        "builds": [*_builds()],
        "groups": [
            {"name": "shop", "location": "westeurope"},
            {"name": "shop-staging", "location": "westeurope"},
        ],
        "sites": [site for service in _LIVE for site in _sites(service)],
        "profiles": [_profile(service) for service in _LIVE],
        "traffic": {f"shop-{service}": rate for service, rate in _RATES.items()},
        "configuration": [flag for label in ("staging", "production") for flag in _flags(label)],
    }


def many_sites(count: int) -> list[dict[str, Any]]:
    """That many more sites, each with a staging slot, for measuring how clients cope."""
    return [
        {
            "group": f"scale-{number // 200 + 1}",
            "name": f"scale-{number + 1:05d}",
            "location": REGIONS[number % len(REGIONS)],
            "slots": {
                "production": {"image": "registry.example/shop:1.2.3"},
                "staging": {"image": "registry.example/shop:1.2.4"},
            },
        }
        for number in range(count)
    ]


def _image(service: str, version: str) -> str:
    return f"{REGISTRY}/{service}:{version}"


def _builds() -> list[dict[str, Any]]:
    healthy = [
        {"version": version, "image": _image(service, version), "error_rate": 0.002, "latency_ms": 45}
        for versions in (_LIVE, _NEXT)
        for service, version in versions.items()
    ]
    for build in healthy:
        if build["image"] == _image("payments", _NEXT["payments"]):
            build |= {"error_rate": 0.18, "latency_ms": 900}
    return healthy


def _sites(service: str) -> list[dict[str, Any]]:
    return [
        *(
            _site("shop", f"{service}-{region}", region, service, "production", _LIVE[service], _NEXT[service])
            for region in REGIONS
        ),
        _site("shop-staging", f"{service}-test", "westeurope", service, "staging", _NEXT[service], _NEXT[service]),
    ]


def _site(
    group: str, name: str, region: str, service: str, environment: str, live: str, waiting: str
) -> dict[str, Any]:
    return {
        "group": group,
        "name": name,
        "location": region,
        "plan": f"{group}-{region}",
        "sticky": {"app_settings": ["ENVIRONMENT", "SLOT"], "connection_strings": ["Orders"]},
        "slots": {
            "production": _slot(service, environment, "production", live),
            "staging": _slot(service, environment, "staging", waiting),
        },
    }


def _slot(service: str, environment: str, slot: str, version: str) -> dict[str, Any]:
    return {
        "image": _image(service, version),
        "tags": {"service": service, "environment": environment},
        "app_settings": {
            "ENVIRONMENT": environment,
            "SLOT": slot,
            "RELEASE": version,
            "WEBSITE_SWAP_WARMUP_PING_PATH": "/healthz",
            "WEBSITE_SWAP_WARMUP_PING_STATUSES": "200",
        },
        "connection_strings": {
            "Orders": {"value": f"Server=db;Database={service}-{slot}", "type": "SQLAzure"},
        },
        "config": {"alwaysOn": True, "healthCheckPath": "/healthz"},
    }


def _profile(service: str) -> dict[str, Any]:
    group = "/subscriptions/{subscription}/resourceGroups/shop"
    return {
        "id": f"{group}/providers/Microsoft.Network/trafficManagerProfiles/shop-{service}",
        "location": "global",
        "properties": {
            "profileStatus": "Enabled",
            "trafficRoutingMethod": "Weighted",
            "dnsConfig": {"relativeName": f"shop-{service}", "ttl": 60},
            "monitorConfig": {"protocol": "HTTPS", "port": 443, "path": "/healthz"},
            "endpoints": [
                {
                    "name": region,
                    "type": "Microsoft.Network/trafficManagerProfiles/azureEndpoints",
                    "properties": {
                        "targetResourceId": f"{group}/providers/Microsoft.Web/sites/{service}-{region}",
                        "endpointStatus": "Enabled",
                        "weight": 50,
                        "priority": number,
                        "endpointLocation": region,
                    },
                }
                for number, region in enumerate(REGIONS, 1)
            ],
        },
    }


def _flags(label: str) -> list[dict[str, Any]]:
    rollout = 100 if label == "staging" else 25
    rings = [{"Name": "canary", "RolloutPercentage": 100}, {"Name": "early", "RolloutPercentage": rollout}]
    targeting = {"Audience": {"Users": [], "Groups": rings, "DefaultRolloutPercentage": 0}}
    return [
        _flag(label, "NewCheckout", "The one-page checkout", True, [("Microsoft.Targeting", targeting)]),
        _flag(label, "FastCart", "Cart from the edge cache", True, [("Microsoft.Percentage", {"Value": rollout})]),
        _flag(label, "PayLater", "Invoices instead of cards", label == "staging", []),
    ]


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
        "label": label,
        "value": json.dumps(value),
        "content_type": _FLAG,
    }
