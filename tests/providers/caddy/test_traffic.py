"""Shares of requests on a real Caddy: what is shown, what is written, and what users get."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import certifi
import pytest
from tests.providers.caddy.edge import Quay, handler, needs_caddy, open_session, router_of
from tests.providers.haproxy.balancer import backends, split

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, check_shift

pytestmark = needs_caddy
REQUESTS = 2_000


async def test_it_passes_the_kit_of_routers(quay: Quay) -> None:
    missing = Place("traffic", TargetId("production", "ghost"), Address("edge", {"id": "ghost"}))
    by_path = quay.place("by-path", path="apps/http/servers/srv0/routes/0/handle/0")
    await check_observing(quay.router, [quay.place(), by_path], missing)
    for place in (quay.place(), by_path):
        await check_shift(quay.router, place, {"stable": 75, "canary": 25})


async def test_users_get_the_shares_of_each_step(quay: Quay) -> None:
    for share in (5, 25, 50, 100):
        await quay.shift(canary=share)
        answered = await split(str(quay.caddy.front), REQUESTS, "app")
        print(f"{share}%: {dict(answered)}")
        assert answered["canary"] == pytest.approx(REQUESTS * share / 100, abs=2)
        assert answered.total() == answered["canary"] + answered["stable"] == REQUESTS


async def test_the_smallest_weights_are_written_so_that_shares_hold_in_few_requests(quay: Quay) -> None:
    await quay.shift(canary=25)
    assert quay.caddy.weights() == [3, 1]
    assert (await split(str(quay.caddy.front), 8, "app"))["canary"] == 2
    await quay.shift(canary=0.1)
    assert quay.caddy.weights() == [999, 1]


async def test_a_share_finer_than_weights_go_is_refused(quay: Quay) -> None:
    place = quay.place()
    survey = await quay.router.survey_traffic(place.address)
    refusal = plan_shift(Shift(place.target, {"canary": 0.04}), [Router(place, survey)])
    assert isinstance(refusal, Refusal)
    assert "too little" in refusal.message


async def test_upstreams_without_a_name_are_called_by_their_address(quay: Quay) -> None:
    place = Place("traffic", TargetId("production", "app"), Address("edge", {"id": "app"}))
    names = [destination.name for destination in (await quay.reading(place)).destinations]
    assert names == [f"127.0.0.1:{port}" for port in quay.behind.ports.values()]


async def test_of_two_cockpits_that_write_at_the_same_time_one_is_told_no(quay: Quay) -> None:
    late = await quay.step(canary=50)

    def meanwhile() -> None:
        """Between the last read and the write of the second one, the first one's arrives."""
        assert quay.caddy.set_weights([3, 1]) == 200

    session = open_session(may_write=meanwhile, url=quay.caddy.url)
    with pytest.raises(Refused, match="somebody else changed it since it was read") as caught:
        await router_of(session).send(late)
    assert caught.value.trouble.hint == "plan again"
    assert quay.caddy.weights() == [3, 1]
    assert (await quay.router.settle(late)).state == "changed_by_other"
    await session.close()


async def test_an_upstream_that_comes_between_read_and_write_gets_nobody_elses_weight(quay: Quay) -> None:
    step = await quay.step(canary=50)

    def meanwhile() -> None:
        new = {"dial": "127.0.0.1:9"}
        assert quay.caddy.ask("PUT", "/id/app/upstreams/0", new)[0] == 200

    session = open_session(may_write=meanwhile, url=quay.caddy.url)
    with pytest.raises(Refused, match="somebody else changed it"):
        await router_of(session).send(step)
    await session.close()


async def test_what_somebody_else_changed_after_the_plan_is_not_written_over(quay: Quay) -> None:
    step = await quay.step(canary=25)
    quay.caddy.set_weights([1, 3])
    with pytest.raises(Refused, match=r"somebody changed it since the plan.*canary 75%"):
        await quay.router.send(step)
    assert quay.caddy.weights() == [1, 3]


async def test_a_write_repeated_changes_nothing_and_is_done(quay: Quay) -> None:
    step = await quay.step(canary=25)
    for _ in range(2):
        await quay.router.send(step)
        assert (await quay.router.settle(step)).state == "done"


async def test_what_was_set_by_hand_comes_back_exactly(quay: Quay) -> None:
    quay.caddy.set_weights([7, 2])
    step = await quay.step(canary=50)
    await quay.router.send(step)
    assert step.undo is not None
    await quay.router.send(replace(step, change=step.undo, before=step.after, after=step.before))
    assert quay.caddy.weights() == [7, 2]


async def test_no_write_leaves_once_the_right_to_write_is_lost(quay: Quay) -> None:
    def lost() -> None:
        raise Refused("provider_error", "somebody else took over")

    session = open_session(may_write=lost, url=quay.caddy.url)
    with pytest.raises(Refused, match="took over"):
        await router_of(session).send(await quay.step(canary=25))
    assert quay.caddy.weights() == [1, 0]
    await session.close()


@pytest.mark.parametrize("weights", [[1, 2, 3], [100]])
async def test_a_list_that_doesnt_fit_the_upstreams_is_told_though_caddy_takes_it(
    quay: Quay, weights: list[int]
) -> None:
    assert quay.caddy.set_weights(weights) == 200
    assert f"{len(weights)} weights for 2 upstreams" in (await quay.trouble()).message
    with pytest.raises(ProviderError, match="as nobody meant"):
        await quay.router.survey_traffic(quay.place().address)


