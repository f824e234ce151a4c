"""`templates:` and `use:`."""

from __future__ import annotations

import time
from typing import Any

from quarterdeck.fleet.targets import TargetId

TWO = """\
fleet: shop
connections: {azure: {provider: harbour, account: main}}
environments: {staging: {}, production: {}}
templates:
  site:
    slots: {connection: azure, pier: "pier-${var:environment}", site: "${var:service}"}
  fronted:
    use: site
    traffic: {connection: azure, pier: global, site: "front-${var:service}"}
  everywhere:
    regions:
      west: {use: site, slots: {pier: "${var:region}"}}
services:
"""


def sites(folder: Any, services: str) -> dict[str, str]:
    """Pier and site of each place but slot traffic, by subject."""
    places = folder.load(TWO + services).fleet.places
    return {place.subject: "/".join(place.address.parts.values()) for place in places if place.role != "slot_traffic"}


def test_a_template_is_put_in_place_with_the_names_of_that_place(folder: Any) -> None:
    assert sites(folder, "  cart: {staging: {use: site}, production: {use: site}}\n") == {
        "slots/staging/cart": "pier-staging/cart",
        "slots/production/cart": "pier-production/cart",
    }


def test_what_stands_beside_use_wins_and_the_rest_stays(folder: Any) -> None:
    assert sites(folder, "  cart: {staging: {use: site, slots: {site: other}}}\n") == {
        "slots/staging/cart": "pier-staging/other"
    }


def test_templates_use_templates_and_lists_let_the_last_one_win(folder: Any) -> None:
    assert sites(folder, "  cart: {staging: {use: [fronted, everywhere]}}\n") == {
        "slots/staging/cart": "pier-staging/cart",
        "traffic/staging/cart": "global/front-cart",
        "slots/staging/cart@west": "west/cart",
    }


def test_nothing_takes_a_part_of_a_template_away(folder: Any) -> None:
    assert list(sites(folder, "  cart: {staging: {use: fronted, slots: ~}}\n")) == ["traffic/staging/cart"]


def test_templates_serve_connections_and_environments_too(folder: Any, minimal: Any) -> None:
    text = minimal("templates: {locked: {protected: true}, main: {provider: harbour, account: shared}}\n")
    text = text.replace("production: {}", "production: {use: locked}")
    text = text.replace("{provider: harbour, account: main}", "{use: main}")
    fleet = folder.load(text).fleet
    assert fleet.environments[0].protected
    assert fleet.connections[0].options["account"] == "shared"


def test_an_unknown_template_is_told_with_the_known_ones(folder: Any) -> None:
    (problem,) = folder.problems(TWO + "  cart: {staging: {use: sight}}\n")
    assert (problem.line, problem.column, problem.path) == (14, 25, "services.cart.staging.use")
    assert problem.message == "there is no template sight"
    assert problem.hint == "there are: site, fronted, everywhere"


def test_templates_in_a_circle_are_shown_as_a_chain(folder: Any, minimal: Any) -> None:
    text = minimal("templates:\n  a: {use: b}\n  b: {use: c}\n  c: {use: b}\n").replace("{slots:", "{use: a, slots:")
    (problem,) = folder.problems(text)
    assert (problem.line, problem.message) == (12, "templates use each other: b -> c -> b")


def test_templates_that_multiply_are_stopped(folder: Any, minimal: Any) -> None:
    lines = ["  t0: {x: y}"]
    lines += [f"  t{n}: {{{', '.join(f'k{m}: {{use: t{n - 1}}}' for m in range(10))}}}" for n in range(1, 12)]
    text = minimal("templates:\n" + "\n".join(lines) + "\n").replace("{slots:", "{use: t11, slots:")
    began = time.process_time()
    assert any("templates make this more than" in problem.message for problem in folder.problems(text))
    assert time.process_time() - began < 5


def test_a_fault_in_a_template_is_told_where_the_template_is_written(folder: Any) -> None:
    text = TWO.replace('connection: azure, pier: "pier', 'connection: azur, pier: "pier')
    problems = folder.problems(text + "  cart: {staging: {use: site}}\n")
    assert [(p.line, p.path) for p in problems] == [(6, "services.cart.staging.slots.connection")]


def test_a_template_that_nothing_uses_is_worth_a_warning(folder: Any, minimal: Any) -> None:
    (warning,) = folder.load(minimal("templates: {spare: {}}\n")).warnings
    assert (warning.line, warning.path, warning.message) == (9, "templates.spare", "nothing uses this template")


def test_what_is_no_template_is_refused(folder: Any, minimal: Any) -> None:
    assert folder.told(minimal("templates: [a]\n"))[0].startswith("quarterdeck.yaml:9:1 templates: must hold names")


def test_a_template_of_an_included_file_can_be_used(folder: Any) -> None:
    folder.write("templates.yaml", "templates: {far: {slots: {connection: azure, pier: far, site: s}}}\n")
    fleet = folder.load(TWO + "  cart: {staging: {use: far}}\ninclude: templates.yaml\n").fleet
    assert fleet.places_of(TargetId("staging", "cart"))[0].address.parts["pier"] == "far"
