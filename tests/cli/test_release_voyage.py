"""Releases through the program as a user or a pipeline has it: real processes, a runner of its own, a sandbox whose
traffic the analyses judge."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import PATIENCE, YES, Qd

pytestmark = pytest.mark.process

CONFIG = """
fleet: little-shop
connections:
  azure: {provider: azure, subscription: 00000000-0000-0000-0000-000000000000, credential: default}
  flags: {provider: azure.app_configuration, endpoint: "https://little-shop.azconfig.io"}
  metrics: {provider: prometheus, url: "http://prometheus.internal:9090"}
groups: {everybody: ["${USER:-root}", root, runner]}
analyses:
  error-rate:
    connection: metrics
    query: >-
      (sum(rate(http_requests_total{site="$site",slot="$slot",code=~"5.."}[1m])) or vector(0))
      / sum(rate(http_requests_total{site="$site",slot="$slot"}[1m]))
    success_condition: "result < 0.05"
    interval: 1s
    timeout: 1m
    skippable_by: [everybody]
approvals:
  second-pair: {required: 1, self_approval: true, skippable_by: [everybody]}
strategies:
  canary: {steps: [{set_weight: 20}, {bake: 3s, analysis: error-rate}, {set_weight: 0}, swap]}
  slow: {steps: [{approval: second-pair}, {set_weight: 20}, pause, {set_weight: 0}]}
  quick: {steps: [swap]}
environments:
  staging: {}
  production: {protected: true, strategy: canary, hotfix: quick, flags: {connection: flags, label: production}}
services:
  checkout: {production: {slots: {connection: azure, resource_group: shop, site: checkout}}}
  payments: {production: {slots: {connection: azure, resource_group: shop, site: payments}}}
  cart: {production: {slots: {connection: azure, resource_group: shop, site: cart}}}
  search: {production: {slots: {connection: azure, resource_group: shop, site: search}}}
