"""Which drills there are, from the easiest."""

from __future__ import annotations

from quarterdeck.cli.drills import conflict, dead_runner, silent_metric, stuck_preview, wrong_label
from quarterdeck.cli.drills.drill import Drill

DRILLS: tuple[Drill, ...] = (
    stuck_preview.DRILL,
    wrong_label.DRILL,
    silent_metric.DRILL,
    conflict.DRILL,
    dead_runner.DRILL,
)


def named(name: str) -> Drill | None:
    """The drill of that name."""
    return next((drill for drill in DRILLS if drill.name == name), None)
