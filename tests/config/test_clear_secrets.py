"""A secret that is written in clear is refused, wherever it stands, and never repeated."""

from __future__ import annotations

from typing import Any

import pytest

SECRET = "hunter2hunter2"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEifQ.c2lnbmF0dXJl"


def refused(folder: Any, text: str, line: int, path: str) -> Any:
    (problem,) = folder.problems(text)
    assert (problem.line, problem.path) == (line, path)
    assert "in clear" in problem.message
    assert "${env:NAME}" in problem.hint
    return problem


def test_a_value_in_a_secret_option_must_be_a_reference(folder: Any, minimal: Any) -> None:
    text = minimal("").replace("account: main", f"account: main, key: {SECRET}")
    problem = refused(folder, text, 3, "connections.azure.key")
    assert problem.column == 50
    assert SECRET not in str(problem)


@pytest.mark.parametrize(
    ("reference", "kept"),
    [
        ("${env:KEY}", "${env:KEY}"),
        ("${KEY}", "${env:KEY}"),
        ("${keyring:quarterdeck/ana}", "${keyring:quarterdeck/ana}"),
        ("${keyvault:shop/flags-key}", "${keyvault:shop/flags-key}"),
        ("${var:key}", "${keyvault:shop/by-variable}"),
    ],
)
def test_a_reference_is_kept_and_not_looked_up(folder: Any, minimal: Any, reference: str, kept: str) -> None:
    folder.environment = {"KEY": SECRET}
    text = minimal("variables: {key: '${keyvault:shop/by-variable}'}\n")
    loaded = folder.load(text.replace("account: main", f"account: main, key: '{reference}'"))
    assert loaded.fleet.connections[0].options["key"] == kept
    assert SECRET not in repr(loaded)


@pytest.mark.parametrize(
    "value", [f"${{KEY:-{SECRET}}}", f"${{KEY}}{SECRET}", f"x{SECRET}${{env:KEY}}", "${KEY}${KEY}"]
)
def test_a_reference_with_something_beside_it_is_a_clear_secret(folder: Any, minimal: Any, value: str) -> None:
    folder.environment = {"KEY": SECRET}
    text = minimal("").replace("account: main", f"account: main, key: '{value}'")
    assert SECRET not in str(refused(folder, text, 3, "connections.azure.key"))


@pytest.mark.parametrize(
    "value",
    [
        "Endpoint=https://shop.azconfig.io;Id=abc;Secret=c2VjcmV0",
        "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=c2VjcmV0c2VjcmV0==",
        "Endpoint=sb://x/;SharedAccessKeyName=Root;SharedAccessKey=c2VjcmV0",
        "Server=tcp:db;User ID=ana;Password=hunter2",
        JWT,
        f"Bearer {JWT}",
        "-----BEGIN RSA PRIVATE KEY-----",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "https://ana:hunter2@shop.example",
        "https://x.blob.core.windows.net/c?sv=2024&sig=AbCdEfGhIjKlMnOpQrStUv%3D",
    ],
)
def test_what_looks_like_a_secret_is_refused_in_any_option(folder: Any, minimal: Any, value: str) -> None:
    text = minimal("").replace("account: main", f"account: '{value}'")
    assert value not in str(refused(folder, text, 3, "connections.azure.account"))


@pytest.mark.parametrize(
    "key", ["password", "db_password", "clientSecret", "api-key", "ACCESS_TOKEN", "connectionString"]
)
def test_what_is_named_like_a_secret_is_refused_anywhere(folder: Any, minimal: Any, key: str) -> None:
    text = minimal(f"variables: {{{key}: {SECRET}}}\n")
    assert SECRET not in str(refused(folder, text, 9, f"variables.{key}"))


def test_a_secret_in_a_template_that_nothing_uses_is_refused_too(folder: Any, minimal: Any) -> None:
    refused(folder, minimal(f"templates: {{t: {{password: {SECRET}}}}}\n"), 9, "templates.t.password")


def test_a_secret_in_a_variable_file_is_refused(folder: Any, minimal: Any) -> None:
    folder.write("v.yaml", f"a: b\nsql_password: {SECRET}\n")
    refused(folder, minimal("variables: v.yaml\n"), 2, "variables.sql_password")


def test_a_secret_that_comes_out_of_the_environment_is_refused_where_it_would_be_stored(
    folder: Any, minimal: Any
) -> None:
    folder.environment = {"FLAGS": "Endpoint=https://x;Id=a;Secret=c2VjcmV0"}
    (problem,) = folder.problems(minimal("").replace("account: main", "account: '${FLAGS}'"))
    assert (problem.line, problem.column) == (3, 39)
    assert problem.message == "this becomes a connection string with its key"
    assert "c2VjcmV0" not in str(problem)


def test_harmless_words_are_left_alone(folder: Any, minimal: Any) -> None:
    text = minimal("variables: {token_url: 'https://login.example/token', secret_name: flags-key, keys: '3'}\n")
    assert folder.load(text.replace("account: main", "account: secret-santa")).fleet.name == "shop"


def test_a_secret_never_reaches_a_traceback_through_a_providers_words(folder: Any, minimal: Any) -> None:
    """A misplaced secret makes other faults too; none of them shows it."""
    text = minimal("").replace("account: main", f"account: main, key: [{SECRET}], door: {{host: a, port: {JWT}}}")
    assert all(SECRET not in str(p) and JWT not in str(p) for p in folder.problems(text))
