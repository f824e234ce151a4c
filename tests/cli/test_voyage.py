"""The program as a user has it: real processes, a sandbox, a runner, and one command after the other."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import PATIENCE, YES, Qd

from quarterdeck import paths

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def qd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qd]:
    """Contoso's shop in a sandbox, shared by the tests of this file; each keeps to a service of its own."""
    state = tmp_path_factory.mktemp("state")
    shop = Qd(state, paths.shared_dir("sample-configs") / "contoso-shop.yaml", "--sandbox")
    yield shop
    shop.leave()


def service(status: Mapping[str, Any], target: str) -> Mapping[str, Any]:
    services = (one for environment in status["environments"] for one in environment["services"])
    return next(one for one in services if one["target"] == target)


def flag(qd: Qd, name: str) -> Mapping[str, Any]:
    flags = qd.json("flag", "list", "production")["environments"]["production"]
    return next(one for one in flags if one["name"] == name)


def test_status_sees_the_whole_fleet_and_nothing_is_in_trouble(qd: Any) -> None:
    status = qd.json("status")
    assert status["fleet"] == "contoso-shop"
    assert status["runner"]["alive"]
    checkout = service(status, "production/checkout")
    assert [region["name"] for region in checkout["regions"]] == ["westeurope", "northeurope"]
    assert all(slot["version"] for region in checkout["regions"] for slot in region["slots"])
    assert not [item for item in status["attention"] if item["state"] == "trouble"]


def test_a_plan_shows_what_would_change_and_changes_nothing(qd: Any) -> None:
    before = service(qd.json("status"), "production/cart")["versions"]
    made = qd.json("plan", "swap", "production/cart")["plan"]
    assert made["type_to_confirm"] == "production"
    assert made["way_back"]["possible"]
    assert len(made["steps"]) == 2
    assert made["command"] == "qd swap production/cart"
    assert service(qd.json("status", "--live"), "production/cart")["versions"] == before
    assert not [one for one in qd.json("operation")["operations"] if one["target"] == "production/cart"]


def test_a_killed_command_does_not_stop_its_operation(qd: Any) -> None:
    before = service(qd.json("status"), "production/payments")["versions"]
    command = qd.start("swap", "production/payments", *YES)
    assert command.stdout
    assert any("step.accepted" in line for line in iter(command.stdout.readline, ""))
    command.kill()
    command.communicate()

    operation = next(one for one in qd.json("operation")["operations"] if one["target"] == "production/payments")
    assert operation["state"] == "running"
    assert "succeeded" in qd.done("operation", operation["id"], "--follow")
    after = service(qd.json("status", "--live"), "production/payments")["versions"]
    assert after != before
    assert (
        len([e for e in qd.json("history", "--target", "production/payments")["events"] if "accepted" in e["kind"]])
        == 1
    )


def test_a_runner_that_is_killed_is_replaced_and_the_next_one_ends_its_work(qd: Any) -> None:
    command = qd.start("swap", "staging/checkout", "--yes")
    assert command.stdout
    assert any("step.accepted" in line for line in iter(command.stdout.readline, ""))
    killed = qd.json("runner", "--status")
    os.kill(killed["pid"], signal.SIGKILL)
    out, err = command.communicate(timeout=PATIENCE)
    assert command.returncode == 0, out + err
    assert "operation.adopted" in out
    assert "succeeded" in out
    assert qd.json("runner", "--status")["holder"] != killed["holder"]
    kinds = [one["kind"] for one in qd.json("history", "--target", "staging/checkout")["events"]]
    assert kinds.count("step.intended") == 1, "it was sent once"


def test_interrupting_a_command_ends_the_looking_and_not_the_operation(qd: Any) -> None:
    command = qd.start("swap", "staging/payments", "--yes")
    assert command.stdout
    assert any("step.accepted" in line for line in iter(command.stdout.readline, ""))
    command.send_signal(signal.SIGINT)
    _, err = command.communicate(timeout=PATIENCE)
    assert command.returncode == 130
    assert "goes on" in err
    operation = next(one for one in qd.json("operation")["operations"] if one["target"] == "staging/payments")
    assert qd("swap", "staging/payments", "--yes").returncode == 3, "its target is in use"
    assert "succeeded" in qd.done("operation", operation["id"][:16], "--follow")


def test_traffic_shifts_and_rolls_back(qd: Any) -> None:
    def shares() -> Mapping[str, float]:
        split = service(qd.json("status", "--live"), "production/checkout")["traffic"][0]
        return {one["name"]: one["share"] for one in split["shares"]}

    before = shares()
    qd.done("shift", "production/checkout", "westeurope=80", *YES)
    assert shares() == {"westeurope": 80, "northeurope": 20}
    qd.done("rollback", "production/checkout", *YES)
    assert shares() == before


