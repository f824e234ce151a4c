"""A swap is sent once, followed one look at a time, and believed only when it is read back."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, slots_place

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.providers.azure import transport
from quarterdeck.providers.base import InDoubt, ProviderError, Receipt, Refused
from quarterdeck.release.plan import Step, Verb
from quarterdeck.release.settlement import slot_facts
from quarterdeck.sandbox.outcome import Outcome
from quarterdeck.sandbox.wire import Request, Response


async def planned(azure: Azure, verb: Verb) -> Step:
    """The step that the planner would make from what is there now."""
    place = slots_place()
    survey = await azure.slots.survey_swap(place.address, "staging", "production")
    before = slot_facts(survey.source, survey.destination)
    after = {**before, "preview_from": "staging" if verb == "preview" else ""}
    if verb in ("swap", "complete"):
        after["source_build"], after["destination_build"] = before["destination_build"], before["source_build"]
    azure.sandbox.requests.clear()
    change = {"source": "staging", "destination": "production"}
    return Step("1", verb, "slots", place.target, place.address, verb, change, before, after)


async def finished(azure: Azure, step: Step, receipt: Receipt) -> list[str]:
    """Follow a write until it has ended, letting the world's time pass between looks."""
    states: list[str] = []
    for _ in range(20):
        progress = await azure.slots.poll(step, receipt)
        states.append(progress.state)
        if progress.state != "running":
            return states
        azure.world.advance(3)
    raise AssertionError(f"never finished: {states}")


def serving(azure: Azure) -> str:
    return azure.site.production.content.build.version


async def test_a_swap_is_one_post_and_is_done_when_both_sides_say_so(start: Start) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")

    receipt = await slots.send(step)
    assert receipt.token
    assert receipt.reference
    assert "https" not in receipt.reference
    assert "&s=" not in repr(receipt)
    assert (await slots.settle(step)).state == "running"
    states = await finished(azure, step, receipt)

    assert states[0] == "running"
    assert states[-1] == "finished"
    assert (await slots.settle(step)).state == "done"
    assert serving(azure) == "2.15.0"
    assert len(azure.requests("POST", "/slotsswap")) == 1


async def test_a_build_deployed_since_the_plan_is_a_change_although_the_content_keeps_its_name(start: Start) -> None:
    azure = await start()
    step = await planned(azure, "swap")
    assert (await azure.slots.settle(step)).state == "unclear"

    world, site = azure.world, azure.site
    world.lifecycle.deploy(site, site.slots["staging"], world.sites.builds.of_version("9.9.9"))
    world.advance(60)

    settled = await azure.slots.settle(step)
    assert settled.state == "changed_by_other"
    assert "9.9.9" in settled.detail


async def test_a_slot_that_cannot_be_asked_for_its_version_is_settled_by_the_rest(start: Start) -> None:
    azure = await start()
    step = await planned(azure, "swap")
    azure.fault(kind="status", status=503, path="/deployments")
    assert (await azure.slots.settle(step)).state == "unclear"


async def test_polling_goes_on_from_the_token_in_another_session_without_sending_again(start: Start) -> None:
    azure = await start()
    step = await planned(azure, "swap")
    receipt = await azure.slots.send(step)

    azure.world.advance(60)
    progress = await azure.restarted().slots.poll(step, Receipt(receipt.reference, receipt.token))

    assert progress.state == "finished"
    assert len(azure.requests("POST", "/slotsswap")) == 1


async def test_preview_then_complete(start: Start) -> None:
    azure = await start()
    slots = azure.slots
    preview = await planned(azure, "preview")

    receipt = await slots.send(preview)
    assert receipt.token == ""
    assert (await slots.poll(preview, receipt)).state == "finished"
    assert (await slots.settle(preview)).state == "done"
    complete = await planned(azure, "complete")
    assert complete.before["preview_from"] == "staging"
    await finished(azure, complete, await slots.send(complete))

    assert (await slots.settle(complete)).state == "done"
    assert serving(azure) == "2.15.0"


async def test_preview_then_cancel_leaves_everything_as_it_was(start: Start) -> None:
    azure = await start()
    slots = azure.slots
    await slots.send(await planned(azure, "preview"))
    cancel = await planned(azure, "cancel")

    await slots.send(cancel)

    assert (await slots.settle(cancel)).state == "done"
    assert serving(azure) == "2.14.3"


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "status", "status": 504, "happens": True},
        {"kind": "status", "status": 500, "happens": True},
        {"kind": "status", "status": 503, "retry_after": 1, "happens": True},
        {"kind": "drop", "happens": True},
        {"kind": "html", "happens": True},
        {"kind": "redirect", "happens": True},
    ],
    ids=lambda rule: f"{rule['kind']}{rule.get('status', '')}",
)
async def test_a_swap_that_began_although_the_answer_went_wrong_is_in_doubt_and_never_sent_again(
    start: Start, rule: dict[str, Any]
) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    azure.fault(method="POST", path="slotsswap", **rule)

    with pytest.raises(InDoubt):
        await slots.send(step)
    azure.world.advance(60)

    assert (await slots.settle(step)).state == "done"
    assert len(azure.requests("POST", "/slotsswap")) == 1


