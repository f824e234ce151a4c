"""Design section 10: from a confirmed flip to the request on the wire, warm, at most 60 ms.

That is 2.6 times what `python -c pass` took on the machine the budget was made on (23 ms); so it is measured here, so
that a loaded machine is slow for both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.runner.crew import Crew, until

from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.paths import shared_dir, store_path
from quarterdeck.release.action import FlagChange
from quarterdeck.runner.sandboxing import stop_sandbox
from quarterdeck.store.opening import open_store

BUDGET = 60 / 23
FLIPS = 9


@pytest.mark.process
def test_a_confirmed_flip_is_on_the_wire_soon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    config = shared_dir("sample-configs") / "contoso-shop.yaml"
    path = store_path(config, sandbox=True)
    store = open_store(path, create=True)
    crew = Crew(config, path, store)
    try:
        crew.in_charge(crew.runner(lease=10))
        seen = until(lambda: store.observations().get("flags/staging/flags"), "the flags are read")
        assert isinstance(seen.reading, FlagsReading)
        flag = seen.reading.flags[0]
        target = TargetId("staging", flag.name, flag=True)
        flips, yardsticks = [], []
        for number in range(FLIPS):
            flips.append(_flip(crew, FlagChange(target, enabled=bool(number % 2))))
            yardsticks.append(_python())
        ratio = statistics.median(flips) / statistics.median(yardsticks)
        print(f"flip: {statistics.median(flips) * 1000:.0f} ms, {ratio:.2f} x python -c pass")
        assert ratio <= BUDGET
    finally:
        crew.dismiss()
        stop_sandbox(config)
        store.close()


def _flip(crew: Crew, change: FlagChange) -> float:
    """Seconds from the yes until the flag store had taken the write: more than until it was sent."""
    plan = crew.answer(crew.asker().plan(change, "benchmark")).plan
    assert plan is not None
    began = time.time()
    operation = crew.answer(crew.asker().confirm(plan, plan.type_to_confirm, "benchmark")).operation
    assert crew.ended(operation).ending == "succeeded"
    accepted = next(event for event in crew.store.events(operation=operation) if event.kind == "step.accepted")
    return accepted.at - began


def _python() -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return time.perf_counter() - began
