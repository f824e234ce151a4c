"""Key-values, keys, labels, revisions and locks."""

from __future__ import annotations

from collections.abc import Iterable

from quarterdeck.sandbox.app_configuration import rendering
from quarterdeck.sandbox.app_configuration.gate import Gate
from quarterdeck.sandbox.app_configuration.problems import bare, invalid_argument
from quarterdeck.sandbox.app_configuration.query import (
    Query,
    bad_filter,
    body_of,
    condition_of,
    moment_of,
    selection_of,
    tags_of,
    text_of,
)
from quarterdeck.sandbox.app_configuration.snapshots import SnapshotOperations
from quarterdeck.sandbox.wire import Handler, Request, Response, Route
from quarterdeck.sandbox.world.configuration import ConfigurationStore, KeyValue, Selection
from quarterdeck.sandbox.world.configuration_filter import InvalidFilter, TextFilter, text_filter
from quarterdeck.sandbox.world.world import World

LONGEST_NAME = 256


class AppConfigurationService:
    """The store of the world, as its data plane shows it."""

    def __init__(self, world: World, gate: Gate | None = None) -> None:
        self._world = world
        self._gate = gate or Gate(world)
        self._snapshots = SnapshotOperations(world)

    def routes(self) -> Iterable[Route]:
        """Every operation; reads can also be asked by HEAD."""
        reads: list[tuple[str, Handler]] = [
            ("/kv", self.list_key_values),
            ("/kv/{key+}", self.get),
            ("/keys", self.list_keys),
            ("/labels", self.list_labels),
            ("/revisions", self.list_revisions),
            ("/snapshots", self._snapshots.list_all),
            ("/snapshots/{name}", self._snapshots.get),
            ("/operations", self._snapshots.operation),
        ]
        changes: list[tuple[str, str, Handler, str]] = [
            ("PUT", "/kv/{key+}", self.put, "write"),
            ("DELETE", "/kv/{key+}", self.delete, "delete"),
            ("PUT", "/locks/{key+}", self.lock, "write"),
            ("DELETE", "/locks/{key+}", self.unlock, "write"),
            ("PUT", "/snapshots/{name}", self._snapshots.create, "write"),
            ("PATCH", "/snapshots/{name}", self._snapshots.update, "write"),
        ]
        for template, handler in reads:
            for method in ("GET", "HEAD"):
                yield Route(method, template, self._gate.guarded(handler, "read"), plane="data")
        for method, template, handler, action in changes:
            yield Route(method, template, self._gate.guarded(handler, action), plane="data")

    async def get(self, request: Request) -> Response:
        """One key-value, as it is or as it was."""
        item = self._store.get(request.parameters["key"], Query(request).label(), moment_of(request))
        rendering.answer_condition(request, item.etag if item else None)
        if item is None:
            raise bare(404)
        return rendering.one_key_value(request, item, _memento(request))

    async def list_key_values(self, request: Request) -> Response:
        """Key-values by filters, or those of a snapshot."""
        query = Query(request)
        name = query.first("snapshot")
        items = self._snapshots.items(name) if name else self._store.select(selection_of(request))
        return rendering.page_of(
            request,
            "kvset",
            items,
            position=lambda item: f"{item.key}\0{item.label or ''}",
            show=rendering.key_value_form(query),
            etags=lambda item: item.etag,
            headers=_memento(request),
        )

    async def put(self, request: Request) -> Response:
        """Create or replace."""
        body = body_of(request)
        wanted = KeyValue(
            key=_name(request.parameters["key"], "key"),
            label=_label(request),
            value=text_of(body, "value"),
            content_type=text_of(body, "content_type"),
            tags=tags_of(body),
            description=text_of(body, "description"),
        )
        return rendering.one_key_value(request, self._store.put(wanted, condition_of(request)))

    async def delete(self, request: Request) -> Response:
        """Remove; 204 when there was none."""
        item = self._store.delete(request.parameters["key"], Query(request).label(), condition_of(request))
        return rendering.one_key_value(request, item) if item else Response(204)

    async def lock(self, request: Request) -> Response:
        """Make read-only."""
        return self._set_lock(request, True)

    async def unlock(self, request: Request) -> Response:
        """Make writable again."""
        return self._set_lock(request, False)

    async def list_revisions(self, request: Request) -> Response:
        """Past and present states, newest first within each key and label."""
        show = rendering.key_value_form(Query(request))
        numbered = list(enumerate(self._store.revisions(selection_of(request))))
        return rendering.page_of(
            request,
            "kvset",
            numbered,
            position=lambda entry: f"{entry[0]:012d}",
            show=lambda entry: show(entry[1]),
            etags=lambda entry: entry[1].etag,
            headers=_memento(request),
        )

    async def list_keys(self, request: Request) -> Response:
        """Distinct keys."""
        chosen = Selection(key=_named(request), at=moment_of(request))
        names = list(dict.fromkeys(item.key for item in self._store.select(chosen)))
        return rendering.page_of(
            request, "keyset", names, position=str, show=lambda name: {"name": name}, headers=_memento(request)
        )

    async def list_labels(self, request: Request) -> Response:
        """Distinct labels, null for key-values that have none first."""
        chosen = Selection(label=_named(request), at=moment_of(request))
        labels = sorted({item.label for item in self._store.select(chosen)}, key=lambda label: label or "")
        return rendering.page_of(
            request,
            "labelset",
            labels,
            position=lambda label: label or "",
            show=lambda label: {"name": label},
            headers=_memento(request),
        )

    @property
    def _store(self) -> ConfigurationStore:
        return self._world.configuration

    def _set_lock(self, request: Request, locked: bool) -> Response:
        item = self._store.set_lock(request.parameters["key"], Query(request).label(), locked, condition_of(request))
        if item is None:
            raise bare(404)
        return rendering.one_key_value(request, item)


def _memento(request: Request) -> dict[str, str]:
    moment = moment_of(request)
    if moment is None:
        return {}
    return {"Memento-Datetime": rendering.http_date(moment), "Link": f'<{request.target}>; rel="original"'}


def _named(request: Request) -> TextFilter:
    try:
        return text_filter(Query(request).first("name"))
    except InvalidFilter as error:
        raise bad_filter("name", error) from error


def _label(request: Request) -> str | None:
    label = Query(request).label()
    return None if label is None else _name(label, "label")


def _name(text: str, field: str) -> str:
    if not text or len(text) > LONGEST_NAME or any(not char.isprintable() and not char.isspace() for char in text):
        raise invalid_argument(field, f"{field}: 1 to {LONGEST_NAME} characters, no control characters")
    return text
