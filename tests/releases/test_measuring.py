"""What gates are asked about: which slot holds the new version, which services, since when; several answers as one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.releases.captain import CHECKOUT, ERRORS, FLEET

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import SlotReading, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange, Shift, Swap
from quarterdeck.release.gate import Evidence, GateSpec, Sample
from quarterdeck.release.judging import measured
from quarterdeck.release.release_plan import Member, ReleasePlan, ReleaseStep, Wish, Write
from quarterdeck.release.rollout import BACKGROUND, Release, Standing
from quarterdeck.runner.measuring import Measuring
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

PAYMENTS = TargetId("production", "payments")
STEPS = (
    ReleaseStep("1", CHECKOUT, Write(Shift(CHECKOUT, {"staging": 5})), "5%"),
    ReleaseStep("2", CHECKOUT, Write(Swap(CHECKOUT)), "swap"),
    ReleaseStep("3", PAYMENTS, Write(Swap(PAYMENTS)), "swap"),
)
PLAN = ReleasePlan(
    "r1",
    "r1",
    Wish((CHECKOUT, PAYMENTS)),
    (Member(CHECKOUT, "1.1", "1.0", "careful"), Member(PAYMENTS, "4.1", "4.0", "careful")),
    STEPS,
    gates=(ERRORS,),
    background=("errors",),
)


def release(*done: str) -> Release:
    return Release("r1", PLAN, "ana", "", 1000.0, {step: Standing("done", since=1000.0) for step in done})


class Answers:
    """A value for each service; None is no data."""

    def __init__(self, values: Mapping[str, float | None]) -> None:
        self.values = values
        self.names: list[Mapping[str, str]] = []

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        self.names.append(names)
        value = self.values.get(names["service"])
        return Sample(1000.0, tuple(measured(gate, Evidence(value, 1000.0), 1000.0) for gate in gates))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    opened = open_store(tmp_path / "store.db", create=True)
    yield opened
    opened.close()


def asking(store: SqliteStore, **values: float | None) -> tuple[Measuring, Answers]:
    answers = Answers(values)
    return Measuring(answers, FLEET, store, SystemClock()), answers


async def test_before_the_swap_the_new_version_is_in_the_source_and_after_it_users_have_it(store: SqliteStore) -> None:
    measuring, answers = asking(store, checkout=0.0)
    await measuring.sample(release("1"), "2", ["errors"])
    await measuring.sample(release("1", "2"), "2", ["errors"])
    assert [names["slot"] for names in answers.names] == ["staging", "production"]


async def test_the_background_is_about_the_services_that_have_begun(store: SqliteStore) -> None:
    measuring, answers = asking(store, checkout=0.0, payments=0.0)
    await measuring.sample(release("1"), BACKGROUND, ["errors"])
    assert [names["service"] for names in answers.names] == ["checkout"]
    await measuring.sample(release("1", "2", "3"), BACKGROUND, ["errors"])
    assert [names["service"] for names in answers.names[1:]] == ["checkout", "payments"]


@pytest.mark.parametrize(
    ("checkout", "payments", "verdict"),
    [(0.0, 0.0, "pass"), (0.0, 0.5, "fail"), (None, 0.0, "no_data"), (None, 0.5, "fail")],
)
async def test_of_several_services_the_worst_answer_counts_and_is_named(
    checkout: float | None, payments: float | None, verdict: str, store: SqliteStore
) -> None:
    measuring, _ = asking(store, checkout=checkout, payments=payments)
    sample = await measuring.sample(release("1", "2", "3"), BACKGROUND, ["errors"])
    (one,) = sample.measurements
    assert one.verdict == verdict
    assert one.detail.startswith("payments:" if verdict == "fail" else "checkout:")


async def test_a_gate_that_the_plan_does_not_hold_gives_no_data(store: SqliteStore) -> None:
    measuring, _ = asking(store, checkout=0.0)
    sample = await measuring.sample(release("1"), "1", ["errors", "gone"])
    assert [(one.gate, one.verdict) for one in sample.measurements] == [("errors", "pass"), ("gone", "no_data")]


async def test_a_release_without_services_is_asked_about_what_it_changes(store: SqliteStore) -> None:
    measuring, answers = asking(store)
    bare = replace(release(), plan=replace(PLAN, members=(), steps=STEPS[:1]))
    await measuring.sample(bare, BACKGROUND, ["errors"])
    assert [(names["service"], names["version"]) for names in answers.names] == [("checkout", "")]


async def test_the_public_host_is_that_of_the_live_slot_as_it_was_observed(store: SqliteStore) -> None:
    lease = store.take_lease("runner", "one", 0, 1e9, {})
    assert lease
    slots = SlotsReading((SlotReading("production", host="shop.example"), SlotReading("staging", host="next.example")))
    store.observe([Observation("slots/production/checkout", slots)], lease)
    measuring, answers = asking(store, checkout=0.0)
    await measuring.sample(release("1"), "1", ["errors"])
    assert (answers.names[0]["host"], answers.names[0]["site"]) == ("shop.example", "checkout")


async def test_a_release_of_flags_alone_is_judged_by_the_version_that_its_users_have(store: SqliteStore) -> None:
    measuring, answers = asking(store, checkout=0.0)
    banner = FlagChange(TargetId("production", "banner", flag=True), enabled=True)
    steps = (ReleaseStep("1", CHECKOUT, Write(banner), "banner on"),)
    plan = replace(PLAN, members=(Member(CHECKOUT, "", "1.0", "flags"),), steps=steps)
    await measuring.sample(replace(release(), plan=plan), BACKGROUND, ["errors"])
    (names,) = answers.names
    assert (names["version"], names["previous"], names["slot"]) == ("1.0", "1.0", "production")
