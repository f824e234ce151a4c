"""Azure Resource Graph: one query over everything there is.

Answers are always up to date here; the real service lags ARM by seconds to minutes. What the query language knows is
said in `kql`. Shapes: Microsoft's published examples (2021-03-01); errors as reported by users of the service.
"""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from quarterdeck.sandbox.cloud_services import service_body
from quarterdeck.sandbox.container_apps import app_body
from quarterdeck.sandbox.kql import Query, Row, parse
from quarterdeck.sandbox.kql_tokens import QueryError
from quarterdeck.sandbox.web.render import site_body
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.profile_document import write_profile
from quarterdeck.sandbox.world.world import World

LARGEST_PAGE = 1000
_COLUMNS = ("kind", "location", "managedBy", "sku", "plan", "tags", "identity", "zones", "extendedLocation")


class ResourceGraphService:
    """Answers queries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """The one operation."""
        yield Route("POST", "/providers/Microsoft.ResourceGraph/resources", self.resources)

    async def resources(self, request: Request) -> Response:
        """One page of a query's result."""
        body = request.json()
        if not isinstance(body, Mapping) or not isinstance(body.get("query"), str):
            raise self._refusal("InvalidRequest", "The body needs a 'query'.")
        options = body.get("options") or {}
        if not isinstance(options, Mapping):
            raise self._refusal("InvalidOptions", "The 'options' are an object.")
        if body.get("facets") or body.get("managementGroups"):
            raise self._refusal("Unsupported", "This sandbox has no facets and no management groups.")
        form = _FORMS.get(str(options.get("resultFormat") or "objectArray").lower())
        if form is None:
            raise self._refusal("InvalidOptions", "A resultFormat is objectArray or table.")
        found = self._run(body["query"], request.principal, body.get("subscriptions"))
        start = _read_token(options.get("$skipToken")) if options.get("$skipToken") else options.get("$skip", 0)
        size = options.get("$top", LARGEST_PAGE)
        if start is None or not _whole(start, 0) or not _whole(size, 1) or size > LARGEST_PAGE:
            raise self._refusal(
                "InvalidOptions", f"$skip must be 0 or more, $top 1 to {LARGEST_PAGE}, $skipToken as it was given."
            )
        page = found[start : start + size]
        more = len(found) > start + size
        answer: dict[str, Any] = {
            "totalRecords": len(found),
            "count": len(page),
            "resultTruncated": "true" if more else "false",
            "facets": [],
            "data": form(page),
        }
        # Without ids the service cannot page on: what is beyond the first page is lost.
        if more and all("id" in row for row in page):
            answer["$skipToken"] = _token(start + size)
        return Response(body=answer)

    def _run(self, text: str, principal: str, subscriptions: Any) -> list[Row]:
        try:
            query = parse(text)
            return query.run(self._rows(query, principal, subscriptions))
        except RecursionError as error:
            raise self._refusal("ParserFailure", "In this sandbox: the query is nested too deeply.") from error
        except QueryError as error:
            place = {"line": error.line, "characterPositionInLine": error.column, "token": error.token}
            raise self._refusal("ParserFailure", f"In this sandbox: {error}.", place) from error

    def _rows(self, query: Query, principal: str, subscriptions: Any) -> list[Row]:
        if subscriptions and self._world.subscription.lower() not in (str(s).lower() for s in subscriptions):
            return []
        if query.table == "resources":
            resources = [*self._sites(), *self._profiles(), *self._apps(), *self._services()]
        elif query.table == "resourcecontainers":
            resources = list(self._containers())
        else:
            raise QueryError(f"there is no table '{query.table}' here", query.table)
        access = self._world.authorization
        rows = [self._row(resource) for resource in resources]
        readable = [row for row in rows if access.role(principal, row["id"]).allows(f"{row['type']}/read")]
        return sorted(readable, key=lambda row: str(row["id"]).lower())

    def _sites(self) -> Iterator[Mapping[str, Any]]:
        for site in self._world.sites:
            for slot in site.slots.values():
                yield site_body(self._world, site, slot)

    def _profiles(self) -> Iterator[Mapping[str, Any]]:
        profiles = self._world.profiles
        profiles.observe()
        for profile in profiles:
            yield write_profile(profile, profiles.status(profile), profiles.statuses(profile))

    def _apps(self) -> Iterator[Mapping[str, Any]]:
        for app in self._world.container_apps:
            yield app_body(self._world, app)

    def _services(self) -> Iterator[Mapping[str, Any]]:
        for service in self._world.cloud_services:
            yield service_body(self._world, service)

    def _containers(self) -> Iterator[Mapping[str, Any]]:
        subscription = f"/subscriptions/{self._world.subscription}"
        yield {
            "id": subscription,
            "name": "Quarterdeck sandbox",
            "type": "microsoft.resources/subscriptions",
            "properties": {"state": "Enabled"},
        }
        for name, location in self._world.sites.groups():
            yield {
                "id": f"{subscription}/resourceGroups/{name}",
                "name": name,
                "type": "microsoft.resources/subscriptions/resourcegroups",
                "location": location,
                "properties": {"provisioningState": "Succeeded"},
            }

    def _row(self, resource: Mapping[str, Any]) -> dict[str, Any]:
        parts = str(resource["id"]).split("/")
        return {
            "id": resource["id"],
            "name": resource["name"],
            "type": str(resource["type"]).lower(),
            "tenantId": self._world.tenant,
            "subscriptionId": self._world.subscription,
            "resourceGroup": parts[4].lower() if len(parts) > 4 else "",
            **{column: resource.get(column) for column in _COLUMNS},
            "location": str(resource.get("location") or "").replace(" ", "").lower(),
            "tags": resource.get("tags") or {},
            "properties": resource.get("properties") or {},
        }

    def _refusal(self, code: str, message: str, place: Mapping[str, Any] | None = None) -> Refusal:
        body = {
            "error": {
                "code": "BadRequest",
                "message": "Please provide below info when asking for support: timestamp = "
                f"{utc(self._world.clock.now())}, correlationId = {uuid.uuid4()}.",
                "details": [
                    {
                        "code": "InvalidQuery",
                        "message": "Query is invalid. Please refer to the documentation for the Azure Resource Graph "
                        "service and fix the error before retrying.",
                    },
                    {"code": code, "message": message, **(place or {})},
                ],
            }
        }
        return Refusal(400, "BadRequest", message, body=body)


def _table(rows: list[Row]) -> dict[str, Any]:
    """Columns with their types, and rows of bare values."""
    names = list(rows[0]) if rows else []
    return {
        "columns": [{"name": name, "type": _column_type(row[name] for row in rows)} for name in names],
        "rows": [[row[name] for name in names] for row in rows],
    }


def _column_type(values: Iterable[Any]) -> str:
    """The type of the first value that is there."""
    first = next((value for value in values if value is not None), "")
    return _TYPES.get(type(first), "object")


_TYPES = {str: "string", bool: "boolean", int: "integer", float: "number"}

_FORMS: dict[str, Callable[[list[Row]], Any]] = {"objectarray": list, "table": _table}


def _whole(value: Any, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"start": start}).encode()).decode()


def _read_token(token: Any) -> int | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(str(token)))
        return int(value["start"])
    except (binascii.Error, ValueError, TypeError, KeyError):
        return None
