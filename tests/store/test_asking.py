"""How requests are made: unique, in order, one for two presses, and without any third-party import."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import pytest
from tests.store.samples import plan

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Action, Shift
from quarterdeck.store.asking import Asker
from quarterdeck.store.sqlite import SqliteStore


@dataclass
class StepClock:
    time: float = 1_700_000_000.0

    def now(self) -> float:
        return self.time

    def monotonic(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += seconds


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def asker(sqlite_store: SqliteStore, clock: StepClock) -> Asker:
    return Asker(sqlite_store, "ana@jump", "cockpit", clock, read_only=False)


def test_a_request_says_who_what_why_and_whence(asker: Asker, sqlite_store: SqliteStore, clock: StepClock) -> None:
    action = Shift(TargetId("production", "checkout"), {"west": 60, "east": 40})
    asked = asker.plan(action, "too slow")
    (stored,) = sqlite_store.pending()
    assert stored == asked
    assert (stored.kind, stored.actor, stored.reason, stored.via) == ("plan", "ana@jump", "too slow", "cockpit")
    assert stored.at == clock.time
    assert from_json(Action, stored.body["action"]) == action
    assert not stored.read_only


def test_a_read_only_viewer_says_so(sqlite_store: SqliteStore, clock: StepClock) -> None:
    assert Asker(sqlite_store, "ana", "cli", clock, read_only=True).stop().read_only


def test_a_plan_confirmed_twice_is_one_request(asker: Asker, sqlite_store: SqliteStore) -> None:
    first = asker.confirm(plan(), "production", "go")
    assert asker.confirm(plan(), "production", "go") == first
    assert first.body == {"plan": "p1", "digest": plan().digest, "typed": "production"}
    assert asker.dismiss(plan()) == asker.dismiss(plan())
    assert len(sqlite_store.pending()) == 2


def test_a_confirmation_typed_otherwise_is_another_request(asker: Asker) -> None:
    assert asker.confirm(plan(), "prodution", "go") != asker.confirm(plan(), "production", "go")


def test_everything_else_is_asked_as_often_as_it_is_said(asker: Asker, sqlite_store: SqliteStore) -> None:
    for _ in range(2):
        asker.refresh()
        asker.refresh(TargetId("production", "checkout", "west"))
        asker.choose("o1", "1", "retry", "again")
        asker.stop()
    bodies = [(asked.kind, dict(asked.body)) for asked in sqlite_store.pending()][:4]
    assert bodies == [
        ("refresh", {"target": ""}),
        ("refresh", {"target": "production/checkout@west"}),
        ("choose", {"operation": "o1", "step": "1", "choice": "retry"}),
        ("stop", {}),
    ]
    assert len(sqlite_store.pending()) == 8


def test_ids_sort_by_time(asker: Asker, clock: StepClock) -> None:
    ids = []
    for _ in range(50):
        ids.append(asker.refresh().id)
        clock.time += 0.002
    assert ids == sorted(ids)
    assert len(set(ids)) == 50


def test_asking_needs_the_standard_library_only() -> None:
    script = """if True:
        import sys
        import quarterdeck.store.asking, quarterdeck.store.opening, quarterdeck.store.presence
        roots = {name.partition(".")[0] for name in sys.modules}
        print(*sorted(roots - set(sys.stdlib_module_names) - {"quarterdeck", "__main__"}))
        print("asyncio" in sys.modules)
    """
    shown = subprocess.run([sys.executable, "-I", "-S", "-c", _with_path(script)], capture_output=True, text=True)
    assert shown.stderr == ""
    assert shown.stdout == "\nFalse\n"


def _with_path(script: str) -> str:
    import quarterdeck

    return f"import sys; sys.path.insert(0, {str(next(iter(quarterdeck.__path__)) + '/..')!r})\n{script}"
