"""What may begin, who is told why not, and what can be set aside: the pains of other tools, one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange, Swap
from quarterdeck.release.clearance import OVERRIDE, Clearance, Undertaking, clear, next_write
from quarterdeck.release.guards import Conn, Guards, Hold, HoldKind, Override
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import Member, ReleasePlan, ReleaseStep, Wish, Write
from quarterdeck.release.rollout import Release, Standing
from quarterdeck.release.rules import Rulebook, Window

NOW = 1_795_000_000.0  # 2026-11-18 11:06Z, a Wednesday
HOUR = 3600.0
CHECKOUT = TargetId("production", "checkout")
CART = TargetId("production", "cart")
BANNER = TargetId("production", "banner", flag=True)
ANA, BOB = "ana@jump-1", "bob@jump-2"


def undertaking(kind: Any = "release", actor: str = ANA, *targets: TargetId, **more: Any) -> Undertaking:
    return Undertaking(targets or (CHECKOUT,), actor, kind, **more)


def hold(kind: HoldKind, scope: str = "production", by: str = BOB, **more: Any) -> Hold:
    return Hold(f"h-{kind}", kind, scope, by, **{"reason": "because", "since": NOW - HOUR, **more})


def asked(what: Undertaking, *, override: str = "", now: float = NOW, **about: Any) -> Clearance:
    guards = Guards(conns=about.get("conns", ()), holds=about.get("holds", ()), overrides=about.get("overrides", ()))
    rules = Rulebook(windows=about.get("windows", ()))
    releases = about.get("releases", ())
    return clear(what, guards=guards, rules=rules, releases=releases, now=now, override=override)


def refused(what: Undertaking, **about: Any) -> Refusal:
    found = asked(what, **about).refusal
    assert found is not None
    return found


def open_release(name: str = "r1", target: TargetId = CHECKOUT, state: Any = "waiting", actor: str = BOB) -> Release:
    step = ReleaseStep("1", target, Write(Swap(target)), "swap")
    plan = ReleasePlan(name, name, Wish((target,)), (Member(target, "2.15.0", "2.14.3", "careful"),), (step,))
    return Release(name, plan, actor, "", NOW - HOUR, {"1": Standing(state)})


def frozen(**more: Any) -> Window:
    return Window("weekend", **{"since": NOW - HOUR, "until": NOW + HOUR, "reason": "nobody is here", **more})


# --- the conn ---------------------------------------------------------------------------------------------------------
def test_nobody_needs_the_conn_as_long_as_nobody_has_it() -> None:
    assert asked(undertaking()) == Clearance()


@pytest.mark.parametrize("scope", ["*", "production", "production/checkout"])
@pytest.mark.parametrize("kind", ["release", "action", "recovery", "order"])
def test_two_people_at_once_collide_at_the_conn_not_in_production(scope: str, kind: str) -> None:
    conns = (Conn(scope, BOB, NOW - HOUR),)
    told = refused(undertaking(kind), conns=conns)
    assert "bob@jump-2 has the conn" in told.message
    assert "2026-11-18 10:06Z" in told.message
    assert "qd conn take" in told.hint
    assert "--reason" in told.hint
    assert asked(undertaking(kind, BOB), conns=conns).refusal is None


def test_a_person_is_the_same_person_on_another_host() -> None:
    assert asked(undertaking(actor="Bob@laptop"), conns=(Conn("*", BOB, NOW),)).refusal is None


def test_the_conn_can_not_be_set_aside() -> None:
    told = refused(undertaking(), conns=(Conn("production", BOB, NOW),), override="I am the admin")
    assert OVERRIDE not in told.hint


def test_the_closest_conn_counts() -> None:
    conns = (Conn("*", BOB, NOW), Conn("production/checkout", ANA, NOW))
    assert asked(undertaking(), conns=conns).refusal is None
    assert asked(undertaking("release", BOB), conns=conns).refusal
    assert asked(undertaking("release", ANA, CHECKOUT, CART), conns=conns).refusal


def test_whoever_is_offered_the_conn_is_told_to_take_it_without_a_reason() -> None:
    told = refused(undertaking(), conns=(Conn("production", BOB, NOW, offered_to="ana"),))
    assert "offered to you" in told.hint
    assert "--reason" not in told.hint


def test_a_running_release_goes_on_when_somebody_takes_the_conn() -> None:
    running = open_release(actor=ANA)
    conns = (Conn("production", BOB, NOW),)
    assert asked(undertaking(release="r1"), conns=conns, releases=(running,)).refusal is None
    assert asked(undertaking("order", release="r1"), conns=conns, releases=(running,)).refusal


def test_a_release_takes_itself_back_whoever_has_the_conn() -> None:
    conns = (Conn("production", BOB, NOW),)
    running = open_release(actor=ANA, state="done")
    assert asked(undertaking("recovery", release="r1"), conns=conns, releases=(running,)).refusal is None


def test_turning_a_flag_off_passes_everything_but_the_conn() -> None:
    off = undertaking("action", ANA, BANNER, eases=True)
    claimed = replace(open_release(), plan=replace(open_release().plan, members=(Member(BANNER, "", "", ""),)))
    blocked: dict[str, Any] = {
        "holds": (hold("freeze"), hold("lock"), hold("stop"), hold("hotfix", release="r9")),
        "windows": (frozen(),),
        "releases": (claimed,),
    }
    assert asked(off, **blocked).refusal is None
    assert refused(off, **blocked, conns=(Conn("production", BOB, NOW),)).message.startswith("bob@jump-2 has the conn")
    assert asked(replace(off, eases=False), **blocked).refusal


@pytest.mark.parametrize(("change", "eases"), [({"enabled": False}, True), ({"enabled": True}, False), ({}, False)])
def test_so_does_a_step_of_a_release_that_turns_a_flag_off(change: Any, eases: bool) -> None:
    release = open_release()
    step = ReleaseStep("1", CHECKOUT, Write(FlagChange(BANNER, percent=5, **change)), "flag")
    release = replace(release, plan=replace(release.plan, steps=(step,)))
    assert next_write(release) == undertaking("release", BOB, BANNER, release="r1", eases=eases)


# --- freezes ----------------------------------------------------------------------------------------------------------
def test_a_freeze_says_who_since_until_why_and_the_next_legal_moment() -> None:
    told = refused(undertaking(), holds=(hold("freeze", until=NOW + 2 * HOUR),))
    assert told.code == "policy"
    for word in (
        "production is frozen",
        "by bob@jump-2",
        "since 2026-11-18 10:06Z",
        "until 2026-11-18 13:06Z",
        "because",
    ):
        assert word in told.message
    assert "next legal moment: 2026-11-18 13:06Z" in told.hint
    assert "qd freeze lift h-freeze" in told.hint
    assert OVERRIDE in told.hint


def test_the_next_legal_moment_counts_windows_and_holds_that_follow_one_another() -> None:
    holds = (hold("freeze", until=NOW + 2 * HOUR),)
    windows = (frozen(), Window("upgrade", since=NOW + 1.5 * HOUR, until=NOW + 5 * HOUR))
    assert asked(undertaking(), holds=holds, windows=windows).until == NOW + 5 * HOUR


def test_nobody_knows_when_a_hold_without_an_end_is_over() -> None:
    cleared = asked(undertaking(), holds=(hold("freeze"),))
    assert cleared.until is None
    assert cleared.refusal
    assert "next legal moment" not in cleared.refusal.hint


def test_a_freeze_that_ran_out_stops_nothing() -> None:
    assert asked(undertaking(), holds=(hold("freeze", until=NOW),)) == Clearance()


def test_a_freeze_elsewhere_stops_nothing_here() -> None:
    assert asked(undertaking(), holds=(hold("freeze", "staging"), hold("freeze", "production/cart"))) == Clearance()
    assert asked(undertaking(), windows=(frozen(environments=("staging",)),)) == Clearance()


@pytest.mark.parametrize("kind", ["freeze", "lock", "stop", "hotfix", "automation"])
def test_rollback_passes_what_kargos_windows_would_gate(kind: HoldKind) -> None:
    cleared = asked(undertaking("recovery"), holds=(hold(kind),), windows=(frozen(),))
    assert cleared.refusal is None
    assert any("going back is free" in risk.text for risk in cleared.risks)


def test_a_window_may_forbid_rollbacks_too_if_it_says_so() -> None:
    window = (frozen(rollback_too=True),)
    assert refused(undertaking("recovery"), windows=window).code == "policy"
    assert "going back is free" not in refused(undertaking("recovery"), windows=window).hint
    assert "going back is free" in refused(undertaking(), windows=window).hint
    assert asked(undertaking("recovery"), windows=window, override="on fire").overridden
    assert asked(undertaking("recovery", release="r1"), windows=window, releases=(open_release(),)).refusal is None


def test_business_hours_are_windows_too() -> None:
    open_late = (Window("office", kind="open", cron="0 18 * * *", seconds=HOUR),)
    told = refused(undertaking(), windows=open_late)
    assert "outside its hours" in told.message
    assert "next legal moment: 2026-11-18 18:00Z" in told.hint
    assert asked(undertaking("recovery"), windows=open_late).refusal is None


def test_hours_that_a_freeze_always_covers_have_no_next_legal_moment() -> None:
    hours = Window("hour", kind="open", cron="0 9 * * *", seconds=HOUR)
    always = Window("upkeep", cron="30 8 * * *", seconds=2 * HOUR)
    cleared = asked(undertaking(), windows=(hours, always))
    assert cleared.refusal
    assert cleared.until is None


# --- setting aside ----------------------------------------------------------------------------------------------------
def test_an_admin_does_not_bypass_silently_but_with_a_reason_on_record() -> None:
    everything: dict[str, Any] = {"holds": (hold("freeze"), hold("lock"), hold("stop")), "windows": (frozen(),)}
    assert asked(undertaking(actor="root@localhost"), **everything).refusal
    assert asked(undertaking(actor="root@localhost"), **everything, override="   ").refusal
    cleared = asked(undertaking(actor="root@localhost"), **everything, override="customers can't pay")
    assert cleared.refusal is None
    assert len(cleared.overridden) == 4
    assert {risk.severity for risk in cleared.risks} == {"danger"}
    assert all(risk.text.startswith("overridden: ") and "customers can't pay" in risk.remedy for risk in cleared.risks)


def test_what_was_set_aside_for_a_release_stays_so_but_what_comes_later_does_not() -> None:
    freeze = hold("freeze")
    (sentence,) = asked(undertaking(release="r1"), holds=(freeze,), override="must").overridden
    known = (Override(NOW, ANA, sentence, "must", "r1"),)
    step = undertaking(release="r1")
    assert asked(step, holds=(freeze,), overrides=known).refusal is None
    assert asked(replace(step, release="r2"), holds=(freeze,), overrides=known).refusal
    assert asked(step, holds=(freeze, hold("stop")), overrides=known).refusal
    assert asked(step, holds=(replace(freeze, until=NOW + HOUR),), overrides=known).refusal


def test_the_hint_offers_an_override_only_where_one_would_help() -> None:
    assert OVERRIDE in refused(undertaking(), holds=(hold("lock"),)).hint
    assert OVERRIDE not in refused(undertaking(), releases=(open_release(),)).hint
    both = refused(undertaking(), releases=(open_release(),), holds=(hold("lock"),))
    assert OVERRIDE not in both.hint
    assert "locked" in both.message


def test_everything_in_the_way_is_told_at_once() -> None:
    told = refused(undertaking(), holds=(hold("stop"), hold("freeze")), windows=(frozen(),))
    assert [word in told.message for word in ("line", "frozen", "weekend")] == [True] * 3


# --- locks, the line, holds ------------------------------------------------------------------------------------------
def test_a_lock_tells_its_reason_to_everybody_but_whoever_placed_it() -> None:
    lock = (hold("lock", "production/checkout", reason="looking into the 502s"),)
    told = refused(undertaking(), holds=lock)
    assert "looking into the 502s" in told.message
    assert "qd unlock" in told.hint
    assert asked(undertaking(actor=BOB), holds=lock).refusal is None


def test_when_the_line_is_stopped_nothing_begins_and_running_releases_wait() -> None:
    stop = (hold("stop", "*"),)
    assert refused(undertaking(actor=BOB), holds=stop).hint.startswith("qd line resume")
    running = open_release(actor=ANA)
    assert asked(undertaking(release="r1"), holds=stop, releases=(running,)).refusal
    assert asked(undertaking("order", release="r1"), holds=stop, releases=(running,)).refusal is None


def test_regular_releases_and_actions_wait_for_a_hotfix_and_the_hotfix_passes() -> None:
    held = (hold("hotfix", release="fix1"),)
    assert "fix1" in refused(undertaking(), holds=held).message
    assert asked(undertaking("action"), holds=held).refusal
    assert asked(undertaking(release="fix1", hotfix=True), holds=held).refusal is None
    assert any(risk.severity == "warning" for risk in asked(undertaking("recovery"), holds=held).risks)


def test_a_hold_of_automation_stops_releases_and_leaves_hands_and_hotfixes_free() -> None:
    held = (hold("automation", until=NOW + HOUR),)
    assert refused(undertaking(), holds=held).hint.startswith("next legal moment")
    assert asked(undertaking("action"), holds=held).refusal is None
    assert asked(undertaking(hotfix=True), holds=held).refusal is None


# --- claims -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("kind", ["release", "action", "recovery"])
@pytest.mark.parametrize("region", ["", "west"])
def test_an_open_release_has_its_targets_for_itself(kind: str, region: str) -> None:
    told = refused(undertaking(kind, ANA, replace(CHECKOUT, region=region)), releases=(open_release(),), override="now")
    assert told.code == "locked"
    assert "r1" in told.message
    assert "qd release abort r1" in told.hint


def test_a_release_is_not_in_its_own_way_and_ended_ones_in_nobodys() -> None:
    running = open_release()
    assert asked(undertaking(release="r1"), releases=(running,)).refusal is None
    assert asked(undertaking(), releases=(replace(running, ending="succeeded"),)).refusal is None
    assert asked(undertaking(), releases=(replace(running, ending="needs_operator", choices=("retry",)),)).refusal
    assert asked(undertaking("release", ANA, CART), releases=(running,)).refusal is None


def test_only_a_release_that_has_changed_nothing_gives_way() -> None:
    what = undertaking(supersedes=True)
    assert asked(what, releases=(open_release(),)).refusal is None
    assert asked(what, releases=(open_release(state="running"),)).refusal


# --- always -----------------------------------------------------------------------------------------------------------
KINDS: list[HoldKind] = ["freeze", "lock", "stop", "hotfix", "automation"]
SCOPES = st.sampled_from(["*", "production", "staging", "production/checkout", "production/cart"])
HOLDS = st.builds(
    lambda kind, scope, by, until: hold(kind, scope, by, until=until),
    st.sampled_from(KINDS),
    SCOPES,
    st.sampled_from([ANA, BOB]),
    st.none() | st.floats(NOW - HOUR, NOW + 9 * HOUR),
)
SPANS = st.builds(lambda since, last: frozen(since=NOW + since, until=NOW + since + last),
                  st.floats(-9 * HOUR, 9 * HOUR), st.floats(1, 9 * HOUR))  # fmt: skip


@given(st.lists(HOLDS, max_size=5), st.lists(SPANS, max_size=3), st.sampled_from(["release", "action"]))
def test_the_next_legal_moment_is_legal_and_no_earlier_end_is(holds: Any, windows: Any, kind: str) -> None:
    about: dict[str, Any] = {"holds": tuple(holds), "windows": tuple(windows)}
    cleared = asked(undertaking(kind), **about)
    assert (cleared.refusal is None) or cleared.until is None or cleared.until > NOW
    if cleared.until is None:
        return
    assert asked(undertaking(kind), now=cleared.until, **about).refusal is None
    ends = [one.until for one in (*holds, *windows) if one.until is not None and NOW <= one.until < cleared.until]
    assert all(asked(undertaking(kind), now=end, **about).refusal for end in ends)


@given(st.lists(HOLDS, max_size=5), st.lists(SPANS, max_size=3), st.text(max_size=20))
def test_going_back_is_never_stopped_by_the_clock_or_a_hold(holds: Any, windows: Any, override: str) -> None:
    cleared = asked(undertaking("recovery"), holds=tuple(holds), windows=tuple(windows), override=override)
    assert cleared.refusal is None
    assert cleared.overridden == ()


@given(st.lists(HOLDS, max_size=5), st.lists(SPANS, max_size=3), st.sampled_from(["release", "action"]))
def test_a_reason_sets_aside_exactly_what_was_in_the_way(holds: Any, windows: Any, kind: str) -> None:
    about: dict[str, Any] = {"holds": tuple(holds), "windows": tuple(windows)}
    without, given_one = asked(undertaking(kind), **about), asked(undertaking(kind), **about, override="because")
    assert given_one.refusal is None
    assert bool(without.refusal) == bool(given_one.overridden)
    if without.refusal:
        assert without.refusal.message == "; ".join(given_one.overridden)
