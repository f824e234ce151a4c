"""What each provider asks of its system: requests to watch a hundred targets, and how long a write takes to be
acknowledged, beside a bare request to the same server.

Servers are the real ones or our own, as in the tests of each provider. A provider that watches in turns reads some
targets in each round. The write is timed from the order to the answer, with the look right before it; that it was done
is read back afterwards.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from tests.benchmarks import berths, berths_in_the_sandbox, berths_of_pipelines
from tests.benchmarks.berths import Berth
from tests.benchmarks.figures import Effort, Figure, median, milliseconds, not_measured

from quarterdeck.fleet.observation import Trouble
from quarterdeck.release.plan import Step

TARGETS = 100
PATIENCE = 30.0
"""Seconds until what was acknowledged should be done."""

Moored = Callable[[Path, int], AbstractAsyncContextManager[Berth]]

QUICK: Mapping[str, Moored] = {
    "HAProxy": berths.haproxy,
    "Caddy": berths.caddy,
    "PowerDNS": berths.powerdns,
    "HTTPRoutes": berths.http_routes,
    "Jenkins": berths_of_pipelines.jenkins_jobs,
    "CircleCI": berths_of_pipelines.circleci_projects,
    "LaunchDarkly": berths.launchdarkly_flags,
    "GitHub, one repository": berths_in_the_sandbox.github,
    "GitHub, a repository each": berths_in_the_sandbox.github_repositories,
    "Azure Pipelines": berths_in_the_sandbox.azure_pipelines,
    "App Service": berths_in_the_sandbox.app_service,
    "Container Apps": berths_in_the_sandbox.container_apps,
    "Traffic Manager": berths_in_the_sandbox.traffic_manager,
    "Front Door": berths_in_the_sandbox.front_door,
    "App Configuration": berths_in_the_sandbox.app_configuration,
}
SLOW: Mapping[str, Moored] = {
    "target groups": berths.target_groups,
    "Route 53": berths.weighted_records,
    "Unleash": berths.unleash_flags,
    "Buildbot": berths_of_pipelines.buildbot_builders,
}
"""Their servers take seconds to start."""


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    count = min(effort.sites, TARGETS)
    for number, (name, moored) in enumerate({**QUICK, **SLOW}.items()):
        if name in SLOW and count < TARGETS:
            yield not_measured(name, "its server takes long to start, and this is a short run")
            continue
        yield from _measured(name, moored, folder / str(number), count, effort.presses)


def _measured(name: str, moored: Moored, folder: Path, count: int, writes: int) -> Iterator[Figure]:
    folder.mkdir()
    try:
        yield from asyncio.run(_figures(name, moored, folder, count, writes))
    except pytest.skip.Exception as missing:
        yield not_measured(name, str(missing))


async def _figures(name: str, moored: Moored, folder: Path, count: int, writes: int) -> list[Figure]:
    async with moored(folder, count) as berth:
        rounds, read = [], []
        for _ in range(2):
            before = berth.asked()
            seen = await berth.reader.observe(berth.places)
            rounds.append(berth.asked() - before)
            troubles = [one for one in seen.values() if isinstance(one, Trouble)]
            assert not troubles, troubles[0]
            read.append(len(seen) if len(berth.places) > 1 else count)
        bare, written, asked = [], [], []
        for _ in range(writes):
            steps = await berth.planned()
            bare.append(await _bare(berth))
            before = berth.asked()
            written.append(await _written(berth, steps[0]))
            asked.append(berth.asked() - before)
            for step in steps[1:]:
                await _written(berth, step)
        await berth.session.close()
    yardstick = "a bare request"
    return [
        Figure(f"{name}: requests to watch {count}, first round ({read[0]} read)", rounds[0], ""),
        Figure(f"{name}: requests to watch {count}, second round ({read[1]} read)", rounds[1], ""),
        Figure(f"{name}: requests of a write, looked at before and after", statistics.median(asked), ""),
        median(f"{name}: a write until it is acknowledged", milliseconds(written), "ms", yardstick, milliseconds(bare)),
    ]


async def _bare(berth: Berth) -> float:
    began = time.perf_counter()
    await berth.bare()
    return time.perf_counter() - began


async def _written(berth: Berth, step: Step) -> float:
    """Seconds until the system has answered. Whether it was done is read afterwards."""
    began = time.perf_counter()
    receipt = await berth.writer.send(step)
    taken = time.perf_counter() - began
    async with asyncio.timeout(PATIENCE):
        while (await berth.writer.settle(step)).state != "done":
            progress = await berth.writer.poll(step, receipt)
            await asyncio.sleep(min(progress.wait, 0.05))
    return taken
