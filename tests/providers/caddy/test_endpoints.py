"""Caddy's admin endpoint as it may be found: down, behind a socket, choosy about origins; what it says of health."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.providers.caddy.edge import CHECKOUT, Caddy, Quay, handler, needs_caddy, open_session, router_of
from tests.providers.haproxy.balancer import backends, split
from tests.providers.loopback import listening, says

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import ProviderError, Refused, Session
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal
from quarterdeck.release.shift import Router, plan_shift

pytestmark = needs_caddy


@asynccontextmanager
async def quay_at(caddy: Caddy, **options: str) -> AsyncIterator[Quay]:
    """A Caddy of this test alone, loaded and ended."""
    async with backends("stable", "canary") as behind:
        caddy.server.start()
        session = open_session(**options or {"url": caddy.url})
        try:
            yield Quay(caddy, behind, session)
        finally:
            await session.close()
            caddy.server.stop()


async def checked(session: Session) -> dict[str, Trouble | None]:
    return {said: trouble async for said, trouble in session.check()}


async def test_a_check_tells_what_there_is_to_divide(quay: Quay) -> None:
    (said,) = await checked(quay.session)
    assert said.endswith("reverse proxies that divide by weights: 1")
    assert (await quay.session.identity()).startswith("local user")
    assert await quay.router.permitted(quay.place().address)


async def test_what_a_resume_keeps_and_a_restart_takes_back(tmp_path: Path) -> None:
    caddy = Caddy(tmp_path)
    async with quay_at(caddy) as quay:
        caddy.load(handler(quay.behind, [1, 0]))
        await quay.shift(canary=25)
        survey = await quay.router.survey_traffic(quay.place().address)
        assert "without --resume" in next(risk.text for risk in survey.risks if risk.code == "kept-in-memory")
        caddy.resume()
        kept = await quay.reading()
        assert {d.name: d.share for d in kept.destinations} == {"stable": 75, "canary": 25}
        assert kept.drift == ""
        caddy.load(handler(quay.behind, [1, 0]), admin={"config": {"persist": False}})
        survey = await quay.router.survey_traffic(quay.place().address)
        (risk,) = [risk for risk in survey.risks if risk.code == "kept-in-memory"]
        assert (risk.severity, "keeps nothing" in risk.text) == ("warning", True)


async def test_a_restart_that_took_back_a_canary_is_told_until_somebody_shifts_again(tmp_path: Path) -> None:
    caddy = Caddy(tmp_path)
    async with quay_at(caddy) as quay:
        caddy.load(handler(quay.behind, [1, 0]))
        await quay.shift(canary=25)
        assert (await quay.reading()).drift == ""
        caddy.restart()
        for _ in range(2):
            assert (await quay.reading()).drift == "a restart took back the weights: stable 3 -> 1, canary 1 -> 0"
        await quay.shift(canary=25)
        assert (await quay.reading()).drift == ""


async def test_one_that_is_down_is_told_and_nothing_was_sent(tmp_path: Path) -> None:
    caddy = Caddy(tmp_path)
    async with quay_at(caddy) as quay:
        caddy.load(handler(quay.behind, [1, 0]))
        step = await quay.step(canary=25)
        caddy.server.stop()
        with pytest.raises(Refused, match="nothing was sent: can't connect"):
            await quay.router.send(step)
        assert (await quay.trouble()).code == "unreachable"
        (trouble,) = (await checked(quay.session)).values()
        assert trouble is not None


async def test_an_endpoint_at_a_socket_is_used_like_any_other(tmp_path: Path) -> None:
    caddy, path = Caddy(tmp_path), tmp_path / "admin.sock"
    async with quay_at(caddy, socket=str(path)) as quay:
        assert (await quay.trouble()).message == f"there is no socket {path}"
        caddy.load(handler(quay.behind, [1, 0]), admin={"listen": f"unix/{path}|0600"})
        await quay.shift(canary=25)
        assert (await split(str(caddy.front), 8, "app"))["canary"] == 2
        caddy.server.stop()
        assert (await quay.trouble()).code == "unreachable"


async def test_an_endpoint_that_asks_for_an_origin_gets_the_one_of_the_connection(tmp_path: Path) -> None:
    caddy = Caddy(tmp_path, {"enforce_origin": True})
    async with quay_at(caddy) as quay:
        found = await quay.trouble()
        assert (found.code, "not allowed to access from origin" in found.message) == ("forbidden", True)
        assert "`origin`" in found.hint
        allowed = open_session(url=caddy.url, origin=caddy.url)
        assert None in (await checked(allowed)).values()
        await allowed.close()


async def test_a_refused_host_is_told_with_the_setting_that_mends_it() -> None:
    """As Caddy 2.11.7 answers a Host that isn't among its origins."""
    async with listening(lambda _: says({"error": "host not allowed: edge:2019"}, 403)) as server:
        session = open_session(url=server.url)
        (trouble,) = (await checked(session)).values()
        await session.close()
    assert trouble is not None
    assert (trouble.code, "`origins`" in trouble.hint) == ("forbidden", True)


