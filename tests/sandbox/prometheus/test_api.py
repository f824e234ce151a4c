"""Prometheus's HTTP API and Alertmanager's, as clients meet them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.sandbox.shopworld import START, route, shop

from quarterdeck.sandbox.assembly import Running, running


@pytest.fixture
async def sea() -> AsyncIterator[Running]:
    async with running(shop()) as found:
        yield found


@pytest.fixture
async def client(sea: Running) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=sea.url) as found:
        yield found


async def data(client: httpx.AsyncClient, path: str, **parameters: Any) -> Any:
    answer = await client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["status"] == "success"
    return body["data"]


async def test_an_instant_vector_has_texts_for_values(client: httpx.AsyncClient) -> None:
    found = await data(client, "/api/v1/query", query='up{site="checkout",slot="staging"}')
    labels = {"__name__": "up", "service": "checkout", "environment": "production", "site": "checkout"}
    assert found == {
        "resultType": "vector",
        "result": [{"metric": {**labels, "slot": "staging"}, "value": [START, "1"]}],
    }


async def test_other_kinds_of_result(client: httpx.AsyncClient) -> None:
    assert await data(client, "/api/v1/query", query="0/0") == {"resultType": "scalar", "result": [START, "NaN"]}
    assert await data(client, "/api/v1/query", query='"text"') == {"resultType": "string", "result": [START, "text"]}
    assert await data(client, "/api/v1/query", query="nope") == {"resultType": "vector", "result": []}
    matrix = await data(client, "/api/v1/query", query='up{site="checkout",slot="staging"}[10s]')
    assert matrix["resultType"] == "matrix"
    assert matrix["result"][0]["values"] == [[START - 5, "1"], [START, "1"]]


async def test_a_query_is_taken_from_a_form_as_well_and_time_in_two_ways(client: httpx.AsyncClient) -> None:
    posted = await client.post("/api/v1/query", data={"query": "time()", "time": "2026-09-21T14:13:20Z"})
    assert posted.json()["data"]["result"][1] == "1790000000"
    assert (await data(client, "/api/v1/query", query="time()", time="12.5"))["result"] == [12.5, "12.5"]


async def test_a_range(client: httpx.AsyncClient) -> None:
    found = await data(
        client,
        "/api/v1/query_range",
        query='sum(rate(http_requests_total{site="checkout"}[1m]))',
        start=START - 30,
        end=START,
        step="15s",
    )
    assert found["resultType"] == "matrix"
    [only] = found["result"]
    assert [at for at, _ in only["values"]] == [START - 30, START - 15, START]
    assert [float(value) for _, value in only["values"]] == pytest.approx([10, 10, 10])


@pytest.mark.parametrize(
    ("path", "parameters", "status", "kind", "says"),
    [
        ("query", {"query": "sum("}, 400, "bad_data", 'invalid parameter "query": parse error: unclosed'),
        ("query", {}, 400, "bad_data", 'invalid parameter "query"'),
        ("query", {"query": "1", "time": "soon"}, 400, "bad_data", 'cannot parse "soon" to a valid timestamp'),
        ("query", {"query": "up / on(service) up"}, 422, "execution", "found duplicate series"),
        ("query_range", {"query": "up", "start": 2, "end": 1, "step": 1}, 400, "bad_data", "before start time"),
        ("query_range", {"query": "up", "start": 1, "end": 2, "step": 0}, 400, "bad_data", "zero or negative"),
        ("query_range", {"query": "up", "start": 0, "end": 90000, "step": 1}, 400, "bad_data", "11,000 points"),
        ("series", {}, 400, "bad_data", "no match[] parameter"),
        ("series", {"match[]": "rate(up[1m])"}, 400, "bad_data", "not a series selector"),
    ],
)
async def test_errors_are_told_in_prometheuss_own_form(
    client: httpx.AsyncClient, path: str, parameters: dict[str, Any], status: int, kind: str, says: str
) -> None:
    answer = await client.get(f"/api/v1/{path}", params=parameters)
    body = answer.json()
    assert (answer.status_code, body["status"], body["errorType"]) == (status, "error", kind)
    assert says in body["error"]


async def test_what_there_is_to_ask_for(client: httpx.AsyncClient) -> None:
    assert {"service", "slot", "version", "code", "le", "__name__"} <= set(await data(client, "/api/v1/labels"))
    assert await data(client, "/api/v1/label/version/values") == ["1.0", "2.0"]
    series = await data(client, "/api/v1/series", **{"match[]": ['up{site="checkout"}', 'up{site="cart-neu"}']})
    assert len(series) == 4
    assert (await client.get("/-/ready")).status_code == 200
    assert (await data(client, "/api/v1/status/buildinfo"))["version"]


async def test_an_alert_is_pending_fires_and_is_over(sea: Running, client: httpx.AsyncClient) -> None:
    assert await data(client, "/api/v1/alerts") == {"alerts": []}
    route(sea.world, "checkout", 100)
    states = []
    for _ in range(12):
        sea.world.advance(15)
        alerts = (await data(client, "/api/v1/alerts"))["alerts"]
        states.append(alerts[0]["state"] if alerts else "")
    assert [state for number, state in enumerate(states) if states[number - 1 : number] != [state]] == [
        "",
        "pending",
        "firing",
    ]
    [alert] = (await client.get("/api/v2/alerts", params={"filter": 'severity="page"'})).json()
    assert alert["labels"] == {
        "alertname": "HighErrorRate",
        "severity": "page",
        "service": "checkout",
        "environment": "production",
    }
    assert alert["status"]["state"] == "active"
    assert (await client.get("/api/v2/alerts", params={"filter": 'severity="mail"'})).json() == []
    route(sea.world, "checkout", 0)
    sea.world.advance(2 * 3600)
    assert await data(client, "/api/v1/alerts") == {"alerts": []}
    kinds = [one.kind for one in sea.world.log.of("alert")]
    assert kinds == ["alert.pending", "alert.firing", "alert.resolved"]


async def test_rules_are_put_in_force_and_taken_out_by_the_control_interface(
    sea: Running, client: httpx.AsyncClient
) -> None:
    rule = {"name": "AlwaysOn", "expression": "vector(1)", "labels": {"severity": "mail"}}
    assert (await client.post("/control/alerts", json=rule)).status_code == 200
    sea.world.advance(15)
    [alert] = (await data(client, "/api/v1/alerts"))["alerts"]
    assert (alert["labels"], alert["state"], alert["value"]) == (
        {"alertname": "AlwaysOn", "severity": "mail"},
        "firing",
        "1e+00",
    )
    broken = await client.post("/control/alerts", json={"name": "Broken", "expression": "sum("})
    assert (broken.status_code, "unclosed" in broken.text) == (400, True)
    assert (await client.delete("/control/alerts/AlwaysOn")).status_code == 200
    assert (await data(client, "/api/v1/alerts")) == {"alerts": []}
    [group] = (await data(client, "/api/v1/rules"))["groups"]
    assert [one["name"] for one in group["rules"]] == ["HighErrorRate"]


async def test_faults_strike_it_and_silence_is_one(sea: Running, client: httpx.AsyncClient) -> None:
    sea.sandbox.faults.add({"kind": "status", "status": 503, "path": "/api/v1/query", "count": 1})
    assert (await client.get("/api/v1/query", params={"query": "up"})).status_code == 503
    silence = {"kind": "silence", "metric": "up"}
    assert (await client.post("/control/faults", json=silence)).status_code == 200
    sea.world.advance(400)
    assert (await data(client, "/api/v1/query", query="up"))["result"] == []
    await client.delete("/control/faults")
    sea.world.advance(10)
    assert (await data(client, "/api/v1/query", query="up"))["result"]
