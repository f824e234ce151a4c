"""Reading back what a store keeps. What was read before is not decoded again: a viewer reads it at every change."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.observation import Observation
from quarterdeck.records import replace
from quarterdeck.store.errors import StoreError

T = TypeVar("T")


class Decoder:
    """Reads the texts of one store."""

    def __init__(self, path: Path) -> None:
        """`path` is named in errors."""
        self._path = path
        self._observed: dict[str, tuple[int, Observation]] = {}
        """By subject, with the hash of the text that it was read from: the texts take more room than what they say."""

    def read(self, kind: type[T], text: str) -> T:
        """What a text says. Raises StoreError."""
        key: Any = kind
        with self._explaining():
            decoded: T = _decode(key, text)
        return decoded

    def observation(self, subject: str, observed_at: float | None, body: str) -> Observation:
        """An observation; the same object as last time if nothing about it has changed. Raises StoreError."""
        known = self._observed.get(subject)
        observation: Observation
        text = hash(body)  # 64 bits, keyed by chance in each process: nobody can aim at another text with the same
        if known is None or known[0] != text:
            # Past the cache: a large fleet's would push everything else out of it.
            with self._explaining():
                observation = replace(from_json(Observation, json.loads(body)), observed_at=observed_at)
        elif known[1].observed_at != observed_at:
            observation = replace(known[1], observed_at=observed_at)
        else:
            return known[1]
        self._observed[subject] = (text, observation)
        return observation

    @contextmanager
    def _explaining(self) -> Iterator[None]:
        try:
            yield
        except ValueError as error:
            raise StoreError(
                f"store {self._path} holds something unreadable: {error}", "it was damaged or edited: restore a backup"
            ) from error


@lru_cache(maxsize=64)
def _decode(kind: Any, text: str) -> Any:
    """Enough for a fleet and the operations that are shown."""
    return from_json(kind, json.loads(text))
