"""Waiting for whichever comes first: something happening, or a time on the clock."""

from __future__ import annotations

import asyncio
from typing import Any

from quarterdeck.clock import Clock


async def first_of(clock: Clock, seconds: float, *awaited: asyncio.Future[Any] | asyncio.Event) -> None:
    """Return when one of these is done or set, or after `seconds`. Cancels none of the futures given."""
    own = [asyncio.ensure_future(clock.sleep(seconds))]
    own += [asyncio.ensure_future(_set(one)) for one in awaited if isinstance(one, asyncio.Event)]
    given = [one for one in awaited if not isinstance(one, asyncio.Event)]
    try:
        await asyncio.wait([*own, *given], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for waiter in own:
            waiter.cancel()


async def _set(event: asyncio.Event) -> None:
    await event.wait()
