"""Unknown keys, wrong types, missing values: each is told with its place, its path and a hint, all at once."""

from __future__ import annotations

from typing import Any

import pytest


def only(folder: Any, text: str) -> tuple[str, str]:
    """The one problem of a text, and its hint."""
    (problem,) = folder.problems(text)
    return f"{problem.line}:{problem.column} {problem.path}: {problem.message}", problem.hint


def test_an_unknown_key_is_told_with_the_one_that_was_meant(folder: Any, minimal: Any) -> None:
    assert only(folder, minimal("enviroments: {}\n")) == ("9:1 enviroments: unknown key", "did you mean environments?")


def test_an_unknown_key_that_resembles_nothing_gets_the_list(folder: Any) -> None:
    text = "fleet: shop\nswap: {source: blue, xyz: 1}\n"
    assert only(folder, text) == ("2:22 swap.xyz: unknown key", "known: source, destination")


@pytest.mark.parametrize("key", ["policies", "store"])
def test_keys_of_the_design_that_do_nothing_yet_are_not_taken(folder: Any, minimal: Any, key: str) -> None:
    text = minimal("").replace("production: {}", f"production: {{{key}: []}}")
    place, hint = only(folder, text)
    assert place == f"5:16 environments.production.{key}: unknown key"
    assert hint.startswith("not supported by this version")


@pytest.mark.parametrize("key", ["deliverables", "policies", "store"])
def test_sections_of_the_design_that_do_nothing_yet_are_not_taken(folder: Any, minimal: Any, key: str) -> None:
    place, hint = only(folder, minimal(f"{key}: {{}}\n"))
    assert place == f"9:1 {key}: unknown key"
    assert hint.startswith("not supported by this version")


def test_an_unknown_option_of_a_provider_is_told_like_our_own(folder: Any, minimal: Any) -> None:
    text = minimal("").replace("account: main", "account: main, verfy: no")
    assert only(folder, text) == ("3:45 connections.azure.verfy: unknown key", "did you mean verify?")


def test_an_unknown_option_in_the_depth_of_a_provider(folder: Any, minimal: Any) -> None:
    text = minimal("").replace("account: main", "account: main, door: {host: a, prt: 1}")
    assert only(folder, text) == ("3:61 connections.azure.door.prt: unknown key", "did you mean port?")


@pytest.mark.parametrize("door", ["{host: a, port: many}", "{port: 80}"])
def test_a_choice_between_forms_is_judged_by_the_form_that_was_used(folder: Any, minimal: Any, door: str) -> None:
    (problem,) = folder.problems(minimal("").replace("account: main", f"account: main, door: {door}"))
    assert problem.path.startswith("connections.azure.door.")


def test_a_missing_option_of_a_provider_is_told_at_the_place_it_belongs_to(folder: Any, minimal: Any) -> None:
    text = minimal("").replace(", site: checkout", "")
    assert only(folder, text)[0] == "8:18 services.checkout.production.slots.site: is missing"


@pytest.mark.parametrize(
    ("was", "becomes", "told"),
    [
        (
            "production: {}",
            "production: {protected: perhaps}",
            "5:27 environments.production.protected: must be true or false",
        ),
        ("account: main", "account: main, verify: perhaps", "3:53 connections.azure.verify: must be true or false"),
        ("account: main", "account: main, tags: one", "3:51 connections.azure.tags: must be a list"),
        ("account: main", "account: [main]", "3:30 connections.azure.account: must be a text"),
        (
            "account: main",
            "account: main, door: {host: a, port: x}",
            "3:67 connections.azure.door.port: must be a whole number",
        ),
        (
            "account: main",
            "account: main, door: {host: a, port: 0}",
            "3:67 connections.azure.door.port: must be greater than or equal to 1",
        ),
        (
            "environments:\n  production: {}",
            "environments: [production]",
            "4:1 environments: must hold keys with values",
        ),
        (
            "{slots: {connection: azure, pier: one, site: checkout}}",
            "{slots: azure}",
            "8:25 services.checkout.production.slots: must hold keys with values",
        ),
        ("fleet: shop", "fleet:", "1:7 fleet: must be a text"),
        ("fleet: shop\n", "", "1:1 fleet: is missing"),
    ],
)
def test_a_wrong_type_is_told_where_it_stands(folder: Any, minimal: Any, was: str, becomes: str, told: str) -> None:
    problems = [
        f"{problem.line}:{problem.column} {problem.path}: {problem.message}"
        for problem in folder.problems(minimal("").replace(was, becomes))
    ]
    assert told in problems