def test_a_flag_goes_off_and_back(qd: Any) -> None:
    qd.done("flag", "off", "production/FastCart", *YES)
    qd.done("status", "--live")
    assert flag(qd, "FastCart")["enabled"] is False
    qd.done("rollback", "flag:production/FastCart", *YES)
    qd.done("status", "--live")
    assert flag(qd, "FastCart")["enabled"] is True


@pytest.mark.parametrize(
    "words", [("flag", "off", "production/PayLater"), ("shift", "staging/payments", "production=100")]
)
def test_a_line_may_be_run_again_when_all_is_as_it_wants_it(qd: Any, words: Any) -> None:
    result = qd(*words, *YES)
    assert result.returncode == 0, result.stderr
    assert "already" in result.stderr
    assert "nothing to do" in result.stderr
    assert qd.json(*words, *YES)["kind"] == "unchanged"
    assert qd.json("plan", *words)["kind"] == "unchanged"


def test_a_detached_command_returns_with_the_operation(qd: Any) -> None:
    started = qd.json("flag", "rollout", "10", "staging/FastCart", "--yes", "--detach")
    assert qd.done("operation", started["operation"], "--follow")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("swap", "production/cart"), 2),
        (("swap", "production/cart", "--yes"), 2),
        (("swap", "production/cart", "--yes", "--confirm", "staging"), 3),
        (("--read-only", "swap", "production/cart", *YES), 3),
        (("swap", "production/nothing", *YES), 2),
        (("flag", "on", "production/NoSuchFlag", *YES), 1),
    ],
)
def test_what_may_not_be_done_is_not_done(qd: Any, words: Any, code: Any) -> None:
    seen = qd.json("history")["events"][-1]["seq"]
    result = qd(*words)
    assert result.returncode == code, result.stderr
    assert result.stderr.strip()
    events = qd.json("history")["events"]
    assert not [one for one in events if one["seq"] > seen and one["kind"] == "operation.started"]


def test_check_finds_nothing_to_mend(qd: Any) -> None:
    checks = qd.json("check")["checks"]
    assert {"configuration", "store", "connection azure", "connection flags"} <= {one["area"] for one in checks}
    assert all(one["works"] for one in checks)


def test_the_journal_of_all_this_is_intact_and_tells_why(qd: Any) -> None:
    ended = qd.json("flag", "rollout", "33", "staging/FastCart", "--yes", "--reason", "for the journal")
    assert ended["operation"]["state"] == "succeeded"
    assert "intact" in qd.done("history", "--verify")
    assert "for the journal" in qd.done("history")


def test_a_configuration_that_can_not_be_used_is_told_with_its_place(tmp_path: Path) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text("fleet: shop\nservises: {}\n")
    result = Qd(tmp_path / "state", config)("status")
    assert result.returncode == 2
    assert f"{config}:2" in result.stderr
    assert "Traceback" not in result.stderr


def test_systems_that_do_not_answer_are_told_as_unreachable(tmp_path: Path) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(
        """
fleet: far-away
connections:
  azure:
    provider: azure
    cloud: {resource_manager: "https://127.0.0.1:9", authority: "https://127.0.0.1:9"}
    tenant: 00000000-0000-0000-0000-000000000000
    subscription: 00000000-0000-0000-0000-000000000000
    credential: client_secret
    client_id: 00000000-0000-0000-0000-000000000000
    client_secret: ${env:SOME_SECRET}
environments: {production: {}}
services:
  checkout: {production: {slots: {connection: azure, resource_group: shop, site: checkout}}}
"""
    )
    far_away = Qd(tmp_path / "state", config)
    far_away.environment["SOME_SECRET"] = "not a real one"
    try:
        result = far_away("status")
        assert result.returncode == 7, result.stdout + result.stderr
        assert "unreachable" in result.stdout
    finally:
        far_away("runner", "--stop")


def test_a_run_that_waits_is_approved_and_another_one_started(qd: Any) -> None:
    (pipeline,) = qd.json("pipelines", "shop")["pipelines"]
    waiting = next(run for run in pipeline["runs"] if run["state"] == "waiting")
    (wait,) = waiting["waits"]
    assert qd("approve", wait["wait"], "--yes").returncode == 2, "production is protected"
    assert "approved by quarterdeck: a test" in qd.done("approve", wait["wait"], *YES)
    again = qd("approve", wait["wait"], *YES)
    assert (again.returncode, "approved already by quarterdeck" in again.stderr) == (0, True)
    assert "succeeded" in qd.done("run", "shop", "--input", "version=9", "--yes")
    names = [
        run["title"] for run in qd.json("pipelines")["pipelines"][0]["runs"] if run["event"] == "workflow_dispatch"
    ]
    assert len(names) == 1
