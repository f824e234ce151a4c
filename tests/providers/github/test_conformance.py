"""GitHub Actions passes the kit that every host of pipelines must, over real HTTP."""

from __future__ import annotations

from tests.providers.github.conftest import FLEET, GitHub, place

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.testing.conformance import PassTime, check_observing
from quarterdeck.testing.pipeline_conformance import check_decision, check_run

DEPLOY = FLEET.places[0]


def time_of(github: GitHub) -> PassTime:
    async def pass_time(seconds: float) -> None:
        github.world.advance(seconds)

    return pass_time


async def test_observing(github: GitHub) -> None:
    ghost = place(repository="contoso/ghost")
    missing = Place("pipelines", TargetId("", "ghost", pipeline=True), ghost.address)
    await check_observing(github.host, [DEPLOY, place("tests.yml")], missing)


async def test_approving(github: GitHub) -> None:
    await check_decision(github.host, DEPLOY, "approve", time_of(github))


async def test_rejecting(github: GitHub) -> None:
    await check_decision(github.host, DEPLOY, "reject", time_of(github))


async def test_starting_cancelling_and_running_again(github: GitHub) -> None:
    await check_run(github.host, DEPLOY, time_of(github))
