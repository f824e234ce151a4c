"""An event loop in which no time passes but the one that everybody waits for.

It runs one callback at a time, chosen by a seeded generator among those that are ready, so that one seed is one
order of events, and many seeds are many orders. When nothing is ready, its clock jumps to the next timer.
"""

from __future__ import annotations

import asyncio
import heapq
from asyncio import events
from collections.abc import Callable, Coroutine, Generator
from contextlib import suppress
from contextvars import Context, copy_context
from itertools import count
from random import Random
from typing import Any, TypeVar
from weakref import WeakSet

T = TypeVar("T")

Gate = Callable[[Context], bool]
"""Asked before each callback, with its context; False keeps the callback for `VirtualLoop.release`."""


class Runaway(AssertionError):
    """So many callbacks that something must turn in circles."""


class NumberedTask(asyncio.Task[Any]):
    """Task groups keep their tasks in sets: ordered by memory address, one seed would be many stories."""

    def __init__(self, coro: Any, *, number: int, **options: Any) -> None:
        self._number = number
        super().__init__(coro, **options)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.AbstractEventLoop):
    """Time in seconds from 0. Made of public parts of asyncio only; does no input and no output."""

    def __init__(self, random: Random, *, longest: int = 400_000) -> None:
        """`longest` bounds the number of callbacks of one run."""
        self._random = random
        self._now = 0.0
        self._ready: list[tuple[asyncio.Handle, Context, Callable[..., Any], tuple[Any, ...]]] = []
        self._timers: list[tuple[float, int, asyncio.TimerHandle, Context, Callable[..., Any], tuple[Any, ...]]] = []
        self._kept: list[tuple[asyncio.Handle, Context, Callable[..., Any], tuple[Any, ...]]] = []
        self._numbers = count()
        self._left = longest
        self._tasks: WeakSet[asyncio.Task[Any]] = WeakSet()
        self._stop: Exception | None = None
        self.gate: Gate = lambda _: True
        self.born: Callable[[Context, asyncio.Task[Any]], None] = lambda context, task: None
        self.failed: Callable[[dict[str, Any]], None] = lambda context: None

    # --- running -----------------------------------------------------------------------------------------------------
    def run(self, main: Coroutine[Any, Any, T]) -> T:
        """Run until `main` is done."""
        events._set_running_loop(self)
        try:
            task = self.create_task(main)
            while not task.done() and not self._stop:
                self._turn()
            if self._stop:
                raise self._stop
            return task.result()
        finally:
            self._unwind()
            events._set_running_loop(None)

    def stop_with(self, error: Exception) -> None:
        """Let `run` raise this after the callback that runs now."""
        self._stop = error

    def release(self) -> None:
        """Let the callbacks that the gate has kept be chosen again."""
        self._ready += self._kept
        self._kept = []

    def _unwind(self) -> None:
        """Cancel whatever is left, and let it come to its end; time stands still."""
        self.gate = lambda _: True
        self.release()
        for task in list(self._tasks):
            task.cancel()
        while self._ready:
            _, context, callback, args = self._ready.pop(0)
            with suppress(Exception):
                context.run(callback, *args)

    def _turn(self) -> None:
        timers, ready = self._timers, self._ready
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise Runaway("everybody waits, and nothing will ever happen")
            self._now = max(self._now, timers[0][0])
        while timers and timers[0][0] <= self._now:
            _, _, timer, context, callback, args = heapq.heappop(timers)
            if not timer.cancelled():
                ready.append((timer, context, callback, args))
        if not ready:
            return
        at = int(self._random.random() * len(ready))
        ready[at], ready[-1] = ready[-1], ready[at]
        entry = ready.pop()
        handle, context, callback, args = entry
        if handle.cancelled():
            return
        if not self.gate(context):
            self._kept.append(entry)
            return
        self._left -= 1
        if self._left < 0:
            raise Runaway(f"no end after so many events, at {self._now:.1f} s")
        try:
            context.run(callback, *args)
        except Exception as error:
            self.call_exception_handler({"message": "callback failed", "exception": error})

    # --- what asyncio asks of a loop ---------------------------------------------------------------------------------
    def time(self) -> float:
        return self._now

    def call_soon(  # type: ignore[override]
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        context = copy_context() if context is None else context
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append((handle, context, callback, args))
        return handle

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        return self.call_at(self._now + delay, callback, *args, context=context)

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        context = copy_context() if context is None else context
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._numbers), timer, context, callback, args))
        return timer

    def create_future(self) -> asyncio.Future[Any]:
        return asyncio.Future(loop=self)

    def create_task(
        self,
        coro: Generator[Any, None, T] | Coroutine[Any, Any, T],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[T]:
        context = copy_context() if context is None else context
        task: asyncio.Task[T] = NumberedTask(coro, number=next(self._numbers), loop=self, name=name, context=context)
        self._tasks.add(task)
        self.born(context, task)
        return task

    def get_debug(self) -> bool:
        return False

    def is_running(self) -> bool:
        return True

    def is_closed(self) -> bool:
        return False

    def call_exception_handler(self, context: dict[str, Any]) -> None:
        self.failed(context)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Asked for by TimerHandle; a cancelled timer is dropped when its time comes."""
