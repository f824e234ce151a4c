"""What a viewer is told about releases, gates and guards: where they stand, for what they wait, and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Environment, Fleet
from quarterdeck.release.action import Shift, Swap
from quarterdeck.release.approval import ApprovalRule, Decision
from quarterdeck.release.freshness import left
from quarterdeck.release.gate import GateSpec, Measurement, Sample
from quarterdeck.release.guards import Debt, Guards, Hold
from quarterdeck.release.inbox import inbox
from quarterdeck.release.indicator import Scale
from quarterdeck.release.paint import paint, repaint_releases
from quarterdeck.release.paint_guards import view_guards
from quarterdeck.release.paint_releases import view_releases
from quarterdeck.release.plan import Risk
from quarterdeck.release.release_plan import Ask, Member, Observe, Pause, ReleasePlan, ReleaseStep, Wish, Write
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.rollout import ORDERS, Release, advance
from quarterdeck.release.rules import Rulebook, Window

NOW = 1_000_000.0
CHECKOUT = TargetId("production", "checkout")
FLEET = Fleet("shop", (Environment("production", protected=True),), ("checkout",))
GATE = GateSpec("errors", "metric", success="result < 1", interval=30, count=3, failure_limit=1)
STEPS = (
    ReleaseStep("1", CHECKOUT, Write(Shift(CHECKOUT, {"staging": 5})), "5% to staging", ring="canary", exposure=5),
    ReleaseStep("2", CHECKOUT, Observe(("errors",), 600), "bake 10m", ("1",), ring="canary"),
    ReleaseStep("3", CHECKOUT, Pause(), "pause", ("2",)),
    ReleaseStep("4", CHECKOUT, Ask("sre"), "approval: sre", ("3",)),
    ReleaseStep("5", CHECKOUT, Write(Swap(CHECKOUT)), "swap", ("4",), ring="broad", exposure=100),
)
PLAN = ReleasePlan(
    "r1", "q1", Wish((CHECKOUT,)), (Member(CHECKOUT, "2", "1", "canary"),), STEPS,
    gates=(GATE,), approvals=(ApprovalRule("sre", 2, ("sre",), expires_after=3600),), exposure=100,
)  # fmt: skip


def release(*through: str, plan: ReleasePlan = PLAN) -> Release:
    begun = Release("r1", plan, "ana@jump1", "day", NOW - 900)
    for step in through:
        begun = happens(begun, "step_done", step=step)
    return begun


def happens(one: Release, kind: str, ago: float = 60, actor: str = "ana@jump1", **body: object) -> Release:
    return advance(one, f"release.{kind}", actor, body, NOW - ago)


def test_the_course_of_its_share_has_a_point_for_each_change_and_also_those_that_were_taken_back() -> None:
    one = release()
    assert seen(one).course == ()
    one = happens(one, "step_started", 800, step="1", operation="o1")
    one = happens(one, "step_done", 790, step="1")
    assert [(NOW - point.at, point.value) for point in seen(one).course] == [(900, 0), (790, 5)]
    one = happens(one, "step_started", 500, step="5", operation="o5")
    one = happens(one, "step_done", 450, step="5")
    one = happens(one, "step_undoing", 300, step="5", operation="u5")
    one = happens(one, "step_undone", 200, step="5")
    told = [(NOW - point.at, point.value) for point in seen(one).course]
    assert told == [(900, 0), (790, 5), (500, 100), (200, 5)]


def test_a_bake_tells_how_much_of_its_time_is_over_and_a_gate_what_it_said_and_on_which_scale() -> None:
    one = release("1")
    one = happens(one, "step_started", 150, step="2", until=NOW + 450)
    for ago, verdict, value in ((90, "pass", 0.2), (60, "no_data", None), (30, "fail", 1.5)):
        sample = Sample(NOW - ago, (Measurement("errors", verdict, value),))  # type: ignore[arg-type]
        one = happens(one, "sampled", ago, step="2", sample=to_json(sample))
    step = seen(one).step("2")
    assert step is not None
    assert (step.passed, step.lasts) == (150, 600)
    (measure,) = step.measures
    assert measure.samples == (("pass", 0.2), ("no_data", None), ("fail", 1.5))
    assert measure.scale == Scale(0, 2, bad_above=1)


def seen(one: Release, now: float = NOW, rules: Rulebook | None = None, guards: Guards | None = None) -> ReleaseView:
    (view,) = view_releases((one,), (), FLEET, rules or Rulebook(), guards or Guards(), now)
    return view


def sampled(one: Release, verdict: str, value: float | None, ago: float) -> Release:
    sample = Sample(NOW - ago, (Measurement("errors", verdict, value, "why"),))  # type: ignore[arg-type]
    return happens(one, "sampled", ago, step="2", sample=to_json(sample))


def test_a_bake_tells_how_long_it_lasts_and_when_the_next_sample_is_due() -> None:
    baking = happens(release("1"), "step_started", 100, step="2", until=NOW + 372)
    baking = sampled(baking, "pass", 0.25, 12)
    view = seen(baking)
    assert (view.state, view.short, view.left) == ("running", "bake 6:12", "6:12")
    (measure,) = view.steps[1].measures
    assert (measure.verdict, measure.value, measure.count, measure.next_in) == ("pass", "0.25", "1 passed", "0:18")
    assert view.exposed == 5
    assert view.ticks


def test_a_bake_that_is_over_and_has_no_answer_yet_shows_no_clock_that_has_stopped() -> None:
    late = sampled(happens(release("1"), "step_started", 700, step="2", until=NOW - 40), "no_data", None, 12)
    view = seen(late)
    assert (view.short, view.left) == ("bake", "")
    assert view.waits == "baked long enough, not passed yet: errors no data"
    (item,) = inbox((view,), ())
    assert item.expires == ""


def test_the_background_analysis_does_not_end_with_the_step_beside_it() -> None:
    baking = happens(release("1", plan=replace(PLAN, background=("errors",))), "step_started", step="2", until=NOW + 9)
    measured = Sample(NOW - 5, (Measurement("errors", "fail", 7.0),))
    failing = happens(baking, "sampled", 5, step="*", sample=to_json(measured))
    found = {item.waits: item.expires for item in inbox((seen(failing),), ())}
    assert found["background analysis"] == ""


def test_no_data_is_neither_pass_nor_fail_and_needs_nobody_while_it_is_asked_again() -> None:
    baking = sampled(happens(release("1"), "step_started", 100, step="2", until=NOW + 372), "no_data", None, 12)
    (item,) = inbox((seen(baking),), ())
    assert item.kind == "gate"
    assert "no data" in item.evidence[0]


def test_a_failing_gate_stands_before_what_only_waits() -> None:
    baking = sampled(happens(release("1"), "step_started", 100, step="2", until=NOW + 372), "fail", 7, 12)
    debt = Debt("d1", "merge_back", CHECKOUT, "merge", "r0", "ana", NOW - 60)
    items = inbox((seen(baking),), view_guards(Guards(debts=(debt,)), Rulebook(), (), NOW).debts)
    assert [item.kind for item in items] == ["failing", "debt"]


def test_an_approval_tells_who_is_missing_who_may_and_until_when() -> None:
    asked = happens(release("1", "2", "3"), "step_started", 600, step="4")
    decision = {"by": "ben", "at": NOW - 30, "verdict": "approve", "reason": "", "effective_at": 0}
    asked = happens(asked, "decided", 30, step="4", decision=decision)
    view = seen(asked, rules=Rulebook(groups={"sre": ("ana", "ben", "cem")}))
    step = view.current
    assert step is not None
    assert step.asked is not None
    assert (view.state, view.short) == ("waiting", "approval: sre")
    assert (step.asked.missing, step.asked.expires) == (1, "50:00")
    assert "ben" in step.asked.who
    assert "not ana@jump1" in step.asked.who
    (item,) = inbox((view,), ())
    assert item.blocks == "step 5: swap"


def test_whoever_approves_is_shown_what_it_ships_over_first() -> None:
    risk = Risk("danger", "supersession", "this ships 2 over 3")
    asked = happens(release("1", "2", "3", plan=replace(PLAN, risks=(risk,))), "step_started", step="4")
    (item,) = inbox((seen(asked),), ())
    assert item.warnings == ("this ships 2 over 3",)


def test_an_indefinite_pause_waits_for_people_and_a_timed_one_for_the_clock() -> None:
    waits = happens(release("1", "2"), "step_started", step="3")
    assert seen(waits).state == "waiting"
    timed = happens(release("1", "2"), "step_started", step="3", until=NOW + 60)
    assert seen(timed).state == "running"
    assert seen(timed).short == "pause 1:00"


def test_a_freeze_holds_up_what_has_not_begun_and_nothing_else() -> None:
    frozen = Guards(holds=(Hold("h1", "freeze", "production", "ben", "quarter's end", NOW - 60, NOW + 3600),))
    assert seen(release("1", "2", "3", "4"), guards=frozen).state == "hindered"
    begun = happens(release("1"), "step_started", step="2", until=NOW + 372)
    assert seen(begun, guards=frozen).state == "running"


def test_recovering_tells_how_far_and_why_and_ends_as_rolled_back() -> None:
    back = happens(release("1", "2"), "recovering", why="errors failed", steps=["1"], to="")
    view = seen(back)
    assert (view.state, view.short) == ("recovering", "recovering 0/1")
    assert "errors failed" in view.waits
    over = happens(happens(back, "step_undone", step="1"), "ended", ending="rolled_back", detail="", choices=[])
    assert seen(over).state == "rolled back"
    assert not seen(over).ticks


def test_after_going_back_to_a_step_the_next_one_is_what_was_taken_back() -> None:
    back = happens(release("1", "2"), "recovering", why="undo by ana", steps=["2"], to="1")
    paused = happens(happens(back, "step_undone", step="2"), "ordered", order="pause", step="")
    view = seen(paused)
    assert view.state == "paused"
    assert view.current is not None
    assert view.current.id == "2"
    assert view.progress == "1/5"


def test_what_needs_an_operator_comes_first_and_names_the_answers() -> None:
    stuck = happens(release("1"), "ended", ending="needs_operator", detail="in doubt", choices=["retry", "abandon"])
    view = seen(stuck)
    assert view.state == "needs operator"
    assert "retry, abandon" in view.waits
    (item,) = inbox((view,), ())
    assert item.kind == "needs you"
    assert "qd release retry r1" in item.twin


def test_one_that_is_taken_back_unless_confirmed_says_until_when() -> None:
    done = happens(release("1", "2", "3", "4", "5"), "confirming", until=NOW + 252)
    view = seen(done)
    assert (view.state, view.short) == ("confirming", "confirm 4:12")
    assert inbox((view,), ())[0].kind == "confirm"


def test_rings_tell_how_far_each_is() -> None:
    assert seen(release("1", "2")).rings == (("canary", "done"), ("broad", "waiting"))


def test_texts_of_a_release_are_cleaned() -> None:
    noted = happens(release("1"), "noted", code="x", severity="info", text="\x1b[2Jevil\u202e")
    assert seen(noted).notes[0].text == "evil"


def test_a_window_that_begins_within_a_day_is_foreseen_and_one_in_force_tells_what_is_left() -> None:
    soon = Window("weekend", environments=("production",), since=NOW + 8040, until=NOW + 90_000)
    far = Window("later", environments=("production",), since=NOW + 200_000, until=NOW + 300_000)
    (closure,) = view_guards(Guards(), Rulebook(windows=(soon, far)), ("production",), NOW).closures
    assert (closure.window, closure.holds, closure.left) == ("weekend", False, "2h14")
    (closure,) = view_guards(Guards(), Rulebook(windows=(soon,)), ("production",), NOW + 8040).closures
    assert closure.holds


def test_ticking_changes_the_clocks_and_nothing_else() -> None:
    baking = happens(release("1"), "step_started", 100, step="2", until=NOW + 372)
    rules = Rulebook()
    picture = paint(FLEET, {}, (), NOW, releases=(baking,), rules=rules)
    later = repaint_releases(picture, FLEET, (), NOW + 2, releases=(baking,), rules=rules, guards=Guards())
    assert later.releases[0].left == "6:10"
    whole = paint(FLEET, {}, (), NOW + 2, releases=(baking,), rules=rules)
    assert (later.releases, later.inbox, later.guards) == (whole.releases, whole.inbox, whole.guards)


_EVENTS = st.one_of(
    st.tuples(
        st.sampled_from(["step_started", "step_done", "step_failed", "step_skipped", "step_undoing", "step_undone"]),
        st.fixed_dictionaries(
            {"step": st.sampled_from("12345"), "until": st.sampled_from([None, NOW - 5, NOW + 50]), "detail": st.text()}
        ),
    ),
    st.tuples(st.just("ordered"), st.fixed_dictionaries({"order": st.sampled_from(ORDERS), "step": st.just("")})),
    st.tuples(
        st.just("recovering"),
        st.fixed_dictionaries({"why": st.text(), "steps": st.lists(st.sampled_from("12345"), max_size=3)}),
    ),
    st.tuples(st.just("confirming"), st.just({"until": NOW + 9})),
    st.tuples(
        st.just("ended"),
        st.fixed_dictionaries(
            {
                "ending": st.sampled_from(["succeeded", "failed", "rolled_back", "needs_operator"]),
                "choices": st.lists(st.sampled_from(ORDERS), max_size=2, unique=True),
            }
        ),
    ),
)


@given(st.lists(_EVENTS, max_size=8))
def test_whatever_happens_to_a_release_it_can_be_shown(events: list[tuple[str, dict[str, Any]]]) -> None:
    one = release()
    for kind, body in events:
        one = happens(one, kind, **body)
    view = seen(one)
    assert view.open == one.open
    assert view.short.isprintable()
    assert view.waits.isprintable()
    for item in inbox((view,), ()):
        assert item.release == "r1"


@given(st.floats(-1e6, 1e8))
def test_a_clock_never_shows_less_than_nothing(seconds: float) -> None:
    assert not left(seconds).startswith("-")


def test_a_decision_of_old_is_no_word_of_today() -> None:
    """`Decision` is what the journal holds; its age is told."""
    asked = happens(release("1", "2", "3"), "step_started", 600, step="4")
    said = Decision("ben", NOW - 3600, "approve")
    asked = replace(asked, decisions={"4": (said,)})
    step = seen(asked).current
    assert step is not None
    assert step.asked is not None
    assert step.asked.words[0].age == "1h"


def test_what_fails_all_the_time_is_told_beside_what_the_step_waits_for() -> None:
    baking = happens(release("1", plan=replace(PLAN, background=("errors",))), "step_started", step="2", until=NOW + 9)
    assert "all the time" not in seen(baking).waits
    sample = {"at": NOW - 5, "measurements": [{"gate": "errors", "verdict": "fail", "value": 7.0}]}
    assert seen(happens(baking, "sampled", 5, step="*", sample=sample)).waits.endswith("; all the time: errors FAIL")


def test_a_release_that_went_back_tells_how_far_it_had_come() -> None:
    back = happens(release("1", "2"), "step_started", step="3")
    back = happens(back, "recovering", why="errors", steps=["1"])
    back = happens(back, "step_undone", step="1")
    ended = happens(back, "ended", ending="rolled_back", detail="all is taken back", choices=[])
    assert (seen(back).progress, seen(ended).progress) == ("3/5", "3/5")


def test_what_a_release_that_went_back_had_measured_is_shown_without_a_count() -> None:
    one = release("1", plan=replace(PLAN, background=("errors",)))
    sample = Sample(NOW - 12, (Measurement("errors", "pass", 0.25, "why"),))
    one = happens(one, "sampled", 12, step="*", sample=to_json(sample))
    back = happens(one, "recovering", why="abort", steps=["1"])
    ended = happens(happens(back, "step_undone", step="1"), "ended", ending="rolled_back", detail="", choices=[])
    (measure,) = seen(ended).background
    assert (measure.value, measure.count) == ("0.25", "counts no more")


def test_what_is_held_up_waits_since_its_last_step_was_through() -> None:
    held = happens(release(), "step_done", 30, step="1")
    guards = Guards(holds=(Hold("h1", "stop", "production", "ben", "slow", NOW - 20),))
    plan = replace(PLAN, steps=(STEPS[0], replace(STEPS[4], id="2")))
    (item,) = inbox((seen(replace(held, plan=plan), guards=guards),), ())
    assert (item.kind, item.age) == ("hindered", "30s")


def test_only_the_latest_observation_of_a_target_is_what_its_users_get() -> None:
    options = {"target": str(CHECKOUT), "shares": "{}"}
    gates = tuple(GateSpec(f"traffic-{step}", "traffic", options=options) for step in ("2", "3"))
    looks = tuple(ReleaseStep(step, CHECKOUT, Observe((f"traffic-{step}",)), "observed") for step in ("2", "3"))
    one = happens(release("1"), "step_started", 100, step="2")
    one = replace(one, plan=replace(one.plan, gates=gates, steps=(one.plan.steps[0], *looks)))
    for step, ago in (("2", 90.0), ("3", 30.0)):
        sample = Sample(NOW - ago, (Measurement(f"traffic-{step}", "pass", 0, f"as seen in step {step}"),))
        one = happens(one, "sampled", ago, step=step, sample=to_json(sample))
    assert [line.partition(" (")[0] for line in seen(one).truth] == ["as seen in step 3"]


def test_a_release_that_waits_for_the_budget_of_others_says_so() -> None:
    """It doesn't run: nothing happens until the other one is through."""
    cart = TargetId("production", "cart")
    steps = tuple(replace(step, target=cart) for step in PLAN.steps)
    plan = replace(PLAN, members=(Member(cart, "2", "1", "canary"),), steps=steps, wish=Wish((cart,)))
    other = replace(release("1", "2", "3", "4", "5", plan=plan), id="other")
    mine = release()
    rules = Rulebook(exposure={"production": 100})
    view = next(one for one in view_releases((mine, other), (), FLEET, rules, Guards(), NOW) if one.id == mine.id)
    assert (view.state, view.short) == ("hindered", "held")
    assert "production allows 100% of clients on unfinished versions" in view.waits
