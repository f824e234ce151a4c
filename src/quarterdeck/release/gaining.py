"""Which destinations of traffic get the new version of a service that has no slots.

Behind a load balancer or a weighted record the old and the new version are destinations like any other, and no system
says which is which. The strategy does: what its last weights leave with clients is what they are to end on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from quarterdeck.release.strategy import StrategyStep, WeightStep


def gaining(steps: Sequence[StrategyStep]) -> tuple[str, ...]:
    """The destinations that clients end on, as the last weight step names them; () if it names none.

    What it leaves with less than a step before gave it is on its way out, unless all of it is.
    """
    weights = [step.shares for step in steps if isinstance(step, WeightStep)]
    if not weights:
        return ()
    most: dict[str, float] = {}
    for shares in weights:
        for name, share in shares.items():
            most[name.lower()] = max(share, most.get(name.lower(), 0.0))
    left = {name: share for name, share in weights[-1].items() if share > 0}
    growing = tuple(name for name, share in left.items() if share >= most[name.lower()])
    return growing or tuple(left)


def share_of(gains: Sequence[str], shares: Mapping[str, float]) -> float:
    """Percent of new clients on those destinations once these shares are set.

    Where it doesn't name all of them, whatever isn't named may be theirs and counts as such.
    """
    by_name = {name.lower(): share for name, share in shares.items()}
    new = {name.lower() for name in gains}
    if new and new <= by_name.keys():
        return sum(by_name[name] for name in new)
    return max(0.0, 100.0 - sum(share for name, share in by_name.items() if name not in new))
