"""Resources of many groups in a few requests, through Azure Resource Graph.

Resource Graph lags behind by seconds to minutes (Microsoft's documentation): good for watching, never for
confirming a write.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading

PAGE = 1000
"""The most rows that Resource Graph gives in one answer."""

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Columns:
    """What is asked of resources: their types in lower case, the properties, with dots where one holds another, and
    what stands beside the properties."""

    types: tuple[str, ...]
    properties: tuple[str, ...]
    beside: tuple[str, ...] = ("name", "kind")

    def query(self, groups: Iterable[str]) -> str:
        """The question for all such resources in these resource groups. `id` is needed for paging."""
        names = ", ".join(f"'{_quoted(name)}'" for name in sorted({group.lower() for group in groups}))
        types = ", ".join(f"'{name}'" for name in self.types)
        columns = ", ".join(f"{_column(name)} = properties.{name}" for name in self.properties)
        return (
            "Resources"
            f" | where type in~ ({types})"
            f" | where resourceGroup in~ ({names})"
            f" | project id, {', '.join(self.beside)}, {columns}"
        )

    def document(self, row: Mapping[str, Any]) -> Document:
        """A row in the shape that the resource's own interface gives it."""
        about: dict[str, Any] = {}
        for name in self.properties:
            *holders, last = name.split(".")
            inner = about
            for holder in holders:
                inner = inner.setdefault(holder, {})
            inner[last] = row.get(_column(name))
        return {"id": row["id"], **{name: row.get(name) for name in self.beside}, "properties": about}


class ResourcesGraph:
    """Asks Resource Graph for whole resource groups, several at once, each question small enough for one page.

    The pages of one question come one after the other, so a large fleet is read fastest by several questions.
    """

    def __init__(self, arm: Arm, columns: Columns) -> None:
        self._arm = arm
        self._columns = columns
        self._rows: dict[str, int] = {}

    async def read(self, groups: Mapping[str, int]) -> list[Document]:
        """Every such resource of these groups that this credential may see.

        `groups` says how many rows each is expected to have; after the first time, what it had is known.

        Raises:
            ProviderError: Resource Graph said no, or can't be reached.
        """
        expected = {group.lower(): self._rows.get(group.lower(), rows) for group, rows in groups.items()}
        found = await asyncio.gather(*(self._ask(batch) for batch in batches(expected)))
        rows = [row for part in found for row in part]
        self._rows = Counter(str(row["id"]).lower().split("/")[4] for row in rows)
        return rows

    async def _ask(self, groups: Sequence[str]) -> list[Document]:
        from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions, ResultFormat

        query, rows, skip = self._columns.query(groups), [], None
        with reading("Resource Graph"):
            while True:
                options = QueryRequestOptions(top=PAGE, skip_token=skip, result_format=ResultFormat.OBJECT_ARRAY)
                request = QueryRequest(subscriptions=[self._arm.subscription], query=query, options=options)
                answer = await self._arm.graph.resources(request)
                rows += [self._columns.document(row) for row in cast(list[dict[str, Any]], answer.data)]
                skip = answer.skip_token
                if not skip:
                    return rows


def batches(groups: Mapping[str, int], most: int = PAGE * 9 // 10) -> list[list[str]]:
    """Groups put together so that each batch stays below `most` rows, where no single group is larger: largest
    groups first, each into the first batch that has room."""
    filled: list[tuple[int, list[str]]] = []
    for group, rows in sorted(groups.items(), key=lambda item: (-item[1], item[0])):
        for place, (sum_of_rows, names) in enumerate(filled):
            if sum_of_rows + rows <= most:
                filled[place] = (sum_of_rows + rows, [*names, group])
                break
        else:
            filled.append((rows, [group]))
    return [names for _, names in filled]


def _column(name: str) -> str:
    return name.replace(".", "_")


def _quoted(name: str) -> str:
    return name.replace("\\", "\\\\").replace("'", "\\'")
