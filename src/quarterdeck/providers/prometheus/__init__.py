"""Prometheus and whatever speaks its query API (Thanos, Mimir, VictoriaMetrics, managed ones), and Alertmanager.

Importing this package imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, ProviderError, Session, SessionContext

PROMETHEUS = "prometheus"
ALERTMANAGER = "alertmanager"


class PrometheusProvider:
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (PROMETHEUS, ALERTMANAGER)

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.prometheus import schema

        if name == ALERTMANAGER:
            return {"connection": schema.Receiver, "gates": schema.AlertsQuestion, "alerts": schema.AlertsQuestion}
        return {"connection": schema.Server, "gates": schema.MetricQuestion, "alerts": schema.AlertsQuestion}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.prometheus.session import open_session

        return open_session(connection, context)

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        """The same connection with the sandbox's metrics; no credential is left in it.

        Raises:
            ProviderError: misconfigured, if the sandbox has none.
        """
        url = announcement.get("metrics")
        if not url:
            raise ProviderError("misconfigured", "the sandbox serves no metrics", "start the sandbox again")
        trust = {"ca_file": str(announcement["ca_file"])} if announcement.get("ca_file") else {}
        return replace(connection, options={"url": str(url), **trust})


provider: Provider = PrometheusProvider()
