"""The world that is served when nobody brings one: that of `sample-configs/contoso-shop.yaml`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Role
from quarterdeck.sandbox.world.of_fleet import world_of

_REGIONS = {"westeurope": "weu", "northeurope": "neu"}


def contoso() -> dict[str, Any]:
    """The world document."""
    return world_of(
        Fleet(
            name="contoso-shop",
            environments=(Environment("staging"), Environment("production", protected=True)),
            services=("checkout", "cart", "payments"),
            places=tuple(_places()),
        )
    )


def _places() -> Iterator[Place]:
    for service in ("checkout", "cart", "payments"):
        yield _place("slots", "staging", service, resource_group="shop-staging", site=f"contoso-{service}-staging")
    for service in ("checkout", "cart"):
        yield _place("traffic", "production", service, resource_group="shop-global", profile=f"contoso-{service}")
        for region, short in _REGIONS.items():
            site = f"contoso-{service}-{short}"
            yield _place("slots", "production", service, region, resource_group=f"shop-{short}", site=site)
    yield _place("slots", "production", "payments", resource_group="shop-weu", site="contoso-payments")
    for environment in ("staging", "production"):
        yield _place("flags", environment, "flags", label=environment)


def _place(role: Role, environment: str, name: str, region: str = "", **parts: str) -> Place:
    return Place(role, TargetId(environment, name, region), Address("azure", parts))
