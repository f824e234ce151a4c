"""Hosts of pipelines with many of them, on the servers that the tests of their providers have."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import cycle
from pathlib import Path

import httpx
from tests.benchmarks.berths import Berth, Relay, bare_http, hosted, opened, place
from tests.providers.buildbot.master import buildbot
from tests.providers.circleci import server as circleci
from tests.providers.circleci.world import JobSpec, Project
from tests.providers.circleci.world import World as CircleWorld
from tests.providers.jenkins import server as jenkins
from tests.providers.jenkins.world import Job
from tests.providers.jenkins.world import World as JenkinsWorld
from tests.providers.loopback import SECRET


@asynccontextmanager
async def jenkins_jobs(folder: Path, count: int) -> AsyncIterator[Berth]:
    jobs = {f"shop/j{n}": Job(f"shop/j{n}", parameters=("MARK",)) for n in range(count)}
    world = JenkinsWorld(jobs, now=time.time() - 400, quiet_seconds=0)
    for name in jobs:
        world.start(name)
    world.advance(300)
    async with jenkins.serving(world, ticking=True) as server:
        session = opened("jenkins", {"url": server.url, "user": "ben", "token": "${env:T}"}, world.users["ben"])
        parts = [{"job": name, "correlation_input": "MARK"} for name in jobs]
        places = [place("pipelines", n, one) for n, one in enumerate(parts)]
        bare = bare_http(f"{server.url}/me/api/json", auth=("ben", world.users["ben"]))
        yield hosted(session, places, lambda: len(server.asked), bare)


@asynccontextmanager
async def circleci_projects(folder: Path, count: int) -> AsyncIterator[Berth]:
    slugs = [f"gh/contoso/p{n}" for n in range(count)]
    world = CircleWorld(
        {slug: Project(slug, {"release": (JobSpec("build"),)}) for slug in slugs}, now=time.time() - 100
    )
    for slug in slugs:
        world.start(slug)
    world.advance(60)
    async with circleci.serving(world, ticking=True) as server:
        session = opened("circleci", {"url": server.url, "token": "${env:T}"}, world.users["ben"])
        places = [place("pipelines", n, {"project": slug}) for n, slug in enumerate(slugs)]
        bare = bare_http(f"{server.url}/me", headers={"Circle-Token": world.users["ben"]})
        yield hosted(session, places, lambda: len(server.asked), bare)


@asynccontextmanager
async def buildbot_builders(folder: Path, count: int) -> AsyncIterator[Berth]:
    """So many places, in turn of its four builders."""
    with buildbot(folder) as master:
        async with Relay(httpx.URL(master.url).port or 0) as relay:
            account = {"user": "alice", "password": "${env:P}"}
            session = opened("buildbot", {"url": relay.url, **account}, SECRET)
            names = cycle(("test", "deploy", "migrate", "lonely"))
            places = [
                place("pipelines", n, {"builder": name, "scheduler": "by-hand"})
                for n, name in zip(range(count), names, strict=False)
            ]
            yield hosted(session, places, lambda: relay.asked, bare_http(f"{relay.url}/api/v2/builders"))
