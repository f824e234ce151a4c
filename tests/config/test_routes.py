"""How each service is released: what it says itself, and what its environment says for it."""

from __future__ import annotations

import time
from typing import Any

import pytest

from quarterdeck.fleet.codec import from_json, to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.rules import Route, Rulebook, SchemaRange, SchemaRule, Truth

TOP = """\
fleet: shop
connections:
  azure: {provider: harbour, account: main}
groups: {sre: [ana, bo]}
gates: {alive: {command: [a]}, db: {command: [b]}}
approvals: {sre: {from: sre}}
strategies: {swap: {steps: [swap]}, quick: {steps: [swap]}, canary: {steps: [{set_weight: 5}, swap]}}
environments:
  staging:
  production: {strategy: swap, hotfix: quick, approvals: sre, exposure: 150%}
services:
  payments:
    staging: {slots: {connection: azure, pier: test, site: payments}}
    production: {slots: {connection: azure, pier: one, site: payments}}
"""


def rules(folder: Any, says: str = "", more: str = "", top: str = TOP) -> Rulebook:
    """With a service `checkout` in production that says so."""
    place = "slots: {connection: azure, pier: one, site: checkout}"
    checkout = f"  checkout: {{production: {{{place}{', ' if says else ''}{says}}}}}\n"
    found = folder.load(top + checkout + more).rules
    assert isinstance(found, Rulebook)
    return found


CHECKOUT = TargetId("production", "checkout")


def test_what_an_environment_says_holds_for_its_services(folder: Any) -> None:
    book = rules(folder)
    assert book.routes == (
        Route(TargetId("production", "payments"), "swap", "quick", approval="sre"),
        Route(CHECKOUT, "swap", "quick", approval="sre"),
    )
    assert book.route(TargetId("staging", "payments")) == Route(TargetId("staging", "payments"))


def test_what_a_service_says_itself_goes_first(folder: Any) -> None:
    route = rules(folder, "strategy: canary, hotfix: swap, approval: {required: 2, from: sre}").route(CHECKOUT)
    assert (route.strategy, route.hotfix, route.approval) == ("canary", "swap", "production/checkout")


def test_a_strategy_that_stands_where_it_is_used_is_named_after_the_place(folder: Any) -> None:
    book = rules(folder, "strategy: {use: canary, confirm_within: 5m}, hotfix: {steps: [swap]}")
    route = book.route(CHECKOUT)
    assert (route.strategy, route.hotfix) == ("production/checkout", "production/checkout-hotfix")
    named = {strategy.name: strategy for strategy in book.strategies}
    assert named["production/checkout"].confirm_within == 300
    assert len(named["production/checkout"].steps) == 2


def test_an_environment_may_hold_its_strategy_itself(folder: Any) -> None:
    top = TOP.replace("strategy: swap, hotfix: quick", "strategy: {steps: [swap, pause]}, hotfix: {steps: [swap]}")
    book = rules(folder, top=top)
    assert (book.route(CHECKOUT).strategy, book.route(CHECKOUT).hotfix) == ("production", "production-hotfix")


def test_what_a_release_of_a_service_needs_to_know(folder: Any) -> None:
    route = rules(
        folder,
        "needs: payments, health: [alive], artifact: 'registry.example/shop:$version',"
        " schema: {current: db, accepts: [{version: '2.*', from: 10, to: 14}, {version: '*', from: 1, to: 10}]},"
        " truth: {url: 'https://$host/', header: x-version, probes: 80, tolerance: 3%,"
        " resolvers: [1.1.1.1, '[::1]:5353']}",
    ).route(CHECKOUT)
    assert route.needs == ("payments",)
    assert route.health == ("alive",)
    assert route.artifact == "registry.example/shop:$version"
    assert route.schema == SchemaRule("db", (SchemaRange("2.*", 10, 14), SchemaRange("*", 1, 10)))
    assert route.truth == Truth("https://$host/", "x-version", "", 80, 3, ("1.1.1.1:53", "[::1]:5353"))


def test_what_holds_for_the_whole_fleet(folder: Any) -> None:
    book = rules(folder, more="overlap: 90m\n")
    assert book.exposure == {"production": 150}
    assert book.overlap == 5400
    assert book.train == ("staging", "production")


def test_a_budget_that_no_release_could_keep_is_worth_a_warning(folder: Any) -> None:
    warnings = folder.load(TOP.replace("150%", "60")).warnings
    assert ("environments.production.exposure", "60 percent: no release could ever reach all users of its service") in [
        (one.path, one.message) for one in warnings
    ]


def test_a_rulebook_survives_the_store(folder: Any) -> None:
    text = "truth: {url: 'https://$host/'}, schema: {current: db, accepts: [{version: '*', from: 1, to: 2}]}"
    book = rules(folder, text, 'freezes: [{cron: "0 17 * * FRI", for: 63h}]\n')
    assert from_json(Rulebook, to_json(book)) == book


