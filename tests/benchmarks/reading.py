"""A runner that reads a large fleet: how often it asks, and how much memory it takes.

Requests are held against what the plain SDK needs: the site and its slots. The shares between slots live in a document
of each site: those are read in turns, some in each round, until all are known, and again when a site has changed. A
refresh may take 1.2 times as long as the slowest page.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, median
from tests.benchmarks.fleets import ENVIRONMENT, service
from tests.benchmarks.runners import runner_of
from tests.benchmarks.terminal import resident
from tests.runner.crew import Crew, until

PATIENCE = 120
SHARES = "/config/web"
ROUNDS = 3
INTERVAL = "600"
"""Seconds between two rounds: those that are counted are asked for."""


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    config = folder / "large.yaml"
    config.write_text(_configuration(effort.sites))
    with runner_of(config, "--interval", INTERVAL) as crew:
        _wait_until_read(crew, effort.sites, 0)
        first, documents = _requests(crew)
        for _ in range(ROUNDS):
            asked = time.time()
            crew.asker().refresh()
            _wait_until_read(crew, effort.sites, asked)
        later, later_documents = (
            (now - before) / ROUNDS for now, before in zip(_requests(crew), (first, documents), strict=True)
        )
        pages = [_round_of_slow_pages(crew, effort) for _ in range(min(effort.rounds, ROUNDS))]
        lease = crew.store.lease("runner")
        assert lease is not None
        memory = resident(lease.info["pid"])
    plain = 2 * effort.sites
    sites = f"{effort.sites:,} sites with slots"
    yield Figure(f"requests to read {sites}, first", first, "", "two a site", plain, most=10)
    yield Figure(f"requests to read {sites}, again", later, "", "two a site", plain, most=10)
    shares = "requests to read the shares between their slots"
    yield Figure(f"{shares}, first round", documents, "", "one a site", effort.sites)
    yield Figure(f"{shares}, each round until all are known", later_documents, "", "one a site", effort.sites)
    yield median(f"refresh of {sites}", pages, "s", "every page is held back", [effort.page], times=1.2)
    yield Figure(f"memory, runner of {sites}", memory, "MB", most=120)


def _round_of_slow_pages(crew: Crew, effort: Effort) -> float:
    """Seconds until everything is read again while each page of sites takes so long as in a large subscription."""
    crew.sandbox("POST", "faults", {"kind": "latency", "path": "(?i)resourcegraph", "seconds": effort.page})
    asked = time.time()
    crew.asker().refresh()
    _wait_until_read(crew, effort.sites, asked)
    taken = time.time() - asked
    crew.sandbox("DELETE", "faults")
    return taken


def _configuration(sites: int) -> str:
    return "\n".join(
        (
            "fleet: large",
            "connections:",
            "  azure: {provider: azure, subscription: 00000000-0000-0000-0000-000000000000}",
            f"environments: {{{ENVIRONMENT}: {{}}}}",
            "services:",
            *(
                f"  {service(number)}: {{{ENVIRONMENT}: {{slots: "
                f"{{connection: azure, resource_group: large, site: {service(number)}}}}}}}"
                for number in range(sites)
            ),
        )
    )


def _wait_until_read(crew: Crew, sites: int, since: float) -> None:
    def read() -> bool:
        seen = [one for subject, one in crew.store.observations().items() if subject.startswith("slots/")]
        return sum(one.observed_at is not None and one.observed_at >= since for one in seen) == sites

    until(read, "every site is read", PATIENCE)


def _requests(crew: Crew) -> tuple[int, int]:
    """How many requests were for sites and slots so far, and how many for the shares; signing in doesn't count."""
    asked = [one["path"].lower() for one in crew.sandbox("GET", "requests")["value"]]
    whole = sum("/microsoft.web/" in path or "resourcegraph" in path for path in asked)
    shares = sum(path.endswith(SHARES) for path in asked)
    return whole - shares, shares
