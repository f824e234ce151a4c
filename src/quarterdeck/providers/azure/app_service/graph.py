"""Sites and slots of many groups in a few requests, through Azure Resource Graph.

Resource Graph lags behind by seconds to minutes (Microsoft's documentation): good for watching, never for
confirming a write.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from quarterdeck.providers.azure.app_service.documents import Document
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading

PAGE = 1000
"""The most rows that Resource Graph gives in one answer."""

_COLUMNS = (
    "state",
    "availabilityState",
    "usageState",
    "defaultHostName",
    "deploymentId",
    "lastModifiedTimeUtc",
    "targetSwapSlot",
    "slotSwapStatus",
    "inProgressOperationId",
    "siteConfig",
)


def sites_query(groups: Iterable[str]) -> str:
    """The question for all sites and slots in these resource groups. `id` is needed for paging."""
    names = ", ".join(f"'{_quoted(name)}'" for name in sorted({group.lower() for group in groups}))
    columns = ", ".join(f"{name} = properties.{name}" for name in _COLUMNS)
    return (
        "Resources"
        " | where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots')"
        f" | where resourceGroup in~ ({names})"
        f" | project id, name, kind, {columns}"
    )


async def sites_by_graph(arm: Arm, groups: Iterable[str]) -> list[Document]:
    """Every site and slot of these groups that this credential may see.

    Raises:
        ProviderError: Resource Graph said no, or can't be reached.
    """
    from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, ResultFormat

    query, rows, skip = sites_query(groups), [], None
    with reading("Resource Graph"):
        while True:
            options = QueryRequestOptions(top=PAGE, skip_token=skip, result_format=ResultFormat.OBJECT_ARRAY)
            request = QueryRequest(subscriptions=[arm.subscription], query=query, options=options)
            answer = await arm.graph.resources(request)
            rows += [_document(row) for row in cast(list[dict[str, Any]], answer.data)]
            skip = answer.skip_token
            if not skip:
                return rows


def _document(row: dict[str, Any]) -> Document:
    """A row in the shape that the rest of App Service's answers have."""
    about = {name: row.get(name) for name in _COLUMNS}
    return {"id": row["id"], "name": row["name"], "kind": row.get("kind"), "properties": about}


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
