"""What App Service writes about a slot, read for what it runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from quarterdeck.providers.azure.app_service.documents import image_tag, seconds, slot_reading, slots_reading
from quarterdeck.providers.azure.app_service.versions import deployed, version_of


def document(name: str = "shop/staging", **properties: Any) -> dict[str, Any]:
    return {"name": name, "properties": {"state": "Running", **properties}}


@pytest.mark.parametrize(
    ("stack", "tag"),
    [
        ("DOCKER|registry.example/shop:2.15.0", "2.15.0"),
        ("docker|registry.example:5000/team/shop:1.0-rc.1", "1.0-rc.1"),
        ("DOCKER|registry.example:5000/shop", "latest"),
        ("DOCKER|shop@sha256:0123456789abcdef0123", "0123456789ab"),
        ("NODE|22-lts", ""),
        ("COMPOSE|dmVyc2lvbjogIjMi", ""),
        ("DOCKER|", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_version_of_a_container_is_the_tag_of_its_image(stack: str | None, tag: str) -> None:
    assert image_tag(document(siteConfig={"linuxFxVersion": stack})) == tag


@pytest.mark.parametrize(
    ("message", "version"),
    [
        ("Deploy 2.15.0", "2.15.0"),
        ("release v3.1.4-rc.2 by ana", "v3.1.4-rc.2"),
        (json.dumps({"type": "deployment", "buildNumber": "20261122.3", "commitId": "abc"}), "20261122.3"),
        (json.dumps({"type": "deployment", "sha": "0123456789abcdef0123456789abcdef01234567"}), "0123456789ab"),
        ("OneDeploy", "f00dfeedbeef"),
        ("", "f00dfeedbeef"),
        ("[1, 2]", "f00dfeedbeef"),
    ],
)
def test_the_version_of_code_is_what_its_deployment_calls_itself(message: str, version: str) -> None:
    assert version_of({"name": "f00dfeedbeef0123", "message": message}) == version


def test_the_active_deployment_counts_else_the_newest_that_succeeded() -> None:
    old = {"name": "a", "message": "1.0.0", "status": 4, "end_time": "2026-11-22T10:00:00Z"}
    new = {"name": "b", "message": "2.0.0", "status": 4, "end_time": "2026-11-22T11:00:00Z"}
    failed = {"name": "c", "message": "3.0.0", "status": 3, "end_time": "2026-11-22T12:00:00Z"}

    assert deployed([old, new, failed])[0] == "2.0.0"
    assert deployed([{**old, "active": True}, new, failed])[0] == "1.0.0"
    assert deployed([failed]) == ("", None)
    assert deployed([]) == ("", None)


def test_a_slot_that_was_never_swapped_and_says_little_is_read_all_the_same() -> None:
    reading = slot_reading({"name": "shop", "properties": None}, None)

    assert (reading.name, reading.running, reading.health, reading.last_swap) == (
        "production",
        False,
        "unhealthy",
        None,
    )


def test_a_running_slot_isnt_called_healthy_because_nobody_looked_at_the_app() -> None:
    assert slot_reading(document(), None).health == "unknown"
    assert slot_reading(document(availabilityState="Limited"), None).health == "unhealthy"


def test_production_comes_first_whatever_the_others_are_called() -> None:
    slots = [slot_reading(document(name), None) for name in ("shop/zeta", "shop", "shop/Alpha")]

    assert [slot.name for slot in slots_reading(slots).slots] == ["production", "Alpha", "zeta"]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-07-15T06:56:57.454Z", 1752562617.454),
        ("2025-07-15T06:56:57.43", 1752562617.43),
        ("soon", None),
        (None, None),
    ],
)
def test_times_without_a_zone_are_utc(text: object, moment: float | None) -> None:
    assert seconds(text) == moment