async def test_without_an_etag_nothing_is_written() -> None:
    """A proxy in between may take it out; a change without a condition would write over somebody else's."""
    weighted = {"policy": "weighted_round_robin", "weights": [1, 0]}
    upstreams = [{"dial": "127.0.0.1:1"}, {"dial": "127.0.0.1:2"}]
    proxy: dict[str, Any] = {"@id": "app", "handler": "reverse_proxy", "upstreams": upstreams}
    proxy["load_balancing"] = {"selection_policy": weighted}
    async with listening(lambda asked: says({"apps": [proxy]} if asked.path == "/config/" else proxy)) as server:
        session = open_session(url=server.url)
        router = router_of(session)
        place = Place("traffic", CHECKOUT, Address("edge", {"id": "app"}))
        survey = await router.survey_traffic(place.address)
        outline = plan_shift(Shift(CHECKOUT, {"127.0.0.1:2": 25}), [Router(place, survey)])
        assert not isinstance(outline, Refusal)
        with pytest.raises(Refused, match="no Etag"):
            await router.send(outline.steps[0])
        assert {asked.method for asked in server.asked} == {"GET"}
        await session.close()


@pytest.mark.parametrize("body", ["<html>sign in</html>", "null", "[1, 2]", '{"apps": "?"}'])
async def test_somebody_else_at_the_url_is_a_trouble_of_each_place(body: str) -> None:
    kind = "text/html" if body.startswith("<") else "application/json"
    async with listening(lambda _: says(body, kind=kind)) as server:
        session = open_session(url=server.url)
        router = router_of(session)
        places = [Place("traffic", CHECKOUT, Address("edge", {key: "app"})) for key in ("id", "path")]
        found = await router.observe(places)
        assert all(isinstance(one, Trouble) for one in found.values())
        with pytest.raises(ProviderError):
            await router.survey_traffic(places[0].address)
        await session.close()


async def test_health_is_known_where_it_is_checked_and_the_last_healthy_one_stays(quay: Quay) -> None:
    checks = {"active": {"uri": "/", "interval": "50ms", "timeout": "1s"}}
    quay.caddy.load(handler(quay.behind, [1, 1], health_checks=checks))
    quay.behind.stop("canary")
    health: list[str] = []
    async with asyncio.timeout(20):  # Caddy sets its gauge every ten seconds, and tells nobody
        while health != ["healthy", "unhealthy"]:
            await asyncio.sleep(0.1)
            health = [destination.health for destination in (await quay.reading()).destinations]
            assert health[0] != "unhealthy"
            # Right after a change Caddy's own gauge says that it is well.
            assert health[1] != "healthy"
    assert (await quay.reading()).status == "canary down: the others get its requests"
    place = quay.place()
    survey = await quay.router.survey_traffic(place.address)
    codes = {risk.code for risk in survey.risks}
    assert "unchecked" not in codes
    assert "health-forgotten" in codes
    refusal = plan_shift(Shift(place.target, {"canary": 100}), [Router(place, survey)])
    assert isinstance(refusal, Refusal)
    assert "last healthy" in refusal.message
    more = plan_shift(Shift(place.target, {"canary": 60}), [Router(place, survey)])
    assert not isinstance(more, Refusal)
    assert "destination-unhealthy" in {risk.code for risk in more.risks}
    await quay.router.send(more.steps[0])
    assert [destination.health for destination in (await quay.reading()).destinations] == ["unknown", "unknown"]
