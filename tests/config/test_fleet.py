"""What a good configuration declares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Ring

WHOLE = """\
fleet: shop
regions: [west, north]
connections:
  azure: {provider: harbour, account: main}
  flags: {provider: harbour.signals, account: other}
environments:
  staging:
  production: {protected: true, accent: red, flags: {connection: flags, label: live}}
services:
  checkout:
    staging: {slots: {connection: azure, pier: test, site: checkout}}
    production:
      traffic: {connection: azure, pier: global, site: front}
      regions:
        west: {slots: {connection: azure, pier: west, site: checkout-w}}
        north: {slots: {connection: azure, pier: north, site: checkout-n}}
  cart:
    production: {slots: {connection: azure, pier: west, site: cart}}
rings: [{name: canary, weight: 5}, {name: all, weight: 100}]
swap: {source: green}
"""


def test_a_whole_configuration_becomes_a_fleet_in_the_order_of_the_file(folder: Any) -> None:
    loaded = folder.load(WHOLE)
    fleet = loaded.fleet
    assert fleet.name == "shop"
    assert fleet.environments == (Environment("staging"), Environment("production", protected=True, accent="red"))
    assert fleet.services == ("checkout", "cart")
    assert fleet.rings == (Ring("canary", 5), Ring("all", 100))
    assert (fleet.swap_source, fleet.swap_destination) == ("green", "production")
    assert [place.subject for place in fleet.places] == [
        "flags/production/flags",
        "slots/staging/checkout",
        "slot_traffic/staging/checkout",
        "traffic/production/checkout",
        "slots/production/checkout@west",
        "slot_traffic/production/checkout@west",
        "slots/production/checkout@north",
        "slot_traffic/production/checkout@north",
        "slots/production/cart",
        "slot_traffic/production/cart",
    ]
    assert loaded.warnings == ()
    assert loaded.files == (folder.path / "quarterdeck.yaml",)


def test_a_place_holds_the_providers_own_coordinates(folder: Any) -> None:
    fleet = folder.load(WHOLE).fleet
    (slots,) = fleet.places_of(TargetId("production", "checkout", "west"), "slots")
    assert slots.address == Address("azure", {"pier": "west", "site": "checkout-w"})
    (flags,) = fleet.places_of(TargetId("production", "new-face", flag=True))
    assert (flags.role, flags.target) == ("flags", TargetId("production", "flags"))
    assert flags.address == Address("flags", {"label": "live"})


def test_slots_that_also_divide_traffic_are_two_places_with_one_address(folder: Any) -> None:
    slots, traffic = folder.load(WHOLE).fleet.places_of(TargetId("production", "cart"))
    assert (slots.role, traffic.role) == ("slots", "slot_traffic")
    assert slots.address.key == traffic.address.key


def test_options_are_flat_texts_with_defaults(folder: Any, minimal: Any) -> None:
    text = minimal("").replace(
        "account: main", 'account: 7, door: {host: a}, verify: no, tags: [x, "y,z"], key: "${env:K}"'
    )
    assert folder.load(text).fleet.connections == (
        Connection(
            "azure",
            "harbour",
            {
                "account": "7",
                "door.host": "a",
                "door.port": "443",
                "key": "${env:K}",
                "verify": "false",
                "tags": '["x", "y,z"]',
            },
        ),
    )


def test_paths_in_options_are_relative_to_the_file_they_stand_in(folder: Any, minimal: Any, tmp_path: Path) -> None:
    folder.write(
        "parts/connections.yaml", "connections: {spare: {provider: harbour, account: a, certificate: ca/x.pem}}"
    )
    (azure, spare) = folder.load(minimal("include: [parts/connections.yaml]\n")).fleet.connections
    assert "certificate" not in azure.options
    assert spare.options["certificate"] == str(tmp_path / "parts/ca/x.pem")


def test_an_environment_may_have_flags_only_or_nothing(folder: Any, minimal: Any) -> None:
    text = minimal("").replace("production: {}", "production:\n  empty:")
    loaded = folder.load(text)
    assert [environment.name for environment in loaded.fleet.environments] == ["production", "empty"]
    assert [(w.line, w.path, w.message) for w in loaded.warnings] == [
        (6, "environments.empty", "no service is in this environment")
    ]


def test_flags_alone_are_reason_enough_for_an_environment(folder: Any) -> None:
    lab = "environments:\n  lab: {flags: {connection: flags, label: lab}}\n"
    loaded = folder.load(WHOLE.replace("environments:\n", lab))
    assert "no service is in this environment" not in [warning.message for warning in loaded.warnings]
    assert "lab" in [environment.name for environment in loaded.fleet.environments]


def test_a_connection_that_nothing_uses_is_worth_a_warning(folder: Any, minimal: Any) -> None:
    text = minimal("").replace("environments:", "  idle: {provider: harbour, account: a}\nenvironments:")
    assert [(w.line, w.message) for w in folder.load(text).warnings] == [(4, "nothing uses this connection")]


def test_two_places_with_one_address_are_worth_a_warning(folder: Any) -> None:
    text = WHOLE.replace("pier: test, site: checkout}", "pier: west, site: cart}")
    (warning,) = folder.load(text).warnings
    assert (warning.line, warning.path) == (18, "services.cart.production.slots")
    assert warning.message == "these are the same slots as those of staging/checkout"


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (
            "{connection: flags, label",
            "{connection: flag, label",
            "8:66 environments.production.flags.connection: there is no connection flag",
        ),
        (
            "{connection: flags, label",
            "{connection: azure, label",
            "8:66 environments.production.flags.connection: the connection azure has no flags",
        ),
        (
            "traffic: {connection: azure, pier",
            "traffic: {connection: flags, pier",
            "13:29 services.checkout.production.traffic.connection: the connection flags has no traffic",
        ),
        ("    staging: {slots", "    stagin: {slots", "11:5 services.checkout.stagin: there is no environment stagin"),
        (
            "        north: {slots",
            "        nroth: {slots",
            "16:9 services.checkout.production.regions.nroth: there is no region nroth",
        ),
        ("  cart:\n", "  Checkout:\n", "17:3 services.Checkout: the same name as checkout in"),
        ("  staging:\n", "  Production:\n", "8:3 environments.production: the same name as Production in"),
        ("  flags: {provider", "  AZURE: {provider", "5:3 connections.AZURE: the same name as azure in"),
        (
            "        north: {slots",
            "        WEST: {slots",
            "16:9 services.checkout.production.regions.WEST: the same name as west in",
        ),
        ("  cart:\n", "  flags:\n", "17:3 services.flags: this name is taken"),
        (
            "{slots: {connection: azure, pier: west, site: cart}}",
            "{}",
            "18:5 services.cart.production: nothing is declared here",
        ),
        (
            "{slots: {connection: azure, pier: west, site: checkout-w}}",
            "{}",
            "15:9 services.checkout.production.regions.west: nothing is declared here",
        ),
        (
            "slots: {connection: azure, pier: west, site: cart}",
            "slots: {pier: west, site: cart}",
            "18:18 services.cart.production.slots.connection: is missing",
        ),
        (
            "provider: harbour.signals",
            "provider: harbour.lights",
            "5:21 connections.flags.provider: no provider harbour.lights can be used",
        ),
    ],
)
def test_what_parts_say_of_each_other_is_checked(folder: Any, was: str, becomes: str, told: str) -> None:
    assert was in WHOLE
    assert any(
        line.removeprefix("quarterdeck.yaml:").startswith(told) for line in folder.told(WHOLE.replace(was, becomes))
    )


def test_the_nearest_name_is_suggested(folder: Any) -> None:
    (problem,) = folder.problems(WHOLE.replace("    staging: {slots", "    stagin: {slots"))
    assert problem.hint == "did you mean staging?"


def test_a_connection_at_fault_is_not_blamed_on_those_who_use_it(folder: Any) -> None:
    told = folder.told(WHOLE.replace("account: main", "acount: main"))
    assert told == [
        "quarterdeck.yaml:4:3 connections.azure.account: is missing",
        "quarterdeck.yaml:4:30 connections.azure.acount: unknown key",
    ]


def test_a_thousand_services_load_in_a_moment(folder: Any, minimal: Any) -> None:
    import time

    lines = [f"  s{n}: {{production: {{slots: {{connection: azure, pier: p, site: site-{n}}}}}}}" for n in range(1000)]
    text = minimal("").replace("services:\n", "services:\n" + "\n".join(lines) + "\n")
    began = time.process_time()
    assert len(folder.load(text).fleet.services) == 1001
    assert time.process_time() - began < 2
