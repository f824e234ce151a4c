"""Reading hosted zones and health checks of Route 53, which answers five requests a second to a whole account
(Developer Guide, "Quotas")."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.aws.account import Account
from quarterdeck.providers.aws.documents import Document, listed
from quarterdeck.providers.aws.faults import reading
from quarterdeck.providers.aws.records import CheckHealth, Weighted, check_health, is_observed, plain_name, weighted_of
from quarterdeck.providers.base import ProviderError

SERVICE = "route53"
PAGE = 300
"""As many records come with one answer at most (API reference, ListResourceRecordSets)."""

_NOT_TOLD = frozenset({"forbidden", "not_found", "provider_error"})
"""Why a health check isn't known, without anything being wrong with knowing the weights."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Records of one name in a zone, of these types."""

    zone: str
    name: str
    types: tuple[str, ...]

    @property
    def keys(self) -> list[tuple[str, str]]:
        """Name and type of each set of records."""
        return [(self.name, kind) for kind in self.types]


class Zones:
    """All hosted zones that one connection reaches."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def one(self, wanted: Wanted) -> Weighted:
        """The weighted records of a name. Raises ProviderError."""
        return _weighted(await self._records(wanted.zone, wanted.keys, watching=False), wanted)

    async def watched(self, wanted: Iterable[Wanted]) -> dict[Wanted, Weighted | Trouble]:
        """Those of many names: pages of a zone are read where something that is wanted begins, and no others."""
        by_zone: dict[str, list[Wanted]] = {}
        for one in wanted:
            by_zone.setdefault(one.zone, []).append(one)
        found = await asyncio.gather(*(self._zone(zone, its) for zone, its in by_zone.items()))
        return {one: its for seen in found for one, its in seen.items()}

    async def health(self, checks: Collection[str], *, watching: bool = False) -> dict[str, CheckHealth | Trouble]:
        """What health checks say, by id: a list of them all, then a request for each that checkers report on."""
        if not checks:
            return {}
        try:
            configured = await self._configured(watching=watching)
        except ProviderError as error:
            return dict.fromkeys(checks, _unknown(error))
        found = await asyncio.gather(*(self._health(one, configured.get(one), watching) for one in checks))
        return dict(zip(checks, found, strict=True))

    async def _zone(self, zone: str, wanted: Sequence[Wanted]) -> dict[Wanted, Weighted | Trouble]:
        found: dict[Wanted, Weighted | Trouble] = {}
        try:
            records = await self._records(zone, [key for one in wanted for key in one.keys], watching=True)
        except ProviderError as error:
            return dict.fromkeys(wanted, error.trouble)
        for one in wanted:
            try:
                found[one] = _weighted(records, one)
            except ProviderError as error:
                found[one] = error.trouble
        return found

    async def _records(
        self, zone: str, keys: Iterable[tuple[str, str]], *, watching: bool
    ) -> dict[tuple[str, str], list[Document]]:
        """All records of these names and types; an empty list where there are none. Raises ProviderError.

        Whatever else a page holds completely needn't be asked for. So names are taken in the order that Route 53 has
        them in (by labels from the right), which saves requests, and nothing depends on its being the same.
        """
        left = sorted(set(keys), key=lambda key: (key[0].split(".")[::-1], key[1]))
        found: dict[tuple[str, str], list[Document]] = {}
        while left:
            name, kind = left[0]
            page, cut = await self._page(zone, name, kind, watching=watching)
            if cut == (name, kind):
                raise ProviderError("garbage", f"more than {PAGE} records {kind} {name}: Route 53 allows a hundred")
            found |= {key: page[key] for key in left if key in page and key != cut}
            found.setdefault((name, kind), [])
            left = [key for key in left if key not in found]
        return found

    async def _page(
        self, zone: str, name: str, kind: str, *, watching: bool
    ) -> tuple[dict[tuple[str, str], list[Document]], tuple[str, str] | None]:
        """Records from a name and type on, and which of them go on after this page (None: the zone ends here)."""
        answer = await self._account.read(
            SERVICE,
            "list_resource_record_sets",
            watching=watching,
            HostedZoneId=zone,
            StartRecordName=name,
            StartRecordType=kind,
            MaxItems=str(PAGE),
        )
        with reading(SERVICE):
            page: dict[tuple[str, str], list[Document]] = {}
            for one in listed(answer, "ResourceRecordSets"):
                page.setdefault((plain_name(one["Name"]), str(one["Type"])), []).append(one)
            if not answer["IsTruncated"]:
                return page, None
            return page, (plain_name(answer["NextRecordName"]), str(answer["NextRecordType"]))

    async def _configured(self, *, watching: bool) -> dict[str, Any]:
        """How each health check of the account is configured, by id. Raises ProviderError."""
        found: dict[str, Any] = {}
        marker: dict[str, str] = {}
        while True:
            answer = await self._account.read(
                SERVICE, "list_health_checks", watching=watching, MaxItems="1000", **marker
            )
            with reading(SERVICE):
                found |= {str(one["Id"]): one["HealthCheckConfig"] for one in listed(answer, "HealthChecks")}
                if not answer.get("IsTruncated"):
                    return found
                marker = {"Marker": str(answer["NextMarker"])}

    async def _health(self, check: str, config: Any, watching: bool) -> CheckHealth | Trouble:
        if config is None:
            return CheckHealth(said="its health check is gone")
        try:
            if not is_observed(config):
                return check_health(config, {})
            answer = await self._account.read(
                SERVICE, "get_health_check_status", watching=watching, HealthCheckId=check
            )
            with reading(SERVICE):
                return check_health(config, answer)
        except ProviderError as error:
            return _unknown(error)


def _unknown(error: ProviderError) -> CheckHealth | Trouble:
    if error.trouble.code in _NOT_TOLD:
        return CheckHealth(said=f"health unknown: {error.trouble.message}")
    return error.trouble


def _weighted(records: dict[tuple[str, str], list[Document]], wanted: Wanted) -> Weighted:
    """Raises ProviderError."""
    with reading(SERVICE):
        return weighted_of(wanted.name, {kind: records[wanted.name, kind] for kind in wanted.types})
