"""Jenkins passes the kit that every host of pipelines must, over real HTTP; the little Jenkins is like the published
one where the two can be held side by side."""

from __future__ import annotations

from tests.providers.jenkins.conftest import Ci, place
from tests.providers.jenkins.world import Ask

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.testing.conformance import check_observing
from quarterdeck.testing.pipeline_conformance import check_decision, check_run


async def test_observing(ci: Ci) -> None:
    for job in ("deploy", "open", "split", "bare"):
        ci.started(job)
    places = [place(job) for job in ("deploy", "open", "form", "split", "bare", "plain")]
    alone = place("tests", branch="feature/login")
    missing = Place("pipelines", TargetId("", "ghost", pipeline=True), place("ghost").address)
    await check_observing(ci.host, [*places, alone], missing)


async def test_approving(ci: Ci) -> None:
    ci.started("deploy")
    await check_decision(ci.host, place(), "approve", ci.pass_time)


async def test_rejecting(ci: Ci) -> None:
    ci.started("deploy")
    await check_decision(ci.host, place(), "reject", ci.pass_time)


async def test_a_form_is_left_to_jenkins(ci: Ci) -> None:
    ci.started("form")
    await check_decision(ci.host, place("form"), "approve", ci.pass_time)
    await check_decision(ci.host, place("form"), "reject", ci.pass_time)


async def test_starting_and_stopping(ci: Ci) -> None:
    await check_run(ci.host, place(correlation_input="MARK"), ci.pass_time)
    await check_run(ci.host, place("plain"), ci.pass_time)


def test_the_id_of_an_input_is_made_of_its_message_as_in_the_published_example() -> None:
    assert Ask("Is the build okay?").id == "Ef95dd500ae6ed3b27b89fb852296d12"
