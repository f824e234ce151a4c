"""Reads of Azure Monitor: each of its interfaces has limits of its own, and is left alone for as long as it says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import quote, urlencode

from azure.core.exceptions import HttpResponseError

from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import clean, reading, said
from quarterdeck.providers.base import ProviderError

HOLD_SECONDS = 30.0
"""After "too many requests" without a time to come back at."""

_ROLE = "give this credential the role Monitoring Reader on the subscription, or on what is asked for"
_KEYS = "check resource, metric, aggregation, filter and namespace"

Answer = TypeVar("Answer")


class Asking:
    """Asks one interface. A longer Retry-After than a read itself waits for is kept by all questions after it."""

    def __init__(self, arm: Arm, what: str) -> None:
        """`what` it is, in an operator's words."""
        self._arm = arm
        self._what = what
        self._not_before = 0.0

    async def get(self, path: str, api_version: str, query: Mapping[str, str]) -> Mapping[str, Any]:
        """One document. Raises ProviderError."""
        return await self._asked(lambda: self._arm.get(_with(path, query), api_version))

    async def everything(self, path: str, api_version: str, query: Mapping[str, str]) -> list[Mapping[str, Any]]:
        """A list, page after page. Raises ProviderError."""
        return await self._asked(lambda: self._arm.everything(_with(path, query), api_version))

    async def _asked(self, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        clock = self._arm.context.clock
        left = self._not_before - clock.monotonic()
        if left > 0:
            message = f"{self._what}: asked too often; it isn't asked again for {left:.0f} s"
            raise ProviderError("throttled", message, "ask less often: a longer interval")
        try:
            with reading(self._what):
                try:
                    return await ask()
                except HttpResponseError as error:
                    if error.status_code == 429:
                        self._not_before = clock.monotonic() + _wait(error)
                    if error.status_code == 400:
                        raise self._not_a_question(error) from None
                    raise
        except ProviderError as error:
            raise _in_our_words(error) from None

    def _not_a_question(self, error: HttpResponseError) -> ProviderError:
        _, message = said(error)
        return ProviderError("misconfigured", f"{self._what}: {clean(message) or 'it takes no such question'}", _KEYS)


def _with(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query, quote_via=quote)}" if query else path


def _wait(error: HttpResponseError) -> float:
    headers = getattr(error.response, "headers", {})
    told = str(headers.get("Retry-After", ""))
    return float(told) if told.isdigit() else HOLD_SECONDS


def _in_our_words(error: ProviderError) -> ProviderError:
    if error.trouble.code == "forbidden":
        return ProviderError("forbidden", error.trouble.message, _ROLE)
    return error
