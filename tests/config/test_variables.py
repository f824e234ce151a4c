"""`${NAME}`, `${env:NAME}`, `${var:NAME}` and their defaults."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def account(folder: Any, minimal: Any, value: str, more: str = "") -> str:
    """What the account of the one connection becomes."""
    text = minimal(more).replace("account: main", f"account: {json.dumps(value)}")
    return str(folder.load(text).fleet.connections[0].options["account"])


def fault(folder: Any, minimal: Any, value: str, more: str = "") -> Any:
    """The one problem with such an account."""
    (problem,) = folder.problems(minimal(more).replace("account: main", f"account: {json.dumps(value)}"))
    assert (Path(problem.file).name, problem.path) == ("quarterdeck.yaml", "connections.azure.account")
    assert (problem.line, problem.column) == (3, 39)
    return problem


@pytest.mark.parametrize(
    ("value", "becomes"),
    [
        ("${ACCOUNT}", "from-outside"),
        ("${env:ACCOUNT}", "from-outside"),
        ("a-${ACCOUNT}-b-${ACCOUNT}", "a-from-outside-b-from-outside"),
        ("${ACCOUNT:-other}", "from-outside"),
        ("${NOWHERE:-other}", "other"),
        ("${env:NOWHERE:-https://x:1}", "https://x:1"),
        ("${NOWHERE:-}x", "x"),
        ("${EMPTY:-other}", "other"),
        ("$${ACCOUNT}", "${ACCOUNT}"),
        ("$ACCOUNT", "$ACCOUNT"),
        ("{ACCOUNT}$", "{ACCOUNT}$"),
    ],
)
def test_the_environment_is_looked_up(folder: Any, minimal: Any, value: str, becomes: str) -> None:
    folder.environment = {"ACCOUNT": "from-outside", "EMPTY": ""}
    assert account(folder, minimal, value) == becomes


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("${NOWHERE}", "the environment variable NOWHERE is not set"),
        ("${EMPTY}", "the environment variable EMPTY is empty"),
        ("${open", "a `${` has no `}`: close it, or write `$${` for the characters themselves"),
        ("${}", "a reference is not well formed: write ${env:NAME}"),
        ("${a b}", "a reference is not well formed: write ${env:NAME}"),
        ("${vault:x}", "there is no such kind of reference: write ${NAME}, ${var:NAME}, ${env:NAME}"),
        ("${var:none}", "there is no variable none (there are: none)"),
        ("${var:region}", "there is no region here"),
        ("${keyring:shop/main}", "a secret (keyring) can't be used here"),
        ("${keyvault:shop/main}", "a secret (keyvault) can't be used here"),
        ("${keyvault:shop}", "a reference is not well formed: write ${keyvault:VAULT/SECRET}"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told_in_its_place(
    folder: Any, minimal: Any, value: str, message: str
) -> None:
    folder.environment = {"EMPTY": ""}
    assert fault(folder, minimal, value).message.startswith(message)


def test_a_missing_variable_says_how_to_give_it(folder: Any, minimal: Any) -> None:
    assert fault(folder, minimal, "${NOWHERE}").hint == ("export NOWHERE=..., or give a default: ${NOWHERE:-VALUE}")


def test_a_reference_can_stand_for_any_type(folder: Any, minimal: Any) -> None:
    folder.environment = {"LOCKED": "true", "WEIGHT": "12.5"}
    text = minimal("rings: [{name: a, weight: '${WEIGHT}'}, {name: b, weight: 100}]\n")
    fleet = folder.load(text.replace("production: {}", "production: {protected: '${LOCKED}'}")).fleet
    assert fleet.environments[0].protected
    assert fleet.rings[0].weight == 12.5


def test_variables_are_declared_in_place_or_in_files(folder: Any, minimal: Any) -> None:
    folder.write("groups/common.yaml", "suffix: eu\n")
    folder.environment = {"STAGE": "live", "OWN": "ana"}
    folder.write("groups/live.yaml", "stage: ${OWN}-live\n")
    more = "variables: [groups/common.yaml, 'groups/${STAGE}.yaml', {whole: '${var:stage}-${var:suffix}'}]\n"
    assert account(folder, minimal, "${var:whole}", more) == "ana-live-eu"


def test_variables_of_included_files_count_and_are_relative_to_them(folder: Any, minimal: Any) -> None:
    folder.write("parts/base.yaml", "variables: [names.yaml]\n")
    folder.write("parts/names.yaml", "name: deep\n")
    assert account(folder, minimal, "${var:name}", "variables: {other: x}\ninclude: parts/base.yaml\n") == "deep"


def test_a_variable_may_have_a_default(folder: Any, minimal: Any) -> None:
    assert account(folder, minimal, "${var:nowhere:-here}") == "here"


def test_variables_in_a_circle_are_shown_as_a_chain(folder: Any, minimal: Any) -> None:
    problem = fault(folder, minimal, "${var:a}", "variables: {a: '${var:b}', b: '${var:c}', c: '${var:b}'}\n")
    assert problem.message == "variables refer to each other: b -> c -> b"


def test_a_variable_given_twice_names_both_places(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", "x: 1\n")
    (problem,) = folder.problems(minimal("variables: [{x: 2}, a.yaml]\n"))
    assert (Path(problem.file).name, problem.line, problem.column, problem.path) == ("a.yaml", 1, 1, "variables.x")
    assert problem.message == f"already given in {folder.path}/quarterdeck.yaml:9:17"


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("variables: [nowhere.yaml]\n", "9:13 variables: there is no file"),
        ("variables: {a: [b]}\n", "9:13 variables.a: a variable must be a text or a number"),
        ("variables: {region: x}\n", "9:13 variables.region: this name is taken"),
        ("variables: [[a]]\n", "9:13 variables: neither a file nor names with values"),
    ],
)
def test_wrong_variable_groups_are_told(folder: Any, minimal: Any, more: str, told: str) -> None:
    (line,) = folder.told(minimal(more))
    assert line.removeprefix("quarterdeck.yaml:").startswith(told)


def test_the_names_of_a_place_are_variables_inside_it(folder: Any) -> None:
    fleet = folder.load(
        """\
fleet: shop
connections: {azure: {provider: harbour, account: a}, flags: {provider: harbour.signals, account: a}}
environments: {live: {flags: {connection: flags, label: "${var:environment}"}}}
services:
  cart:
    live:
      regions: {west: {slots: {connection: azure, pier: "${var:region}", site: "${var:service}-${var:environment}"}}}
"""
    ).fleet
    flags, slots, _ = fleet.places
    assert flags.address.parts == {"label": "live"}
    assert slots.address.parts == {"pier": "west", "site": "cart-live"}
