"""Every benchmark runs and yields figures. What they are is no test's business: a busy machine would fail it."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from tests.benchmarks.figures import SHORT, Figure, table
from tests.benchmarks.suite import BENCHMARKS, measured


@pytest.mark.process
@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_and_yields_figures(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path))
    figures = measured(name, tmp_path, SHORT)
    assert figures
    assert all(math.isfinite(figure.value) and figure.value >= 0 for figure in figures)


def test_a_budget_is_a_multiple_of_the_yardstick_or_an_amount() -> None:
    assert Figure("start", 120, "ms", "python", 30, times=5).within is True
    assert Figure("start", 160, "ms", "python", 30, times=5).within is False
    assert Figure("idle", 1, "B", "DataTable", 30, most=0).within is False
    assert Figure("help", 120, "ms", "python", 30).within is None


def test_the_table_shows_figure_yardstick_ratio_and_verdict() -> None:
    text = table([Figure("start", 120, "ms", "python", 30, times=5), Figure("idle", 12.5, "B", most=0)])
    assert [line.split() for line in text.splitlines()[1:]] == [
        ["start", "120", "ms", "python:", "30", "ms", "4.00", "x", "5.00", "x", "yes"],
        ["idle", "12.5", "B", "0", "B", "NO"],
    ]
