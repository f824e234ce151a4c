"""A world made to order for a fleet."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterdeck.config.loading import load
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Pipeline, Place
from quarterdeck.providers import registry
from quarterdeck.sandbox.world.contoso import contoso
from quarterdeck.sandbox.world.of_fleet import world_of
from quarterdeck.sandbox.world.projects import projects
from quarterdeck.sandbox.world.world import World

SAMPLES = Path(__file__).parents[2] / "sample-configs"


def fleet_of(sample: str) -> Fleet:
    return load(SAMPLES / sample, registry.schemas, {}).fleet


def resources(document: dict[str, Any]) -> set[tuple[str, str]]:
    sites = {(site["group"], site["name"]) for site in document["sites"]}
    return sites | {("profile", profile["id"]) for profile in document["profiles"]}


@pytest.mark.parametrize("sample", ["contoso-shop.yaml", "sovereign-usgov.yaml"])
def test_everything_a_fleet_speaks_of_exists(sample: str) -> None:
    fleet = fleet_of(sample)
    world = World(document=world_of(fleet))
    for place in fleet.places:
        parts = place.address.parts
        if place.role in ("slots", "slot_traffic"):
            site = world.sites.find(parts["resource_group"], parts["site"])
            assert site, place
            assert {fleet.swap_source, fleet.swap_destination} <= set(site.slots)
        elif place.role == "traffic":
            found = world.profiles.get(world.subscription, parts["resource_group"], parts["profile"])
            assert found, place
            assert len(found.endpoints) == 2
            assert world.profiles.status(found) == "Online"
        elif place.role == "pipelines":
            repository = world.pipelines.repository(parts["repository"])
            assert repository, place
            assert any(run.status == "waiting" for run in repository.runs), "somebody can try to approve"
            assert repository.workflow(parts["workflow"])
        else:
            labels = {item["label"] for item in world.configuration.dump()}
            assert parts["label"] in labels


def test_a_fleet_of_container_apps_finds_its_apps_and_origin_groups() -> None:
    fleet = fleet_of("azure-pipelines-container-apps.yaml")
    world = World(document=world_of(fleet))
    for place in fleet.places:
        parts = place.address.parts
        if "container_app" in parts:
            app = world.container_apps.find(parts["resource_group"], parts["container_app"])
            assert app, place
            assert {line.label for line in app.lines} == {fleet.swap_source, fleet.swap_destination}
        elif "front_door" in parts:
            group = world.front_doors.find(parts["resource_group"], parts["front_door"], parts["origin_group"])
            assert group, place
            assert set(group.origins) == {"westeurope", "northeurope"}


def test_the_default_world_is_that_of_the_sample_configuration() -> None:
    assert resources(contoso()) == resources(world_of(fleet_of("contoso-shop.yaml")))


def test_what_waits_differs_from_what_is_live_and_one_service_has_a_bad_build() -> None:
    world = World(document=contoso())
    for site in world.sites:
        assert site.slots["staging"].content.build.version != site.production.content.build.version
    waiting = {site.name: site.slots["staging"].content.build.error_rate for site in world.sites}
    assert waiting["contoso-payments"] > 0.1
    assert waiting["contoso-checkout-weu"] < 0.01


def test_an_empty_fleet_is_an_empty_world() -> None:
    world = World(document=world_of(Fleet("nothing")))
    assert len(world.sites) == 0


def test_a_project_of_another_system_is_none_of_azure_devops() -> None:
    pipeline = Place("pipelines", TargetId("", "release", pipeline=True), Address("ci", {"project": "gh/contoso/shop"}))
    fleet = Fleet("shop", (Environment("production"),), places=(pipeline,), pipelines=(Pipeline("release"),))
    World(document=world_of(fleet))
    assert projects(fleet) == []
