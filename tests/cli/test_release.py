"""`qd release`: what is listed, shown and followed, and the orders that are handed in."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.releases import CHECKOUT, canary

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange
from quarterdeck.release.release_plan import Member, ReleaseStep, Run, Write
from quarterdeck.release.rollout import ORDERS


def baking(written: Any) -> Any:
    return written.release().done("1").running("2", lasts=500).sampled("2", "pass", 0.004)


def asking(written: Any) -> Any:
    return written.release().done("1", "2").running("3")


def stuck(written: Any) -> Any:
    return written.release().done("1").ended("needs_operator", "the swap is in doubt", ("retry", "abandon"))


def test_lists_open_and_past_releases_with_what_they_wait_for(written: Any, qd: Any) -> None:
    baking(written)
    out = qd("release", "list").out
    assert "0199aa01  checkout 2.15.0  production  running 1/5  ana@jump" in out
    assert "bakes for" in out
    one = qd("release", "list", "--json").json["releases"][0]
    assert (one["id"], one["state"], one["current"]) == ("0199aa01", "running", "2")


def test_a_release_that_nobody_carries_on_is_not_shown_as_if_it_went_on(written: Any, qd: Any) -> None:
    baking(written)
    assert "no runner" not in qd("release", "show", "0199").err
    written.store.release_lease(written.lease)
    for words in (("list",), ("show", "0199"), ("show", "0199", "--json")):
        assert "no runner is in charge" in qd("release", *words).err


def test_what_has_ended_needs_no_runner(written: Any, qd: Any) -> None:
    stuck(written)
    written.store.release_lease(written.lease)
    for words in (("list",), ("show", "0199")):
        assert "no runner" not in qd("release", *words).err


def test_without_releases_the_list_says_how_to_start_one(written: Any, qd: Any) -> None:
    result = qd("release", "list")
    assert result.code == 0
    assert "qd release start" in result.err


def test_shows_each_step_with_its_measurements_and_what_comes_next(written: Any, qd: Any) -> None:
    baking(written)
    result = qd("release", "show", "0199")
    assert result.code == 0
    for words in (
        "2.14.3 -> 2.15.0  by careful",
        "  1. [done] 5% to staging",
        ">  2. [running] bake 10m under error-rate",
        "error-rate 0.004: pass (wants result < 0.01)",
        "[waiting] approval sre",
        "1 of: sre (bo, cy), not ana@jump",
        "way back\n",
        "qd release follow 0199aa01",
    ):
        assert words in result.out
    assert all(len(line) <= 80 for line in result.out.splitlines())


def test_json_has_the_samples_and_the_words_of_people_as_data(written: Any, qd: Any) -> None:
    baking(written).sampled("2", "no_data", None, "nobody came").finished("2").running("3").decided("3", "bo@jump")
    steps = {step["id"]: step for step in qd("release", "show", "0199", "--json").json["release"]["steps"]}
    (gate,) = steps["2"]["measured"]
    assert (gate["verdict"], gate["value"], gate["passed"], gate["no_data"]) == ("no_data", None, 1, 1)
    assert [one["by"] for one in steps["3"]["decisions"]] == ["bo@jump"]
    assert steps["1"] | {"kind": "write", "command": "qd shift production/checkout staging=5"} == steps["1"]


def test_what_made_a_release_go_back_is_still_told_when_it_is_over(written: Any, qd: Any) -> None:
    log = written.release(canary(background=("error-rate",))).done("1").sampled("*", "fail", 0.3)
    log("recovering", why="error-rate failed", steps=["1"])
    log.ended("rolled_back", "error-rate failed")
    (gate,) = qd("release", "show", "0199", "--json").json["release"]["background"]
    assert (gate["verdict"], gate["value"]) == ("fail", 0.3)
    assert "error-rate 0.3: FAIL" in qd("release", "show", "0199").out


def test_after_an_undo_to_a_step_it_is_paused_there_and_what_comes_again_is_next(written: Any, qd: Any) -> None:
    program = Run(("migrate",))
    steps = (*canary().steps[:1], ReleaseStep("2", CHECKOUT, program, "run migrate"), *canary().steps[2:])
    log = written.release(canary(steps=steps)).done("1", "2", "3").running("4")
    log("ordered", "ana@jump", order="undo", step="1", reason="")
    log("recovering", why="undo by ana@jump", steps=["4", "3", "2"], to="1")
    for step in ("4", "3"):
        log("step_undone", step=step, detail="comes again")
    assert qd("release", "show", "0199", "--json").json["release"]["state"] == "recovering"
    log("ordered", order="pause", step="", reason="undone to step 1")
    release = qd("release", "show", "0199", "--json").json["release"]
    assert (release["state"], release["current"]) == ("paused", "3")
    assert "qd release resume 0199aa01" in qd("release", "show", "0199").out


@pytest.mark.parametrize("wanted", ["0199aa01", "0199", "production/checkout"])
def test_a_release_is_found_by_its_id_its_beginning_or_its_target(written: Any, qd: Any, wanted: str) -> None:
    baking(written)
    assert qd("release", "show", wanted, "--json").json["release"]["id"] == "0199aa01"


def test_the_beginning_of_an_id_need_only_be_unique_among_the_open_ones_for_an_order(written: Any, qd: Any) -> None:
    baking(written)
    written.release(canary(id="0199cc03")).ended("failed", "nothing changed")
    assert qd("release", "show", "0199").code == 2
    assert "add --yes" in qd("release", "abort", "0199").err


def test_a_release_of_flags_says_that_no_build_moves(written: Any, qd: Any) -> None:
    flag = TargetId("production", "new-cart", flag=True)
    step = ReleaseStep("1", CHECKOUT, Write(FlagChange(flag, enabled=True)), "new-cart on")
    written.release(canary(members=(Member(CHECKOUT, "", "2.14.3", "flags"),), steps=(step,)))
    assert "2.14.3, no build moves  by flags" in qd("release", "show", "0199aa01").out
    assert "checkout 2.14.3, no build moves" in qd("history").out


def test_a_release_of_a_flag_is_found_by_the_flag(written: Any, qd: Any) -> None:
    flag = TargetId("production", "new-cart", flag=True)
    step = ReleaseStep("1", flag, Write(FlagChange(flag, enabled=False)), "new-cart off")
    written.release(canary(members=(Member(flag, "", "", ""),), steps=(step,)))
    for name in ("flag:production/new-cart", "production/new-cart"):
        assert qd("release", "show", name, "--json").json["release"]["id"] == "0199aa01"


def test_a_target_means_its_open_release_before_a_newer_one_that_has_ended(written: Any, qd: Any) -> None:
    baking(written)
    written.release(canary(id="0199cc03")).ended("failed", "nothing changed")
    assert qd("release", "show", "production/checkout", "--json").json["release"]["id"] == "0199aa01"


@pytest.mark.parametrize("wanted", ["nope", "", "production/cart", "flag:"])
def test_what_names_no_release_is_a_usage_error(written: Any, qd: Any, wanted: str) -> None:
    baking(written)
    result = qd("release", "show", wanted)
    assert result.code == 2
    assert result.err


@pytest.mark.parametrize(
    ("ending", "code"), [("succeeded", 0), ("failed", 1), ("rolled_back", 4), ("needs_operator", 5)]
)
def test_how_it_ended_is_the_exit_code(written: Any, qd: Any, ending: str, code: int) -> None:
    written.release().done("1").ended(ending, "so it went")
    for words in (("show",), ("follow",), ("show", "--watch")):
        result = qd("release", *words[:1], "0199", *words[1:])
        assert result.code == code
        assert "so it went" in result.out


def test_what_needs_an_operator_says_what_it_may_be_told(written: Any, qd: Any) -> None:
    stuck(written)
    result = qd("release", "follow", "0199")
    assert result.code == 5
    assert "qd release retry 0199aa01 | qd release abandon 0199aa01" in result.err


def test_following_prints_what_happened_and_gives_up_in_time_without_ending_it(written: Any, qd: Any) -> None:
    asking(written)
    result = qd("release", "follow", "0199", "--timeout", "1s")
    assert result.code == 5
    assert "step_done         step 1: 5% to staging; read back" in result.out
    assert "release 0199aa01 goes on" in result.err
    assert "qd approve 0199aa01" in result.err


def test_waiting_prints_the_end_only(written: Any, qd: Any) -> None:
    asking(written)
    result = qd("release", "follow", "0199", "--wait", "--timeout", "1s", "--json")
    assert result.json["timed_out"] is True
    assert result.json["release"]["state"] == "waiting"
    assert "step_done" not in result.err


@pytest.mark.parametrize("order", [one for one in ORDERS if one not in ("promote_full", "abort", "pause", "undo")])
def test_orders_on_a_protected_environment_want_its_name(written: Any, qd: Any, order: str) -> None:
    stuck(written)
    assert qd("release", order, "0199").code == 2, "nobody is at the terminal"
    assert qd("release", order, "0199", "--yes").code == 2
    assert qd("release", order, "0199", "--yes", "--confirm", "staging").code == 3
    assert written.store.pending() == ()


def test_a_read_only_session_tells_nothing(written: Any, qd: Any) -> None:
    baking(written)
    for words in (("abort", "0199"), ("promote", "0199")):
        assert qd("release", *words, "--yes", "--read-only").code == 3
    assert written.store.pending() == ()


def test_what_has_ended_takes_no_orders(written: Any, qd: Any) -> None:
    written.release().ended("succeeded")
    result = qd("release", "abort", "0199", "--yes")
    assert result.code == 1
    assert "has ended" in result.err


def test_undo_wants_a_step_that_is_there(written: Any, qd: Any) -> None:
    baking(written)
    assert qd("release", "undo", "0199", "--yes").code == 2
    result = qd("release", "undo", "0199", "--to", "9", "--yes", "--confirm", "production")
    assert result.code == 2
    assert "1, 2, 3, 4, 5" in result.err