@pytest.mark.parametrize("rule", [{"kind": "drop"}, {"kind": "status", "status": 504}], ids=lambda rule: rule["kind"])
async def test_a_swap_that_never_began_and_wasnt_answered_is_in_doubt_and_reads_as_not_changed(
    start: Start, rule: dict[str, Any]
) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    azure.fault(method="POST", path="slotsswap", **rule)

    with pytest.raises(InDoubt):
        await slots.send(step)

    assert (await slots.settle(step)).state == "unclear"
    assert len(azure.requests("POST", "/slotsswap")) == 1


async def test_a_conflict_is_refused_in_app_services_own_words_once(start: Start) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    await slots.send(step)
    azure.sandbox.requests.clear()

    with pytest.raises(Refused) as refused:
        await slots.send(step)

    assert "another operation is in progress" in refused.value.trouble.message
    assert "wait" in refused.value.trouble.hint
    assert len(azure.requests("POST", "/slotsswap")) == 1


async def test_throttling_is_refused_at_once_even_with_a_retry_after(start: Start) -> None:
    azure = await start()
    step = await planned(azure, "swap")
    azure.fault(kind="status", status=429, retry_after=17, method="POST", path="slotsswap")

    with pytest.raises(Refused) as refused:
        await azure.slots.send(step)

    assert refused.value.trouble.code == "throttled"
    assert "17 s" in refused.value.trouble.hint
    assert len(azure.requests("POST", "/slotsswap")) == 1


async def test_a_failed_warm_up_is_told_with_its_reason_and_production_is_untouched(start: Start) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    azure.fault(kind="swap_fails", phase=4)

    receipt = await slots.send(step)
    azure.world.advance(60)
    progress = await slots.poll(step, receipt)

    assert progress.state == "failed"
    assert "did not respond to http ping" in progress.detail
    assert serving(azure) == "2.14.3"


@pytest.mark.parametrize("status", [429, 503, 401, 403])
async def test_a_look_that_fails_says_nothing_about_the_swap(start: Start, status: int) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    receipt = await slots.send(step)
    azure.fault(kind="status", status=status, path="operationresults", count=3)

    with pytest.raises(ProviderError):
        await slots.poll(step, receipt)
    azure.sandbox.faults.clear()

    assert (await finished(azure, step, receipt))[-1] == "finished"


@pytest.mark.parametrize("status", [400, 407, 409, 502])
async def test_a_proxys_page_instead_of_a_look_says_nothing_about_the_swap(
    start: Start, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    receipt = await slots.send(step)
    page = Response(status, b"<html>Your proxy is not amused.</html>", {"Content-Type": "text/html"})

    async def intercepted(request: Request) -> Outcome:
        return page

    with monkeypatch.context() as on_the_way:
        on_the_way.setattr(azure.sandbox.application, "answer", intercepted)
        with pytest.raises(ProviderError):
            await slots.poll(step, receipt)

    assert (await finished(azure, step, receipt))[-1] == "finished"


async def test_each_look_uses_the_newest_signed_url(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = await start()
    slots = azure.slots
    step = await planned(azure, "swap")
    asked: list[str] = []
    answer = azure.sandbox.application.answer

    async def listened(request: Request) -> Outcome:
        asked.append(request.query.get("t", ""))
        return await answer(request)

    monkeypatch.setattr(azure.sandbox.application, "answer", listened)
    receipt = await slots.send(step)
    asked.clear()

    await slots.poll(step, receipt)
    await slots.poll(step, receipt)

    assert len(set(asked)) == 2


async def test_production_as_the_source_is_refused_before_anything_is_sent(start: Start) -> None:
    azure = await start()
    place = slots_place()
    change = {"source": "production", "destination": "staging"}
    facts = slot_facts(SlotReading("production"), SlotReading("staging"))
    step = Step("1", "swap", "slots", place.target, place.address, "", change, facts, facts)

    with pytest.raises(Refused, match="must be the destination"):
        await azure.slots.send(step)

    assert azure.requests() == []


async def test_a_server_that_never_answers_leaves_a_swap_in_doubt(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "READ_SECONDS", 0.3)
    azure = await start()
    step = await planned(azure, "swap")
    azure.fault(kind="hang", seconds=30, method="POST", path="slotsswap")

    with pytest.raises(InDoubt) as doubt:
        await azure.slots.send(step)

    assert doubt.value.trouble.code == "timeout"
    assert (await azure.slots.settle(step)).state == "unclear"


async def test_a_half_answer_to_a_swap_leaves_it_in_doubt_or_accepted_and_is_read_back(start: Start) -> None:
    azure = await start()
    step = await planned(azure, "swap")
    azure.fault(kind="half", method="POST", path="slotsswap")

    with contextlib.suppress(InDoubt):
        await azure.slots.send(step)
    azure.world.advance(60)

    assert (await azure.slots.settle(step)).state == "done"
    assert len(azure.requests("POST", "/slotsswap")) == 1
