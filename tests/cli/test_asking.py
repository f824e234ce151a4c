"""What the commands hand in, what they show and ask before, and what they make of a runner's answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

import pytest
from tests.cli.releases import CHECKOUT, canary, hotfix

from quarterdeck.fleet.codec import from_json
from quarterdeck.release.plan import Refusal
from quarterdeck.release.release_plan import ReleasePlan, Wish
from quarterdeck.release.rollout import opening
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Request
from quarterdeck.store.opening import open_store

PRODUCTION = ("--yes", "--confirm", "production")


class Runner(threading.Thread):
    """Answers every request at once as it is told to: by kind, what to answer."""

    def __init__(self, written: Any) -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, Callable[[Request], Answer]] = {}
        """By kind; what isn't in it is done at once."""
        self.asked: list[Request] = []
        self._written = written
        self._over = threading.Event()

    def run(self) -> None:
        with closing(open_store(self._written.store.path, create=False)) as store:
            while not self._over.wait(0.005):
                for request in store.pending():
                    self.asked.append(request)
                    answer = self.answers.get(request.kind, _done)
                    store.record((), self._written.lease, time.time(), answer=answer(request))

    def stop(self) -> None:
        self._over.set()
        self.join()

    def refuses(self, kind: str, refusal: Refusal) -> None:
        self.answers[kind] = lambda one: Answer(one.id, time.time(), refusal=refusal)

    def proposes(self, plan: ReleasePlan, ending: str = "succeeded") -> None:
        """Answers a wish with a plan, and lets the release that is launched from it end at once."""

        def launch(request: Request) -> Answer:
            body = opening(plan, request.reason, {})
            end = {"ending": ending, "detail": "all is through", "choices": []}
            drafts = (
                Draft("release.started", request.actor, plan.id, str(CHECKOUT), body),
                Draft("release.ended", "runner", plan.id, str(CHECKOUT), end),
            )
            with closing(open_store(self._written.store.path, create=False)) as store:
                store.record(drafts, self._written.lease, time.time())
            return Answer(request.id, time.time(), release=plan.id)

        self.answers["propose"] = lambda one: Answer(one.id, time.time(), proposal=plan)
        self.answers["launch"] = launch

    @property
    def body(self) -> Mapping[str, Any]:
        """What the last request asks for."""
        return self.asked[-1].body

    def wish(self) -> Wish:
        wish: Wish = from_json(Wish, next(one.body["wish"] for one in self.asked if one.kind == "propose"))
        return wish


def _done(request: Request) -> Answer:
    return Answer(request.id, time.time(), said="done so")


@pytest.fixture
def runner(written: Any) -> Iterator[Runner]:
    answering = Runner(written)
    answering.start()
    yield answering
    answering.stop()


@pytest.mark.parametrize(
    ("ending", "code"), [("succeeded", 0), ("failed", 1), ("rolled_back", 4), ("needs_operator", 5)]
)
def test_a_release_is_shown_started_and_followed_to_its_exit_code(
    runner: Runner, qd: Any, ending: str, code: int
) -> None:
    runner.proposes(canary(), ending)
    result = qd("release", "start", "production/checkout", *PRODUCTION, "--reason", "ship it")
    assert result.code == code
    assert "bake 10m under error-rate" in result.err, "the whole plan is shown before"
    assert "all is through" in result.out
    assert runner.body["typed"] == "production"
    assert runner.asked[-1].reason == "ship it"


def test_all_that_is_wished_for_is_handed_in(runner: Runner, qd: Any) -> None:
    runner.proposes(canary())
    line = "release plan production/checkout --version 2.15.0 --strategy careful --confirm-within 10m --supersede"
    result = qd(*line.split(), "--override", "the fix for the outage")
    assert result.code == 0
    assert runner.wish() == Wish(
        (CHECKOUT,), "2.15.0", "careful", confirm_within=600, supersede=True, override="the fix for the outage"
    )
    assert [one.kind for one in runner.asked] == ["propose"], "showing a plan starts nothing"


def test_without_waiting_the_id_is_all_that_is_printed(runner: Runner, qd: Any) -> None:
    runner.proposes(canary())
    result = qd("release", "start", "production/checkout", *PRODUCTION, "--no-wait")
    assert (result.code, result.out) == (0, "0199aa01\n")
    assert "qd release follow 0199aa01" in result.err


def test_a_protected_release_starts_only_with_its_name(runner: Runner, qd: Any) -> None:
    runner.proposes(canary())
    assert qd("release", "start", "production/checkout", "--yes").code == 2
    assert qd("release", "start", "production/checkout", "--yes", "--confirm", "staging").code == 3
    assert {one.kind for one in runner.asked} == {"propose"}


@pytest.mark.parametrize(
    ("code", "exit_code"),
    [
        ("policy", 3),
        ("locked", 3),
        ("impossible", 1),
        ("unsettled", 1),
        ("unreadable", 7),
        ("denied", 6),
        ("usage", 2),
        ("unchanged", 0),
    ],
)
def test_a_refusal_is_told_with_its_hint_and_exit_code(runner: Runner, qd: Any, code: Any, exit_code: int) -> None:
    runner.refuses("propose", Refusal(code, "production is frozen", "next legal moment: tomorrow"))
    result = qd("release", "start", "production/checkout", *PRODUCTION)
    assert result.code == exit_code
    assert "production is frozen" in result.err


