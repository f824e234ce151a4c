"""Which alerts fire, told in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.fleet.text import clean

MOST_TOLD = 3

Labels = Mapping[str, str]

_ABOUT = ("environment", "service", "region", "instance", "resource")


def told(firing: Sequence[Labels], also: Mapping[str, int]) -> str:
    """`2 fire: HighErrorRate (checkout), DiskFull; 1 pending`. `also` counts those that don't count, by state."""
    names = [_name(labels) for labels in firing[:MOST_TOLD]]
    more = f" and {len(firing) - MOST_TOLD} more" if len(firing) > MOST_TOLD else ""
    verb = "fires" if len(firing) == 1 else "fire"
    first = f"{len(firing)} {verb}: {', '.join(names)}{more}" if firing else "none fires"
    rest = [f"{count} {state}" for state, count in sorted(also.items()) if count]
    return clean("; ".join([first, *rest]))


def _name(labels: Labels) -> str:
    about = [labels[name] for name in _ABOUT if labels.get(name)][:2]
    name = labels.get("alertname", "an alert without a name")
    return f"{clean(name, 60)} ({clean(' '.join(about), 60)})" if about else clean(name, 60)
