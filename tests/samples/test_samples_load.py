"""Every sample configuration is valid as it stands, and so is what it shows commented out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.fleet.targets import TargetId
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry

SAMPLES = sorted(shared_dir("sample-configs").glob("*.yaml"))


def test_the_samples_are_found() -> None:
    assert {"contoso-shop.yaml", "sovereign-usgov.yaml"} <= {sample.name for sample in SAMPLES}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_a_sample_loads_without_any_environment_and_without_a_warning(sample: Path) -> None:
    loaded = config.load(sample, registry.schemas, environment={})
    assert loaded.warnings == ()
    assert loaded.fleet.places
    assert any(environment.protected for environment in loaded.fleet.environments)


def test_contoso_is_blue_and_green_in_two_regions_with_flags() -> None:
    fleet = config.load(shared_dir("sample-configs") / "contoso-shop.yaml", registry.schemas, environment={}).fleet
    assert fleet.services == ("checkout", "cart", "payments")
    whole = TargetId("production", "checkout")
    assert {place.target.region for place in fleet.places_of(whole, "slots")} == {"westeurope", "northeurope"}
    assert len(fleet.places_of(whole, "traffic")) == 1
    assert len(fleet.places_of(TargetId("production", "any", flag=True))) == 1


def test_the_subscription_comes_from_the_environment() -> None:
    sample = shared_dir("sample-configs") / "contoso-shop.yaml"
    fleet = config.load(sample, registry.schemas, environment={"AZURE_SUBSCRIPTION_ID": "my-own"}).fleet
    assert fleet.connections[0].options["subscription"] == "my-own"


def test_the_sovereign_sample_is_in_its_cloud_in_all_connections() -> None:
    fleet = config.load(shared_dir("sample-configs") / "sovereign-usgov.yaml", registry.schemas, environment={}).fleet
    assert {connection.options["cloud"] for connection in fleet.connections} == {"AzureUSGovernment"}


def test_the_private_cloud_that_is_commented_out_works_as_well(tmp_path: Path) -> None:
    text = (shared_dir("sample-configs") / "sovereign-usgov.yaml").read_text()
    example = re.search(r"(?m)^#   azure:\n(?:#.*\n)+", text)
    assert example is not None
    connections = "connections:\n" + re.sub(r"(?m)^# ", "", example[0])
    swapped = re.sub(r"(?ms)^connections:.*?(?=^# A private cloud)", connections, text)
    file = tmp_path / "private.yaml"
    file.write_text(swapped)
    azure, flags = config.load(file, registry.schemas, environment={}).fleet.connections
    assert azure.options["cloud.resource_manager"] == "https://management.local.azurestack.external"
    assert azure.options["client_secret"] == "${keyring:quarterdeck/citizen-services}"
    assert flags.options["connection_string"] == "${env:FLAGS_CONNECTION_STRING}"
