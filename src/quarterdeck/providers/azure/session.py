"""Open connections: a subscription behind ARM, and an App Configuration store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import cached_property
from typing import TYPE_CHECKING

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Role
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.checks import check_store, check_subscription
from quarterdeck.providers.azure.kinds import Slots, Traffic
from quarterdeck.providers.base import Capability, GateSource, SlotHost, TrafficRouter

if TYPE_CHECKING:
    from quarterdeck.providers.azure.app_configuration import Store
    from quarterdeck.providers.azure.container_apps.splits import Between
    from quarterdeck.providers.azure.container_apps.watching import AppsWatch
    from quarterdeck.providers.azure.monitor.source import AzureMonitor


class ArmSession:
    """Slots, the traffic between them, traffic between regions, and evidence for gates, in one subscription."""

    def __init__(self, arm: Arm) -> None:
        self._arm = arm
        self._directory = Directory(arm.context.clock)
        self._capabilities: dict[Role, Capability] = {}

    def capability(self, role: Role) -> Capability | None:
        if role not in self._capabilities:
            made = self._made(role)
            if made is None:
                return None
            self._capabilities[role] = made
        return self._capabilities[role]

    def _made(self, role: Role) -> Capability | None:
        if role == "slots":
            return Slots(
                "azure resource graph",
                {"site": self._site_slots, "container_app": self._labels, "cloud_service": self._pairs},
            )
        if role == "slot_traffic":
            makers = {"site": self._ramp_rules, "container_app": lambda: self._app_traffic("labels")}
            return Traffic("azure resource manager", makers)
        if role == "traffic":
            return Traffic(
                "azure resource manager",
                {
                    "profile": self._profiles,
                    "container_app": lambda: self._app_traffic("revisions"),
                    "front_door": self._front_door,
                },
            )
        return None

    def _site_slots(self) -> SlotHost:
        from quarterdeck.providers.azure.app_service.slots import AppServiceSlots

        return AppServiceSlots(self._arm, self._directory)

    def _ramp_rules(self) -> TrafficRouter:
        from quarterdeck.providers.azure.app_service.ramp import RampRules

        return RampRules(self._arm, self._directory)

    def _profiles(self) -> TrafficRouter:
        from quarterdeck.providers.azure.traffic_manager.router import TrafficManager

        return TrafficManager(self._arm)

    def _front_door(self) -> TrafficRouter:
        from quarterdeck.providers.azure.front_door.router import FrontDoor

        return FrontDoor(self._arm)

    def _labels(self) -> SlotHost:
        from quarterdeck.providers.azure.container_apps.slots import ContainerAppLabels

        return ContainerAppLabels(self._arm, self._apps)

    def _pairs(self) -> SlotHost:
        from quarterdeck.providers.azure.cloud_services.slots import CloudServicePairs

        return CloudServicePairs(self._arm)

    def _app_traffic(self, between: Between) -> TrafficRouter:
        from quarterdeck.providers.azure.container_apps.traffic import ContainerAppTraffic

        return ContainerAppTraffic(self._arm, self._apps, between)

    @cached_property
    def _apps(self) -> AppsWatch:
        from quarterdeck.providers.azure.container_apps.watching import AppsWatch

        return AppsWatch(self._arm)

    @cached_property
    def _monitor(self) -> AzureMonitor:
        from quarterdeck.providers.azure.monitor.source import AzureMonitor

        return AzureMonitor(self._arm)

    def gates(self) -> GateSource | None:
        return self._monitor

    async def identity(self) -> str:
        return await self._arm.sign_in()

    def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        return check_subscription(self._arm)

    async def close(self) -> None:
        await self._arm.close()


class StoreSession:
    """Feature flags of one App Configuration store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._flags: Capability | None = None

    def capability(self, role: Role) -> Capability | None:
        if role != "flags":
            return None
        if self._flags is None:
            from quarterdeck.providers.azure.flags import AppConfigurationFlags

            self._flags = AppConfigurationFlags(self._store)
        return self._flags

    def gates(self) -> None:
        return None

    async def identity(self) -> str:
        return await self._store.identity()

    def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        return check_store(self._store)

    async def close(self) -> None:
        await self._store.close()