@pytest.mark.parametrize("weights", [[0, 0], [-1, 5], ["a", 1], [1.5, 1]])
async def test_a_config_that_caddy_cant_load_leaves_the_old_one_in_force(quay: Quay, weights: list[Any]) -> None:
    assert quay.caddy.set_weights(weights) == 500
    assert quay.caddy.weights() == [1, 0]
    assert await split(str(quay.caddy.front), 5, "app") == {"stable": 5}


async def test_a_change_that_caddy_cant_load_is_in_doubt_until_it_is_read_back(quay: Quay, tmp_path: Path) -> None:
    trusted = tmp_path / "trusted.pem"
    shutil.copy(certifi.where(), trusted)
    transport = {"protocol": "http", "tls": {"ca": {"provider": "file", "pem_files": [str(trusted)]}}}
    quay.caddy.load(handler(quay.behind, [1, 0]), handler(quay.behind, [1, 0], "other", transport=transport))
    step = await quay.step(canary=25)
    trusted.unlink()  # from now on no config with it can be loaded, whatever else is changed in it
    with pytest.raises(InDoubt, match="answered 500") as caught:
        await quay.router.send(step)
    assert "goes on with the one before" in caught.value.trouble.hint
    assert str(trusted) in caught.value.trouble.hint
    assert (await quay.router.settle(step)).state == "not_done"
    assert await split(str(quay.caddy.front), 5, "app") == {"stable": 5}


async def test_nobody_is_planned_to_get_everything_switched_off(quay: Quay) -> None:
    step = await quay.step(canary=100)
    nothing = {"shares": {"stable": 0.0, "canary": 0.0}}
    with pytest.raises(Refused, match="nothing would receive traffic"):
        await quay.router.send(replace(step, change=nothing, after=nothing))


async def test_destinations_that_came_after_the_plan_are_named(quay: Quay) -> None:
    step = await quay.step(canary=25)
    async with backends("third") as more:
        quay.behind.ports.update(more.ports)
        quay.caddy.load(handler(quay.behind, [1, 0, 0]))
        with pytest.raises(Refused, match="came or went since the plan was made"):
            await quay.router.send(step)
        del quay.behind.ports["third"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"load_balancing": {"selection_policy": {"policy": "least_conn"}}}, "by least_conn"),
        ({"load_balancing": {}}, "by random"),
        ({"dynamic_upstreams": {"source": "a", "name": "x.test", "port": "80"}}, "finds its upstreams itself"),
    ],
)
async def test_what_isnt_divided_by_weights_is_told_with_what_to_write(
    quay: Quay, more: dict[str, Any], told: str
) -> None:
    quay.caddy.load(handler(quay.behind, [1, 0], **more))
    found = await quay.trouble()
    assert (found.code, told in found.message) == ("misconfigured", True)
    assert "weighted_round_robin" in found.hint or "upstreams" in found.hint


async def test_another_kind_of_handler_is_told(quay: Quay) -> None:
    quay.caddy.load({"@id": "app", "handler": "static_response", "body": "x"})
    assert "of kind static_response" in (await quay.trouble()).message
    assert "no handler" in (await quay.trouble(quay.place("route", path="apps/http/servers/srv0/routes/0"))).message


async def test_a_name_for_an_upstream_that_isnt_there_is_told(quay: Quay) -> None:
    quay.behind.ports["third"] = 9
    found = await quay.trouble()
    assert "no upstream 127.0.0.1:9" in found.message


async def test_a_name_that_another_upstream_has_already_is_told(quay: Quay) -> None:
    """Weights go by name: two of one name would both get what one of them is to have."""
    stable, canary = (f"127.0.0.1:{port}" for port in quay.behind.ports.values())
    place = Place("traffic", quay.place().target, Address("edge", {"id": "app", f"names.{canary}": stable}))
    trouble = await quay.trouble(place)
    assert trouble.code == "misconfigured"
    assert canary in trouble.message


async def test_a_handler_that_is_gone_is_not_found(quay: Quay) -> None:
    step = await quay.step(canary=25)
    quay.caddy.load(handler(quay.behind, [1, 0], "other"))
    assert (await quay.trouble()).code == "not_found"
    with pytest.raises(Refused, match="unknown object ID") as caught:
        await quay.router.send(step)
    assert caught.value.trouble.code == "not_found"


async def test_behind_a_cookie_the_weights_of_its_fallback_divide_new_clients(quay: Quay) -> None:
    weighted = {"policy": "weighted_round_robin", "weights": [1, 0]}
    sticky = {"selection_policy": {"policy": "cookie", "name": "berth", "fallback": weighted}}
    quay.caddy.load(handler(quay.behind, [], load_balancing=sticky))
    await quay.shift(canary=25)
    assert (await split(str(quay.caddy.front), 40, "app"))["canary"] == 10
    survey = await quay.router.survey_traffic(quay.place().address)
    assert "cookie berth" in next(risk.text for risk in survey.risks if risk.code == "sticky")


async def test_a_hundred_places_cost_two_requests(quay: Quay) -> None:
    names = [f"svc{number}" for number in range(100)]
    quay.caddy.load(*(handler(quay.behind, [1, 0], name) for name in names))

    def requests() -> float:
        text = quay.caddy.ask("GET", "/metrics")[1]
        lines = [line for line in text.splitlines() if line.startswith("caddy_admin_http_requests_total")]
        return sum(float(line.split()[-1]) for line in lines)

    before = requests()
    found = await quay.router.observe([quay.place(name) for name in names])
    assert len(found) == 100
    assert requests() - before == 3  # with the one that counted
