"""`qd report`: of one release and of a period, in each format, and what is said where there is nothing to tell."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from tests.cli.releases import canary, hotfix

from quarterdeck import paths


def rolled_back(written: Any) -> Any:
    log = written.release().done("1").running("2", lasts=500).sampled("2", "fail", 0.31)
    log("step_failed", step="2", detail="error-rate 0.31")
    log("recovering", why="error-rate failed", steps=["1"])
    log("step_undone", step="1", detail="read back")
    return log.ended("rolled_back", "error-rate failed")


@pytest.mark.parametrize("wanted", ["0199aa01", "0199", "production/checkout"])
def test_a_release_is_told_by_its_id_the_beginning_of_it_or_its_target(written: Any, qd: Any, wanted: str) -> None:
    rolled_back(written)
    result = qd("report", wanted)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("# Report of the release checkout 2.15.0 in production\n")
    assert "\nRolled back: error-rate failed\n" in result.out
    assert "The journal is intact" in result.out


def test_html_is_a_page_that_stands_alone_and_goes_into_a_file(written: Any, qd: Any, tmp_path: Path) -> None:
    rolled_back(written)
    out = tmp_path / "april.html"
    result = qd("report", "0199", "--format", "html", "--out", str(out))
    assert (result.code, result.out) == (0, "")
    assert str(out) in result.err
    page = out.read_text(encoding="utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert page.rstrip().endswith("</html>")


@pytest.mark.parametrize("words", [("--json",), ("--format", "json")])
def test_json_has_all_of_it_with_the_number_of_its_schema(written: Any, qd: Any, words: tuple[str, ...]) -> None:
    rolled_back(written)
    body = qd("report", "0199", *words).json
    assert (body["schema"], body["kind"]) == (1, "report")
    report = body["report"]
    assert (report["ending"], report["asked"]["by"], report["asked"]["reason"]) == (
        "rolled_back",
        "ana@jump",
        "ship it",
    )
    (gate,) = [one for one in report["gates"] if one["step"] == "2"]
    assert (gate["scale"]["bad_above"], [one["value"] for one in gate["samples"]]) == (0.01, [0.31])
    assert [one["phase"] for one in report["durations"]["phases"]][:2] == ["changing", "watching"]
    newest = written.store.events(limit=1, newest_first=True)[0]
    assert report["evidence"]["head"]["hash"] == newest.hash
    assert report["evidence"]["faults"] == []


def test_a_running_release_gives_a_report_that_says_so(written: Any, qd: Any) -> None:
    written.release().done("1").running("2", lasts=500)
    result = qd("report", "production/checkout")
    assert result.code == 0
    assert "\nStill running: at step 2, bake 10m under error-rate\n" in result.out


def test_a_journal_that_was_edited_is_told_in_the_report_and_by_the_exit_code(written: Any, qd: Any) -> None:
    rolled_back(written)
    with sqlite3.connect(paths.store_path(written.config, sandbox=False)) as database:
        database.execute("UPDATE events SET actor = 'nobody@nowhere' WHERE kind = 'release.step_done'")
    result = qd("report", "0199")
    assert result.code == 1
    assert "THE JOURNAL IS NOT WHAT WAS WRITTEN" in result.out
    assert "qd history --verify" in result.err


def test_what_a_hotfix_left_out_and_owes_is_told(written: Any, qd: Any) -> None:
    written.release(hotfix()).done("1").ended("succeeded", "done")
    out = qd("report", "0199bb02").out
    assert out.startswith("# Report of the hotfix checkout 2.15.0")
    assert "the bake of 10m is left out" in out
    assert "by authority of sre" in out


def test_measures_are_of_a_period_and_of_a_part_of_the_fleet(written: Any, qd: Any) -> None:
    rolled_back(written)
    written.release(canary(id="0199cc03")).done("1", "5").ended("succeeded", "done")
    body = qd("report", "--dora", "production", "--since", "1h", "--json").json
    assert (body["schema"], body["kind"]) == (1, "dora")
    whole, checkout = body["dora"]["measures"]
    assert (whole["deployments"], whole["changes"], whole["failed"], whole["failure_rate"]) == (1, 2, 1, None)
    assert checkout["part"] == "production/checkout"
    assert set(body["dora"]["definitions"]) >= {"lead time", "change failure rate"}
    told = qd("report", "--dora").out
    assert "1 of 2 changes failed (too few for a rate)" in told
    assert "<svg" in qd("report", "--dora", "--format", "html").out


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("report",), "which release"),
        (("report", "nothing"), "no release of the last thousand begin with"),
        (("report", "0199", "--since", "1h"), "--since goes with --dora"),
        (("report", "0199", "--json", "--format", "md"), "contradict"),
        (("report", "--dora", "qa"), "there is no environment 'qa'; there are: staging, production"),
        (("report", "--dora", "production/cart"), "there is no service 'cart'; there are: checkout"),
        (("report", "--dora", "a b"), "no part of a fleet"),
        (("report", "--dora", "--since", "2999-01-01"), "lies ahead"),
        (("report", "0199", "--out", "/nowhere/at/all.md"), "/nowhere/at/all.md can't be written"),
    ],
)
def test_what_cannot_be_told_is_refused_with_what_to_do(
    written: Any, qd: Any, words: tuple[str, ...], problem: str
) -> None:
    rolled_back(written)
    result = qd(*words)
    assert result.code == 2
    assert problem in result.err
    assert "Report" not in result.out


def test_json_is_one_line_of_ascii(written: Any, qd: Any) -> None:
    rolled_back(written)
    out = qd("report", "0199", "--json").out
    assert out.isascii()
    assert json.loads(out)
    assert out.count("\n") == 1