"""


@pytest.fixture(scope="module")
def qd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qd]:
    """A little shop in a sandbox, shared by the tests of this file; each keeps to a service of its own."""
    folder: Path = tmp_path_factory.mktemp("shop")
    config = folder / "quarterdeck.yaml"
    config.write_text(CONFIG)
    shop = Qd(folder / "state", config, "--sandbox")
    yield shop
    shop.leave()


def live(qd: Qd, name: str) -> str:
    """The version that users get, read now."""
    return str(_service(qd, name)["versions"][0])


def shares(qd: Qd, name: str) -> Mapping[str, float]:
    """What each slot gets of new clients, read now."""
    return {one["name"]: one["share"] for one in _service(qd, name)["traffic"][0]["shares"]}


def _service(qd: Qd, name: str) -> Any:
    (production,) = qd.json("status", f"production/{name}", "--live")["environments"]
    return next(one for one in production["services"] if one["name"] == name)


def kinds(qd: Qd, release: str) -> list[str]:
    return [event["kind"] for event in qd.json("history", "--release", release)["events"]]


def test_a_canary_judged_by_its_traffic_serves_everybody_in_the_end(qd: Qd) -> None:
    before = live(qd, "checkout")
    result = qd("release", "start", "production/checkout", *YES, "--timeout", "2m")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "error-rate" in result.stdout
    assert "succeeded: " in result.stdout
    after = live(qd, "checkout")
    assert after != before
    assert shares(qd, "checkout") == {"production": 100, "staging": 0}
    release = qd.json("release", "show", "production/checkout")["release"]
    assert release["members"][0] == {
        "target": "production/checkout", "version": after, "previous": before, "strategy": "canary",
    }  # fmt: skip
    assert all(step["state"] == "done" for step in release["steps"])


def test_a_canary_that_fails_its_users_takes_itself_back_and_fails_the_pipeline(qd: Qd) -> None:
    before = live(qd, "payments")
    bad = {"version": "9.9.9", "image": "contoso.azurecr.io/payments:9.9.9", "error_rate": 0.4}
    qd.control("builds", {"site": "payments", "slot": "staging", "build": bad})
    qd.control("clock/advance", {"seconds": 120})
    qd.done("status", "--live")
    result = qd("release", "start", "production/payments", *YES, "--wait", "--json", "--timeout", "2m")
    assert result.returncode == 4, result.stdout + result.stderr
    release = json.loads(result.stdout)["release"]
    assert release["ending"] == "rolled_back"
    assert release["members"][0]["version"] == "9.9.9"
    assert "error-rate" in release["detail"]
    (measured,) = release["steps"][1]["measured"]
    assert (measured["verdict"], measured["value"] > 0.2) == ("fail", True)
    assert live(qd, "payments") == before
    assert shares(qd, "payments") == {"production": 100, "staging": 0}
    told = qd.done("history", "--release", release["id"])
    assert "FAIL" in told
    assert "release.recovering" in told
    report = qd.json("report", release["id"])["report"]
    assert (report["moved"][0]["version"], report["ending"], report["asked"]["reason"]) == (
        "9.9.9", "rolled_back", "a test",
    )  # fmt: skip
    assert [point["value"] for point in report["shares"][0]["points"]] == [0, 20, 0]
    (gate,) = report["gates"]
    assert gate["samples"][-1]["verdict"] == "fail"
    assert report["steps"][0]["attempts"][0]["undo"]
    assert (report["evidence"]["faults"], report["evidence"]["lines"] > 10) == ([], True)
    (failure,) = qd.json("report", "--dora", "production/payments")["dora"]["failures"]
    assert (failure["id"], failure["restored_in"] >= 0) == (release["id"], True)


def test_people_answer_and_a_dead_line_and_a_dead_runner_change_nothing(qd: Qd) -> None:
    release = qd.done("release", "start", "production/cart", "--strategy", "slow", *YES, "--no-wait").strip()
    asked = next(one for one in qd.json("gates")["inbox"] if one["release"] == release)
    assert (asked["kind"], asked["needs_a_person"]) == ("approval", True)
    assert qd("swap", "production/cart", *YES).returncode == 3, "its target belongs to the release"
    qd.done("approve", f"{release}/1", "--yes", "--reason", "looks fine")

    looking = qd.start("release", "follow", release)
    assert looking.stdout
    assert any("pause" in line for line in iter(looking.stdout.readline, ""))
    looking.send_signal(signal.SIGINT)
    _, err = looking.communicate(timeout=PATIENCE)
    assert looking.returncode == 130, err
    assert "goes on" in err

    os.kill(qd.json("runner", "--status")["pid"], signal.SIGKILL)
    result = qd("release", "promote", release, *YES, "--wait", "--timeout", "2m")
    assert result.returncode == 0, result.stdout + result.stderr
    happened = kinds(qd, release)
    assert "release.adopted" in happened
    assert happened.count("operation.started") == 2, "each write once"


def test_out_of_patience_is_not_the_end_and_an_abort_is(qd: Qd) -> None:
    result = qd("release", "start", "production/search", "--strategy", "slow", *YES, "--timeout", "1s")
    assert result.returncode == 5
    assert "goes on" in result.stderr
    release = qd.json("release", "show", "production/search")["release"]["id"]
    qd.done("approve", release, "--yes")
    assert qd("release", "start", "production/search", *YES).returncode == 3
    aborted = qd("release", "abort", "production/search", "--yes", "--reason", "changed my mind")
    assert aborted.returncode == 0, aborted.stdout + aborted.stderr
    assert shares(qd, "search") == {"production": 100, "staging": 0}
    assert qd("release", "follow", release).returncode == 4


def test_a_flip_that_nobody_confirms_flips_back(qd: Qd) -> None:
    def enabled() -> bool:
        flags = qd.json("status", "production", "--live")["environments"][0]["flags"]
        return bool(next(one for one in flags if one["name"] == "FastCart")["enabled"])

    result = qd("flag", "off", "production/FastCart", "--confirm-within", "1s", *YES)
    assert result.returncode == 4, result.stdout + result.stderr
    assert "not confirmed" in result.stdout
    assert enabled()
    release = qd.done("flag", "off", "production/FastCart", "--confirm-within", "10m", *YES, "--detach").strip()
    assert "release.ended" not in kinds(qd, release)
    confirmed = qd("release", "confirm", release, *YES, "--wait", "--timeout", "1m")
    assert confirmed.returncode == 0, confirmed.stdout + confirmed.stderr
    assert not enabled()


def test_a_hotfix_goes_through_a_freeze_on_record_and_leaves_its_debts(qd: Qd) -> None:
    before = live(qd, "search")
    qd.done("freeze", "production", "--for", "1h", "--reason", "an audit")
    frozen = qd("release", "start", "production/search", *YES)
    assert frozen.returncode == 3
    assert "an audit" in frozen.stderr
    words = ("hotfix", "start", "search", "--ref", "abc123", "--override", "users can't search", *YES)
    result = qd(*words, "--timeout", "2m")
    assert result.returncode == 0, result.stdout + result.stderr
    assert live(qd, "search") != before
    assert "guard.overridden" in kinds(qd, qd.json("release", "show", "production/search")["release"]["id"])
    debts = qd.json("hotfix", "debts")["debts"]
    assert any("abc123" in debt["text"] for debt in debts)
    for debt in debts:
        qd.done("hotfix", "pay", debt["id"], "--evidence", "merged in PR 7")
    assert qd.json("hotfix", "debts")["debts"] == []
    qd.done("freeze", "lift", "production", "--reason", "the audit is over")


def test_the_conn_is_taken_shown_and_given(qd: Qd) -> None:
    qd.done("conn", "take", "production", "--reason", "release day")
    (conn,) = qd.json("conn")["conns"]
    assert (conn["scope"], conn["reason"]) == ("production", "release day")
    qd.done("conn", "give", "production")
    assert qd.json("conn")["conns"] == []


def test_the_journal_of_all_this_is_intact(qd: Qd) -> None:
    assert "intact" in qd.done("history", "--verify")
