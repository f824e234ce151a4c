"""Gates that nobody configured: after a change of shares they compare what users really get with what was set."""

from __future__ import annotations

import json
from collections.abc import Sequence

from quarterdeck.release.action import Shift
from quarterdeck.release.freshness import length
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.release_plan import Observe, ReleaseStep, Write

TRAFFIC_GATE = "traffic-"
"""How their names begin; the id of the step that asks them follows."""

INTERVAL, PATIENCE = 15.0, 600.0
"""Seconds between two observations, and until the shares have to agree: routers, caches and resolvers take their time,
so a share that isn't there yet is waited for."""


def traffic_gates(steps: Sequence[ReleaseStep]) -> tuple[GateSpec, ...]:
    """The gates of the steps that observe a share: each is about what the step before has set."""
    by_id = {step.id: step for step in steps}
    gates = []
    for step in steps:
        if not isinstance(step.work, Observe) or not step.needs:
            continue
        before = by_id[step.needs[-1]].work
        for name in step.work.gates:
            if name.startswith(TRAFFIC_GATE) and isinstance(before, Write) and isinstance(before.action, Shift):
                options = {"target": str(before.action.target), "shares": json.dumps(dict(before.action.shares))}
                limit = f"result <= {before.tolerance or 0:g}"
                gates.append(
                    GateSpec(
                        name,
                        "traffic",
                        options=options,
                        success=limit,
                        interval=INTERVAL,
                        timeout=PATIENCE,
                        failure_limit=int(PATIENCE // INTERVAL) + 1,
                        blame=f"traffic of {before.action.target}",
                    )
                )
    return tuple(gates)


def in_words(gate: GateSpec) -> str:
    """What such a gate waits for, for people: it has no other policy than patience."""
    most = points(float(gate.success.removeprefix("result <= ")))
    wants = f"what users really get differs from what was set by {most} at most, beyond chance"
    return f"{wants}; asked every {length(gate.interval)} until that is so, for {length(gate.timeout)} at most"


def points(tolerance: float) -> str:
    """Percentage points, in words."""
    return f"{tolerance:g} point" + ("" if tolerance == 1 else "s")
