"""How the checks before a stage are set up: what they protect, what they are called, when they are given up.

A suite and a check hardly change, so each is read once and kept for a while. That the id of a checkpoint in a timeline
is that of its suite isn't written anywhere; where a server doesn't know it, waits are told without their expiry.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from urllib.parse import quote

from quarterdeck.clock import Clock
from quarterdeck.providers.azure_pipelines.api import Document, below, versioned
from quarterdeck.providers.azure_pipelines.approvals import Setting, configurations_in, settings_of
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.rest import Params, Rest

KEPT_SECONDS = 600.0
"""So long what was read of a check is believed."""

MOST_KEPT = 1000

_VERSION = ("api-version", "7.1-preview.1")


class Checks:
    """The checks of an organization."""

    def __init__(self, api: Rest, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Document]] = OrderedDict()

    async def settings(self, project: str, suites: Iterable[str], *, watching: bool) -> dict[str, Setting]:
        """By the id of a check's run: that of its record in a timeline, and of its approval."""
        try:
            read = [self._suite(project, suite, watching=watching) for suite in dict.fromkeys(suites)]
            documents = await asyncio.gather(*read)
            numbers = list(dict.fromkeys(number for document in documents for number in configurations_in(document)))
            checks = await asyncio.gather(*(self._check(project, one, watching=watching) for one in numbers))
        except ProviderError:
            return {}  # who waits for what is told all the same
        known = dict(zip(numbers, checks, strict=True))
        return {run: setting for document in documents for run, setting in settings_of(document, known).items()}

    async def _suite(self, project: str, suite: str, *, watching: bool) -> Document:
        path = below(project, f"pipelines/checks/runs/{quote(suite, safe='')}")
        return await self._get(path, (("$expand", "resources"),), watching=watching)

    async def _check(self, project: str, number: str, *, watching: bool) -> Document:
        path = below(project, f"pipelines/checks/configurations/{quote(number, safe='')}")
        return await self._get(path, (("$expand", "settings"),), watching=watching)

    async def _get(self, path: str, params: Params, *, watching: bool) -> Document:
        now, known = self._clock.monotonic(), self._kept.get(path)
        if known is not None and now - known[0] < KEPT_SECONDS:
            return known[1]
        try:
            body = await self._api.get(path, versioned((*params, _VERSION)), watching=watching)
        except ProviderError as error:
            if error.trouble.code not in ("not_found", "forbidden"):
                raise
            body = {}
        document: Document = body if isinstance(body, dict) else {}
        self._kept[path] = (now, document)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return document
