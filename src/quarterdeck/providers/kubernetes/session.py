"""An open connection to a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.kubernetes import rollouts, routes
from quarterdeck.providers.kubernetes.blue_green import BlueGreen
from quarterdeck.providers.kubernetes.canaries import Canaries
from quarterdeck.providers.kubernetes.cluster import Cluster
from quarterdeck.providers.kubernetes.gateway import Routes
from quarterdeck.providers.kubernetes.kubeconfig import Access, access_of, in_cluster, usual_files
from quarterdeck.providers.kubernetes.reading import RolloutReader
from quarterdeck.providers.kubernetes.schema import ClusterConnection
from quarterdeck.providers.kubernetes.traffic import Traffic
from quarterdeck.release.durations import seconds

_KINDS = {"Argo Rollouts": f"{rollouts.GROUP}/v1alpha1", "the Gateway API": f"{routes.GROUP}/v1"}
"""What this provider knows to steer, by the interface it needs."""


class ClusterSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, cluster: Cluster, context: SessionContext) -> None:
        reader = RolloutReader(cluster, context.clock)
        traffic = Traffic(Canaries(cluster, reader), Routes(cluster, context.clock))
        self._cluster = cluster
        # A reader of its own: whose turn it is, is counted among the places of one role.
        slots = BlueGreen(cluster, RolloutReader(cluster, context.clock))
        self._capabilities: Mapping[Role, Capability] = {"traffic": traffic, "slots": slots}

    def capability(self, role: Role) -> Capability | None:
        return self._capabilities.get(role)

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        return await self._cluster.who()

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Which version answers, who we are for it, and which of the systems that we can steer it has."""
        try:
            version = await self._cluster.get("/version")
            who = await self._cluster.who()
        except ProviderError as error:
            yield f"{self._cluster.host} answers", error.trouble
            return
        told = clean(str(version.get("gitVersion") or "?"), 40) if isinstance(version, Mapping) else "?"
        yield f"Kubernetes {told} at {self._cluster.host} knows us as {who}", None
        for name, interface in _KINDS.items():
            try:
                await self._cluster.get(f"/apis/{interface}")
            except ProviderError as error:
                if error.trouble.code != "not_found":
                    yield f"{name} ({interface})", error.trouble
                else:
                    yield f"{name} isn't installed there ({interface})", None
            else:
                yield f"{name} is installed ({interface})", None

    async def close(self) -> None:
        await self._cluster.close()


def open_session(connection: Connection, context: SessionContext) -> ClusterSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, ClusterConnection)
    cluster = Cluster(lambda: _access(options, context), context.clock, context.may_write, seconds(options.timeout))
    return ClusterSession(cluster, context)


def _access(options: ClusterConnection, context: SessionContext) -> Access:
    """As kubectl finds it, unless the configuration says where. Raises ProviderError."""
    if options.url is not None and options.token is not None:
        return Access(options.url, "whoever the token is of", _authority(options), revealed(options.token, context))
    files = [options.kubeconfig.expanduser()] if options.kubeconfig else usual_files()
    declared = options.kubeconfig or options.context or any(file.exists() for file in files)
    if not declared and (pod := in_cluster()):
        return pod
    return access_of(files, options.context)


def _authority(options: ClusterConnection) -> str:
    if options.ca_file is None:
        return ""
    try:
        return options.ca_file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "isn't text"
        raise ProviderError("misconfigured", f"ca_file {options.ca_file}: {reason}") from None
