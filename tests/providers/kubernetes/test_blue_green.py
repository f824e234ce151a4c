"""A blue-green Rollout of Argo as a SlotHost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.providers.kubernetes.api_server import ApiServer
from tests.providers.kubernetes.lab import Controller, Lab
from tests.providers.kubernetes.objects import blue_green

from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.providers.base import InDoubt, ProviderError, Receipt, Refused, SlotHost
from quarterdeck.release.action import Swap
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal
from quarterdeck.release.survey import FORBIDS_SWAP
from quarterdeck.release.swap import Site, plan_swap
from quarterdeck.testing.conformance import check_observing, steps_of, take

WEB = TargetId("production", "web")


async def begun(lab: Lab, **more: object) -> tuple[SlotHost, Controller]:
    """A new version waits behind the preview service."""
    controller = Controller(lab, "web")
    await controller.begin(blue_green("web", **more))
    await controller.update()
    return lab.host(), controller


async def planned(lab: Lab, host: SlotHost, mode: str = "swap") -> Outline | Refusal:
    survey = await host.survey_swap(lab.slots().address, "staging", "production")
    return plan_swap(Swap(WEB, mode=mode), [Site(lab.slots(), survey)])  # type: ignore[arg-type]


async def test_production_is_what_the_active_service_leads_to_and_staging_what_waits(lab: Lab) -> None:
    host, _ = await begun(lab)
    await check_observing(host, [lab.slots()], lab.slots("gone"))
    reading = (await host.observe([lab.slots()]))[lab.slots().subject]
    assert isinstance(reading, SlotsReading)
    found = [(slot.name, slot.build and slot.build.version, slot.health, slot.host) for slot in reading.slots]
    assert found == [("production", "1.0", "healthy", "web"), ("staging", "2.0", "healthy", "web-preview")]


async def test_a_promotion_brings_what_waits_to_everybody(lab: Lab) -> None:
    host, controller = await begun(lab)
    outline = await planned(lab, host)

    async def pass_time(_: float) -> None:
        await controller.act()

    await take(host, steps_of(outline, "swap"), pass_time)
    reading = (await host.observe([lab.slots()]))[lab.slots().subject]
    assert isinstance(reading, SlotsReading)
    assert [slot.build and slot.build.version for slot in reading.slots] == ["2.0", None]


async def test_the_plan_promises_no_swap_back_and_says_what_the_way_back_is(lab: Lab) -> None:
    host, _ = await begun(lab, scaleDownDelaySeconds=300)
    outline = await planned(lab, host)
    assert isinstance(outline, Outline)
    assert not outline.fuse.possible
    assert "taken down 300 s after the promotion" in outline.fuse.how
    assert "kubectl argo rollouts undo" in outline.fuse.how
    assert [effect.what for effect in outline.effects] == ["build in production"]


async def test_a_preview_is_argos_own(lab: Lab) -> None:
    host, _ = await begun(lab)
    no = await planned(lab, host, "preview")
    assert isinstance(no, Refusal)
    assert "by itself" in no.message


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ({"abort": True, "message": "RolloutAborted"}, "aborted (Paused: RolloutAborted)"),
        ({"pauseConditions": None}, "isn't waiting for anybody"),
        ({"blueGreen": {"previewSelector": "aaa"}}, "no new version waits"),
        ({"observedGeneration": "77"}, "hasn't seen"),
    ],
)
async def test_what_cannot_be_promoted_is_refused_with_the_reason(
    status: dict[str, object], words: str, lab: Lab
) -> None:
    host, _ = await begun(lab)
    step = steps_of(await planned(lab, host), "swap")[0]
    await lab.status("rollouts", "web", status)
    survey = await host.survey_swap(lab.slots().address, "staging", "production")
    assert [words in risk.text for risk in survey.risks if risk.code == FORBIDS_SWAP] == [True]
    assert isinstance(await planned(lab, host), Refusal)
    with pytest.raises(Refused):
        await host.send(step)


async def test_a_version_that_came_in_between_isnt_promoted_in_its_place(lab: Lab) -> None:
    host, controller = await begun(lab)
    step = steps_of(await planned(lab, host), "swap")[0]
    await controller.update("ccc", "shop/web:3.0")
    assert (await host.settle(step)).state == "changed_by_other"
    with pytest.raises(Refused, match="another version waits now"):
        await host.send(step)


async def test_what_somebody_else_has_promoted_is_done(lab: Lab) -> None:
    host, controller = await begun(lab)
    step = steps_of(await planned(lab, host), "swap")[0]
    await lab.status("rollouts", "web", {"pauseConditions": None})
    assert (await host.poll(step, Receipt())).state == "running"
    await controller.act()
    assert (await host.settle(step)).state == "done"
    assert await host.send(step) == Receipt()


async def test_a_version_whose_pods_are_all_down_isnt_promoted(lab: Lab) -> None:
    controller = Controller(lab, "web")
    await controller.begin(blue_green("web"))
    await controller.update(up=0)
    host = lab.host()
    step = steps_of(await planned(lab, host), "swap")[0]
    with pytest.raises(Refused, match="no pod of staging"):
        await host.send(step)


async def test_what_promotes_by_itself_says_so(lab: Lab) -> None:
    host, _ = await begun(lab, autoPromotionEnabled=True, autoPromotionSeconds=600)
    survey = await host.survey_swap(lab.slots().address, "staging", "production")
    assert survey.source.auto_swap_to == "production"


async def test_other_slots_and_other_strategies_are_told_apart(lab: Lab) -> None:
    host, _ = await begun(lab)
    with pytest.raises(ProviderError, match="a promotion brings staging into production"):
        await host.survey_swap(lab.slots().address, "production", "staging")
    place = replace(lab.slots(), role="traffic")
    trouble = (await lab.router().observe([place]))[place.subject]
    assert "its strategy is blueGreen" in str(trouble)


async def test_a_write_that_met_another_change_had_no_effect_and_silence_is_doubt(own: ApiServer, own_lab: Lab) -> None:
    host, _ = await begun(own_lab)
    step = steps_of(await planned(own_lab, host), "swap")[0]

    def meanwhile() -> None:
        own.objects["shop", "rollouts", "web"]["metadata"]["resourceVersion"] = "9999"

    def fall_silent() -> None:
        raise ConnectionError

    own.before_patch = meanwhile
    with pytest.raises(Refused, match="has been modified"):
        await host.send(step)
    own.before_patch = fall_silent
    with pytest.raises(InDoubt):
        await host.send(step)
    assert (await host.settle(step)).state == "not_done"
