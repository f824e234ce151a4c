"""What deploying needs, what it warns of, and when it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.release.surveys import CHECKOUT, SLOTS, codes, outline, refusal, slot

from quarterdeck.fleet.readings import SwapRecord
from quarterdeck.release.action import Deploy
from quarterdeck.release.deploy import Berth, artifact_for, plan_deploy, plan_deploys, plan_undo
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_deploy
from quarterdeck.release.survey import DeploySurvey

OLD, NEW = "shop.azurecr.io/checkout:2.14.3", "shop.azurecr.io/checkout:2.15.0"
PACKAGE = "https://shop.example/2.15.0.zip"
ACTION = Deploy(CHECKOUT, "2.15.0")


def image(**more: Any) -> DeploySurvey:
    """Staging runs the image of 2.14.3."""
    found = more.pop("slot", slot("staging", "2.14.3"))
    return DeploySurvey(**{"slot": found, "artifact": OLD, "seconds": 60, "facts": {"takes": "image"}, **more})


def package(**more: Any) -> DeploySurvey:
    """Staging holds a package of 2.14.3, of which only a record is known."""
    return image(**{"artifact": "", "facts": {"takes": "package", "record": "d1"}, **more})


def step(survey: DeploySurvey, artifact: str) -> Step:
    return outline(plan_deploy(ACTION, SLOTS, survey, artifact)).steps[0]


def test_an_image_is_put_in_and_the_old_one_is_the_way_back() -> None:
    found = outline(plan_deploy(ACTION, SLOTS, image(), NEW))
    planned = found.steps[0]
    assert {**planned.change, "slot": "staging", "artifact": NEW, "version": "2.15.0"} == planned.change
    assert (planned.before["artifact"], planned.before["version"], planned.repeatable) == (OLD, "2.14.3", True)
    assert planned.undo is not None
    assert planned.undo["artifact"] == OLD
    assert (found.fuse.possible, found.fuse.how) == (True, f"deploy {OLD} to staging again")
    assert found.who_feels_it.startswith("nobody but those who use staging")
    assert not found.risks


def test_a_package_is_sent_once_and_nobody_tells_what_was_there_before() -> None:
    found = outline(plan_deploy(ACTION, SLOTS, package(), PACKAGE))
    assert (found.steps[0].repeatable, found.steps[0].undo, found.fuse.possible) == (False, None, False)
    assert refusal(plan_undo(found.steps[0], SLOTS, package())).code == "impossible"


@pytest.mark.parametrize(
    ("survey", "artifact", "code", "says"),
    [
        (image(), "", "usage", "nothing says what 2.15.0"),
        (image(), PACKAGE, "impossible", "takes a container image"),
        (package(), NEW, "impossible", "takes a package"),
        (package(), f"{PACKAGE}?sig=abc", "usage", "signature"),
        (package(), "https://ana:secret@shop.example/2.zip", "usage", "password"),
        (image(artifact=NEW), NEW, "unchanged", "holds 2.15.0 already"),
        (package(slot=slot("staging", "2.15.0")), PACKAGE, "unchanged", "holds 2.15.0 already"),
        (image(live=True), NEW, "impossible", "users reach this slot"),
        (image(slot=slot("staging", operation="op-7")), NEW, "impossible", "op-7"),
        (image(slot=slot("staging", preview_from="green")), NEW, "impossible", "swap of green into staging"),
        (image(facts={"takes": "image", "prepared_for": "production"}), NEW, "impossible", "staging into production"),
    ],
)
def test_what_is_refused(survey: DeploySurvey, artifact: str, code: str, says: str) -> None:
    found = refusal(plan_deploy(ACTION, SLOTS, survey, artifact))
    assert (found.code, says in found.message) == (code, True), found.message
    assert "sig=" not in found.message
    assert "secret" not in found.message


def test_the_slot_that_users_reach_must_be_named_and_is_dangerous() -> None:
    live = image(slot=slot("production", "2.14.3"), live=True)
    found = outline(plan_deploy(Deploy(CHECKOUT, "2.15.0", "production"), SLOTS, live, NEW))
    assert codes(found) == {"deploys-live": "danger"}
    assert found.who_feels_it == "the clients of production/checkout that production serves: it restarts"


def test_what_else_acts_on_the_slot_is_told() -> None:
    troubled = slot(
        "staging",
        "2.14.3",
        running=False,
        auto_swap_to="production",
        deploys_from="GitHub",
        last_swap=SwapRecord("t", "staging", "production"),
    )
    found = outline(plan_deploy(ACTION, SLOTS, image(slot=troubled), "shop.azurecr.io/checkout:latest"))
    assert codes(found) == {
        "auto-swap": "danger",
        "deploys-by-itself": "warning",
        "stopped": "warning",
        "way-back": "warning",
        "other-version": "warning",
    }


def test_places_that_hold_it_already_are_left_alone_and_one_that_cannot_take_it_refuses_all() -> None:
    berths = [Berth(SLOTS, image(artifact=NEW)), Berth(SLOTS, image())]
    assert [one.id for one in outline(plan_deploys(ACTION, berths, NEW)).steps] == ["1"]
    assert refusal(plan_deploys(ACTION, berths[:1], NEW)).code == "unchanged"
    assert refusal(plan_deploys(ACTION, [*berths, Berth(SLOTS, image(live=True))], NEW)).code == "impossible"


def test_the_template_of_the_service_is_filled_and_what_is_named_wins() -> None:
    assert artifact_for(ACTION, "registry/$service:$version") == "registry/checkout:2.15.0"
    assert artifact_for(Deploy(CHECKOUT, "2.15.0", "", "other:1"), "registry/$service:$version") == "other:1"
    with pytest.raises(ValueError, match="nonsense"):
        artifact_for(ACTION, "registry/$nonsense")


def settled(planned: Step, artifact: str, version: str = "", record: str = "", operation: str = "") -> Settlement:
    return settle_deploy(planned, slot("staging", version, operation=operation), artifact, record)


@pytest.mark.parametrize(
    ("artifact", "operation", "state"),
    [
        (NEW, "", "done"),
        (NEW, "op", "running"),
        (OLD, "", "not_done"),
        (OLD, "op", "running"),
        ("other:1", "", "changed_by_other"),
        ("other:1", "op", "changed_by_other"),
    ],
)
def test_an_image_is_settled_by_its_name(artifact: str, operation: str, state: str) -> None:
    assert settled(step(image(), NEW), artifact, "2.14.3", operation=operation).state == state


@pytest.mark.parametrize(
    ("record", "version", "state"),
    [
        ("d1", "2.14.3", "unclear"),
        ("d2", "2.15.0", "done"),
        ("d2", "", "done"),
        ("d2", "9.9.9", "changed_by_other"),
    ],
)
def test_a_package_is_settled_by_the_record_in_force(record: str, version: str, state: str) -> None:
    assert settled(step(package(), PACKAGE), "", version, record).state == state


def test_going_back_tells_what_somebody_else_put_there_meanwhile() -> None:
    done = step(image(), NEW)
    assert outline(plan_undo(done, SLOTS, image(artifact=NEW))).steps[0].change["artifact"] == OLD
    assert outline(plan_undo(done, SLOTS, image())).steps == ()
    other = image(artifact="other:1", slot=slot("staging", "1"))
    assert codes(outline(plan_undo(done, SLOTS, other)))["changed-since"] == "danger"


def test_the_package_of_the_version_before_is_known_by_the_services_template() -> None:
    template = "https://shop.example/$version.zip"
    found = outline(plan_deploys(ACTION, [Berth(SLOTS, package())], PACKAGE, template))
    done = found.steps[0]
    assert done.undo is not None
    assert (done.undo["artifact"], done.before["artifact"]) == ("https://shop.example/2.14.3.zip", "")
    assert found.fuse.how == "deploy https://shop.example/2.14.3.zip to staging again"
    way_back = outline(plan_undo(done, SLOTS, package(slot=slot("staging", "2.15.0"))))
    assert not way_back.risks
    assert codes(outline(plan_undo(done, SLOTS, package(slot=slot("staging", "9.9.9")))))["changed-since"] == "danger"
    back = way_back.steps[0]
    assert (back.change["version"], back.change["artifact"]) == ("2.14.3", "https://shop.example/2.14.3.zip")


@pytest.mark.parametrize(("held", "template"), [("1f2e3d4c5b6a", "https://shop.example/$version.zip"), ("2.14.3", "")])
def test_the_name_of_a_record_is_no_version_to_go_back_to(held: str, template: str) -> None:
    survey = package(slot=slot("staging", held))
    assert outline(plan_deploys(ACTION, [Berth(SLOTS, survey)], PACKAGE, template)).steps[0].undo is None
