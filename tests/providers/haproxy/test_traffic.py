"""Shares of traffic on a real HAProxy: what is shown, what is written, and what it does when something is wrong."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.providers.haproxy.balancer import app, needs_haproxy, split
from tests.providers.haproxy.conftest import Harbour, checked, traffic_place

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.action import Shift
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, check_shift

pytestmark = needs_haproxy
PLACE = traffic_place()


async def test_it_passes_the_kit_of_routers(harbour: Harbour) -> None:
    missing = Place("traffic", TargetId("production", "ghost"), Address("lb", {"backend": "ghost"}))
    await check_observing(harbour.router, [PLACE], missing)
    await check_shift(harbour.router, PLACE, {"stable": 75, "canary": 25})


async def test_a_shift_is_felt_by_the_next_requests(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    answered = await split(harbour.balancer.front, 200)
    assert answered["canary"] == pytest.approx(50, abs=2)
    assert answered.total() == answered["canary"] + answered["stable"]


async def test_a_third_is_rounded_and_the_plan_says_so(harbour: Harbour) -> None:
    survey = await harbour.router.survey_traffic(PLACE.address)
    outline = plan_shift(Shift(PLACE.target, {"canary": 33.4}), [Router(PLACE, survey)])
    assert isinstance(outline, Outline)
    (note,) = [risk.text for risk in outline.risks if risk.code == "rounded"]
    assert "33.4% -> 33%" in note


async def test_a_share_finer_than_weights_go_is_refused(harbour: Harbour) -> None:
    survey = await harbour.router.survey_traffic(PLACE.address)
    refusal = plan_shift(Shift(PLACE.target, {"canary": 0.2}), [Router(PLACE, survey)])
    assert isinstance(refusal, Refusal)
    assert "too little" in refusal.message


async def test_what_somebody_took_out_gets_nothing_whatever_its_weight(harbour: Harbour) -> None:
    await harbour.shift(canary=10)
    for state, status in (("maint", "MAINT"), ("drain", "DRAIN")):
        harbour.balancer.say(f"set server app/canary state {state}")
        canary = (await harbour.reading()).destinations[1]
        assert (canary.share, canary.weight, canary.enabled, canary.status) == (0, 10, False, status)
        assert await split(harbour.balancer.front, 50) == {"stable": 50}
    assert await harbour.shares() == {"stable": 100, "canary": 0}


async def test_a_share_for_what_was_taken_out_puts_it_back(harbour: Harbour) -> None:
    harbour.balancer.say("set server app/canary state maint")
    (step, *_) = await harbour.steps(canary=50)
    assert step.before["enabled"] is False
    await harbour.shift(canary=50)
    await harbour.balancer.until("show servers state app", r"canary 127.0.0.1 2 0 ")
    assert await harbour.shares() == {"stable": 50, "canary": 50}


async def test_switching_off_lets_old_clients_end_what_they_began(harbour: Harbour) -> None:
    (first, *_) = await harbour.steps(canary=25)
    now = {"destination": "canary", "weight": 0.0, "enabled": True}
    off = {**now, "enabled": False}
    step = replace(first, change=off, before=now, after=off)
    await harbour.router.send(step)
    assert (await harbour.reading()).destinations[1].status == "DRAIN"
    assert (await harbour.router.settle(step)).state == "done"


async def test_a_shift_between_others_leaves_what_was_taken_out_alone(harbour: Harbour) -> None:
    ports = {**harbour.backends.ports, "old": harbour.backends.ports["stable"]}
    harbour.balancer.reload(app(ports, {"stable": 50, "canary": 0, "old": 50}))
    await checked(harbour.balancer)
    harbour.balancer.say("set server app/old state maint")
    assert {step.change["destination"] for step in await harbour.steps(canary=20)} == {"stable", "canary"}
    await harbour.shift(canary=20)
    assert "old 127.0.0.1 0 1 50 50" in harbour.balancer.say("show servers state app")


async def test_a_server_that_is_down_for_a_minute_keeps_its_part(harbour: Harbour) -> None:
    await harbour.backends.start("second")
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 50, "canary": 0, "second": 50}))
    await checked(harbour.balancer)
    harbour.backends.stop("second")
    await harbour.balancer.until("show servers state app", r"second 127.0.0.1 0 ")
    await harbour.shift(canary=20)
    assert [harbour.balancer.weight(f"app/{name}") for name in ("stable", "canary", "second")] == [50, 25, 50]


async def test_a_dead_server_is_shown_without_share_and_unhealthy(harbour: Harbour) -> None:
    await harbour.shift(canary=50)
    harbour.backends.stop("canary")
    await harbour.balancer.until("show servers state app", r"canary 127.0.0.1 0 ")
    canary = (await harbour.reading()).destinations[1]
    assert (canary.share, canary.weight, canary.health, canary.status) == (0, 50, "unhealthy", "DOWN")


async def test_the_last_healthy_server_stays_on_even_if_it_became_the_last_after_the_plan(harbour: Harbour) -> None:
    steps = await harbour.steps(canary=100)
    harbour.backends.stop("canary")
    await harbour.balancer.until("show servers state app", r"canary 127.0.0.1 0 ")
    off = next(step for step in steps if step.change["destination"] == "stable")
    with pytest.raises(Refused, match="nothing would receive traffic"):
        await harbour.router.send(off)
    assert harbour.balancer.weight("app/stable") == 100


async def test_something_serves_between_any_two_commands(harbour: Harbour) -> None:
    for wanted in (100, 0, 100):
        for step in await harbour.steps(canary=wanted):
            await harbour.router.send(step)
            assert sum((await harbour.shares()).values()) == pytest.approx(100)
            assert await split(harbour.balancer.front, 3)


async def test_what_somebody_else_changed_after_the_plan_is_not_written_over(harbour: Harbour) -> None:
    (first, *_) = await harbour.steps(canary=25)
    harbour.balancer.say("set server app/canary weight 40")
    with pytest.raises(Refused, match=r"somebody changed app/canary.*weight 40"):
        await harbour.router.send(first)
    assert harbour.balancer.weight("app/canary") == 40
    assert (await harbour.router.settle(first)).state == "changed_by_other"


async def test_a_write_repeated_changes_nothing_and_is_done(harbour: Harbour) -> None:
    (first, *_) = await harbour.steps(canary=25)
    await harbour.router.send(first)
    await harbour.router.send(first)
    assert harbour.balancer.weight("app/canary") == first.after["weight"]
    assert (await harbour.router.settle(first)).state == "done"


@pytest.mark.parametrize("weight", [257.0, -1.0, 12.5])
async def test_a_weight_that_haproxy_cant_hold_is_never_sent(harbour: Harbour, weight: float) -> None:
    (first, *_) = await harbour.steps(canary=25)
    with pytest.raises(Refused, match="is no weight"):
        await harbour.router.send(with_change(first, weight=weight))


async def test_the_refusal_of_haproxy_itself_comes_through_in_its_words(harbour: Harbour) -> None:
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 100, "canary": 1}, balance="source"))
    await checked(harbour.balancer)
    (first, *_) = await harbour.steps(canary=25)
    with pytest.raises(Refused, match="static LB algorithm"):
        await harbour.router.send(first)
    assert (await harbour.router.settle(first)).state == "not_done"


@pytest.mark.parametrize("balance", ["static-rr", "first"])
async def test_where_weights_divide_nothing_no_shift_is_planned(harbour: Harbour, balance: str) -> None:
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 100, "canary": 1}, balance=balance))
    with pytest.raises(ProviderError, match=f"balance {balance}") as caught:
        await harbour.router.survey_traffic(PLACE.address)
    assert "roundrobin" in caught.value.trouble.hint


async def test_a_server_that_is_gone_is_named(harbour: Harbour) -> None:
    (first, *_) = await harbour.steps(canary=25)
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 100}))
    with pytest.raises(Refused, match="no server app/canary"):
        await harbour.router.send(first)


async def test_a_backend_that_isnt_there_is_a_trouble_with_those_that_are(harbour: Harbour) -> None:
    found = await harbour.trouble("shop")
    assert found.code == "not_found"
    assert "no backend shop" in found.message
    assert found.hint == "backends there: app"


async def test_backups_are_no_destinations_and_it_is_told_when_only_they_serve(harbour: Harbour) -> None:
    spare = f"  server spare 127.0.0.1:{harbour.backends.ports['canary']} backup\n"
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 100}) + spare)
    await harbour.balancer.until("show servers state app", r"stable 127.0.0.1 2 0 .* 6 3 ")
    assert [d.name for d in (await harbour.reading()).destinations] == ["stable"]
    harbour.backends.stop("stable")
    await harbour.balancer.until("show servers state app", r"stable 127.0.0.1 0 ")
    assert (await harbour.reading()).status == "only backups serve"
    assert await split(harbour.balancer.front, 10) == {"canary": 10}


async def test_clients_that_stay_by_a_cookie_are_told_of_before_a_shift(harbour: Harbour) -> None:
    body = app(harbour.backends.ports, {"stable": 100, "canary": 0})
    harbour.balancer.reload(body.replace("  balance", "  cookie SRV insert\n  balance"))
    survey = await harbour.router.survey_traffic(PLACE.address)
    assert "cookie SRV" in next(risk.text for risk in survey.risks if risk.code == "sticky")


async def test_no_write_leaves_once_the_right_to_write_is_lost(harbour: Harbour) -> None:
    from tests.providers.haproxy.conftest import open_session, router_of

    def lost() -> None:
        raise Refused("provider_error", "somebody else took over")

    (first, *_) = await harbour.steps(canary=25)
    with pytest.raises(Refused, match="took over"):
        await router_of(open_session(harbour.balancer.socket, may_write=lost)).send(first)
    assert harbour.balancer.weight("app/canary") == 0


def with_change(step: Step, **change: object) -> Step:
    return replace(step, change={**step.change, **change})
