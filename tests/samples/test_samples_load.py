"""Every sample configuration is valid as it stands, and so is what it shows commented out."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.fleet.targets import TargetId
from quarterdeck.paths import shared_dir
from quarterdeck.providers import registry
from quarterdeck.release.calendar import closures
from quarterdeck.release.release_plan import Member
from quarterdeck.release.strategy import Strategy
from quarterdeck.release.unfolding import Unfit, unfold

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


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.stem)
def test_every_strategy_of_a_sample_can_be_used_somewhere(sample: Path) -> None:
    loaded = config.load(sample, registry.schemas, environment={})
    for strategy in loaded.rules.strategies:
        assert any(fits(strategy, route.target, loaded) for route in loaded.rules.routes), strategy.name


def fits(strategy: Strategy, target: TargetId, loaded: config.Loaded) -> bool:
    try:
        return bool(unfold(strategy, Member(target, "2", "1", ""), fleet=loaded.fleet, rules=loaded.rules))
    except Unfit:
        return False


def test_contoso_shows_each_way_to_release() -> None:
    rules = contoso().rules
    assert {strategy.name for strategy in rules.strategies} == {"canary", "blue-green", "rings", "rolling", "hotfix"}
    production, staging = TargetId("production", "checkout"), TargetId("staging", "checkout")
    assert (rules.route(production).strategy, rules.route(production).hotfix) == ("canary", "hotfix")
    assert rules.route(staging).strategy == "blue-green"
    assert rules.train == ("staging", "production")


def test_contoso_can_be_released_any_day_by_one_person_alone() -> None:
    rules = contoso().rules
    saturday_night = datetime(2026, 11, 28, 23, tzinfo=UTC).timestamp()
    assert not closures(rules.windows, "production", saturday_night)
    assert any(window.kind == "freeze" for window in rules.windows)
    captain = rules.approval("captain")
    assert captain is not None
    assert (captain.required, captain.self_approval) == (1, True)
    assert rules.groups_of("root@laptop") & set(captain.groups)
    named = config.load(
        shared_dir("sample-configs") / "contoso-shop.yaml", registry.schemas, environment={"USER": "Zoe"}
    ).rules
    assert "sre" in named.groups_of("zoe@laptop")


def test_matchers_that_prometheus_cant_read_are_told_when_the_sample_is_loaded(tmp_path: Path) -> None:
    text = (shared_dir("sample-configs") / "contoso-shop.yaml").read_text()
    file = tmp_path / "contoso.yaml"
    file.write_text(text.replace('{severity="page",service', "{severity=page,service"))
    with pytest.raises(config.ConfigError) as caught:
        config.load(file, registry.schemas, environment={})
    (problem,) = caught.value.problems
    assert problem.path == "gates.no-alarms.alerts"
    assert "isn't a selector" in problem.message


def contoso() -> config.Loaded:
    return config.load(shared_dir("sample-configs") / "contoso-shop.yaml", registry.schemas, environment={})


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
