"""Design section 10: `qd status --json` beside a living runner takes at most 0.15 of what `az webapp list` does.

The Azure CLI isn't a requirement of these tests, so `python -c pass` stands in for it: azure-cli 2.91.0, byte-compiled
and not signed in, took 78 times as long (860 to 11 ms, seven interleaved rounds), and 0.15 of that is 11.7 times.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from quarterdeck import paths
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.runner.configuration import Configuration
from quarterdeck.store.opening import open_store

BUDGET = 11.7
ROUNDS = 9


@pytest.mark.process
def test_status_is_printed_soon(tmp_path: Path) -> None:
    config = paths.shared_dir("sample-configs") / "contoso-shop.yaml"
    path = tmp_path / "store.db"
    fleet = Configuration(config).fleet
    slots = SlotsReading((SlotReading("production", Build("2.14.3")), SlotReading("staging", Build("2.15.0"))))
    now = time.time()
    with closing(open_store(path, create=True)) as store:
        lease = store.take_lease("runner", "benchmark", now, 3600, {})
        assert lease is not None
        store.put_fleet(fleet, lease)
        seen = [
            Observation(place.subject, slots, "benchmark", now, now) for place in fleet.places if place.role == "slots"
        ]
        store.observe(seen, lease)
    status = [sys.executable, "-m", "quarterdeck", "--config", str(config), "--store", str(path), "status", "--json"]
    nothing = [sys.executable, "-c", "pass"]
    _seconds(status)  # compiles
    rounds = [(_seconds(status), _seconds(nothing)) for _ in range(ROUNDS)]
    took, yardstick = (statistics.median(column) for column in zip(*rounds, strict=True))
    print(f"status {took * 1000:.0f} ms, python -c pass {yardstick * 1000:.0f} ms")
    assert took <= BUDGET * yardstick


def _seconds(command: list[str]) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.perf_counter()
    subprocess.run(command, env=environment, check=True, capture_output=True)
    return time.perf_counter() - began
