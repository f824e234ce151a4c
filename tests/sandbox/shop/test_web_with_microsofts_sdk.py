"""Microsoft.Web, through azure-mgmt-web and azure-identity over TLS."""

from __future__ import annotations

import asyncio
from xml.etree import ElementTree

import pytest
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.mgmt.web import models
from azure.mgmt.web.aio import WebSiteManagementClient

from quarterdeck.sandbox.assembly import Running
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.swaptrouble import Trouble
from quarterdeck.sandbox.world.world import World

TO_PRODUCTION = models.CsmSlotEntity(target_slot="production", preserve_vnet=True)
WHERE = ("Shop", "checkout")


async def test_sites_and_slots_are_listed_and_read(web: WebSiteManagementClient) -> None:
    sites = [site async for site in web.web_apps.list()]
    slots = [slot async for slot in web.web_apps.list_slots(*WHERE)]
    both = [site.name async for site in web.web_apps.list_by_resource_group("shop", include_slots=True)]
    slot = await web.web_apps.get_slot(*WHERE, "STAGING")
    assert [site.name for site in sites] == ["checkout"]
    assert [slot.name for slot in slots] == ["checkout/staging"]
    assert both == ["checkout", "checkout/staging"]
    assert slot.name == "checkout/staging"
    assert slot.properties
    assert slot.properties.state == "Running"
    assert slot.properties.default_host_name == "checkout-staging.azurewebsites.net"
    assert slot.properties.server_farm_id


async def test_what_does_not_exist_is_not_found(web: WebSiteManagementClient) -> None:
    with pytest.raises(ResourceNotFoundError) as failure:
        await web.web_apps.get_slot(*WHERE, "nowhere")
    assert failure.value.error
    assert failure.value.error.code == "ResourceNotFound"


async def test_a_swap_runs_to_its_end(web: WebSiteManagementClient, world: World, checkout: Site) -> None:
    poller = await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    result = asyncio.ensure_future(poller.result())
    world.advance(1000)
    await result
    site = await web.web_apps.get(*WHERE)
    assert site.properties
    assert site.properties.slot_swap_status
    assert site.properties.slot_swap_status.destination_slot_name == "Production"
    assert site.properties["deploymentId"].startswith("checkout__")
    assert checkout.production.content.build.version == "2.0"


async def test_a_token_goes_on_polling_without_sending_the_swap_again(
    web: WebSiteManagementClient, world: World
) -> None:
    first = await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    token = first.continuation_token()
    second = await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, continuation_token=token)
    world.advance(1000)
    await second.result()
    assert len(world.log.of("swap.started")) == 1


async def test_a_running_swap_shows_on_both_sides(web: WebSiteManagementClient, world: World) -> None:
    await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    site, slot = await web.web_apps.get(*WHERE), await web.web_apps.get_slot(*WHERE, "staging")
    assert site.properties
    assert slot.properties
    assert site.properties.in_progress_operation_id
    assert site.properties.in_progress_operation_id == slot.properties.in_progress_operation_id
    world.advance(1000)
    site = await web.web_apps.get(*WHERE)
    assert site.properties
    assert site.properties.in_progress_operation_id is None


async def test_a_second_swap_meanwhile_is_refused_in_app_services_own_words(web: WebSiteManagementClient) -> None:
    await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    with pytest.raises(ResourceExistsError) as failure:
        await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    assert failure.value.error is None, "not ARM's envelope: the SDK does not read it"
    assert failure.value.response
    body = failure.value.response.json()  # type: ignore[attr-defined]
    assert body["Code"] == "Conflict"
    assert "another operation is in progress" in body["Message"]
    assert set(body) == {"Code", "Message", "Target", "Details", "Innererror"}


async def test_a_failed_swap_is_raised_from_the_poll(web: WebSiteManagementClient, world: World) -> None:
    world.swaps.troubles.add(Trouble("swap_fails", 4))
    poller = await web.web_apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    world.advance(1000)
    with pytest.raises(HttpResponseError) as failure:
        await poller.result()
    assert failure.value.status_code == 417


