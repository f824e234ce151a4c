"""Azure Pipelines pass the kit that every host of pipelines must, over real HTTP."""

from __future__ import annotations

from tests.providers.azure_pipelines.conftest import DEPLOY, DevOps, place

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.testing.conformance import PassTime, check_observing
from quarterdeck.testing.pipeline_conformance import check_decision, check_run


def time_of(devops: DevOps) -> PassTime:
    async def pass_time(seconds: float) -> None:
        devops.world.advance(seconds)

    return pass_time


async def test_observing(devops: DevOps) -> None:
    missing = Place("pipelines", TargetId("", "ghost", pipeline=True), place(project="Ghost").address)
    await check_observing(devops.host, [DEPLOY, place("tests")], missing)


async def test_approving(devops: DevOps) -> None:
    await check_decision(devops.host, DEPLOY, "approve", time_of(devops))


async def test_rejecting(devops: DevOps) -> None:
    await check_decision(devops.host, DEPLOY, "reject", time_of(devops))


async def test_starting_cancelling_and_running_again(devops: DevOps) -> None:
    await check_run(devops.host, DEPLOY, time_of(devops))
