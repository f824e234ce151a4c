"""Rollouts as their makers have published them are read as what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.providers.kubernetes import blue_green, canary
from quarterdeck.providers.kubernetes.rollouts import Rollout, hashes_of, rollout_of, version_of
from quarterdeck.release.survey import FORBIDS_SWAP
from quarterdeck.testing.conformance import require_printable


def document(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(__file__).parent / "examples" / f"rollout-{name}.json").read_text())
    return found


def example(name: str, **pods: tuple[str, int, int]) -> Rollout:
    """With pods by hash: image, wanted, available."""
    uid = document(name)["metadata"]["uid"]
    sets = [
        {
            "metadata": {"labels": {"rollouts-pod-template-hash": hash_}, "ownerReferences": [{"uid": uid}]},
            "spec": {"replicas": wanted, "template": {"spec": {"containers": [{"name": "web", "image": image}]}}},
            "status": {"availableReplicas": available},
        }
        for hash_, (image, wanted, available) in pods.items()
    ]
    return rollout_of(document(name), sets)


def split(reading: TrafficReading) -> dict[str, float]:
    require_printable(reading, "reading")
    return {one.name: round(one.share, 1) for one in reading.destinations}


def test_a_canary_whose_image_doesnt_exist_gets_nobody_and_says_why() -> None:
    pods = {
        "877894d5b": ("argoproj/rollouts-demo:red", 5, 5),
        "65fb5ffc84": ("argoproj/rollouts-demo:does-not-exist", 1, 0),
    }
    rollout = example("canary", **pods)
    reading = canary.reading_of(rollout)
    assert split(reading) == {"stable": 100, "canary": 0}
    assert [(one.health, one.status) for one in reading.destinations] == [
        ("healthy", "red, 5/5 available"),
        ("unhealthy", "does-not-exist, 0/1 available"),
    ]
    assert "timed out progressing" in reading.status
    assert canary.desired(rollout) == 20
    assert set(canary.moves(rollout)[0].values()) == {"abort", "in full"}


def test_one_that_waits_after_an_inconclusive_analysis_can_be_overruled() -> None:
    rollout = example("paused", f6db98dff=("demo:1", 3, 3), **{"6f646bf7b7": ("demo:yellow", 1, 1)})
    assert split(canary.reading_of(rollout)) == {"stable": 75, "canary": 25}
    assert rollout.pauses == ("InconclusiveAnalysisRun",)
    assert canary.moves(rollout)[0] == {0: "abort", 100: "promote"}
    assert {risk.code for risk in canary.risks_of(rollout)} == {"inconclusive", "skips-steps", "no-way-back"}
    patch = canary.patch_of("promote", rollout)
    assert patch["status"] == {"pauseConditions": None, "controllerPause": False, "currentStepIndex": 2}
    assert patch["metadata"] == {"resourceVersion": "29424125"}


def test_one_that_was_aborted_can_only_be_tried_again() -> None:
    rollout = example("aborted", **{"7d84d44bb8": ("demo:blue", 1, 1), "db976bc44": ("demo:yellow", 0, 0)})
    reading = canary.reading_of(rollout)
    assert split(reading) == {"stable": 100, "canary": 0}
    assert reading.status.startswith('aborted, step 1 of 2, metric "web" assessed Failed')
    assert canary.moves(rollout)[0] == {10: "retry"}


def test_a_blue_green_one_waits_to_be_promoted() -> None:
    pods = {"6cbccd9f99": ("argoproj/rollouts-demo:blue", 3, 3), "74b948fccb": ("argoproj/rollouts-demo:green", 3, 3)}
    rollout = example("bluegreen", **pods)
    production, staging = blue_green.slots_of(rollout).slots
    assert (production.build and production.build.version, staging.build and staging.build.version) == ("blue", "green")
    assert (production.host, staging.host) == ("bluegreen-demo", "bluegreen-demo-preview")
    assert FORBIDS_SWAP not in {risk.code for risk in blue_green.risks_of(rollout)}


def test_only_the_versions_that_matter_are_asked_for() -> None:
    assert hashes_of([document("bluegreen"), document("canary")]) == [
        "74b948fccb", "6cbccd9f99", "65fb5ffc84", "877894d5b",
    ]  # fmt: skip


def test_the_version_is_the_tag_of_the_image_or_the_beginning_of_its_digest() -> None:
    assert version_of("registry.example:5000/shop/web:2.14.3") == "2.14.3"
    assert version_of("shop/web:2.14.3@sha256:0123456789abcdef") == "2.14.3"
    assert version_of("registry.example:5000/shop/web@sha256:0123456789abcdef") == "0123456789ab"
    assert version_of("registry.example:5000/shop/web") == ""


def test_garbage_in_a_status_is_no_crash() -> None:
    strange = {"metadata": {"name": "x\x1b[2J", "uid": None}, "spec": {"strategy": {"canary": None}, "replicas": "5"},
               "status": {"currentPodHash": "a)b", "stableRS": ["x"], "canary": 7, "pauseConditions": [{}],
                          "conditions": [{}], "currentStepIndex": "2"}}  # fmt: skip
    rollout = rollout_of(strange)
    assert hashes_of([strange]) == []
    require_printable(canary.reading_of(rollout), "reading")
    assert canary.moves(rollout)[0] == {}
