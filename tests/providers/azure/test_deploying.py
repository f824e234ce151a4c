"""A build is put into a slot by one write, and believed only when it is read back."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure.conftest import Azure, Start, slots_place

from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.action import Deploy
from quarterdeck.release.deploy import plan_deploy
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Step

OLD, NEW = "shop.azurecr.io/checkout:2.15.0", "shop.azurecr.io/checkout:2.16.0"
PACKAGE = "https://shop.example/9.9.9.zip"


def containers(**slots: Any) -> dict[str, Any]:
    """The site `checkout`, of containers."""
    return {
        "sites": [
            {
                "group": "shop",
                "name": "checkout",
                "location": "westeurope",
                "slots": {
                    "production": {"image": "shop.azurecr.io/checkout:2.14.3"},
                    "staging": {"image": OLD},
                    **slots,
                },
            }
        ]
    }


async def planned(azure: Azure, artifact: str, version: str, slot: str = "") -> Step:
    """The step that the planner would make from what is there now."""
    place = slots_place()
    host = azure.builds
    survey = await host.survey_deploy(place.address, slot or "staging")
    found = plan_deploy(Deploy(place.target, version, slot, artifact), place, survey, artifact)
    assert isinstance(found, Outline), found
    azure.sandbox.requests.clear()
    return found.steps[0]


def writes(azure: Azure) -> list[str]:
    """What was asked to be changed: method and the end of the path."""
    asked = [entry for entry in azure.requests() if entry["method"] != "GET"]
    return [f"{entry['method']} {entry['path'].partition('/sites/')[2].lower()}" for entry in asked]


def held(azure: Azure, slot: str = "staging") -> str:
    return azure.site.slots[slot].content.build.version


async def test_an_image_is_one_patch_of_the_slots_configuration(start: Start) -> None:
    azure = await start(containers())
    step = await planned(azure, NEW, "2.16.0")
    assert (await azure.builds.settle(step)).state == "not_done"

    receipt = await azure.builds.send(step)

    assert receipt.token == ""
    assert receipt.reference
    assert (await azure.builds.settle(step)).state == "done"
    assert writes(azure) == ["PATCH checkout/slots/staging/config/web"]
    assert (held(azure), held(azure, "production")) == ("2.16.0", "2.14.3")


async def test_an_image_in_production_changes_nothing_but_the_image(start: Start) -> None:
    azure = await start(containers())
    azure.site.production.config["alwaysOn"] = True
    step = await planned(azure, NEW, "2.16.0", "production")
    await azure.builds.send(step)
    assert writes(azure) == ["PATCH checkout/config/web"]
    assert azure.site.production.config["alwaysOn"] is True
    assert held(azure, "production") == "2.16.0"


async def test_a_package_goes_on_by_itself_and_is_done_when_its_record_is_in_force(start: Start) -> None:
    azure = await start()
    step = await planned(azure, PACKAGE, "9.9.9")
    assert (await azure.builds.settle(step)).state == "unclear"

    receipt = await azure.builds.send(step)

    assert receipt.token
    assert (await azure.builds.poll(step, receipt)).state == "running"
    assert (await azure.builds.settle(step)).state == "running"
    azure.world.advance(10)
    assert (await azure.restarted().builds.poll(step, receipt)).state == "finished"
    assert (await azure.builds.settle(step)).state == "done"
    assert writes(azure) == ["PUT checkout/slots/staging/extensions/onedeploy"]
    assert held(azure) == "9.9.9"


async def test_a_package_that_somebody_else_deployed_meanwhile_is_not_ours(start: Start) -> None:
    azure = await start()
    step = await planned(azure, PACKAGE, "9.9.9")
    azure.world.lifecycle.deploy(azure.site, azure.site.slots["staging"], azure.world.sites.builds.of_version("3.3.3"))
    azure.world.advance(10)
    assert (await azure.builds.settle(step)).state == "changed_by_other"


@pytest.mark.parametrize("happens", [True, False])
@pytest.mark.parametrize(("artifact", "version"), [(NEW, "2.16.0"), (PACKAGE, "9.9.9")])
async def test_an_answer_that_is_lost_is_a_doubt(start: Start, artifact: str, version: str, happens: bool) -> None:
    azure = await start(containers() if artifact == NEW else None)
    step = await planned(azure, artifact, version)
    azure.fault(kind="drop", method="PATCH|PUT", happens=happens, count=1)
    with pytest.raises(InDoubt):
        await azure.builds.send(step)
    azure.world.advance(10)
    state = (await azure.builds.settle(step)).state
    assert state == ("done" if happens else "not_done" if artifact == NEW else "unclear")
    assert len(writes(azure)) == 1


async def test_a_site_that_is_busy_refuses(start: Start) -> None:
    azure = await start()
    step = await planned(azure, PACKAGE, "9.9.9")
    site = azure.site
    azure.world.swaps.begin(site, site.slots["staging"], site.production)
    with pytest.raises(Refused, match="another operation is in progress"):
        await azure.builds.send(step)


async def test_the_survey_tells_who_reaches_the_slot_and_what_is_prepared(start: Start) -> None:
    azure = await start(containers(green={"image": OLD}))
    host = azure.builds
    address = slots_place().address
    quiet = await host.survey_deploy(address, "Staging")
    assert (quiet.artifact, quiet.live, quiet.facts["prepared_for"]) == (OLD, False, "")
    assert quiet.slot.build is not None
    assert quiet.slot.build.version == "2.15.0"

    rule = {"actionHostName": azure.site.slots["staging"].host, "reroutePercentage": 5.0, "name": "staging"}
    azure.site.production.config["experiments"] = {"rampUpRules": [rule]}
    azure.site.production.preview_from = "staging"
    busy = await host.survey_deploy(address, "staging")
    assert (busy.live, busy.facts["prepared_for"]) == (True, "production")

    with pytest.raises(ProviderError, match="no slot nowhere"):
        await host.survey_deploy(address, "nowhere")


async def test_a_deployment_that_fails_leaves_what_was_there(start: Start) -> None:
    azure = await start()
    step = await planned(azure, PACKAGE, "9.9.9")
    azure.sandbox.faults.add({"kind": "deploy_fails", "count": 1})
    receipt = await azure.builds.send(step)
    azure.world.advance(10)
    assert (await azure.builds.poll(step, receipt)).state == "failed"
    assert (await azure.builds.settle(step)).state == "not_done"
    assert held(azure) == "2.15.0"