def test_an_action_with_a_deadline_is_a_release_of_that_action(written: Any, runner: Runner, qd: Any) -> None:
    runner.answers["plan"] = lambda one: Answer(one.id, time.time(), plan=written.plan())
    runner.proposes(canary())
    result = qd("swap", "production/checkout", "--confirm-within", "5m", *PRODUCTION)
    assert result.code == 0
    assert "API_URL" in result.err, "all that is known of the action is shown as well"
    wish = runner.wish()
    assert wish.confirm_within == 300
    assert wish.action is not None
    assert wish.action.target == CHECKOUT


def test_an_override_goes_with_an_action_as_well(runner: Runner, qd: Any) -> None:
    runner.refuses("plan", Refusal("policy", "no"))
    qd("swap", "production/checkout", "--override", "an outage", *PRODUCTION)
    assert runner.body["override"] == "an outage"


def test_a_hotfix_shows_what_it_leaves_out_and_goes_to_the_end_of_the_train(
    written: Any, runner: Runner, qd: Any
) -> None:
    runner.proposes(hotfix())
    result = qd("hotfix", "start", "checkout", "--ref", "abc123", *PRODUCTION)
    assert result.code == 0
    for words in ("the bake of 10m is left out (by authority of sre)", "approval sre stays: asked", "qd hotfix debts"):
        assert words in result.err
    wish = runner.wish()
    assert (wish.targets, wish.hotfix, wish.ref) == ((CHECKOUT,), True, "abc123")


def test_orders_name_the_step_that_is_looked_at(written: Any, runner: Runner, qd: Any) -> None:
    written.release().done("1", "2", "3").running("4")
    result = qd("release", "promote", "0199", *PRODUCTION, "--reason", "looks fine")
    assert result.code == 0
    assert runner.body == {"release": "0199aa01", "order": "promote", "step": "4", "override": ""}
    assert result.out == "done so\n"
    qd("release", "promote", "production/checkout", "--full", *PRODUCTION)
    assert runner.body["order"] == "promote_full"
    qd("release", "undo", "0199", "--to", "1", *PRODUCTION)
    assert (runner.body["order"], runner.body["step"]) == ("undo", "1")


def test_a_release_that_went_back_to_a_step_is_told_to_go_on_from_between_two(
    written: Any, runner: Runner, qd: Any
) -> None:
    log = written.release().done("1", "2").running("3")
    log("ordered", "ana@jump", order="undo", step="1", reason="")
    log("recovering", why="undo by ana@jump", steps=["3", "2"], to="1")
    for step in ("3", "2"):
        log("step_undone", step=step, detail="comes again")
    log("ordered", order="pause", step="", reason="undone to step 1")
    qd("release", "resume", "0199", *PRODUCTION)
    assert (runner.body["order"], runner.body["step"]) == ("resume", "")


@pytest.mark.parametrize(
    ("ending", "code"), [("rolled_back", 0), ("failed", 0), ("succeeded", 1), ("needs_operator", 5)]
)
def test_an_abort_takes_a_plain_yes_waits_and_is_well_when_all_was_taken_back(
    written: Any, runner: Runner, qd: Any, ending: str, code: int
) -> None:
    log = written.release().done("1").running("2", lasts=500)

    def abort(request: Request) -> Answer:
        with closing(open_store(written.store.path, create=False)) as store:
            body = {"ending": ending, "detail": "so it ended", "choices": []}
            draft = Draft("release.ended", "runner", log.plan.id, str(CHECKOUT), body)
            store.record((draft,), written.lease, time.time())
        return Answer(request.id, time.time(), release=log.plan.id)

    runner.answers["order"] = abort
    result = qd("release", "abort", "production/checkout", "--yes")
    assert result.code == code
    assert "so it ended" in result.out


def test_words_of_people_are_handed_in_with_the_step_and_the_time(written: Any, runner: Runner, qd: Any) -> None:
    written.release().done("1", "2").running("3")
    before = time.time()
    assert qd("approve", "production/checkout", "--after", "2h", "--yes", "--reason", "after lunch").code == 0
    assert (runner.body["release"], runner.body["step"], runner.body["verdict"]) == ("0199aa01", "3", "approve")
    assert before + 7200 <= runner.body["effective_at"] <= time.time() + 7200
    assert qd("reject", "0199aa01/3", "--reason", "not today").code == 0
    assert (runner.body["verdict"], runner.asked[-1].reason) == ("reject", "not today")


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("freeze all --reason x", {"deed": "freeze", "scope": "*", "until": None}),
        ("lock production/checkout --reason x", {"deed": "lock", "scope": "production/checkout", "until": None}),
        ("line stop --reason x", {"deed": "stop", "scope": "*", "until": None}),
        ("conn take production --reason x", {"deed": "take", "scope": "production"}),
        ("conn offer all --to bo@jump", {"deed": "offer", "scope": "*", "to": "bo@jump"}),
        ("conn give all", {"deed": "give", "scope": "*"}),
    ],
)
def test_guards_are_asked_for_by_their_scope(runner: Runner, qd: Any, line: str, body: Mapping[str, Any]) -> None:
    result = qd(*line.split())
    assert result.code == 0
    assert runner.body == body
    assert "done so" in result.out


def test_a_freeze_ends_when_it_was_said_to(runner: Runner, qd: Any) -> None:
    before = time.time()
    qd("freeze", "production", "--for", "90m", "--reason", "an audit")
    assert before + 5400 <= runner.body["until"] <= time.time() + 5400
    qd("freeze", "production", "--until", "2099-01-01T00:00Z", "--reason", "an audit")
    assert runner.body["until"] == 4070908800
