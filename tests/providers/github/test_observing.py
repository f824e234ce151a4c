"""What is seen of workflow runs: real HTTP, the published shapes, as few requests as GitHub allows for."""

from __future__ import annotations

import pytest
from tests.providers.github.conftest import READER, START, GitHub, Start, place

from quarterdeck.providers.base import ProviderError


async def test_runs_come_newest_first_with_what_they_wait_for(github: GitHub) -> None:
    newer, older = await github.seen()
    assert (newer.title, newer.state, newer.number) == ("Newer", "waiting", "2")
    assert (older.title, older.state, older.ended_at is not None) == ("Older", "succeeded", True)
    (wait,) = newer.waits
    assert (wait.environment, wait.kind, wait.blocks) == ("production", "approval", "deploy")
    assert wait.reviewers == ("ben", "team:sre")
    assert wait.may_decide is True
    assert wait.since == pytest.approx(START - 566)
    assert [part.state for part in newer.parts] == ["succeeded", "waiting"]


async def test_a_timer_is_told_beside_the_approval(github: GitHub) -> None:
    nightly = place("nightly.yml")
    workflow = github.repository.workflow("nightly.yml")
    assert workflow
    github.world.pipelines.start(github.repository, workflow, "main", "ana", {}, "schedule")
    github.world.advance(10)
    (run,) = await github.seen(nightly)
    (wait,) = run.waits
    assert wait.opens_at == pytest.approx(START + 4 + 600)


async def test_a_run_that_waits_is_seen_however_old_it_is(github: GitHub) -> None:
    workflow = github.repository.workflow("deploy.yml")
    assert workflow
    waiting = github.newest()
    for _ in range(40):
        run = github.world.pipelines.start(github.repository, workflow, "main", "ana", {}, "push")
        github.world.pipelines.cancel(github.repository, run)
    github.world.advance(10)
    assert str(waiting.id) in [run.id for run in await github.seen() if run.state == "waiting"]


async def test_what_has_not_changed_costs_nothing_of_the_limit(github: GitHub) -> None:
    await github.seen()
    before = github.requests()
    await github.seen()
    again = github.requests()[len(before) :]
    assert again
    assert {one["status"] for one in again} == {304}


async def test_places_of_one_repository_share_what_they_can(github: GitHub) -> None:
    places = [place(), place("tests.yml"), place("nightly.yml")]
    found = await github.host.observe(places)
    assert set(found) == {one.subject for one in places}
    assert len([one for one in github.requests() if one["path"].endswith("/shop/actions/runs")]) == 1


async def test_a_missing_repository_is_trouble_on_its_own_row(github: GitHub) -> None:
    ghost = place("deploy.yml", "contoso/ghost")
    ghost = type(ghost)("pipelines", type(ghost.target)("", "ghost", pipeline=True), ghost.address)
    found = await github.host.observe([place(), ghost])
    trouble = found[ghost.subject]
    assert getattr(trouble, "code", "") == "not_found"
    assert "may not see" in getattr(trouble, "hint", "")
    assert await github.seen()


async def test_a_wrong_token_is_told_without_the_token(start: Start) -> None:
    github = await start(token="ghp-of-nobody")
    trouble = await github.trouble()
    assert trouble.code == "unauthenticated"
    assert "ghp-of-nobody" not in repr(trouble)
    with pytest.raises(ProviderError, match="sign-in"):
        await github.session.identity()


async def test_a_token_without_the_scope_is_told_by_check(github: GitHub) -> None:
    reader = github.as_(READER)
    told = dict([one async for one in reader.session.check()])
    scopes = told["its scopes: read:org"]
    assert scopes is not None
    assert scopes.code == "forbidden"
    assert await reader.host.permitted(place().address) is False


async def test_check_says_who_we_are_and_how_much_is_left(github: GitHub) -> None:
    told = [what for what, trouble in [one async for one in github.session.check()] if trouble is None]
    assert any("as ana" in what for what in told)
    assert any("of 5000 requests" in what for what in told)
    assert await github.session.identity() == "ana"
    assert await github.host.permitted(place().address) is True


async def test_when_the_limit_is_used_up_nothing_is_asked_until_it_is_not(github: GitHub) -> None:
    github.fault(kind="status", status=403, plane="github", retry_after=120)
    assert (await github.trouble()).code == "throttled"
    github.lift_faults()
    asked = len(github.requests())
    trouble = await github.trouble()
    assert (trouble.code, len(github.requests())) == ("throttled", asked)
    assert "GitHub's rate limit" in trouble.message
    github.world.advance(121)
    assert await github.seen()


async def test_watching_leaves_a_reserve_of_the_limit_to_people(github: GitHub) -> None:
    github.world.pipelines.hourly_limit = 60
    for _ in range(57):  # what a person waits for is never answered from memory, so that each of them counts
        assert await github.host.permitted(place().address) is True
    trouble = await github.trouble()
    assert trouble.code == "throttled"
    assert "kept for what people do" in trouble.message
    assert await github.host.permitted(place().address) is True


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "html"}, "garbage"),
        ({"kind": "garbage"}, "garbage"),
        ({"kind": "redirect"}, "garbage"),
        ({"kind": "half"}, "garbage"),
        ({"kind": "status", "status": 500}, "provider_error"),
        ({"kind": "hang", "seconds": 7}, "timeout"),
    ],
)
async def test_bad_answers_are_told_and_nothing_is_made_up(github: GitHub, fault: dict[str, object], code: str) -> None:
    github.fault(plane="github", **fault)
    assert (await github.trouble()).code == code