@pytest.mark.parametrize("name", ["a b", "-a", "a/b", "a@b", "ä", "a" * 200])
def test_names_that_no_target_can_be_written_with_are_refused(folder: Any, minimal: Any, name: str) -> None:
    text = minimal("").replace("  checkout:", f"  {name}:")
    problems = folder.problems(text)
    assert [(p.line, p.column, p.message) for p in problems] == [(7, 3, "this name can't be used")]
    assert "letters, digits" in problems[0].hint


@pytest.mark.parametrize(
    ("rings", "told"),
    [
        ("[{name: a, weight: 0}]", "9:27 rings[0].weight: must be greater than 0"),
        ("[{name: a, weight: 101}]", "9:27 rings[0].weight: must be less than or equal to 100"),
        ("[{name: a, weight: nan}]", "9:27 rings[0].weight: must be a finite number"),
        ("[{name: a, weight: 5}, {name: b, weight: 5}]", "9:49 rings[1].weight: weights must rise: 5 comes after 5"),
        ("[{name: a, weight: 50}, {name: b, weight: 5}]", "9:50 rings[1].weight: weights must rise: 5 comes after 50"),
        ("[{name: a, weight: 5}, {name: A, weight: 9}]", "9:38 rings[1].name: the ring A is already given in"),
        ("[{name: a}]", "9:9 rings[0].weight: is missing"),
        ("{a: 5}", "9:1 rings: must be a list"),
    ],
)
def test_ring_weights_rise_to_at_most_100(folder: Any, minimal: Any, rings: str, told: str) -> None:
    assert only(folder, minimal(f"rings: {rings}\n"))[0].startswith(told)


def test_rings_that_never_reach_everybody_are_worth_a_warning(folder: Any, minimal: Any) -> None:
    warnings = folder.load(minimal("rings: [{name: canary, weight: 5}]\n")).warnings
    assert [(w.line, w.path, w.message) for w in warnings] == [
        (9, "rings", "the last ring reaches 5 percent of users, not 100")
    ]


def test_everything_that_is_wrong_is_told_at_once_in_the_order_of_the_file(folder: Any) -> None:
    told = folder.told(
        """\
flet: shop
connections:
  azure: {provider: harbour}
  other: {provider: nobody}
environments:
  production: {protected: perhaps}
services:
  checkout:
    prod: {slots: {connection: azur, pier: one, site: a}}
  cart: {}
rings: [{name: canary, weight: 500}]
"""
    )
    assert told == [
        "quarterdeck.yaml:1:1 fleet: is missing",
        "quarterdeck.yaml:1:1 flet: unknown key",
        "quarterdeck.yaml:3:3 connections.azure.account: is missing",
        "quarterdeck.yaml:4:21 connections.other.provider: no provider nobody can be used",
        "quarterdeck.yaml:6:27 environments.production.protected: must be true or false",
        "quarterdeck.yaml:9:5 services.checkout.prod: there is no environment prod",
        "quarterdeck.yaml:9:32 services.checkout.prod.slots.connection: there is no connection azur",
        "quarterdeck.yaml:10:3 services.cart: nothing is declared here",
        "quarterdeck.yaml:11:32 rings[0].weight: must be less than or equal to 100",
    ]


def test_a_problem_reads_like_a_compilers(folder: Any, minimal: Any) -> None:
    from quarterdeck import config

    file = folder.write("quarterdeck.yaml", minimal("enviroments: {}\n"))
    with pytest.raises(config.ConfigError) as caught:
        folder.load(minimal("enviroments: {}\n"))
    assert str(caught.value) == f"{file}:9:1  enviroments: unknown key\n    hint: did you mean environments?"


def test_escapes_and_markup_in_a_file_stay_harmless_in_its_problems(folder: Any, minimal: Any) -> None:
    (problem,) = folder.problems(minimal('"\\e[31m[/x]\\u202e": {}\n'))
    assert problem.path == "\\x1b[31m[/x]\\u202e"
    assert "\x1b" not in str(problem)


@pytest.mark.parametrize("accent", ["red", "purple", "protected", "'#b42318'"])
def test_an_accent_is_a_name_or_a_colour(folder: Any, minimal: Any, accent: str) -> None:
    loaded = folder.load(minimal("").replace("production: {}", f"production: {{accent: {accent}}}"))
    assert loaded.fleet.environments[0].accent == accent.strip("'")


@pytest.mark.parametrize("accent", ["rde", "'#b4231'", "danger", "Red"])
def test_an_accent_that_nobody_knows_is_refused(folder: Any, minimal: Any, accent: str) -> None:
    place, hint = only(folder, minimal("").replace("production: {}", f"production: {{accent: {accent}}}"))
    assert place == f"5:24 environments.production.accent: {accent.strip(chr(39))} is no accent"
    assert hint.startswith("one of red, orange, green, teal, blue, purple, protected, or a colour")
