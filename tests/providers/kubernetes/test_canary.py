"""A canary of Argo Rollouts as a TrafficRouter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from tests.providers.kubernetes.api_server import ApiServer
from tests.providers.kubernetes.lab import SHOP, Controller, Lab
from tests.providers.kubernetes.objects import canary, replica_set

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, Progress, ProviderError, Receipt, Refused, TrafficRouter
from quarterdeck.release.action import Rollback, Shift
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.rollback import Undoing, plan_rollback
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, steps_of


async def planned(router: TrafficRouter, place: Place, shares: Mapping[str, float]) -> Outline | Refusal:
    return plan_shift(Shift(SHOP, shares), [Router(place, await router.survey_traffic(place.address))])


async def step_to(router: TrafficRouter, place: Place, canary_share: float) -> Step:
    (step,) = steps_of(await planned(router, place, {"canary": canary_share}), f"canary={canary_share:g}")
    return step


async def split(router: TrafficRouter, place: Place) -> dict[str, float]:
    reading = (await router.survey_traffic(place.address)).reading
    return {one.name: one.share for one in reading.destinations}


async def begun(lab: Lab, **more: object) -> tuple[TrafficRouter, Place, Controller]:
    """A canary that waits at its first pause."""
    controller = Controller(lab, "web")
    await controller.begin(canary("web", **more))  # type: ignore[arg-type]
    await controller.update()
    return lab.router(), lab.place(rollout="web"), controller


async def test_it_is_promoted_from_step_to_step_to_the_end(lab: Lab) -> None:
    router, place, controller = await begun(lab)
    for before, share in ((20, 40), (40, 80), (80, 100)):
        assert await split(router, place) == {"stable": 100 - before, "canary": before}
        step = await step_to(router, place, share)
        assert (await router.settle(step)).state == "not_done"
        assert await router.send(step) == Receipt()
        assert (await router.settle(step)).state == "running"
        assert (await router.poll(step, Receipt())).state == "running"
        await controller.act()
        assert (await router.poll(step, Receipt())).state == "finished"
        assert (await router.settle(step)).state == "done"
    survey = await router.survey_traffic(place.address)
    assert [(one.name, one.share) for one in survey.reading.destinations] == [("stable", 100)]
    assert survey.reading.destinations[0].status == "2.0, 5/5 available"


async def test_an_abort_gives_everybody_the_version_before_again(lab: Lab) -> None:
    router, place, controller = await begun(lab)
    step = await step_to(router, place, 0)
    await router.send(step)
    assert (await router.settle(step)).state == "running"
    await controller.act()
    assert (await router.settle(step)).state == "done"
    survey = await router.survey_traffic(place.address)
    assert "aborted" in survey.reading.status
    assert survey.limits.stops == ({"stable": 80.0, "canary": 20.0},)
    again = await step_to(router, place, 20)
    await router.send(again)
    await controller.act()
    assert (await router.settle(again)).state == "done"


async def test_all_at_once_promotes_in_full(lab: Lab) -> None:
    router, place, controller = await begun(lab)
    step = await step_to(router, place, 100)
    await router.send(step)
    assert (await lab.get("rollouts", "web"))["status"]["promoteFull"] is True
    assert (await router.settle(step)).state == "running"
    await controller.act()
    assert (await router.settle(step)).state == "done"


async def test_a_share_that_isnt_among_its_steps_is_refused_with_those_that_are(lab: Lab) -> None:
    router, place, _ = await begun(lab)
    for share in (25, 80):
        no = await planned(router, place, {"canary": share})
        assert isinstance(no, Refusal)
        assert "it goes by the steps of its declaration" in no.message
        expected = "stable 100%, canary 0%; stable 60%, canary 40%; stable 0%, canary 100%"
        assert no.hint == f"what can be reached from here: {expected}"


async def test_without_an_update_there_is_nothing_to_shift(lab: Lab) -> None:
    controller = Controller(lab, "web")
    await controller.begin(canary("web"))
    router, place = lab.router(), lab.place(rollout="web")
    no = await planned(router, place, {"canary": 20})
    assert isinstance(no, Refusal)
    assert "no destination canary" in no.message
    survey = await router.survey_traffic(place.address)
    assert (survey.reading.status, survey.limits.stops) == ("Healthy", ())
    assert "no update is in progress" in survey.limits.why


async def test_what_another_has_moved_meanwhile_is_left_alone(lab: Lab) -> None:
    router, place, controller = await begun(lab)
    step = await step_to(router, place, 40)
    await lab.status("rollouts", "web", {"pauseConditions": None})
    await controller.act()
    settled = await router.settle(step)
    assert settled.state == "done"
    await router.send(step)
    assert (await split(router, place))["canary"] == 40
    late = replace(step, after={"shares": {"stable": 100.0, "canary": 0.0}}, change={**step.change, "shares": {}})
    with pytest.raises(Refused, match="has gone on"):
        await router.send(late)


async def test_a_new_version_in_between_is_another_story(lab: Lab) -> None:
    router, place, controller = await begun(lab)
    step = await step_to(router, place, 40)
    await controller.update("ccc", "shop/web:3.0")
    assert (await router.settle(step)).state == "changed_by_other"
    with pytest.raises(Refused, match="another version is on its way"):
        await router.send(step)


async def test_an_update_that_was_aborted_by_its_analysis_ends_the_wait(lab: Lab) -> None:
    router, place, _ = await begun(lab)
    step = await step_to(router, place, 40)
    await router.send(step)
    await lab.status("rollouts", "web", {"abort": True, "message": 'metric "errors" assessed Failed'})
    settled = await router.settle(step)
    assert (settled.state, "errors" in settled.detail) == ("changed_by_other", True)
    assert await router.poll(step, Receipt()) == Progress("failed", settled.detail)


async def test_by_pods_the_share_is_that_of_the_pods(lab: Lab) -> None:
    controller = Controller(lab, "web")
    await controller.begin(canary("web", [{"setWeight": 25}, {"pause": {}}], routed=False))
    await controller.update(wanted=2, up=2)
    await lab.status("rollouts", "web", {"canary": {"weights": None}})
    router, place = lab.router(), lab.place(rollout="web")
    reading = (await router.survey_traffic(place.address)).reading
    assert {one.name: round(one.share) for one in reading.destinations} == {"stable": 71, "canary": 29}
    assert reading.method == "argo rollouts, by pods"


async def test_the_last_that_is_healthy_keeps_its_clients(lab: Lab) -> None:
    controller = Controller(lab, "web")
    await controller.begin(canary("web"))
    await controller.update(wanted=1, up=0)
    no = await planned(lab.router(), lab.place(rollout="web"), {"canary": 100})
    assert isinstance(no, Refusal)
    assert "last healthy" in no.message


@pytest.mark.parametrize(
    ("status", "spec", "words", "stops"),
    [
        ({"promoteFull": True}, {}, "being promoted in full", 0),
        ({}, {"paused": True}, "spec.paused", 1),
        ({"pauseConditions": None}, {}, "on its way", 2),
        ({"observedGeneration": "77"}, {}, "hasn't seen", 0),
    ],
)
async def test_what_cannot_be_done_now_is_said(
    status: dict[str, object], spec: dict[str, object], words: str, stops: int, lab: Lab
) -> None:
    router, place, _ = await begun(lab)
    if spec:
        made = await lab.patch("rollouts", "web", {"spec": spec})
        status = {"observedGeneration": str(made["metadata"]["generation"])}
    await lab.status("rollouts", "web", status)
    limits = (await router.survey_traffic(place.address)).limits
    assert limits.stops is not None
    assert (len(limits.stops), words in limits.why) == (stops, True)


async def test_an_inconclusive_analysis_is_told_and_overruled_as_the_plugin_does(lab: Lab) -> None:
    router, place, _ = await begun(lab)
    waits = [{"reason": "InconclusiveAnalysisRun", "startTime": "2026-11-23T10:00:00Z"}]
    await lab.status("rollouts", "web", {"pauseConditions": waits})
    survey = await router.survey_traffic(place.address)
    assert "inconclusive" in {risk.code for risk in survey.risks}
    await router.send(await step_to(router, place, 40))
    status = (await lab.get("rollouts", "web"))["status"]
    assert (status["currentStepIndex"], status["controllerPause"]) == (2, False)
    assert "pauseConditions" not in status


async def test_a_write_that_met_another_change_had_no_effect(own: ApiServer, own_lab: Lab) -> None:
    router, place, _ = await begun(own_lab)
    step = await step_to(router, place, 40)

    def meanwhile() -> None:
        own.objects["shop", "rollouts", "web"]["metadata"]["resourceVersion"] = "9999"

    own.before_patch = meanwhile
    with pytest.raises(Refused, match="has been modified") as caught:
        await router.send(step)
    assert caught.value.trouble.hint == "it has changed since it was read: plan again"
    assert (await router.settle(step)).state == "not_done"
    abort = await step_to(router, place, 0)
    own.before_patch = meanwhile
    await router.send(abort)
    assert (await own_lab.get("rollouts", "web"))["status"]["abort"] is True


async def test_an_answer_that_never_came_leaves_doubt_and_the_status_tells(own: ApiServer, own_lab: Lab) -> None:
    router, place, _ = await begun(own_lab)
    step = await step_to(router, place, 40)

    def fall_silent() -> None:
        raise ConnectionError

    own.before_patch = fall_silent
    with pytest.raises(InDoubt):
        await router.send(step)
    assert (await router.settle(step)).state == "not_done"


async def test_observing_reads_a_hundred_with_two_lists_and_tells_what_is_missing(own: ApiServer, own_lab: Lab) -> None:
    for number in range(100):
        made = own.put("shop", "rollouts", canary(f"web-{number}"))
        made["status"] = {"stableRS": f"hash{number}", "currentPodHash": f"hash{number}"}
        own.put("shop", "replicasets", replica_set(made, f"hash{number}", "shop/web:1.0", 5))
    places = [own_lab.place(f"web-{number}", rollout=f"web-{number}") for number in range(100)]
    router = own_lab.router()
    del own.loopback.asked[:]
    await check_observing(router, places, own_lab.place("gone", rollout="gone"))
    assert [asked.path.rpartition("/")[2] for asked in own.loopback.asked] == ["rollouts", "replicasets"]


async def test_what_bob_may_only_look_at_is_told_before_and_when_he_tries(lab: Lab) -> None:
    _, place, _ = await begun(lab)
    router = lab.session("bob-token").capability("traffic")
    assert isinstance(router, TrafficRouter)
    assert await router.permitted(place.address) is False
    assert await lab.router().permitted(place.address) is True
    step = await step_to(router, place, 40)
    with pytest.raises(Refused, match='User "bob" cannot patch resource "rollouts/status"') as caught:
        await router.send(step)
    assert (caught.value.trouble.code, "Role" in caught.value.trouble.hint) == ("forbidden", True)


async def test_a_wrong_token_is_told_on_every_place(lab: Lab) -> None:
    _, place, _ = await begun(lab)
    router = lab.session("nobody").capability("traffic")
    assert isinstance(router, TrafficRouter)
    trouble = (await router.observe([place]))[place.subject]
    assert isinstance(trouble, Trouble)
    assert (trouble.code, "sign in again" in trouble.hint) == ("unauthenticated", True)


async def test_a_canary_isnt_declared_as_slots(lab: Lab) -> None:
    await begun(lab)
    with pytest.raises(ProviderError, match="its strategy is canary"):
        await lab.host().survey_swap(lab.slots().address, "staging", "production")


async def test_a_reading_says_where_it_stands(lab: Lab) -> None:
    router, place, _ = await begun(lab)
    reading = (await router.observe([place]))[place.subject]
    assert isinstance(reading, TrafficReading)
    assert (reading.method, reading.status) == ("argo rollouts, by router", "paused, step 2 of 6, Paused")
    assert not reading.automatic
    await lab.status("rollouts", "web", {"pauseConditions": None})
    moving = (await router.observe([place]))[place.subject]
    assert isinstance(moving, TrafficReading)
    assert moving.automatic


async def test_the_way_back_from_a_later_step_is_the_abort(lab: Lab) -> None:
    """The share that it had at the step before can't be reached any more."""
    router, place, controller = await begun(lab)
    done = await step_to(router, place, 40)
    await router.send(done)
    await controller.act()
    undoing = Undoing(done, await router.survey_traffic(place.address))
    outline = plan_rollback(Rollback(SHOP), "op1", [undoing])
    assert isinstance(outline, Outline)
    assert [step.after["shares"] for step in outline.steps] == [{"stable": 100.0, "canary": 0.0}]
    await router.send(outline.steps[0])
    await controller.act()
    assert (await router.settle(outline.steps[0])).state == "done"


async def test_from_the_end_there_is_no_way_back_and_nothing_looks_like_one(lab: Lab) -> None:
    router, place, controller = await begun(lab, steps=[{"pause": {}}, {"setWeight": 50}, {"pause": {}}])
    done = await step_to(router, place, 100)
    await router.send(done)
    await controller.act()
    assert (await router.settle(done)).state == "done"
    assert done.before["shares"] == {"stable": 100.0, "canary": 0.0}
    undoing = Undoing(done, await router.survey_traffic(place.address))
    no = plan_rollback(Rollback(SHOP), "op1", [undoing])
    assert isinstance(no, Refusal)
    assert (no.code, "canary is gone" in no.message) == ("impossible", True)