@pytest.mark.parametrize(
    ("says", "told"),
    [
        ("strategy: swop", "strategy: there is no strategy swop"),
        ("strategy: [swap]", "strategy: must be the name of a strategy, or one itself"),
        ("strategy: {steps: [swop]}", "strategy.steps[0]: there is no step swop"),
        ("hotfix: quik", "hotfix: there is no strategy quik"),
        ("approval: ops", "approval: there is no approval ops"),
        ("needs: [payment]", "needs[0]: there is no service payment in production"),
        ("needs: checkout", "needs: a service can't need itself"),
        ("health: aliv", "health: there is no gate aliv"),
        ("artifact: 'registry.example/shop:latest'", "artifact: holds no $version"),
        ("artifact: 'registry.example/$servce:$version'", "artifact: $servce isn't known"),
        ("schema: {current: dv, accepts: [{version: '*', from: 1, to: 2}]}", "schema.current: there is no gate dv"),
        ("schema: {current: db, accepts: []}", "schema.accepts: "),
        ("schema: {current: db, accepts: [{version: '*', from: 3, to: 2}]}", "schema.accepts[0]: accepts nothing"),
        ("schema: {current: db, accepts: [{version: '*', from: 3}]}", "schema.accepts[0].to: is missing"),
        ("truth: {url: shop.example}", "truth.url: must begin with https://HOST or http://HOST"),
        ("truth: {url: 'https://a', header: x, json: y}", "truth: the version is in a `header` or in the `json`"),
        ("truth: {url: 'https://a', probes: 0}", "truth.probes: must be greater than or equal to 1"),
        ("truth: {url: 'https://a', resolvers: [dns.example]}", "truth.resolvers[0]: must be the address of a DNS"),
        ("truth: {url: 'https://a', resolvers: ['1.1.1.1:0']}", "truth.resolvers[0]: there is no port 0"),
        ("stratgy: swap", "stratgy: unknown key"),
    ],
)
def test_a_route_that_leads_nowhere_is_refused(folder: Any, says: str, told: str) -> None:
    place = "slots: {connection: azure, pier: one, site: checkout}"
    lines = folder.told(f"{TOP}  checkout: {{production: {{{place}, {says}}}}}\n")
    assert any(f"services.checkout.production.{told}" in line for line in lines), lines


def test_services_that_need_each_other_are_refused(folder: Any) -> None:
    place = "slots: {connection: azure, pier: one, site: x}, needs: "
    circle = "".join(f"  {one}: {{production: {{{place}{needed}}}}}\n" for one, needed in ("ab", "bc", "ca"))
    (told,) = folder.told(TOP + circle)
    assert "services need each other: " in told
    assert all(name in told.partition("each other: ")[2] for name in "abc")


def test_how_a_service_is_released_isnt_said_for_one_region(folder: Any) -> None:
    place = "slots: {connection: azure, pier: one, site: x}"
    (problem,) = folder.problems(
        f"{TOP}  checkout: {{production: {{regions: {{west: {{{place}, strategy: swap}}}}}}}}\n"
    )
    assert (problem.path, problem.message) == (
        "services.checkout.production.regions.west.strategy",
        "unknown key",
    )


def test_ranges_after_one_for_all_versions_are_worth_a_warning(folder: Any) -> None:
    says = "schema: {current: db, accepts: [{version: '*', from: 1, to: 2}, {version: '2.*', from: 2, to: 3}]}"
    place = "slots: {connection: azure, pier: one, site: x}"
    warnings = folder.load(f"{TOP}  checkout: {{production: {{{place}, {says}}}}}\n").warnings
    assert ("services.checkout.production.schema.accepts[0]", "what comes after `*` is never looked at") in [
        (one.path, one.message) for one in warnings
    ]


def test_rings_of_regions_and_of_flags(folder: Any) -> None:
    text = TOP + (
        "  checkout:\n    production:\n      regions:\n"
        "        west: {slots: {connection: azure, pier: west, site: c}}\n"
        "        north: {slots: {connection: azure, pier: north, site: c}}\n"
        "rings:\n"
        "  - {name: staff, weight: 1%, flag: New, group: staff}\n"
        "  - {name: west, weight: 50, regions: west}\n"
        "  - {name: all, weight: 100, regions: [west, north]}\n"
    )
    staff, west, everybody = folder.load(text).fleet.rings
    assert (staff.weight, staff.flag, staff.group) == (1, "New", "staff")
    assert (west.regions, everybody.regions) == (("west",), ("west", "north"))


@pytest.mark.parametrize(
    ("ring", "told"),
    [
        ("regions: wst", "regions: there is no region wst"),
        ("flag: New, regions: [west]", "flag: a ring is a share of the regions or of a flag's users, not both"),
        ("group: staff", "group: a group belongs to a flag"),
    ],
)
def test_a_ring_of_nobody_is_refused(folder: Any, ring: str, told: str) -> None:
    lines = folder.told(f"{TOP}regions: [west]\nrings: [{{name: all, weight: 100, {ring}}}]\n")
    assert any(f"rings[0].{told}" in line for line in lines), lines


def test_a_thousand_services_with_rules_load_in_a_moment(folder: Any) -> None:
    lines = "".join(
        f"  s{n}: {{production: {{slots: {{connection: azure, pier: p, site: site-{n}}}, needs: payments}}}}\n"
        for n in range(1000)
    )
    began = time.process_time()
    assert len(folder.load(TOP + lines).rules.routes) == 1001
    assert time.process_time() - began < 3
