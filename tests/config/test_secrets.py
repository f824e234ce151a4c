"""From a reference to a secret: each way in, and what is said where there is none."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from quarterdeck.config.secrets import SecretUnavailable, resolve

SECRET = "hunter2hunter2"


class Drawer(KeyringBackend):
    """A keyring in memory."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept: dict[tuple[str, str], str] = {}
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("the drawer is locked")
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.kept[service, username]


@pytest.fixture
def drawer() -> Iterator[Drawer]:
    before, drawer = keyring.get_keyring(), Drawer()
    keyring.set_keyring(drawer)
    yield drawer
    keyring.set_keyring(before)


def refused(reference: str) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        resolve(reference)
    return caught.value


def test_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOP_SECRET", SECRET)
    assert resolve("${env:SHOP_SECRET}") == SECRET


@pytest.mark.parametrize(("value", "state"), [(None, "not set"), ("", "empty")])
def test_a_variable_that_is_missing(monkeypatch: pytest.MonkeyPatch, value: str | None, state: str) -> None:
    monkeypatch.delenv("SHOP_SECRET", raising=False)
    if value is not None:
        monkeypatch.setenv("SHOP_SECRET", value)
    error = refused("${env:SHOP_SECRET}")
    assert str(error) == f"the environment variable SHOP_SECRET is {state}"
    assert error.trouble.code == "misconfigured"
    assert "export SHOP_SECRET" in error.trouble.hint


def test_from_the_keyring(drawer: Drawer) -> None:
    drawer.set_password("quarterdeck", "ana", SECRET)
    assert resolve("${keyring:quarterdeck/ana}") == SECRET


def test_a_keyring_without_it_says_how_to_store_it(drawer: Drawer) -> None:
    error = refused("${keyring:quarterdeck/ana b}")
    assert error.trouble.hint == "store it with: keyring set quarterdeck 'ana b'"


def test_a_locked_keyring_says_so(drawer: Drawer) -> None:
    drawer.locked = True
    assert "the drawer is locked" in str(refused("${keyring:quarterdeck/ana}"))


@pytest.mark.parametrize(
    ("reference", "library", "package"),
    [
        ("${keyring:a/b}", "keyring", "keyring"),
        ("${keyvault:a/b}", "azure.keyvault.secrets", "azure-keyvault-secrets"),
    ],
)
def test_a_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, reference: str, library: str, package: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    error = refused(reference)
    assert error.trouble.code == "misconfigured"
    assert error.trouble.hint == f"pip install {package}"


@pytest.mark.parametrize(
    "text", [SECRET, "", "${var:a}", "${env:A}${env:B}", "${env:A:-b}", "x${env:A}", "${nothing:a/b}", "${env:}"]
)
def test_anything_but_a_reference_is_refused_and_not_repeated(text: str) -> None:
    error = refused(text)
    assert error.trouble.message == "this is not a reference to a secret"
    assert SECRET not in f"{error}{error.trouble}"
