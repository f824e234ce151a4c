"""For whom a write is sent, for systems that keep a record of it in words: a commit's message, for instance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Errand:
    """Who wants it, why, and the id of the operation ("" where nobody said)."""

    actor: str = ""
    reason: str = ""
    operation: str = ""


_CURRENT: ContextVar[Errand] = ContextVar("quarterdeck_errand", default=Errand())  # noqa: B039 (frozen)


def current() -> Errand:
    """The errand of the task that asks."""
    return _CURRENT.get()


@contextmanager
def on(errand: Errand) -> Iterator[None]:
    """Whatever is sent within the block is sent for it."""
    token = _CURRENT.set(errand)
    try:
        yield
    finally:
        _CURRENT.reset(token)