async def test_preview_complete_and_cancel(web: WebSiteManagementClient, world: World) -> None:
    apps = web.web_apps
    await apps.apply_slot_configuration_slot(*WHERE, "staging", TO_PRODUCTION)
    site = await apps.get(*WHERE)
    slot = await apps.get_slot(*WHERE, "staging")
    assert site.properties
    assert slot.properties
    assert (site.properties.target_swap_slot, slot.properties.target_swap_slot) == ("staging", None)
    with pytest.raises(ResourceExistsError):
        await apps.update_application_settings_slot(*WHERE, "staging", models.StringDictionary(properties={}))
    await apps.reset_production_slot_config(*WHERE)
    await apps.reset_production_slot_config(*WHERE)
    site = await apps.get(*WHERE)
    assert site.properties
    assert site.properties.target_swap_slot is None
    await apps.apply_slot_configuration_slot(*WHERE, "staging", TO_PRODUCTION)
    poller = await apps.begin_swap_slot(*WHERE, "staging", TO_PRODUCTION, retry_total=0)
    world.advance(1000)
    await poller.result()
    assert [h.details["completes_preview"] for h in world.log.of("swap.started")] == [True]


async def test_the_other_form_swaps_production_into_the_slot(web: WebSiteManagementClient, world: World) -> None:
    entity = models.CsmSlotEntity(target_slot="staging", preserve_vnet=True)
    poller = await web.web_apps.begin_swap_slot_with_production(*WHERE, entity, retry_total=0)
    world.advance(1000)
    await poller.result()
    assert world.log.of("swap.switched")[0].details["source"] == "production"


async def test_differences_say_what_moves_without_giving_values_away(web: WebSiteManagementClient) -> None:
    rows = [row async for row in web.web_apps.list_slot_differences_slot(*WHERE, "staging", TO_PRODUCTION)]
    found = {row.properties.setting_name: row.properties for row in rows if row.properties}
    assert set(found) == {"VERSION", "netFrameworkVersion"}, "sticky settings with a value on both sides stay"
    assert found["VERSION"].level == "Information"
    assert found["VERSION"].setting_type == "AppSetting"
    assert found["VERSION"].value_in_current_slot == "Set"


async def test_a_sticky_setting_without_a_twin_is_a_warning(web: WebSiteManagementClient, checkout: Site) -> None:
    del checkout.slots["staging"].app_settings["s1"]
    rows = [row async for row in web.web_apps.list_slot_differences_slot(*WHERE, "staging", TO_PRODUCTION)]
    levels = {row.properties.setting_name: row.properties.level for row in rows if row.properties}
    assert levels["s1"] == "Warning"


async def test_settings_are_replaced_whole(web: WebSiteManagementClient, checkout: Site) -> None:
    apps = web.web_apps
    await apps.update_application_settings(*WHERE, models.StringDictionary(properties={"ONLY": "this"}))
    await apps.update_slot_configuration_names(
        *WHERE, models.SlotConfigNamesResource(properties=models.SlotConfigNames(app_setting_names=["ONLY"]))
    )
    assert (await apps.list_application_settings(*WHERE)).properties == {"ONLY": "this"}
    assert checkout.sticky.app_settings == ["ONLY"]
    assert checkout.sticky.connection_strings == ["Orders"], "left out of the request"
    strings = await apps.list_connection_strings_slot(*WHERE, "staging")
    assert strings.properties
    assert strings.properties["Orders"].value == "slot-db"


def ramp(host: str, percent: float) -> models.SiteConfigResource:
    rule = models.RampUpRule(action_host_name=host, reroute_percentage=percent, name="staging")
    experiments = models.Experiments(ramp_up_rules=[rule] if percent else [])
    return models.SiteConfigResource(properties=models.SiteConfig(experiments=experiments))


async def test_ramp_up_rules_are_written_whole_and_mirrored(
    web: WebSiteManagementClient, checkout: Site, world: World
) -> None:
    apps = web.web_apps
    answer = await apps.update_configuration(*WHERE, ramp(checkout.slots["staging"].host, 10))
    config = await apps.get_configuration(*WHERE)
    assert answer.id
    assert answer.id.endswith("/sites/checkout"), "the id in the answer to a PATCH is the site's, as recorded"
    assert config.properties
    assert config.properties.experiments
    assert config.properties.experiments.ramp_up_rules
    assert config.properties.experiments.ramp_up_rules[0].reroute_percentage == 10
    assert config.properties["routingRules"] == config.properties["experiments"]["rampUpRules"]
    assert config.properties.always_on is True, "what the PATCH left out stays"
    await apps.update_configuration(*WHERE, ramp("", 0))
    assert checkout.weights() == {"production": 1.0}
    assert len(world.log.of("weights.changed")) == 2


