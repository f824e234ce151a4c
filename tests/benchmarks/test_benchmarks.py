"""Every benchmark runs and yields figures. What they are is no test's business: a busy machine would fail it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest
from tests.benchmarks.figures import SHORT, Figure, document, median, not_measured, percentile, table
from tests.benchmarks.suite import BENCHMARKS


@pytest.mark.process
@pytest.mark.parametrize("name", BENCHMARKS)
def test_it_runs_and_yields_figures(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path))
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path / "config"))
    figures = list(BENCHMARKS[name](tmp_path, SHORT))
    values = [figure.value for figure in figures if figure.value is not None]
    assert values
    assert all(math.isfinite(value) and value >= 0 for value in values)
    assert all(figure.why_not for figure in figures if figure.value is None)


def test_a_budget_is_a_multiple_of_the_yardstick_or_an_amount() -> None:
    assert Figure("start", 120, "ms", "python", 30, times=5).within is True
    assert Figure("start", 160, "ms", "python", 30, times=5).within is False
    assert Figure("idle", 1, "B", "DataTable", 30, most=0).within is False
    assert Figure("help", 120, "ms", "python", 30).within is None
    assert not_measured("start", "there is no lazygit").within is None


def test_the_table_shows_figure_spread_yardstick_ratio_and_verdict() -> None:
    figures = [
        median("start", [110, 120, 150], "ms", "python", [28, 30, 33], times=5),
        Figure("idle", 12.5, "B", most=0),
        not_measured("az", "no az here"),
    ]
    assert [line.split() for line in table(figures).splitlines()[1:]] == [
        ["start", "120", "ms", "110-150", "python:", "30", "ms", "4.00", "x", "5.00", "x", "yes"],
        ["idle", "12.5", "B", "0", "B", "NO"],
        ["az", "-", "not", "measured:", "no", "az", "here"],
    ]


def test_a_percentile_is_what_so_many_of_the_values_stay_within() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert [percentile(values, part) for part in (0.5, 0.95, 0.99)] == [50, 95, 99]
    assert percentile([7.0], 0.99) == 7


def test_figures_are_told_to_programs_too() -> None:
    figures = [median("start", [110, 120, 150], "ms", "python", [30], times=5), not_measured("az", "no az here")]
    told = json.loads(document({"python": "3.11"}, figures))
    assert told["schema"] == 1
    assert told["machine"] == {"python": "3.11"}
    assert (told["figures"][0]["value"], told["figures"][0]["spread"]) == (120, [110, 150])
    assert (told["figures"][0]["ratio"], told["figures"][0]["within"]) == (4, True)
    assert (told["figures"][1]["value"], told["figures"][1]["why_not"]) == (None, "no az here")
