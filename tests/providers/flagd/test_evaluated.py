"""What applications get of what is written: evaluated by OpenFeature's own evaluator, in this process."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from typing import Any

import pytest
from openfeature.contrib.provider.flagd import FlagdProvider
from openfeature.contrib.provider.flagd.config import ResolverType
from openfeature.evaluation_context import EvaluationContext
from openfeature.event import ProviderEvent
from tests.providers.flagd.world import USERS, Definition, change, flag, planned, ring, seen, share, store

from quarterdeck.fleet.readings import Audience
from quarterdeck.testing.conformance import check_flag, check_observing

FOREIGN = {"ends_with": [{"var": "email"}, "@harbour.example"]}
SHAPES = {
    "no rule": flag(default="on"),
    "empty": flag({}, default="on"),
    "share": flag(share(25)),
    "share by another key": flag({"fractional": [{"var": "email"}, ["off", 1], ["on", 3]]}),
    "group": flag(ring("early", "on", None)),
    "groups and a share": flag(ring("early", share(50), ring("late", "off", share(5)))),
    "a rule of theirs, then a share": flag({"if": [FOREIGN, "on", share(5)]}),
    "a rule of theirs alone": flag({"if": [FOREIGN, "on", None]}),
    "another kind": flag({"cat": ["o", {"var": "last"}]}),
    "on by default around a rule": flag({"if": [{"var": "pirate"}, "off", None]}, default="on"),
}
KINDS = [".json", ".yaml"]
EVERYBODY = [None, *USERS[:200]]
INSIDER: dict[str, Any] = {"email": "ana@harbour.example", "ring": "early", "last": "n"}


@pytest.mark.parametrize("suffix", KINDS)
async def test_the_kit(tmp_path: Path, suffix: str) -> None:
    file = Definition.of(tmp_path, {**SHAPES, "disabled": flag(state="DISABLED")}, suffix)
    missing = Definition(tmp_path / "none.json").place("staging")
    await check_observing(store(), [file.place()], missing)
    for name in [*SHAPES, "disabled"]:
        await check_flag(store(), file.place(), name)
    await check_flag(store(), file.place(group_field=""), "share")


@pytest.mark.parametrize("suffix", KINDS)
@pytest.mark.parametrize("shape", SHAPES)
async def test_off_is_off_for_everybody_and_on_again_is_as_before(tmp_path: Path, shape: str, suffix: str) -> None:
    """Whatever the code's own default is, and for those without a key, too."""
    file = Definition.of(tmp_path, {"lights": SHAPES[shape], "horn": flag(share(3))}, suffix)
    before = file.text
    saw = file.seen_by("lights", EVERYBODY, **INSIDER)
    assert saw
    await change(file.place(), "lights", enabled=False)
    assert file.seen_by("lights", EVERYBODY, in_code=True, **INSIDER) == []
    await change(file.place(), "lights", enabled=True)
    assert file.text == before
    assert file.seen_by("lights", EVERYBODY, **INSIDER) == saw


async def test_disabled_is_not_off_and_off_makes_it_off(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag(share(25), default="on", state="DISABLED")})
    assert file.seen_by("lights", EVERYBODY, in_code=True) == EVERYBODY
    survey = await store().survey_flag(file.place().address, "lights", "")
    assert (survey.reading.enabled, survey.reading.percent) == (True, 0.0)
    assert survey.reading.other_rules == ("DISABLED: the default in the code",)
    assert [risk.code for risk in survey.risks] == ["code-default"]
    await change(file.place(), "lights", enabled=False)
    assert file.seen_by("lights", EVERYBODY, in_code=True) == []
    # What waited in it under DISABLED doesn't come back by a rollback of that.
    await change(file.place(), "lights", enabled=True)
    assert file.seen_by("lights", EVERYBODY, in_code=True) == []


async def test_without_a_default_variant_the_code_decides_until_something_is_said(tmp_path: Path) -> None:
    bare = {"state": "ENABLED", "variants": {"on": True, "off": False}}
    file = Definition.of(tmp_path, {"lights": bare, "horn": flag(ring("early", "on", None), default=None)})
    assert file.seen_by("lights", EVERYBODY, in_code=True) == EVERYBODY
    assert file.seen_by("horn", EVERYBODY, in_code=True, ring="late") == EVERYBODY
    told = await seen(file.place())
    assert {one.other_rules for one in told.values()} == {("no default variant: the default in the code",)}
    await change(file.place(), "lights", percent=100.0)
    await change(file.place(), "horn", percent=0.0)
    assert file.seen_by("lights", EVERYBODY) == EVERYBODY
    assert file.seen_by("horn", EVERYBODY, in_code=True, ring="late") == []


async def test_whoever_was_in_stays_in_as_it_grows(tmp_path: Path) -> None:
    """How many of a thousand depends on the hash; who is in must only grow."""
    plain, by_mail = flag(), flag({"fractional": [{"cat": [{"var": "email"}, "!"]}, ["off", 99], ["on", 1]]})
    file = Definition.of(tmp_path, {"lights": plain, "horn": by_mail})
    await change(file.place(), "lights", enabled=True, percent=1.0)
    for name in ("lights", "horn"):
        before: set[str | None] = set()
        for percent in (5.0, 12.5, 50.0, 99.9):
            await change(file.place(), name, percent=percent)
            mails = [f"{user}@ships" for user in USERS]
            now: set[str | None] = {
                mail for user, mail in zip(USERS, mails, strict=True) if file.seen_by(name, [user], email=mail)
            }
            assert before < now
            assert abs(len(now) / 10 - percent) < 5
            before = now
    assert file.document()["flags"]["horn"]["targeting"]["fractional"] == [
        {"cat": [{"var": "email"}, "!"]},
        ["off", 1],
        ["on", 999],
    ]


