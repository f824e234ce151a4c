"""A configuration that is wrong is told problem by problem, each on lines of its own."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterdeck.cli.main import main

WRONG = """\
fleet: shop
conections: {}
environments: {production: {protected: perhaps}}
services: {cart: {prod: {slots: {connection: none}}}}
rings: [{name: "\\e[31m", weight: 500}]
"""


def test_all_problems_are_shown_with_their_places_and_hints(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    file = tmp_path / "quarterdeck.yaml"
    file.write_text(WRONG)
    assert main(["--config", str(file), "check"]) == 2
    said = capsys.readouterr()
    # Providers are told first: one that can't be used may be why the configuration can't.
    assert re.fullmatch(r"ok {4}provider {2}quarterdeck \S+: [a-z_, ]+\n", said.out)
    assert f"    {file}:2:1 conections: unknown key\n    hint: did you mean connections?\n" in said.err
    places = [":".join(line.split()[0].split(":")[1:]) for line in said.err.splitlines() if str(file) in line][1:]
    assert places == ["2:1", "3:40", "4:19", "4:46", "5:16", "5:34"]
    assert "\x1b" not in said.err
