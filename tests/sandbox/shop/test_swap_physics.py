"""The order of a swap, and what it leaves behind, seen from inside the world."""

from __future__ import annotations

import pytest

from quarterdeck.sandbox.world.builds import Build
from quarterdeck.sandbox.world.conflict import SiteConflict
from quarterdeck.sandbox.world.sites import Site
from quarterdeck.sandbox.world.swapping import RESTART_OLD, SWITCH, WARM_UP
from quarterdeck.sandbox.world.swaptrouble import Trouble
from quarterdeck.sandbox.world.world import World

UNTIL_SWITCH = 1 + 3 + 4 + 1
"""apply, restart, the warm-up of 2.0, ping."""
UNTIL_END = UNTIL_SWITCH + 3


def begin(world: World, site: Site, source: str = "staging", target: str = "production") -> str:
    return world.swaps.begin(site, site.slots[source], site.slots[target]).id


def kinds(world: World) -> list[str]:
    return [happening.kind for happening in world.log]


def test_the_source_gets_the_targets_sticky_settings_before_anything_moves(world: World, checkout: Site) -> None:
    begin(world, checkout)
    assert checkout.slots["staging"].app_settings == {"s1": "prod", "VERSION": "2.0"}
    assert checkout.slots["staging"].connection_strings["Orders"]["value"] == "prod-db"
    assert checkout.production.content.build.version == "1.0"
    assert checkout.slots["staging"].serving(world.clock.now()).condition == "starting"


def test_users_see_the_new_build_at_the_switch_and_not_a_moment_before(world: World, checkout: Site) -> None:
    begin(world, checkout)
    world.advance(UNTIL_SWITCH - 0.001)
    assert checkout.production.content.build.version == "1.0"
    world.advance(0.001)
    assert checkout.production.content.build.version == "2.0"
    assert checkout.production.serving(world.clock.now()).condition == "up"
    assert checkout.production.last_swap is None, "the record comes at the end, after the old content's restart"


def test_sticky_settings_stay_and_the_rest_moves(world: World, checkout: Site) -> None:
    begin(world, checkout)
    world.advance(UNTIL_END)
    production, staging = checkout.production, checkout.slots["staging"]
    assert production.app_settings == {"s1": "prod", "VERSION": "2.0"}
    assert staging.app_settings == {"s1": "slot", "VERSION": "1.0"}
    assert production.connection_strings["Orders"]["value"] == "prod-db"
    assert staging.connection_strings["Orders"]["value"] == "slot-db"
    assert production.config["netFrameworkVersion"] == "v8.0"
    assert staging.config["netFrameworkVersion"] == "v6.0"
    assert production.config["alwaysOn"] is True
    assert "alwaysOn" not in staging.config


def test_versions_of_extensions_stay_without_being_named(world: World, checkout: Site) -> None:
    checkout.production.app_settings["FUNCTIONS_EXTENSION_VERSION"] = "~3"
    checkout.slots["staging"].app_settings["FUNCTIONS_EXTENSION_VERSION"] = "~4"
    begin(world, checkout)
    assert checkout.slots["staging"].app_settings["FUNCTIONS_EXTENSION_VERSION"] == "~3"
    world.advance(UNTIL_END)
    versions = {name: slot.app_settings["FUNCTIONS_EXTENSION_VERSION"] for name, slot in checkout.slots.items()}
    assert versions == {"production": "~3", "staging": "~4"}


@pytest.mark.parametrize(
    ("slots", "moved"), [(["production", "staging"], True), (["staging"], False), (["production"], False), ([], False)]
)
def test_what_stays_by_default_moves_only_if_every_slot_says_so(
    world: World, checkout: Site, slots: list[str], moved: bool
) -> None:
    for name in slots:
        checkout.slots[name].app_settings["WEBSITE_OVERRIDE_PRESERVE_DEFAULT_STICKY_SLOT_SETTINGS"] = "0"
    begin(world, checkout)
    world.advance(UNTIL_END)
    assert checkout.slots["staging"].config.get("alwaysOn", False) is moved
    assert checkout.production.config.get("alwaysOn", False) is not moved


