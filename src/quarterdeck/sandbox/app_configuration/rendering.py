"""Key-values and snapshots as JSON, whole or only the selected fields, and lists of them in pages."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

from quarterdeck.sandbox.app_configuration.problems import bare, invalid_argument
from quarterdeck.sandbox.app_configuration.query import Query, condition_of
from quarterdeck.sandbox.wire import Request, Response
from quarterdeck.sandbox.world.configuration import KeyValue, make_etag
from quarterdeck.sandbox.world.configuration_snapshots import Snapshot

PAGE_SIZE = 100
_MEDIA = "application/vnd.microsoft.appconfig."
_FIELDS = ("etag", "key", "label", "content_type", "value", "tags", "description", "locked", "last_modified")
_SNAPSHOT_FIELDS = (
    "etag",
    "name",
    "status",
    "filters",
    "composition_type",
    "created",
    "expires",
    "size",
    "items_count",
    "retention_period",
    "tags",
    "description",
)
_DESCRIPTION_SINCE = "2026-04-01"

T = TypeVar("T")


def media_type(kind: str) -> dict[str, str]:
    """The Content-Type header of `kv`, `kvset`, `keyset`, `labelset`, `snapshot` or `snapshotset`."""
    return {"Content-Type": f"{_MEDIA}{kind}+json; charset=utf-8"}


def key_value_form(query: Query) -> Callable[[KeyValue], dict[str, Any]]:
    """How a key-value looks with the fields that the query selects.

    Raises:
        Refusal: 400 for a field that does not exist.
    """
    names = _selected(query, _FIELDS)

    def show(item: KeyValue) -> dict[str, Any]:
        everything = {
            "etag": item.etag,
            "key": item.key,
            "label": item.label,
            "content_type": item.content_type,
            "value": item.value,
            "tags": dict(item.tags),
            "description": item.description,
            "locked": item.locked,
            "last_modified": _iso(item.modified),
        }
        return {name: everything[name] for name in names}

    return show


def one_key_value(request: Request, item: KeyValue, headers: Mapping[str, str] | None = None) -> Response:
    """A single key-value with its ETag and, if given, more headers."""
    own = media_type("kv") | {"ETag": quoted(item.etag), "Last-Modified": http_date(item.modified)}
    return Response(200, key_value_form(Query(request))(item), {**own, **(headers or {})})


def snapshot_form(query: Query) -> Callable[[Snapshot], dict[str, Any]]:
    """How a snapshot looks with the fields that the query selects; sizes are known when it is provisioned.

    Raises:
        Refusal: 400 for a field that does not exist.
    """
    names = _selected(query, _SNAPSHOT_FIELDS)

    def show(item: Snapshot) -> dict[str, Any]:
        done = item.status != "provisioning"
        everything = {
            "etag": item.etag,
            "name": item.name,
            "status": item.status,
            "filters": [
                {"key": wanted.key, "label": wanted.label} | ({"tags": list(wanted.tags)} if wanted.tags else {})
                for wanted in item.filters
            ],
            "composition_type": item.composition,
            "created": _iso(item.created),
            "expires": None if item.expires is None else _iso(item.expires),
            "size": item.size if done else 0,
            "items_count": len(item.items) if done else 0,
            "retention_period": item.retention,
            "tags": dict(item.tags),
            "description": item.description,
        }
        return {name: everything[name] for name in names}

    return show


def page_of(
    request: Request,
    kind: str,
    items: Sequence[T],
    position: Callable[[T], str],
    show: Callable[[T], dict[str, Any]],
    etags: Callable[[T], str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """One page of a list in order of `position`, with a link to the next; with an ETag where items have one.

    Raises:
        Refusal: 304 or 412 by the request's condition on the page's ETag; 400 for a bad `after`.
    """
    query = Query(request)
    after = _decoded(query.first("after"))
    rest = [item for item in items if after is None or position(item) > after]
    page = rest[:PAGE_SIZE]
    body: dict[str, Any] = {"items": [show(item) for item in page]}
    sent = media_type(kind) | dict(headers or {})
    if len(rest) > len(page):
        token = base64.urlsafe_b64encode(position(page[-1]).encode()).decode().rstrip("=")
        pairs = [(name, value) for name, value in query.pairs if name.lower() != "after"]
        body["@nextLink"] = f"{request.path}?{urlencode([*pairs, ('after', token)])}"
        # The next page first: Microsoft's SDKs read no further than the first link of a 304.
        sent["Link"] = ", ".join([f'<{body["@nextLink"]}>; rel="next"', *filter(None, [sent.get("Link")])])
    if etags is not None:
        etag = make_etag(*(etags(item) for item in page))
        answer_condition(request, etag, {"Link": sent["Link"]} if "@nextLink" in body else {})
        body["etag"] = etag
        sent["ETag"] = quoted(etag)
    return Response(200, body, sent)


def answer_condition(request: Request, etag: str | None, headers: Mapping[str, str] | None = None) -> None:
    """Let a read pass. A 304 has the ETag and, if given, more headers.

    Raises:
        Refusal: 304 when If-None-Match names what is there, 412 when If-Match does not.
    """
    condition = condition_of(request)
    if condition.holds(etag):
        return
    if etag is None or not condition.none_match:
        raise bare(412)
    raise bare(304, {"ETag": quoted(etag), **(headers or {})})


def quoted(etag: str) -> str:
    """An ETag as a header has it."""
    return f'"{etag}"'


def http_date(moment: float) -> str:
    """RFC 1123."""
    return format_datetime(datetime.fromtimestamp(moment, UTC), usegmt=True)


def _selected(query: Query, names: Iterable[str]) -> list[str]:
    known = [name for name in names if name != "description" or query.api_version >= _DESCRIPTION_SINCE]
    wanted = query.selected()
    for name in wanted:
        if name not in known:
            raise invalid_argument("$select", f"$select: '{name}' is not a field")
    return [name for name in known if not wanted or name in wanted]


def _decoded(token: str | None) -> str | None:
    if not token:
        return None
    try:
        return base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_argument("after", "after: Invalid continuation token") from error


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds")
