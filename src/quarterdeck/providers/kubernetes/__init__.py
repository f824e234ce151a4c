"""Kubernetes: canaries and blue-green of Argo Rollouts, weights of HTTPRoutes of the Gateway API.

Importing this package opens nothing and imports no HTTP client: only a runner needs one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import Provider, Session, SessionContext
from quarterdeck.providers.unplayed import Unplayed

KUBERNETES = "kubernetes"


class KubernetesProvider(Unplayed):
    """See `quarterdeck.providers.base.Provider`."""

    names: Sequence[str] = (KUBERNETES,)
    lacking = "Kubernetes"
    instead = "point `kubeconfig` and `context` at a cluster that nobody needs"

    def schema(self, name: str) -> Mapping[str, type]:
        from quarterdeck.providers.kubernetes import schema

        return {
            "connection": schema.ClusterConnection,
            "traffic": schema.TrafficAddress,
            "slots": schema.BlueGreenAddress,
        }

    def open(self, connection: Connection, context: SessionContext) -> Session:
        from quarterdeck.providers.kubernetes.session import open_session

        return open_session(connection, context)


provider: Provider = KubernetesProvider()
