"""What a write leaves alone: comments, order, indentation, other flags."""

from __future__ import annotations

import asyncio
import difflib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.providers.flagd.world import Definition, change, planned, seen, store

from quarterdeck.fleet.readings import Audience
from quarterdeck.release.settlement import flag_facts

YAML = """\
# Flags of the harbour. Änderungen bitte mit Bo abstimmen 🚢
flags:
  lights:   # at night
    state: ENABLED
    variants: &switch {"on": true, "off": false}
    defaultVariant: 'off'  # dark
    targeting:
      # our own people first
      if:
        - ends_with: [{var: email}, "@harbour.example"]  # us
        - "on"
        - fractional:
            - - "on"
              - 5      # grows each day
            - ["off", 95]

  # the old one
  horn: {state: ENABLED, variants: *switch, defaultVariant: "on"} # loud
  buoy:
    state: DISABLED
    variants: *switch
    metadata:
      description: |
        Blinks
        twice.
    # not yet
"""

JSON = """{
\t"flags": {
\t\t"lights": {"state": "ENABLED",
\t\t           "variants": {"off": false, "on": true},   "defaultVariant": "off",
\t\t           "targeting": {"fractional": [{"var": "email"}, ["on", 1], ["off", 9]]}},
\t\t"horn": {
\t\t\t"state": "ENABLED",
\t\t\t"variants": {"on": true, "off": false},
\t\t\t"defaultVariant": "on",
\t\t\t"metadata": {"price": 1.50, "note": "\\u00fcber \\/ alles"}
\t\t}
\t}
}
"""


def moved(before: str, after: str) -> list[str]:
    """The lines that went and came."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line for line in lines if not line.startswith(("---", "+++", "@@"))]


def written(tmp_path: Path, name: str, text: str) -> Definition:
    file = Definition(tmp_path / name)
    file.write(text)
    return file


async def test_a_percentage_changes_two_numbers(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.yaml", YAML)
    await change(file.place(), "lights", percent=25.0)
    assert moved(YAML, file.text) == [
        "-              - 5      # grows each day",
        '-            - ["off", 95]',
        "+              - 25      # grows each day",
        '+            - ["off", 75]',
    ]
    await change(file.place(), "lights", percent=5.0)
    assert file.text == YAML


async def test_rules_by_indentation_go_into_the_switch_and_come_out_with_their_comments(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.yaml", YAML)
    await change(file.place(), "lights", enabled=False)
    assert '      "if":\n        - false\n        - if:\n            - ends_with:' in file.text
    assert file.text.count("#") == YAML.count("#")
    await change(file.place(), "lights", enabled=True)
    assert file.text == YAML
    await change(file.place(), "lights", enabled=False, percent=10.0, audience=(Audience("early", 50.0),))
    await change(file.place(), "lights", enabled=True, percent=5.0, audience=())
    assert file.text == YAML


async def test_a_group_comes_before_the_end_and_goes_again(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.yaml", YAML)
    await change(file.place(), "lights", audience=(Audience("early", 50.0),), percent=10.0)
    assert "# us" in file.text
    assert "# grows each day" in file.text
    await change(file.place(), "lights", audience=(), percent=5.0)
    assert file.text == YAML


async def test_the_value_of_an_alias_is_read_and_stays(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.yaml", YAML)
    await change(file.place(), "horn", enabled=False)
    assert moved(YAML, file.text) == [
        '-  horn: {state: ENABLED, variants: *switch, defaultVariant: "on"} # loud',
        '+  horn: {state: ENABLED, variants: *switch, defaultVariant: "off"} # loud',
    ]
    assert (await seen(file.place()))["buoy"].description == "Blinks twice."


async def test_what_is_missing_is_added_after_the_last_entry(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.yaml", YAML.replace("    # not yet\n", ""))
    await change(file.place(), "buoy", enabled=False)
    assert file.text.endswith(
        '        twice.\n    "defaultVariant": "off"\n'
        '    "targeting": {"if": [false, {"fractional": [["on", 0], ["off", 100]]}, "off"]}\n'
    )


async def test_json_keeps_all_but_the_value(tmp_path: Path) -> None:
    file = written(tmp_path, "flags.json", JSON)
    await change(file.place(), "lights", percent=50.0)
    assert file.text == JSON.replace('["on", 1], ["off", 9]', '["on", 50], ["off", 50]')
    await change(file.place(), "horn", percent=25.0)
    assert (
        '"note": "\\u00fcber \\/ alles"},\n\t\t\t"targeting": {"fractional": [["on", 25], ["off", 75]]}\n\t\t}'
        in file.text
    )
    assert '"price": 1.50' in file.text


@pytest.mark.parametrize(("name", "text"), [("flags.yaml", YAML), ("flags.json", JSON)], ids=["yaml", "json"])
async def test_lines_end_as_they_did(tmp_path: Path, name: str, text: str) -> None:
    file = written(tmp_path, name, text.replace("\n", "\r\n"))
    await change(file.place(), "lights", percent=50.0, audience=(Audience("early", 1.0),))
    await change(file.place(), "horn", percent=50.0)
    assert file.text.count("\n") == file.text.count("\r\n") >= text.count("\n")


EVERYBODY = [None, "ana", "bo", "cy", "dee"]
groups = st.builds(Audience, st.sampled_from(["early", "late", 'q"uo\\te']), st.sampled_from([0.0, 7.5, 100.0]))
changes = st.fixed_dictionaries(
    {
        "enabled": st.booleans(),
        "percent": st.sampled_from([None, 0.0, 0.1, 5.0, 33.3, 100 / 3, 99.999, 100.0]),
        "audience": st.none() | st.lists(groups, max_size=2, unique_by=lambda one: one.group).map(tuple),
    }
)


@settings(max_examples=25, deadline=None, database=None)
@given(st.sampled_from([("flags.yaml", YAML), ("flags.json", JSON)]), st.lists(changes, min_size=1, max_size=4))
def test_whatever_is_planned_is_what_is_read(document: tuple[str, str], wanted: list[dict[str, Any]]) -> None:
    """Each change is sent as planned, read back as wanted, and changes nothing about any other flag."""

    async def all_of_them(folder: Path) -> None:
        file = written(folder, *document)
        others = {name: one for name, one in (await seen(file.place())).items() if name != "lights"}
        for one in wanted:
            given_up = {key: value for key, value in one.items() if value is not None}
            before = (await seen(file.place()))["lights"]
            try:
                step = await planned(file.place(), "lights", **given_up)
            except AssertionError:  # nothing to do
                continue
            await store().send(step)
            after = await seen(file.place())
            assert flag_facts(after.pop("lights")) == dict(step.after), (before, step)
            assert after == others
            users = file.seen_by("lights", EVERYBODY, in_code=True, ring="late", email="bo@harbour.example")
            if not step.after["enabled"]:
                assert users == []
            elif step.after["percent"] == 100 and not step.after["audience"]:
                assert users == EVERYBODY

    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(all_of_them(Path(folder)))