@pytest.mark.parametrize("percent", [-1, 101])
async def test_impossible_percentages_are_refused(web: WebSiteManagementClient, checkout: Site, percent: float) -> None:
    with pytest.raises(HttpResponseError) as failure:
        await web.web_apps.update_configuration(*WHERE, ramp(checkout.slots["staging"].host, percent))
    assert failure.value.status_code == 400
    assert checkout.weights() == {"production": 1.0}


async def test_rules_on_another_slot_than_production_are_refused(web: WebSiteManagementClient, checkout: Site) -> None:
    with pytest.raises(HttpResponseError):
        await web.web_apps.update_configuration_slot(*WHERE, "staging", ramp(checkout.production.host, 10))


async def test_start_stop_and_restart(web: WebSiteManagementClient, checkout: Site, world: World) -> None:
    await web.web_apps.stop(*WHERE)
    site = await web.web_apps.get(*WHERE)
    assert site.properties
    assert site.properties.state == "Stopped"
    await web.web_apps.start(*WHERE)
    assert checkout.production.serving(world.clock.now()).condition == "starting"
    world.advance(10)
    assert checkout.production.serving(world.clock.now()).condition == "up"
    await web.web_apps.restart_slot(*WHERE, "staging")
    assert checkout.slots["staging"].serving(world.clock.now()).condition == "starting"


async def test_a_slot_is_created_and_deleted(web: WebSiteManagementClient, checkout: Site) -> None:
    slot = await (
        await web.web_apps.begin_create_or_update_slot(*WHERE, "blue", models.Site(location="West Europe"))
    ).result()
    assert slot.name == "checkout/blue"
    assert checkout.slots["blue"].app_settings == {"VERSION": "1.0"}, "the site's settings that are not sticky"
    await web.web_apps.delete_slot(*WHERE, "blue")
    assert "blue" not in checkout.slots


async def test_a_site_is_created_and_deleted(web: WebSiteManagementClient, secure: Running) -> None:
    site = await (await web.web_apps.begin_create_or_update("empty", "fresh", models.Site(location="East US"))).result()
    assert site.name == "fresh"
    await web.web_apps.delete("empty", "fresh")
    assert secure.world.sites.named("fresh") is None


async def test_authentication_is_read_without_its_secrets(web: WebSiteManagementClient, checkout: Site) -> None:
    checkout.production.authentication = True
    settings = await web.web_apps.get_auth_settings_v2_without_secrets(*WHERE)
    assert settings.properties
    assert settings.properties.platform
    assert settings.properties.platform.enabled is True


async def test_the_publish_profile_names_an_address_for_ftp_and_no_password(web: WebSiteManagementClient) -> None:
    stream = await web.web_apps.list_publishing_profile_xml_with_secrets(
        *WHERE, models.CsmPublishingProfileOptions(format="FileZilla3")
    )
    profiles = ElementTree.fromstring(b"".join([part async for part in stream]))
    methods = {one.attrib["publishMethod"]: one.attrib for one in profiles}
    assert methods["FTP"]["publishUrl"].startswith("ftps://checkout.ftp.")
    assert {one["userPWD"] for one in methods.values()} == {""}


async def test_authentication_is_one_switch_in_its_older_and_its_newer_shape(
    web: WebSiteManagementClient, checkout: Site
) -> None:
    settings = models.SiteAuthSettings(properties=models.SiteAuthSettingsProperties(enabled=True))
    assert (await web.web_apps.update_auth_settings(*WHERE, settings)).properties
    read = await web.web_apps.get_auth_settings(*WHERE)
    newer = await web.web_apps.get_auth_settings_v2(*WHERE)
    assert read.properties
    assert newer.properties
    assert newer.properties.platform
    assert (read.properties.enabled, newer.properties.platform.enabled) == (True, True)
    assert checkout.production.authentication