def test_the_name_of_the_content_moves_with_it(world: World, checkout: Site) -> None:
    before = checkout.production.content.deployment_id, checkout.slots["staging"].content.deployment_id
    begin(world, checkout)
    world.advance(UNTIL_END)
    after = checkout.slots["staging"].content.deployment_id, checkout.production.content.deployment_id
    assert after == before
    assert before[0] == "checkout"
    assert before[1].startswith("checkout__")


def test_both_sides_get_the_same_record_stamped_when_it_ended(world: World, checkout: Site) -> None:
    begin(world, checkout)
    started = world.clock.now()
    world.advance(1000)
    record = checkout.production.last_swap
    assert record is checkout.slots["staging"].last_swap
    assert record
    assert (record.time, record.source, record.destination) == (started + UNTIL_END, "staging", "Production")


def test_a_swap_sent_again_swaps_back(world: World, checkout: Site) -> None:
    for expected in ("2.0", "1.0", "2.0"):
        begin(world, checkout)
        world.advance(100)
        assert checkout.production.content.build.version == expected
    assert kinds(world).count("swap.switched") == 3


def test_nothing_else_can_happen_to_the_site_meanwhile(world: World, checkout: Site) -> None:
    begin(world, checkout)
    with pytest.raises(SiteConflict, match=r"another operation is in progress.*OperationName: SwapSiteSlots"):
        begin(world, checkout)
    with pytest.raises(SiteConflict, match="in progress"):
        world.lifecycle.stop(checkout, checkout.production)
    world.advance(UNTIL_END)
    begin(world, checkout)


def test_a_preview_stops_after_the_settings_and_its_completion_goes_on_from_there(world: World, checkout: Site) -> None:
    world.swaps.preview(checkout, checkout.slots["staging"], checkout.production)
    world.advance(3600)
    assert checkout.production.preview_from == "staging"
    assert checkout.production.content.build.version == "1.0"
    assert checkout.slots["staging"].app_settings["s1"] == "prod"
    begin(world, checkout)
    world.advance(1)
    assert checkout.production.content.build.version == "2.0", "already warm: one ping is enough"
    world.advance(3)
    assert checkout.production.preview_from is None
    assert checkout.slots["staging"].app_settings == {"s1": "slot", "VERSION": "1.0"}
    assert kinds(world).count("swap.settings_applied") == 1


def test_a_cancelled_preview_leaves_no_trace(world: World, checkout: Site) -> None:
    world.swaps.preview(checkout, checkout.slots["staging"], checkout.production)
    world.swaps.cancel(checkout, checkout.production)
    assert checkout.production.preview_from is None
    assert checkout.slots["staging"].app_settings == {"s1": "slot", "VERSION": "2.0"}
    assert checkout.slots["staging"].connection_strings["Orders"]["value"] == "slot-db"


def test_cancelling_on_the_source_does_nothing(world: World, checkout: Site) -> None:
    world.swaps.preview(checkout, checkout.slots["staging"], checkout.production)
    world.swaps.cancel(checkout, checkout.slots["staging"])
    assert checkout.production.preview_from == "staging"


def test_authentication_forbids_the_preview_but_not_the_swap(world: World, checkout: Site) -> None:
    checkout.production.authentication = True
    with pytest.raises(SiteConflict, match="authentication"):
        world.swaps.preview(checkout, checkout.slots["staging"], checkout.production)
    begin(world, checkout)


@pytest.mark.parametrize(("version", "status"), [("unstartable", 400), ("silent", 417)])
def test_a_build_that_does_not_come_up_fails_the_swap_and_production_stays(
    world: World, checkout: Site, version: str, status: int
) -> None:
    checkout.slots["staging"].content.build = world.sites.builds.of_version(version)
    swap = world.swaps.find(begin(world, checkout))
    world.advance(1000)
    assert swap
    assert swap.failure
    assert swap.failure.status == status
    assert checkout.production.content.build.version == "1.0"
    assert checkout.slots["staging"].app_settings == {"s1": "slot", "VERSION": "2.0"}
    assert checkout.production.last_swap is None
    assert not checkout.operation_id


@pytest.mark.parametrize(("statuses", "live"), [("", "sick"), ("200,500", "sick"), ("200, 202", "1.0")])
def test_a_ping_answered_with_an_error_counts_unless_the_statuses_are_narrowed(
    world: World, checkout: Site, statuses: str, live: str
) -> None:
    staging = checkout.slots["staging"]
    staging.content.build = Build("sick", ping_status=500)
    staging.app_settings["WEBSITE_SWAP_WARMUP_PING_STATUSES"] = statuses
    begin(world, checkout)
    world.advance(1000)
    assert checkout.production.content.build.version == live


