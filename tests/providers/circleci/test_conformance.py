"""CircleCI passes the kit that every host of pipelines must, over real HTTP."""

from __future__ import annotations

from tests.providers.circleci.conftest import DEFINITION, SHOP, Circle, place

from quarterdeck.testing.conformance import check_observing
from quarterdeck.testing.pipeline_conformance import check_decision, check_run


async def test_observing(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.start("gh/contoso/many")
    circle.world.advance(30)
    places = [place(), place("gh/contoso/many"), place("gh/contoso/many", workflow="nightly"), place(branch="other")]
    await check_observing(circle.host, places, place("gh/contoso/ghost"))


async def test_approving(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.advance(30)
    await check_decision(circle.host, place(), "approve", circle.pass_time)


async def test_rejecting(circle: Circle) -> None:
    circle.world.start(SHOP)
    circle.world.advance(30)
    await check_decision(circle.host, place(), "reject", circle.pass_time)


async def test_starting_cancelling_and_running_again(circle: Circle) -> None:
    await check_run(circle.host, place(), circle.pass_time)


async def test_the_same_in_a_project_whose_pipelines_are_defined(circle: Circle) -> None:
    await check_run(circle.host, place("circleci/a1/b2", definition=DEFINITION), circle.pass_time)
