"""Open connections: a subscription behind ARM, and an App Configuration store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Role
from quarterdeck.providers.azure.app_service.directory import Directory
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.checks import check_store, check_subscription
from quarterdeck.providers.base import Capability

if TYPE_CHECKING:
    from quarterdeck.providers.azure.app_configuration import Store


class ArmSession:
    """Slots, the traffic between them, and traffic between regions, in one subscription."""

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
            from quarterdeck.providers.azure.app_service.slots import AppServiceSlots

            return AppServiceSlots(self._arm, self._directory)
        if role == "slot_traffic":
            from quarterdeck.providers.azure.app_service.ramp import RampRules

            return RampRules(self._arm, self._directory)
        if role == "traffic":
            from quarterdeck.providers.azure.traffic_manager.router import TrafficManager

            return TrafficManager(self._arm)
        return None

    def gates(self) -> None:
        return None

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