def test_a_stopped_source_cannot_be_swapped(world: World, checkout: Site) -> None:
    world.lifecycle.stop(checkout, checkout.slots["staging"])
    swap = world.swaps.find(begin(world, checkout))
    world.advance(1000)
    assert swap
    assert swap.failure
    assert "could not be started" in swap.failure.message


@pytest.mark.parametrize("phase", [1, 2, WARM_UP, SWITCH])
def test_a_failure_before_the_switch_takes_everything_back(world: World, checkout: Site, phase: int) -> None:
    world.swaps.troubles.add(Trouble("swap_fails", phase))
    begin(world, checkout)
    world.advance(1000)
    assert checkout.production.content.build.version == "1.0"
    assert checkout.slots["staging"].app_settings == {"s1": "slot", "VERSION": "2.0"}
    assert [h.details["phase"] for h in world.log.of("swap.failed")] == [phase]


def test_a_failure_after_the_switch_leaves_the_new_build_live_without_a_record(world: World, checkout: Site) -> None:
    world.swaps.troubles.add(Trouble("swap_fails", RESTART_OLD))
    begin(world, checkout)
    world.advance(1000)
    assert checkout.production.content.build.version == "2.0"
    assert checkout.production.last_swap is None


def test_a_hung_swap_stays_until_it_is_released(world: World, checkout: Site) -> None:
    world.swaps.troubles.add(Trouble("swap_hangs", WARM_UP))
    begin(world, checkout)
    world.advance(100_000)
    assert checkout.operation_id
    assert world.swaps.release() == 1
    world.advance(100)
    assert checkout.production.content.build.version == "2.0"


def test_a_local_cache_takes_its_time(world: World, checkout: Site) -> None:
    checkout.slots["staging"].app_settings["WEBSITE_LOCAL_CACHE_OPTION"] = "Always"
    begin(world, checkout)
    world.advance(UNTIL_SWITCH)
    assert checkout.production.content.build.version == "1.0"
    world.advance(world.physics.local_cache)
    assert checkout.production.content.build.version == "2.0"


def test_ramp_rules_stay_in_production_and_then_lead_to_the_old_build(world: World, checkout: Site) -> None:
    checkout.production.config["experiments"] = {
        "rampUpRules": [{"actionHostName": checkout.slots["staging"].host, "reroutePercentage": 10.0}]
    }
    begin(world, checkout)
    world.advance(1000)
    assert checkout.weights() == pytest.approx({"staging": 0.1, "production": 0.9})
    assert checkout.slots["staging"].content.build.version == "1.0"


def test_a_deployment_swaps_by_itself_where_auto_swap_is_set(world: World, checkout: Site) -> None:
    staging = checkout.slots["staging"]
    staging.config["autoSwapSlotName"] = "production"
    world.lifecycle.deploy(checkout, staging, world.sites.builds.of_version("3.0"))
    world.advance(1000)
    assert checkout.production.content.build.version == "3.0"
    assert world.log.of("swap.started")[0].details["cause"] == "auto swap"


def test_linux_has_no_auto_swap(world: World, checkout: Site) -> None:
    checkout.linux = True
    staging = checkout.slots["staging"]
    staging.config["autoSwapSlotName"] = "production"
    world.lifecycle.deploy(checkout, staging, world.sites.builds.of_version("3.0"))
    world.advance(1000)
    assert checkout.production.content.build.version == "1.0"


def test_a_deployment_lands_where_its_content_is_by_then(world: World, checkout: Site) -> None:
    begin(world, checkout)
    world.advance(UNTIL_SWITCH - 1)
    world.lifecycle.deploy(checkout, checkout.slots["staging"], world.sites.builds.of_version("3.0"))
    world.advance(1000)
    assert checkout.production.content.build.version == "3.0"


def test_effects_found_late_carry_the_time_at_which_they_happened(world: World, checkout: Site) -> None:
    started = world.clock.now()
    begin(world, checkout)
    world.advance(86_400)
    times = {happening.kind: happening.time - started for happening in world.log}
    assert times["swap.switched"] == UNTIL_SWITCH
    assert times["swap.finished"] == UNTIL_END
