"""The sandbox's GitHub, asked as any client would: shapes of the published description, statuses, limits, time."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.providers.github.conftest import ANA, BEN, READER, SHOP, START

from quarterdeck.sandbox.assembly import Running, running
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

RUNS = "/repos/contoso/shop/actions/runs"
WORKFLOWS = "/repos/contoso/shop/actions/workflows"
OF_A_RUN = {
    "id", "name", "node_id", "head_branch", "head_sha", "path", "run_number", "event", "status", "conclusion",
    "workflow_id", "url", "html_url", "created_at", "updated_at", "run_attempt", "run_started_at", "actor",
    "triggering_actor", "jobs_url", "cancel_url", "rerun_url", "workflow_url", "display_title",
}  # fmt: skip
OF_A_WAIT = {"environment", "wait_timer", "wait_timer_started_at", "current_user_can_approve", "reviewers"}


@pytest.fixture
async def up() -> AsyncIterator[Running]:
    async with running(World(WorldClock(START, speed=0), SHOP)) as found:
        yield found


class Client:
    """Somebody with a token."""

    def __init__(self, up: Running, token: str = ANA) -> None:
        self._url, self._headers = up.url, {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.get(self._url + path, headers={**self._headers, **headers})

    async def post(self, path: str, body: Any = None) -> httpx.Response:
        async with httpx.AsyncClient(trust_env=False) as client:
            return await client.post(self._url + path, headers=self._headers, json=body)


async def waiting(client: Client) -> tuple[str, int]:
    """The path of the run that waits, and the id of the environment it waits for."""
    (run,) = (await client.get(f"{RUNS}?status=waiting")).json()["workflow_runs"]
    path = f"{RUNS}/{run['id']}"
    (wait,) = (await client.get(f"{path}/pending_deployments")).json()
    return path, wait["environment"]["id"]


async def test_documents_have_what_the_published_description_has(up: Running) -> None:
    client = Client(up)
    body = (await client.get(RUNS)).json()
    assert body["total_count"] == 3
    assert all(set(run) >= OF_A_RUN for run in body["workflow_runs"])
    path, _ = await waiting(client)
    (wait,) = (await client.get(f"{path}/pending_deployments")).json()
    assert set(wait) == OF_A_WAIT
    assert [one["type"] for one in wait["reviewers"]] == ["User", "Team"]


async def test_what_was_brought_into_an_environment_is_listed_with_how_it_stands(up: Running) -> None:
    client = Client(up)
    up.world.advance(3600)
    (one,) = (await client.get("/repos/contoso/shop/deployments?environment=production")).json()
    assert (one["environment"], one["ref"], one["creator"]["login"]) == ("production", "main", "ben")
    (status,) = (await client.get(f"/repos/contoso/shop/deployments/{one['id']}/statuses")).json()
    assert status["state"] == "success"
    assert (await client.get("/repos/contoso/shop/deployments?environment=moon")).json() == []
    assert (await client.get("/repos/contoso/shop/deployments/7/statuses")).status_code == 404


async def test_nobody_and_strangers_are_turned_away(up: Running) -> None:
    assert (await Client(up, "").get(RUNS)).status_code == 401
    wrong = await Client(up, "ghp-wrong").get(RUNS)
    assert (wrong.status_code, wrong.json()["message"]) == (401, "Bad credentials")
    denied = await Client(up, READER).post(f"{WORKFLOWS}/deploy.yml/dispatches", {"ref": "main"})
    assert (denied.status_code, denied.headers["x-accepted-github-permissions"]) == (403, "actions=write")


async def test_what_has_not_changed_is_not_sent_and_not_counted(up: Running) -> None:
    client = Client(up)
    first = await client.get(RUNS)
    again = await client.get(RUNS, **{"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["x-ratelimit-remaining"] == first.headers["x-ratelimit-remaining"]
    path, environment = await waiting(client)
    await client.post(f"{path}/pending_deployments", _yes(environment))
    assert (await client.get(RUNS, **{"If-None-Match": first.headers["etag"]})).status_code == 200


async def test_after_so_many_requests_an_hour_there_are_no_more(up: Running) -> None:
    up.world.pipelines.hourly_limit = 2
    client = Client(up)
    assert [(await client.get(f"{RUNS}?page={page}")).status_code for page in (1, 2, 3)] == [200, 200, 403]
    up.world.advance(3600)
    assert (await client.get(RUNS)).status_code == 200


async def test_an_approval_lets_the_run_go_on_and_is_kept(up: Running) -> None:
    client = Client(up)
    path, environment = await waiting(client)
    answer = await client.post(f"{path}/pending_deployments", _yes(environment))
    assert (answer.status_code, answer.json()[0]["environment"]) == (200, "production")
    (review,) = (await client.get(f"{path}/approvals")).json()
    assert (review["state"], review["comment"], review["user"]["login"]) == ("approved", "Ship it!", "ana")
    assert (await client.get(path)).json()["status"] == "in_progress"
    up.world.advance(61)
    assert (await client.get(path)).json()["conclusion"] == "success"
    assert (await client.post(f"{path}/pending_deployments", _yes(environment))).status_code == 422


async def test_who_is_no_reviewer_may_not(up: Running) -> None:
    workflow = (await Client(up).get("/repos/contoso/shop/actions/workflows/nightly.yml")).json()
    started = await Client(up).post(
        f"{WORKFLOWS}/{workflow['id']}/dispatches",
        {"ref": "main", "return_run_details": True},
    )
    up.world.advance(10)
    path = f"{RUNS}/{started.json()['workflow_run_id']}"
    (wait,) = (await Client(up, BEN).get(f"{path}/pending_deployments")).json()
    assert wait["current_user_can_approve"] is False
    assert (
        await Client(up, BEN).post(f"{path}/pending_deployments", _yes(wait["environment"]["id"]))
    ).status_code == 403


async def test_a_timer_holds_what_is_approved(up: Running) -> None:
    client = Client(up)
    await client.post("/repos/contoso/shop/actions/workflows/nightly.yml/dispatches", {"ref": "main"})
    up.world.advance(10)
    path, environment = await _nightly(client)
    await client.post(f"{path}/pending_deployments", _yes(environment))
    up.world.advance(60)
    assert (await client.get(path)).json()["status"] == "waiting"
    up.world.advance(600)
    assert (await client.get(path)).json()["status"] in ("in_progress", "completed")


async def test_wrong_requests_are_refused_as_github_does(up: Running) -> None:
    client = Client(up)
    path, environment = await waiting(client)
    assert (await client.post(f"{path}/pending_deployments", {"environment_ids": [environment]})).status_code == 422
    assert (await client.post(f"{path}/rerun")).status_code == 403
    ended = f"{RUNS}/{up.world.pipelines.repository('contoso/shop').runs[0].id}"  # type: ignore[union-attr]
    assert (await client.post(f"{ended}/cancel")).status_code == 409
    dispatch = "/repos/contoso/shop/actions/workflows/deploy.yml/dispatches"
    assert (await client.post(dispatch, {"ref": "main", "inputs": {"bogus": "1"}})).status_code == 422
    assert (await client.post(dispatch, {"ref": "main"})).status_code == 204
    assert (await client.get("/repos/contoso/ghost/actions/runs")).status_code == 404


def _yes(environment: int) -> dict[str, Any]:
    return {"environment_ids": [environment], "state": "approved", "comment": "Ship it!"}


async def _nightly(client: Client) -> tuple[str, int]:
    body = (await client.get("/repos/contoso/shop/actions/workflows/nightly.yml/runs")).json()
    path = f"{RUNS}/{body['workflow_runs'][0]['id']}"
    (wait,) = (await client.get(f"{path}/pending_deployments")).json()
    return path, wait["environment"]["id"]
