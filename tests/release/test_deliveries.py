"""What releases are measured by: which changes count, which of them failed, and what too few cases don't tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release import operation, rollout
from quarterdeck.release.action import FlagChange, Rollback, Swap
from quarterdeck.release.deliveries import Delivery, deliveries
from quarterdeck.release.dora import Dora, measured
from quarterdeck.release.plan import Plan
from quarterdeck.release.release_plan import Member, Pause, ReleasePlan, ReleaseStep, Wish, Write

CHECKOUT, CART = TargetId("production", "checkout"), TargetId("staging", "cart")
HOUR, DAY = 3600.0, 86_400.0


@dataclass
class Line:
    at: float
    kind: str
    operation: str
    body: Mapping[str, Any]


@dataclass
class Diary:
    """The lines of a journal; each begins an hour after the one before."""

    lines: list[Line] = field(default_factory=list)
    now: float = 0

    def __call__(self, kind: str, about: str, **body: Any) -> None:
        self.now += HOUR
        self.lines.append(Line(self.now, kind, about, body))

    def release(self, name: str, ending: str, target: TargetId = CHECKOUT, *, began: bool = True, **wish: Any) -> None:
        steps = (ReleaseStep("1", target, Write(Swap(target)), "swap"), ReleaseStep("2", target, Pause(), "pause"))
        plan = ReleasePlan(name, name, Wish((target,), **wish), (Member(target, "2", "1", "careful"),), steps)
        self("release.planned", name)
        self("release.started", name, **rollout.opening(plan, "", {}))
        if began:
            self("release.step_started", name, step="1")
        if ending == "rolled_back":
            self("release.recovering", name, why="errors rose", steps=["1"])
        self("release.ended", name, ending=ending, detail=ending, choices=[])

    def alone(self, name: str, action: Any, undoes: str = "", ending: str = "succeeded") -> None:
        plan = Plan(name, name, action, (), command=f"qd {name}", undoes=undoes)
        self("plan.made", name)
        self("operation.started", name, **operation.opening(plan, "", {}))
        self("step.intended", name, step="1")
        self("operation.ended", name, ending=ending, detail="", choices=[])

    def told(self) -> dict[str, Delivery]:
        return {one.id: one for one in deliveries(self.lines)}

    def dora(self, environment: str = "", service: str = "", since: float = 0, until: float = 30 * DAY) -> Dora:
        return measured(deliveries(self.lines), "shop", environment, service, since, until)


def test_a_release_counts_from_its_proposal_to_its_end() -> None:
    diary = Diary()
    diary.release("r1", "succeeded")
    (one,) = diary.told().values()
    assert (one.asked_at, one.ended_at, one.fate, one.failed) == (HOUR, 4 * HOUR, "succeeded", False)


def test_flags_and_rollbacks_are_no_deployments_and_a_swap_on_its_own_is_one() -> None:
    diary = Diary()
    diary.alone("flag", FlagChange(TargetId("production", "banner", flag=True), enabled=True))
    diary.alone("swap", Swap(CHECKOUT))
    diary.alone("preview", Swap(CHECKOUT, mode="preview"))
    diary.alone("back", Rollback(CHECKOUT), undoes="swap")
    whole = diary.dora().measures[0]
    assert (whole.deployments, whole.changes, whole.failed) == (1, 1, 1)
    told = diary.told()
    assert set(told) == {"swap", "back"}
    assert told["swap"].remedy == "rollback back"


def test_what_ended_before_anything_was_changed_neither_counts_nor_fails() -> None:
    diary = Diary()
    diary.release("refused", "failed", began=False)
    diary.release("checked", "failed")
    whole = diary.dora().measures[0]
    assert (whole.deployments, whole.changes, whole.failed, whole.stopped) == (0, 0, 0, 2)


def test_a_release_that_went_back_failed_and_was_restored_when_it_was_back() -> None:
    diary = Diary()
    diary.release("bad", "rolled_back")
    (failure,) = diary.dora().failures
    assert (failure.id, failure.restored_in, failure.why) == ("bad", HOUR, "errors rose")


def test_one_that_needed_an_operator_failed_even_if_it_succeeded_in_the_end() -> None:
    diary = Diary()
    diary.release("hard", "needs_operator")
    diary.lines[-1].body = {"ending": "needs_operator", "detail": "in doubt", "choices": ["retry"]}
    assert diary.told()["hard"].fate == "running"
    diary("release.ended", "hard", ending="succeeded", detail="", choices=[])
    (failure,) = diary.dora().failures
    assert (failure.restored_in, failure.remedy) == (HOUR, "put right on the way")


def test_what_was_abandoned_is_not_restored_as_far_as_anybody_knows() -> None:
    diary = Diary()
    diary.release("left", "needs_operator")
    whole = diary.dora().measures[0]
    assert (whole.failed, whole.restore.cases, whole.unrestored) == (1, 0, 1)


def test_a_hotfix_means_that_the_release_before_it_failed_but_not_the_one_before_that() -> None:
    diary = Diary()
    diary.release("first", "succeeded")
    diary.release("second", "succeeded")
    diary.release("elsewhere", "succeeded", CART)
    diary.release("fix", "succeeded", hotfix=True)
    assert [one.id for one in diary.told().values() if one.failed] == ["second"]
    assert [one.restored_in for one in diary.dora().failures] == [3 * HOUR]
    assert diary.dora().measures[0].deployments == 4


def test_a_rollback_that_says_what_it_is_for_is_about_nothing_else() -> None:
    diary = Diary()
    diary.release("first", "succeeded")
    diary.lines.append(Line(diary.now, "operation.started", "op1", {**_opened("op1"), "release": "first", "step": "1"}))
    diary.release("second", "succeeded", CART)
    diary.alone("back", Rollback(CHECKOUT), undoes="op1")
    told = diary.told()
    assert (told["first"].remedy, told["second"].remedy) == ("rollback back", "")
    other = replace_undoes(diary, "something else")
    assert other["first"].remedy == ""


def _opened(name: str) -> Mapping[str, Any]:
    return operation.opening(Plan(name, name, Swap(CHECKOUT), ()), "", {})


def replace_undoes(diary: Diary, undoes: str) -> dict[str, Delivery]:
    plan = to_json(replace(Plan("back", "back", Rollback(CHECKOUT), ()), undoes=undoes))
    for line in diary.lines:
        if line.operation == "back" and line.kind == "operation.started":
            line.body = {**line.body, "plan": plan}
    return diary.told()


def test_too_few_cases_make_no_median_and_no_rate() -> None:
    diary = Diary()
    diary.release("one", "succeeded")
    diary.release("two", "succeeded")
    whole = diary.dora().measures[0]
    assert (whole.per_day, whole.lead.cases, whole.lead.median, whole.failure_rate) == (None, 2, None, None)


def test_enough_cases_make_all_four() -> None:
    diary = Diary()
    for number in range(7):
        diary.release(f"good{number}", "succeeded")
    for number in range(3):
        diary.release(f"bad{number}", "rolled_back")
    whole = diary.dora(until=2 * DAY).measures[0]
    assert (whole.per_day, whole.failure_rate) == (3.5, 30.0)
    assert (whole.lead.median, whole.restore.median) == (3 * HOUR, HOUR)
    assert diary.dora(until=0.5 * DAY).measures[0].per_day is None, "half a day makes no frequency"


def test_only_what_ended_in_the_period_and_in_the_place_counts() -> None:
    diary = Diary()
    diary.release("early", "succeeded")
    diary.release("late", "succeeded")
    diary.release("elsewhere", "succeeded", CART)
    assert [mark.title for mark in diary.dora("production", since=5 * HOUR).timeline] == ["checkout 2"]
    assert [one.part for one in diary.dora().measures] == ["all", "production", "staging"]
    assert [one.part for one in diary.dora("production").measures] == ["production", "production/checkout"]
    assert [one.deployments for one in diary.dora("staging", "cart").measures] == [1]
