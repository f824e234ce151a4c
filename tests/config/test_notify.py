"""Who is told what when nobody looks."""

from __future__ import annotations

from typing import Any

import pytest

from quarterdeck.release.hooks import Hook, Quiet
from quarterdeck.release.notices import USUAL


def hooks(folder: Any, minimal: Any, text: str) -> tuple[Hook, ...]:
    found = folder.load(minimal(f"notify:\n  - {text}\n")).hooks
    assert isinstance(found, tuple)
    return found


def test_a_name_and_a_secret_address_are_enough(folder: Any, minimal: Any) -> None:
    assert hooks(folder, minimal, '{name: sre, url: "${env:SRE_HOOK}"}') == (Hook("sre", "${env:SRE_HOOK}"),)
    assert Hook("sre", "").kinds == USUAL


def test_all_that_can_be_said(folder: Any, minimal: Any) -> None:
    text = """{name: sre, format: slack, url: "${keyvault:shop/slack}", on: [gate, freeze], environments: production,
     quiet: {from: 22:00, to: 07:00, tz: Europe/Berlin, except: [gate]}, limit: 5}"""
    quiet = Quiet("22:00", "07:00", "Europe/Berlin", ("gate",))
    assert hooks(folder, minimal, text) == (
        Hook("sre", "${keyvault:shop/slack}", "slack", ("gate", "freeze"), ("production",), quiet, 5),
    )


def test_no_notify_tells_nobody(folder: Any, minimal: Any) -> None:
    assert folder.load(minimal("")).hooks == ()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "{name: sre, url: https://hooks.example/T0/B0/xyz}",
            "quarterdeck.yaml:10:22 notify[0].url: a secret is written in clear",
        ),
        ("{name: sre}", "quarterdeck.yaml:10:5 notify[0].url: is missing"),
        (
            '{name: sre, url: "${env:H}", on: [gates]}',
            "quarterdeck.yaml:10:34 notify[0].on: nothing is told about gates (did you mean gate?)",
        ),
        ('{name: sre, url: "${env:H}", on: []}', "quarterdeck.yaml:10:34 notify[0].on: must hold at least one"),
        (
            '{name: sre, url: "${env:H}", environments: [prod]}',
            "quarterdeck.yaml:10:49 notify[0].environments[0]: there is no environment prod",
        ),
        (
            '{name: sre, url: "${env:H}", quiet: {from: "25:00", to: "07:00"}}',
            "quarterdeck.yaml:10:48 notify[0].quiet.from: must be a time of the day: 07:00, 22:30",
        ),
        (
            '{name: sre, url: "${env:H}", quiet: {from: "07:00", to: "07:00"}}',
            "quarterdeck.yaml:10:34 notify[0].quiet: `from` and `to` are the same time",
        ),
        (
            '{name: sre, url: "${env:H}", quiet: {from: "22:00", to: "07:00", tz: Berlin}}',
            "quarterdeck.yaml:10:74 notify[0].quiet.tz: there is no time zone Berlin: write an IANA name such as "
            "Europe/Berlin",
        ),
        ('{name: sre, url: "${env:H}", format: email}', None),
        ('{name: sre, url: "${env:H}", limit: 0}', None),
        ('{name: sre, url: "${env:H}"}\n  - {name: sre, url: "${env:I}"}',
         "quarterdeck.yaml:11:12 notify[1].name: the name sre is given twice"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place_and_without_the_address(
    text: str, told: str | None, folder: Any, minimal: Any
) -> None:
    found = folder.told(minimal(f"notify:\n  - {text}\n"))
    assert len(found) == 1, found
    assert told is None or found == [told]
    assert "hooks.example" not in found[0]
