"""Probes and REST queries over plain HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError
from tests.providers.loopback import SECRET, Asked, evidence, listening, says, session, trouble

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http import provider
from quarterdeck.providers.http.schema import HttpConnection
from quarterdeck.sandbox.assembly import running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.tls import make_certificate, server_context
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

JSON = {"build": {"version": 7}, "checks": [{"ok": True}, {"ok": False}], "total": 3, "text": "x", "none": None}


async def test_a_probe_says_the_status_whatever_it_is() -> None:
    for status in (200, 204, 404, 500, 503):
        async with listening(lambda _, status=status: says("", status)) as server:  # type: ignore[misc]
            found = await evidence(session("http"), "probe", url=f"{server.url}/health?key=hidden")
        assert found.value == status
        assert f"answered {status}" in found.detail
        assert "hidden" not in found.detail
        assert len(server.asked) == 1


async def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    async with listening(lambda _: says("", 302, Location="/login?next=secret")) as server:
        found = await evidence(session("http"), "probe", url=server.url)
    assert found.value == 302
    assert found.detail.endswith("to /login")
    assert len(server.asked) == 1


async def test_a_number_in_the_answer_is_found_by_its_path() -> None:
    async with listening(lambda _: says(JSON)) as server:
        for path, value in (("build.version", 7), ("checks.0.ok", 1), ("checks", 2), ("total", 3)):
            assert (await evidence(session("http"), "probe", url=server.url, path=path)).value == value
        for path in ("none", "gone", "checks.9.ok", "total.deeper"):
            assert (await evidence(session("http"), "probe", url=server.url, path=path)).value is None
        for path in ("text", "build"):
            assert (await trouble(session("http"), "probe", url=server.url, path=path)).code == "misconfigured"


async def test_a_number_is_not_taken_from_an_error() -> None:
    async with listening(lambda _: says(JSON, 500)) as server:
        assert (await trouble(session("http"), "probe", url=server.url, path="total")).code == "provider_error"


async def test_whoever_does_not_answer_has_the_status_zero() -> None:
    for answer, timeout in ((b"", "10s"), (b"...", "1s"), (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", "10s")):
        async with listening(lambda _, answer=answer: answer) as server:  # type: ignore[misc]
            found = await evidence(session("http", timeout=timeout), "probe", url=server.url)
        assert (found.value, len(server.asked)) == (0, 1)
        assert "counts as status 0" in found.detail


async def test_a_fault_on_our_side_is_no_data(tmp_path: Any) -> None:
    assert (await trouble(session("http"), "probe", url="http://no-such-host.invalid/")).code == "unreachable"
    async with listening(lambda _: says(""), server_context(*make_certificate(tmp_path))) as server:
        assert (await trouble(session("http"), "probe", url=server.url)).code == "tls"
        trusting = session("http", ca_file=str(tmp_path / "sandbox-ca.pem"))
        assert (await evidence(trusting, "probe", url=server.url)).value == 200


async def test_method_and_host_are_those_of_the_gate_and_no_cookie_is_kept() -> None:
    async with listening(lambda _: says("", 200, Set_Cookie="x-ms-routing-name=staging")) as server:
        open_ = session("http")
        for _ in range(2):
            await evidence(open_, "probe", url=server.url, method="HEAD", host="shop.contoso.example")
    assert [one.method for one in server.asked] == ["HEAD", "HEAD"]
    assert server.asked[1].headers["host"] == "shop.contoso.example"
    assert "cookie" not in server.asked[1].headers


@pytest.mark.parametrize("url", ["", "ftp://x/", "https:///health", "checkout/health", "https://[::1/"])
async def test_what_is_no_url_is_told(url: str) -> None:
    assert (await trouble(session("http"), "probe", url=url)).code == "misconfigured"


async def test_a_credential_is_sent_below_its_url_only() -> None:
    async with listening(lambda _: says(JSON)) as server, listening(lambda _: says(JSON)) as stranger:
        open_ = session("http", url=f"{server.url}/api", api_key="${env:TOKEN}", bearer_token="${env:TOKEN}")
        assert (await evidence(open_, "probe", url=f"{server.url}/api/health")).value == 200
        for url in (f"{stranger.url}/api/health", f"{server.url}/apis", f"{server.url}@{stranger.url[7:]}/api/x"):
            assert (await trouble(open_, "probe", url=url)).code == "misconfigured"
    assert server.asked[0].headers["x-api-key"] == SECRET
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert stranger.asked == []


async def test_a_query_counts_work_items() -> None:
    async with listening(lambda _: says({"total": 2, "issues": [{}, {}]})) as server:
        open_ = session("http", url=f"{server.url}/jira", username="ana", password="${env:TOKEN}")
        ask = {"path": "/rest/api/2/search", "query": "jql=priority = Blocker&maxResults=0"}
        assert (await evidence(open_, "query", **ask, count="total")).value == 2
        assert (await evidence(open_, "query", **ask, count="issues")).value == 2
        assert (await evidence(open_, "metric", path="x", count="total")).value == 2
    assert server.asked[0].path == "/jira/rest/api/2/search"
    assert server.asked[0].params == {"jql": ["priority = Blocker"], "maxResults": ["0"]}


async def test_a_query_that_is_a_document_is_posted() -> None:
    async with listening(lambda _: says({"workItems": [{"id": 1}]})) as server:
        open_ = session("http", url=server.url)
        wiql = '{"query": "SELECT [Id] FROM WorkItems"}'
        assert (
            await evidence(open_, "query", path="_apis/wit/wiql?api-version=7.1", query=wiql, count="workItems")
        ).value == 1
        assert (await trouble(open_, "query", path="x", query="{oops", count="n")).code == "misconfigured"
    (asked,) = server.asked
    assert (asked.method, asked.headers["content-type"]) == ("POST", "application/json")
    assert b"SELECT [Id]" in asked.body
    assert (await trouble(session("http"), "query", path="x", count="n")).code == "misconfigured"


async def test_a_sign_in_page_is_no_answer_to_a_query() -> None:
    async with listening(lambda _: says("<html>", 200, "text/html")) as server:
        assert (await trouble(session("http", url=server.url), "query", path="x", count="n")).code == "garbage"


def test_a_credential_without_a_url_is_refused() -> None:
    for wrong in ({"bearer_token": "${env:X}"}, {"username": "a"}, {"url": "https://u:p@host/"}, {"timeout": "2h"}):
        with pytest.raises(ValidationError):
            HttpConnection.model_validate(wrong)
    with pytest.raises(ProviderError, match="username and password belong together"):
        session("http", url="http://127.0.0.1:1", username="ana")


async def test_check_says_whether_somebody_answers() -> None:
    async with listening(lambda _: says("", 404)) as server:
        assert [one[1] async for one in session("http", url=server.url).check()] == [None]
    async with listening(lambda _: says("", 401)) as server:
        (found,) = [one[1] async for one in session("http", url=server.url).check()]
    assert found is not None
    assert found.code == "unauthenticated"


# --- in the sandbox ---------------------------------------------------------------------------------------------------
SHOP = {
    "builds": [{"version": "1.0", "error_rate": 0.0}, {"version": "2.0", "error_rate": 1.0}],
    "sites": [
        {
            "group": "shop",
            "name": "checkout",
            "location": "westeurope",
            "slots": {"production": {"build": "1.0"}, "staging": {"build": "2.0"}},
        }
    ],
}


async def test_in_a_sandbox_the_hosts_of_the_fleet_answer_and_nobody_else_is_asked() -> None:
    def never(asked: Asked) -> bytes:
        raise AssertionError(asked)

    async with running(World(WorldClock(1_790_000_000.0, speed=0), SHOP), tls=True) as up, listening(never) as outside:
        real = Connection("web", "http", {"bearer_token": "${env:TOKEN}", "url": "https://checkout.azurewebsites.net"})
        inside = provider.sandboxed(real, announcement(up))
        assert "bearer_token" not in inside.options
        open_ = session("http", **inside.options)
        site, slot = "https://checkout.azurewebsites.net/", "https://checkout-staging.azurewebsites.net/"
        assert (await evidence(open_, "probe", url=site)).value == 200
        anywhere = session("http", **provider.sandboxed(Connection("x", "http"), announcement(up)).options)
        assert (await evidence(anywhere, "probe", url=slot)).value == 500
        assert (await evidence(anywhere, "probe", url=site, path="version")).value is not None
        for url in (outside.url, "https://tracker.example/x", f"{up.url}/api/v1/query?query=up"):
            found = await trouble(anywhere, "probe", url=url)
            assert found.code == "not_found"
            assert "isn't in the sandbox" in found.message
    assert outside.asked == []


async def test_a_sandbox_without_sites_refuses() -> None:
    options = provider.sandboxed(Connection("x", "http"), {}).options
    assert (await trouble(session("http", **options), "probe", url="http://127.0.0.1:1/")).code == "misconfigured"
