"""Snapshots and the operations that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast, get_args

from quarterdeck.sandbox.app_configuration import rendering
from quarterdeck.sandbox.app_configuration.problems import bare, invalid_argument
from quarterdeck.sandbox.app_configuration.query import Query, bad_filter, body_of, condition_of, tags_of, text_of
from quarterdeck.sandbox.wire import Request, Response
from quarterdeck.sandbox.world.configuration import KeyValue
from quarterdeck.sandbox.world.configuration_filter import InvalidFilter, text_filter
from quarterdeck.sandbox.world.configuration_snapshots import (
    DEFAULT_RETENTION,
    Composition,
    Snapshot,
    SnapshotFilter,
    Snapshots,
)
from quarterdeck.sandbox.world.world import World

_RETENTION = range(3600, 7_776_000 + 1)
_MAX_FILTERS = 3


class SnapshotOperations:
    """Create, read, archive and recover."""

    def __init__(self, world: World) -> None:
        self._world = world

    def items(self, name: str) -> list[KeyValue]:
        """The key-values of a snapshot; none while it is neither ready nor archived.

        Raises:
            Refusal: 404 when there is no such snapshot.
        """
        snapshot = self._find(name)
        return list(snapshot.items) if snapshot.status in ("ready", "archived") else []

    async def list_all(self, request: Request) -> Response:
        """Snapshots by name and status."""
        query = Query(request)
        try:
            name, status = text_filter(query.first("name")), text_filter(query.first("status"))
        except InvalidFilter as error:
            raise bad_filter("name", error) from error
        chosen = [item for item in self._all if name.matches(item.name) and status.matches(item.status)]
        return rendering.page_of(
            request,
            "snapshotset",
            chosen,
            position=lambda item: item.name,
            show=rendering.snapshot_form(query),
        )

    async def get(self, request: Request) -> Response:
        """One snapshot."""
        snapshot = self._all.get(request.parameters["name"])
        rendering.answer_condition(request, snapshot.etag if snapshot else None)
        return self._shown(request, self._find(request.parameters["name"]))

    async def create(self, request: Request) -> Response:
        """Begin a snapshot: 201, and where to ask how it is getting on."""
        wanted = _read(body_of(request), request.parameters["name"])
        try:
            items = self._world.configuration.compose(wanted.filters, wanted.composition)
        except InvalidFilter as error:
            raise bad_filter("filters", error) from error
        created = self._all.create(wanted, items)
        version = Query(request).api_version
        operation = f"{request.base_url}/operations?snapshot={created.name}&api-version={version}"
        response = self._shown(request, created)
        return Response(201, response.body, {**response.headers, "Operation-Location": operation})

    async def update(self, request: Request) -> Response:
        """Archive or recover."""
        status = body_of(request).get("status")
        if status not in ("ready", "archived"):
            raise invalid_argument("status", "status: must be 'ready' or 'archived'")
        changed = self._all.set_status(request.parameters["name"], status, condition_of(request))
        if changed is None:
            raise bare(404)
        return self._shown(request, changed)

    async def operation(self, request: Request) -> Response:
        """How the making of a snapshot is getting on."""
        snapshot = self._find(Query(request).first("snapshot") or "")
        running = snapshot.status == "provisioning"
        body = {
            "id": snapshot.name,
            "status": "Running" if running else "Succeeded",
            "error": None,
        }
        return Response(200, body, {"Retry-After": "1"} if running else {})

    @property
    def _all(self) -> Snapshots:
        return self._world.configuration.snapshots

    def _find(self, name: str) -> Snapshot:
        snapshot = self._all.get(name)
        if snapshot is None:
            raise bare(404)
        return snapshot

    def _shown(self, request: Request, snapshot: Snapshot) -> Response:
        query = Query(request)
        headers = rendering.media_type("snapshot") | {
            "ETag": rendering.quoted(snapshot.etag),
            "Last-Modified": rendering.http_date(snapshot.created),
            "Link": f'</kv?snapshot={snapshot.name}&api-version={query.api_version}>; rel="items"',
        }
        return Response(200, rendering.snapshot_form(query)(snapshot), headers)


def _read(body: Mapping[str, Any], name: str) -> Snapshot:
    filters = body.get("filters")
    if not isinstance(filters, list) or not 1 <= len(filters) <= _MAX_FILTERS:
        raise invalid_argument("filters", f"filters: 1 to {_MAX_FILTERS} are needed")
    composition = body.get("composition_type") or "key"
    if composition not in get_args(Composition):
        raise invalid_argument("composition_type", "composition_type: must be 'key' or 'key_label'")
    retention = body.get("retention_period")
    if retention is not None and (not isinstance(retention, int) or retention not in _RETENTION):
        raise invalid_argument(
            "retention_period", f"retention_period: {_RETENTION.start} to {_RETENTION.stop - 1} seconds"
        )
    return Snapshot(
        name=name,
        filters=tuple(_read_filter(item) for item in filters),
        composition=cast(Composition, composition),
        retention=retention or DEFAULT_RETENTION,
        tags=tags_of(body),
        description=text_of(body, "description"),
    )


def _read_filter(item: Any) -> SnapshotFilter:
    if not isinstance(item, Mapping) or not isinstance(item.get("key"), str):
        raise invalid_argument("filters", "filters: each needs a 'key'")
    label = item.get("label")
    if label is not None and not isinstance(label, str):
        raise invalid_argument("filters", "filters: a label is a string or null")
    return SnapshotFilter(item["key"], label or None, tuple(item.get("tags") or ()))