async def test_everybody_is_everybody_and_a_part_is_no_more(tmp_path: Path) -> None:
    """Users without a key get the default variant, so that it has to follow."""
    file = Definition.of(tmp_path, {"lights": flag(share(25)), "horn": flag(share(25), default="on")})
    await change(file.place(), "lights", percent=100.0)
    assert file.seen_by("lights", EVERYBODY) == EVERYBODY
    survey = await store().survey_flag(file.place().address, "horn", "")
    assert [risk.code for risk in survey.risks] == ["default-on"]
    assert file.seen_by("horn", [None]) == [None]
    for name in ("lights", "horn"):
        await change(file.place(), name, percent=50.0)
        assert file.seen_by(name, [None]) == []


async def test_everybody_is_everybody_also_where_it_waited_while_it_was_off(tmp_path: Path) -> None:
    by_mail = flag({"fractional": [{"var": "email"}, ["on", 1], ["off", 9]]})
    file = Definition.of(tmp_path, {"lights": by_mail})
    await change(file.place(), "lights", enabled=False, percent=100.0)
    await change(file.place(), "lights", enabled=True)
    assert file.seen_by("lights", EVERYBODY) == EVERYBODY
    await change(file.place(), "lights", audience=(Audience("late", 0.0),))
    assert file.seen_by("lights", EVERYBODY) == EVERYBODY
    assert file.seen_by("lights", EVERYBODY, in_code=True, ring="late") == []


async def test_groups_have_percentages_of_their_own(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag(share(10))})
    groups = (Audience("early", 100.0), Audience("late", 0.0), Audience("half", 50.0))
    await change(file.place(), "lights", audience=groups)
    assert (await seen(file.place()))["lights"].audience == groups
    counts = {name: len(file.seen_by("lights", USERS, ring=name)) for name in ("early", "late", "half", "other")}
    assert (counts["early"], counts["late"]) == (1000, 0)
    assert set(file.seen_by("lights", USERS, ring="other")) < set(file.seen_by("lights", USERS, ring="half"))
    await change(file.place(), "lights", admit=(Audience("late", 100.0),))
    assert len(file.seen_by("lights", USERS, ring="late")) == 1000


async def test_admitting_a_group_to_what_is_off_lets_in_nobody_else(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag(share(50))})
    await change(file.place(), "lights", enabled=False)
    await change(file.place(), "lights", admit=(Audience("early", 100.0),))
    assert len(file.seen_by("lights", USERS, ring="early")) == 1000
    assert file.seen_by("lights", EVERYBODY, in_code=True) == []


async def test_whom_a_rule_of_theirs_keeps_out_no_group_lets_in(tmp_path: Path) -> None:
    keep_out = {"in": [{"var": "country"}, ["no", "is"]]}
    file = Definition.of(tmp_path, {"lights": flag({"if": [keep_out, "off", share(5)]})})
    await change(file.place(), "lights", audience=(Audience("early", 100.0),), percent=50.0)
    reading = (await seen(file.place()))["lights"]
    assert (reading.percent, reading.audience) == (50.0, (Audience("early", 100.0),))
    assert reading.other_rules == ("in country -> off",)
    assert file.seen_by("lights", EVERYBODY, ring="early", country="no") == []
    assert file.seen_by("lights", EVERYBODY, ring="early", country="se") == EVERYBODY


@pytest.mark.parametrize(
    "odd",
    [
        {"fractional": [["on", 12.5], ["off", 87.5]]},
        {"fractional": [["on", 0], ["off", 0]]},
        {"fractional": [["on", 2_147_483_647], ["off", 1]]},
        {"fractional": [["on", 1], ["off", 1], ["on", 1]]},
        {"if": [FOREIGN, "on"]},
    ],
)
async def test_what_is_no_share_of_ours_is_left_alone(tmp_path: Path, odd: Any) -> None:
    file = Definition.of(tmp_path, {"lights": flag(odd)})
    survey = await store().survey_flag(file.place().address, "lights", "")
    assert (survey.reading.percent, survey.limits.percent) == (None, False)
    assert survey.reading.other_rules
    await change(file.place(), "lights", enabled=False)
    assert file.document()["flags"]["lights"]["targeting"]["if"][1] == odd


async def test_an_application_that_is_running_sees_the_flip(tmp_path: Path) -> None:
    """It watches the file while the file is replaced under it."""
    file = Definition.of(tmp_path, {"lights": flag(default="on")})
    step = await planned(file.place(), "lights", enabled=False)
    application = FlagdProvider(
        resolver_type=ResolverType.FILE, offline_flag_source_path=str(file.path), deadline_ms=20
    )
    changed = threading.Event()
    application.initialize(EvaluationContext())
    application.attach(
        lambda _, event, __: changed.set() if event == ProviderEvent.PROVIDER_CONFIGURATION_CHANGED else None
    )
    try:
        assert application.resolve_boolean_details("lights", False).value is True
        await store().send(step)
        assert await asyncio.to_thread(changed.wait, 10)
        assert application.resolve_boolean_details("lights", True).value is False
    finally:
        application.shutdown()
