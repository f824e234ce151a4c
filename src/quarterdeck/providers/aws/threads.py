"""Work that blocks, in a thread that nobody has to wait for.

The threads of `asyncio.to_thread` are joined when a program ends, so that a server that hangs would hold up its end for
as long as it is waited for. These end with the program. What they had sent by then is in doubt as after a crash, and is
settled the same way.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")


async def in_a_thread(work: Callable[[], Result]) -> Result:
    """What `work` gives back, or raises. Whoever is cancelled leaves it to end by itself."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[Result] = loop.create_future()

    def deliver(result: Result | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]  # there is one unless there is an error

    def run() -> None:
        result, error = None, None
        try:
            result = work()
        except BaseException as raised:
            error = raised
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(deliver, result, error)

    threading.Thread(target=run, name="aws", daemon=True).start()
    return await future
