"""Which way frames go out, and that its user is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.ui.output import choosing


def test_the_user_may_want_textuals_own_way_and_the_environment_beats_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not choosing.asked_for_stock("cells")
    assert choosing.driver_class("stock") == (None, "")
    monkeypatch.setenv("QUARTERDECK_OUTPUT", "stock")
    assert choosing.asked_for_stock("cells")
    monkeypatch.setenv("QUARTERDECK_OUTPUT", "cells")
    assert not choosing.asked_for_stock("stock")


def test_a_textual_that_nobody_has_looked_at_writes_its_own_way_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choosing, "KNOWN", ("7.",))
    driver, remark = choosing.driver_class("cells")
    assert driver is None
    assert "isn't known to it" in remark
    assert "the same picture" in remark


def test_a_textual_whose_drivers_do_more_writes_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    from textual.driver import Driver

    monkeypatch.setattr(Driver, "__abstractmethods__", frozenset({"write", "paint_pixels"}))
    driver, remark = choosing.driver_class("cells")
    assert driver is None
    assert "does other things" in remark


def test_a_terminal_that_cannot_be_opened_by_name_is_written_to_as_textual_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with (tmp_path / "no terminal").open("w") as file:
        monkeypatch.setattr(sys, "stderr", file)
        driver, remark = choosing.driver_class("cells")
    assert driver is None
    assert "can't be opened" in remark


@pytest.mark.parametrize("wanted", ["", "stock"])
def test_qd_where_says_which_way_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wanted: str) -> None:
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("QUARTERDECK_OUTPUT", raising=False)
    if wanted:
        (tmp_path / "cockpit.toml").write_text(f'output = "{wanted}"\n')
    told = subprocess.run(
        [sys.executable, "-m", "quarterdeck", "where"], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout
    assert f"output                 {wanted or 'cells'}" in told
