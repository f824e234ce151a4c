"""`qd gates`, `qd approve`, `qd reject`: one inbox, and whose word is asked for."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.releases import canary


def test_an_approval_says_what_it_blocks_who_may_and_how_to_answer(written: Any, qd: Any) -> None:
    written.release().done("1", "2").running("3")
    out = qd("gates").out
    for words in (
        "APPROVAL  checkout 2.15.0  production",
        "approval sre: 1 of 1 missing",
        "blocks: step 4: pause until promoted",
        "who may: sre (bo, cy), not ana@jump, who started it",
        "this ships 2.15.0 over 2.16.0",
        "-> qd approve 0199aa01/3",
    ):
        assert words in out
    (item,) = qd("gates", "--json").json["inbox"]
    assert (item["kind"], item["needs_a_person"], item["command"]) == ("approval", True, "qd approve 0199aa01/3")


def test_a_failing_gate_comes_before_what_merely_waits(written: Any, qd: Any) -> None:
    written.release().done("1", "2").running("3")
    written.release(canary(id="0199dd04")).done("1").running("2", lasts=500).sampled("2", "fail", 0.2)
    out = qd("gates").out
    assert out.index("GATE FAILING") < out.index("APPROVAL")
    assert "error-rate 0.2: FAIL (wants result < 0.01)" in out


def test_an_empty_inbox_says_so(written: Any, qd: Any) -> None:
    assert "nothing waits" in qd("gates").out
    assert qd("gates", "--json").json["inbox"] == []


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_a_release_that_asks_nobody_takes_no_word(written: Any, qd: Any, verb: str) -> None:
    written.release().done("1").running("2", lasts=500)
    result = qd(verb, "0199", "--yes", "--reason", "x")
    assert result.code == 1
    assert "waits for no approval" in result.err
    assert qd(verb, "0199/2", "--yes", "--reason", "x").code == 2, "step 2 isn't an approval"
    assert written.store.pending() == ()


def test_rejecting_needs_a_reason(written: Any, qd: Any) -> None:
    written.release().done("1", "2").running("3")
    assert qd("reject", "0199").code == 2


def test_nobody_approves_without_a_yes(written: Any, qd: Any) -> None:
    written.release().done("1", "2").running("3")
    result = qd("approve", "production/checkout/3")
    assert result.code == 2
    assert "add --yes" in result.err
    assert "error-rate" in result.err, "what was measured is shown before"
    assert written.store.pending() == ()


def test_a_threshold_is_tried_on_the_releases_on_record(written: Any, qd: Any) -> None:
    log = written.release().done("1").running("2", lasts=500)
    for value in (0.004, 0.006, 0.005):
        log.sampled("2", "pass", value)
    log.finished("2").ended("succeeded", "all is through")
    result = qd("gates", "backtest", "error-rate", "--success-condition", "result < 0.005", "--failure-limit", "0")
    assert result.code == 0
    assert "! 0199aa01  checkout 2.15.0  would fail, did pass; it succeeded" in result.out
    assert "at step 2, sample 2 of 3" in result.out
    (row,) = qd("gates", "backtest", "error-rate", "--json").json["releases"]
    assert (row["would"], row["differs"]) == ("pass", False)


@pytest.mark.parametrize(
    "words",
    [
        ("nothing",),
        ("error-rate", "--success-condition", "result <"),
        ("error-rate", "--success-condition", "__import__('os')"),
        ("error-rate", "--last", "-1"),
    ],
)
def test_what_can_not_be_tried_is_told(written: Any, qd: Any, words: tuple[str, ...]) -> None:
    written.release()
    result = qd("gates", "backtest", *words)
    assert result.code == 2
    assert "Traceback" not in result.err
