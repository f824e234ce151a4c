"""What one service leaves to expect: who still meets what was taken from new clients, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quarterdeck.cli.passages import fuse_lines, section, wrapped
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.drain import Drain, drains, in_words
from quarterdeck.release.fuse import fuse_of
from quarterdeck.release.plan import Fuse
from quarterdeck.store.base import Store

_LAST = 50
"""As many operations are looked at: the way back is among the last, and what drains is hours old at most."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """As far as the store knows, at a moment."""

    fuse: Fuse
    drains: tuple[Drain, ...]
    at: float


def outlook_of(store: Store, target: TargetId, now: float) -> Outlook:
    """The outlook of a service as a whole."""
    fleet, observations = store.fleet() or Fleet(""), store.observations()
    operations = store.operations(target=str(target), limit=_LAST)
    releases, rules = store.releases(open_only=True), store.rules()
    fuse = fuse_of(target, operations, fleet=fleet, observations=observations, releases=releases, rules=rules, now=now)
    return Outlook(fuse, drains(target, operations, fleet=fleet, observations=observations, now=now), now)


def outlook_lines(outlook: Outlook) -> Iterator[str]:
    """For people."""
    left = (line for one in outlook.drains for line in wrapped(in_words(one, outlook.at), "  "))
    yield from section("still draining", left)
    yield from section("way back", fuse_lines(outlook.fuse))


def outlook_json(outlook: Outlook) -> Mapping[str, Any]:
    """For programs."""
    return {"draining": [asdict(one) for one in outlook.drains], "way_back": asdict(outlook.fuse)}
