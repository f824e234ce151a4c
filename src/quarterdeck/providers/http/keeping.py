"""Asking for whoever asks often: reads share connections that stay open between them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from quarterdeck.providers.http.asking import Asking, Question

KEPT_SECONDS = 60.0
"""So long a connection stays open while nothing is asked."""


class KeptAsking(Asking):
    """As `Asking`. A write still gets a connection of its own: one that the server has closed meanwhile would leave it
    in doubt, where a read is just repeated."""

    _kept: httpx.AsyncClient | None = None

    @asynccontextmanager
    async def line(self, question: Question) -> AsyncIterator[httpx.AsyncClient]:
        if question.method not in ("GET", "HEAD"):
            async with super().line(question) as client:
                yield client
            return
        if self._kept is None:
            self._kept = self.client(question.url, KEPT_SECONDS)
        yield self._kept

    async def close(self) -> None:
        """Close what is open. May be called more than once; asking again opens anew."""
        kept, self._kept = self._kept, None
        if kept is not None:
            await kept.aclose()
