"""One connection reaches several services of Azure; the key that only one of them has tells which is meant."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from quarterdeck import config
from quarterdeck.providers import registry
from quarterdeck.providers.azure.schema import SlotsAddress, SlotTrafficAddress, TrafficAddress

FLEET = """\
fleet: shop
connections:
  azure: {provider: azure, subscription: s}
environments: {production: {}}
services:
  checkout: {production: {slots: {connection: azure, resource_group: shop, ADDRESS}}}
"""


def roles(folder: Path, address: str) -> list[str]:
    file = folder / "quarterdeck.yaml"
    file.write_text(FLEET.replace("ADDRESS", address))
    return [place.role for place in config.load(file, registry.schemas, environment={}).fleet.places]


@pytest.mark.parametrize("address", ["site: checkout", "container_app: checkout"])
def test_traffic_between_slots_belongs_to_what_divides_it(tmp_path: Path, address: str) -> None:
    assert roles(tmp_path, address) == ["slots", "slot_traffic"]


def test_cloud_services_have_slots_and_divide_nothing(tmp_path: Path) -> None:
    assert roles(tmp_path, "cloud_service: checkout") == ["slots"]


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ({}, "name one of site, container_app, cloud_service"),
        ({"site": "a", "container_app": "b"}, "not site and container_app"),
        ({"container_app": "b", "version": "image"}, "version is only for a site"),
    ],
)
def test_slots_are_of_one_kind(address: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        SlotsAddress.model_validate({"resource_group": "g", **address})


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ({}, "name one of profile, container_app, front_door"),
        ({"front_door": "f"}, "front_door also needs origin_group"),
        ({"profile": "p", "origin_group": "o"}, "origin_group is only for a front_door"),
        ({"profile": "p", "front_door": "f", "origin_group": "o"}, "not profile and front_door"),
    ],
)
def test_traffic_is_of_one_kind(address: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        TrafficAddress.model_validate({"resource_group": "g", **address})


@pytest.mark.parametrize("name", ["a/b", "..", ".", "a?x=1", "a#b", "a%2fb", "a\\b", "a\nb"])
def test_a_name_that_would_lead_to_another_resource_is_refused(name: str) -> None:
    for model, parts in (
        (SlotsAddress, {"site": "shop"}),
        (SlotsAddress, {"container_app": "shop"}),
        (SlotsAddress, {"cloud_service": "shop"}),
        (TrafficAddress, {"profile": "shop"}),
        (TrafficAddress, {"front_door": "shop", "origin_group": "web"}),
    ):
        given = {"resource_group": "shop (eu)", **parts}
        assert model.model_validate(given)
        for key in given:
            with pytest.raises(ValidationError, match=key):
                model.model_validate({**given, key: name})


def test_what_is_wrong_with_an_address_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError) as error:
        roles(tmp_path, "app: checkout")

    told = str(error.value)
    assert "quarterdeck.yaml:6" in told
    assert "services.checkout.production.slots" in told


def test_a_cloud_service_is_no_address_of_traffic_between_slots() -> None:
    with pytest.raises(ValidationError):
        SlotTrafficAddress.model_validate({"resource_group": "g", "cloud_service": "c"})
