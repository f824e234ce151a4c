"""Whether there are pods behind a Service that can take clients: its EndpointSlices.

A slice names its Service by a label, and says of each endpoint whether it is ready; no word counts as yes (Kubernetes
documentation, "EndpointSlices", `discovery.k8s.io/v1`, since 1.21). A Service with a selector has a slice even without
a pod. Where slices can't be read, because the cluster is older or a Role doesn't allow it, nothing is known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.kubernetes.cluster import Cluster

SERVICE = "kubernetes.io/service-name"
"""The label."""

SERVICES_A_LIST = 100
"""As many Services are asked for in one selector: a URL isn't endless."""

Ready = Mapping[str, int]
"""Endpoints that are ready, by Service; one of which nothing is known is not in it."""


async def ready_in(cluster: Cluster, namespace: str, services: Iterable[str], *, watching: bool = False) -> Ready:
    """The endpoints of Services of a namespace. Raises ProviderError where nobody answers."""
    names = sorted(set(services))
    path = f"/apis/discovery.k8s.io/v1/namespaces/{namespace}/endpointslices"
    found: dict[str, int] = {}
    for start in range(0, len(names), SERVICES_A_LIST):
        selector = f"{SERVICE} in ({','.join(names[start : start + SERVICES_A_LIST])})"
        try:
            slices = await cluster.items(path, [("labelSelector", selector)], watching=watching)
        except ProviderError as error:
            if error.trouble.code in ("forbidden", "not_found"):
                return {}
            raise
        for one in slices:
            name = str(((one.get("metadata") or {}).get("labels") or {}).get(SERVICE))
            found[name] = found.get(name, 0) + _ready(one.get("endpoints") or ())
    return found


def _ready(endpoints: Sequence[Mapping[str, Any]]) -> int:
    return sum(1 for one in endpoints if (one.get("conditions") or {}).get("ready") is not False)
