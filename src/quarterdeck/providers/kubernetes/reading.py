"""Rollouts with their ReplicaSets, read one by one or by namespace.

Reading many costs a list of Rollouts and one of ReplicaSets for each namespace, whatever their number up to a page;
of the ReplicaSets only those are asked for whose versions serve or wait, as each Rollout keeps ten old ones
(`revisionHistoryLimit`). A namespace with one place is asked for that object alone, which also works where a Role
allows nothing but that.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.rest import Params
from quarterdeck.providers.kubernetes.cluster import Cluster
from quarterdeck.providers.kubernetes.rollouts import GROUP, HASH, RESOURCE, Rollout, hashes_of, rollout_of
from quarterdeck.providers.turns import Turns

NAMESPACES_A_ROUND = 20
"""Namespaces that are read in one round; further ones take turns."""

HASHES_A_LIST = 100
"""As many versions are asked for in one selector: a URL isn't endless."""


class ByNamespace:
    """Objects of one resource, listed by namespace."""

    def __init__(self, cluster: Cluster, clock: Clock, group: str, version: str, resource: str) -> None:
        self._cluster = cluster
        self._turns = Turns(clock, NAMESPACES_A_ROUND)
        self._base = f"/apis/{group}/{version}"
        self._resource = resource

    def path(self, namespace: str, name: str = "") -> str:
        """Of an object, or of all of a namespace."""
        return f"{self._base}/namespaces/{namespace}/{self._resource}" + (f"/{name}" if name else "")

    async def get(self, namespace: str, name: str) -> Mapping[str, Any]:
        """One object, fresh. Raises ProviderError."""
        try:
            document = await self._cluster.get(self.path(namespace, name))
        except ProviderError as error:
            raise self._explained(error) from None
        if not isinstance(document, Mapping) or not isinstance(document.get("metadata"), Mapping):
            raise ProviderError("garbage", f"{self._cluster.host} sent no object {name}", "check url")
        return document

    async def lists(
        self, places: Sequence[Place], names: Mapping[str, str]
    ) -> dict[str, Mapping[str, Mapping[str, Any]] | Trouble]:
        """Objects by name, by namespace; what is wrong where one can't be read; nothing where it isn't its turn.

        Args:
            names: the name of the object that is meant, by subject.
        """
        of: dict[str, list[Place]] = {}
        for place in places:
            of.setdefault(place.address.parts["namespace"], []).append(place)
        due = [place.address.parts["namespace"] for place in self._turns.next([its[0] for its in of.values()])]

        async def one(namespace: str) -> Mapping[str, Mapping[str, Any]] | Trouble:
            wanted = {names[place.subject] for place in of[namespace]}
            only: Params = [("fieldSelector", f"metadata.name={min(wanted)}")] if len(wanted) == 1 else []
            try:
                found = await self._cluster.items(self.path(namespace), only, watching=True)
            except ProviderError as error:
                return self._explained(error).trouble
            return {str(one["metadata"].get("name")): one for one in found if isinstance(one.get("metadata"), Mapping)}

        return dict(zip(due, await asyncio.gather(*map(one, due)), strict=True))

    def missing(self, namespace: str, name: str) -> Trouble:
        """What to tell of an object that isn't there."""
        message = f"{self._cluster.host} has no {self._resource} {namespace}/{name}"
        return Trouble("not_found", message, "check namespace and name")

    def _explained(self, error: ProviderError) -> ProviderError:
        """An API server says the same 404 for an object and for a resource that isn't installed, in other words."""
        trouble = error.trouble
        if trouble.code != "not_found":
            return error
        hint = f"check namespace and name, and that {self._base.removeprefix('/apis/')} is installed in the cluster"
        return ProviderError(trouble.code, trouble.message, hint)


class RolloutReader:
    """The Rollouts of a cluster."""

    def __init__(self, cluster: Cluster, clock: Clock) -> None:
        self._cluster = cluster
        self.objects = ByNamespace(cluster, clock, GROUP, "v1alpha1", RESOURCE)

    async def one(self, address: Address) -> Rollout:
        """One of them, fresh, with its ReplicaSets. Raises ProviderError."""
        parts = address.parts
        document = await self.objects.get(parts["namespace"], parts["rollout"])
        sets = await self._sets(parts["namespace"], hashes_of([document]))
        return rollout_of(document, sets, parts.get("container", ""))

    async def many(self, places: Sequence[Place]) -> dict[str, Rollout | Trouble]:
        """By subject; what isn't in it wasn't its turn."""
        names = {place.subject: place.address.parts["rollout"] for place in places}
        lists = await self.objects.lists(places, names)
        wanted = {
            namespace: [found[name] for p in _of(places, namespace) if (name := names[p.subject]) in found]
            for namespace, found in lists.items()
            if not isinstance(found, Trouble)
        }

        async def sets(namespace: str) -> list[Mapping[str, Any]] | Trouble:
            try:
                return await self._sets(namespace, hashes_of(wanted[namespace]), watching=True)
            except ProviderError as error:
                return error.trouble

        owned = dict(zip(wanted, await asyncio.gather(*map(sets, wanted)), strict=True))
        result: dict[str, Rollout | Trouble] = {}
        for place in places:
            namespace, name = place.address.parts["namespace"], names[place.subject]
            if (found := lists.get(namespace)) is None:
                continue
            if isinstance(found, Trouble):
                result[place.subject] = found
            elif name not in found:
                result[place.subject] = self.objects.missing(namespace, name)
            elif isinstance(its := owned[namespace], Trouble):
                result[place.subject] = its
            else:
                result[place.subject] = rollout_of(found[name], its, place.address.parts.get("container", ""))
        return result

    async def _sets(self, namespace: str, hashes: Sequence[str], *, watching: bool = False) -> list[Mapping[str, Any]]:
        path = f"/apis/apps/v1/namespaces/{namespace}/replicasets"
        found: list[Mapping[str, Any]] = []
        for start in range(0, len(hashes), HASHES_A_LIST):
            selector = f"{HASH} in ({','.join(hashes[start : start + HASHES_A_LIST])})"
            found += await self._cluster.items(path, [("labelSelector", selector)], watching=watching)
        return found


def _of(places: Iterable[Place], namespace: str) -> list[Place]:
    return [place for place in places if place.address.parts["namespace"] == namespace]
