"""Microsoft Azure: App Service, Container Apps, Cloud Services, Traffic Manager, Front Door, App Configuration, and
Azure Monitor for gates.

Importing this package imports none of Azure's SDKs: that takes most of a second, and only a runner needs them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext

ARM = "azure"
APP_CONFIGURATION = "azure.app_configuration"


class AzureProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (ARM, APP_CONFIGURATION)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.azure import schema
        from quarterdeck.providers.azure.monitor import schema as monitor

        if name == APP_CONFIGURATION:
            return {"connection": schema.AppConfigurationConnection, "flags": schema.FlagsAddress}
        return {
            "connection": schema.ArmConnection,
            "slots": schema.SlotsAddress,
            "slot_traffic": schema.SlotTrafficAddress,
            "traffic": schema.TrafficAddress,
            "gates": monitor.MetricQuestion,
            "alerts": monitor.AlertsQuestion,
        }

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.azure.opening import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        from quarterdeck.providers.azure.sandboxed import sandboxed

        return sandboxed(connection, announcement)


provider: Provider = AzureProvider()
