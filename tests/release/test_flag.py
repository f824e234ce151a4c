"""Planning a change of a flag."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.release.surveys import BANNER, FLAGS, codes, flag, outline, refusal

from quarterdeck.fleet.readings import Audience, FlagReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag import plan_flag, shared
from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.survey import FlagLimits, FlagSurvey


def test_what_is_not_named_stays() -> None:
    survey = flag(percent=25.0, audience=(Audience("ring0", 100),))
    (step,) = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, survey)).steps
    assert step.after == {"enabled": False, "percent": 25.0, "audience": {"ring0": 100}}
    assert step.before == {"enabled": True, "percent": 25.0, "audience": {"ring0": 100}, "etag": "e1"}
    assert step.change["name"] == "banner"


def test_rings_replace_rings() -> None:
    action = FlagChange(BANNER, audience=(Audience("early", 50),))
    (step,) = outline(plan_flag(action, FLAGS, flag(audience=(Audience("ring0", 100),)))).steps
    assert step.after["audience"] == {"early": 50.0}


WHOLE = FlagLimits(percent_step=1, audience=False)
SWITCH = FlagLimits(percent=False, audience=False, why="a switch knows on and off only")


@pytest.mark.parametrize(
    ("limits", "action", "words"),
    [
        (WHOLE, FlagChange(BANNER, percent=12.5), "12.5% is finer than the flag store can: it takes steps of 1%"),
        (WHOLE, FlagChange(BANNER, audience=(Audience("early", 50),)), "no groups (early)"),
        (WHOLE, FlagChange(BANNER, admit=(Audience("early", 50),)), "no groups (early)"),
        (SWITCH, FlagChange(BANNER, percent=50), "a switch knows on and off only"),
    ],
)
def test_what_a_store_cannot_express_is_refused(limits: FlagLimits, action: FlagChange, words: str) -> None:
    survey = replace(flag(percent=25.0, audience=(Audience("ring0", 33.3),)), limits=limits)
    assert words in refusal(plan_flag(action, FLAGS, survey)).message


def test_what_a_store_cannot_express_and_nobody_touches_stays() -> None:
    survey = replace(flag(percent=12.5, audience=(Audience("ring0", 33.3),)), limits=WHOLE)
    (step,) = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, survey)).steps
    assert step.after == {"enabled": False, "percent": 12.5, "audience": {"ring0": 33.3}}
    assert outline(plan_flag(FlagChange(BANNER, percent=29), FLAGS, survey))


@pytest.mark.parametrize(
    ("action", "survey", "after"),
    [
        (FlagChange(BANNER, enabled=True), flag(enabled=False), (100.0, {})),
        (FlagChange(BANNER, admit=(Audience("early", 50),)), flag(enabled=False, percent=5.0), (0.0, {"early": 50.0})),
        (
            FlagChange(BANNER, audience=(Audience("early", 0), Audience("late", 1))),
            flag(percent=5.0),
            (5.0, {"late": 1.0}),
        ),
    ],
)
def test_where_rules_add_up_everybody_has_a_percentage_and_nothing_is_no_group(
    action: FlagChange, survey: FlagSurvey, after: tuple[float, dict[str, float]]
) -> None:
    (step,) = outline(plan_flag(action, FLAGS, replace(survey, limits=FlagLimits(adds_up=True)))).steps
    assert step.after == {"enabled": True, "percent": after[0], "audience": after[1]}
    assert step.change["percent"] == after[0]


@pytest.mark.parametrize(
    ("action", "survey", "after"),
    [
        (FlagChange(BANNER, admit=(Audience("early", 50),)), flag(enabled=False, percent=5.0), (0.0, {"early": 50.0})),
        (FlagChange(BANNER, audience=(Audience("early", 0),)), flag(percent=100.0), (100.0, {"early": 0.0})),
    ],
)
def test_where_everybody_else_has_a_rule_nothing_keeps_a_group_out(
    action: FlagChange, survey: FlagSurvey, after: tuple[float, dict[str, float]]
) -> None:
    (step,) = outline(plan_flag(action, FLAGS, replace(survey, limits=FlagLimits(default_rule=True)))).steps
    assert step.after == {"enabled": True, "percent": after[0], "audience": after[1]}


def test_who_will_notice() -> None:
    off = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag(percent=25.0)))
    assert "25% -> 0%" in off.who_feels_it
    assert off.effects[0].after == "off for everybody"
    on = outline(plan_flag(FlagChange(BANNER, enabled=True), FLAGS, flag(enabled=False)))
    assert on.effects[0].after == "on for everybody"


def test_of_a_flag_that_stays_off_the_plan_says_what_it_will_be_once_it_is_on() -> None:
    made = outline(plan_flag(FlagChange(BANNER, percent=5), FLAGS, flag(enabled=False, percent=25.0)))
    (effect,) = made.effects
    assert (effect.before, effect.after) == (
        "off (once on: 25% of everybody)",
        "off (once on: 5% of everybody)",
    )
    assert made.steps[0].summary.endswith(f"{effect.before} -> {effect.after}")
    assert made.who_feels_it.startswith("nobody yet")


@pytest.mark.parametrize("labels", [True, False])
def test_labels_are_spoken_of_only_where_the_store_has_any(labels: bool) -> None:
    survey = replace(flag(percent=25.0), limits=FlagLimits(labels=labels))
    made = outline(plan_flag(FlagChange(BANNER, percent=5), FLAGS, survey))
    assert ("without a label" in made.who_feels_it) is labels
    assert "reads the flag" in made.who_feels_it


@pytest.mark.parametrize(
    ("action", "survey", "words"),
    [
        (FlagChange(BANNER), flag(), "nothing to change"),
        (FlagChange(BANNER, enabled=False), flag(locked=True), "locked"),
        (FlagChange(BANNER, percent=101), flag(), "not a percentage"),
        (FlagChange(BANNER, percent=float("nan")), flag(), "not a percentage"),
        (FlagChange(BANNER, percent=-1), flag(), "not a percentage"),
        (FlagChange(BANNER, audience=(Audience("a", float("inf")),)), flag(), "not a percentage"),
        (FlagChange(BANNER, audience=(Audience("a", 1), Audience("a", 2))), flag(), "twice"),
    ],
)
def test_what_cannot_be_changed_is_refused(action: FlagChange, survey: FlagSurvey, words: str) -> None:
    assert words in refusal(plan_flag(action, FLAGS, survey)).message


@pytest.mark.parametrize(
    ("action", "survey"),
    [
        (FlagChange(BANNER, enabled=True), flag()),
        (FlagChange(BANNER, percent=25), flag(percent=25.0)),
        (FlagChange(BANNER, audience=(Audience("early", 50),)), flag(audience=(Audience("early", 50.0),))),
    ],
)
def test_a_flag_that_is_as_wanted_leaves_nothing_to_do(action: FlagChange, survey: FlagSurvey) -> None:
    assert refusal(plan_flag(action, FLAGS, survey)).code == "unchanged"


def test_labels_that_shadow_each_other() -> None:
    plain, labelled = FlagReading("banner", True), FlagReading("banner", True, label="production")
    touching_default = outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, flag(same_name=(labelled,))))
    assert codes(touching_default)["label-shadowing"] == "danger"
    touching_label = flag(label="production", same_name=(plain,))
    assert codes(outline(plan_flag(FlagChange(BANNER, enabled=False), FLAGS, touching_label))) == {
        "label-shadowing": "warning"
    }


def test_rules_of_others_are_told() -> None:
    survey = flag(enabled=False, other_rules=("TimeWindow",))
    assert "other-rules" in codes(outline(plan_flag(FlagChange(BANNER, enabled=True), FLAGS, survey)))


# --- whose flag it is -------------------------------------------------------------------------------------------------
def store(environment: str, label: str, **parts: str) -> Place:
    return Place(
        "flags", TargetId(environment, "flags"), Address("flags", {**parts, **({"label": label} if label else {})})
    )


def of_two(*places: Place) -> Fleet:
    return Fleet("shop", (Environment("staging"), Environment("production", protected=True)), (), places, ())


TRIAL = TargetId("staging", "banner", flag=True)


def test_nobody_reaches_the_flags_of_another_environment_by_naming_its_label() -> None:
    """Else what guards production (its name to type, its freezes) would be a word away from being passed."""
    here = store("staging", "stage")
    fleet = of_two(here, store("production", "live"))
    refused = shared(FlagChange(TRIAL, "live", enabled=True), here, "live", fleet)
    assert isinstance(refused, Refusal)
    assert refused.code == "policy"
    assert "flag:production/banner" in refused.hint
    assert shared(FlagChange(TRIAL, "beta", enabled=True), here, "beta", fleet) is None
    assert shared(FlagChange(TRIAL, enabled=True), here, "stage", fleet) is None


@pytest.mark.parametrize(("enabled", "severity"), [(True, "danger"), (False, "warning")])
def test_environments_with_the_same_flags_are_told_so(enabled: bool, severity: str) -> None:
    here = store("staging", "")
    told = shared(FlagChange(TRIAL, enabled=enabled), here, "", of_two(here, store("production", "")))
    assert isinstance(told, Risk)
    assert (told.code, told.severity) == ("shared-flag", severity)
    assert "production" in told.text
    apart = of_two(here, store("production", "", prefix="live-"))
    assert shared(FlagChange(TRIAL, enabled=enabled), here, "", apart) is None
