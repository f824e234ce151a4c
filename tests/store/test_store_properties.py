"""Whatever is asked of a store in whatever order, it stays consistent: checked against a plain model of it."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule
from tests.store.samples import ended, plan, request, started, step_event

from quarterdeck.release.plan import Refusal
from quarterdeck.store.answer import Answer
from quarterdeck.store.base import Draft, Lease, LeaseLost, Lock, Locked, Request
from quarterdeck.store.folding import fold
from quarterdeck.store.opening import open_store

HOLDERS = st.sampled_from(["one", "two", "three"])
RESOURCES = st.sampled_from(["site", "profile", "flag"])
OPERATIONS = st.sampled_from(["o1", "o2", "o3"])
STEP_EVENTS = st.sampled_from(["intended", "accepted", "in_doubt", "done", "not_done", "skipped", "progress"])
ENDINGS = st.sampled_from(["succeeded", "failed", "rolled_back"])


class StoreMachine(RuleBasedStateMachine):
    """Drives two connections to one store, as two processes would, and remembers what must be true."""

    leases = Bundle("leases")

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "s" / "store.db"
        self.stores = [open_store(path, create=True), open_store(path, create=True)]
        self.now = 0.0
        self.current: Lease | None = None
        self.waiting: dict[str, Request] = {}
        self.by_key: dict[str, Request] = {}
        self.locks: dict[str, str] = {}
        self.written = 0

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    @rule(seconds=st.floats(0.5, 12))
    def time_goes_by(self, seconds: float) -> None:
        self.now += seconds

    @rule(target=leases, holder=HOLDERS, side=st.integers(0, 1))
    def take(self, holder: str, side: int) -> Lease | None:
        taken = self.stores[side].take_lease("runner", holder, self.now, 10, {})
        free = self.current is None or self.current.expires_at <= self.now or self.current.holder == holder
        assert (taken is not None) == free
        if taken:
            assert self.current is None or taken.fence > self.current.fence
            self.current = taken
        return taken

    @rule(lease=leases, side=st.integers(0, 1))
    def renew(self, lease: Lease | None, side: int) -> None:
        if lease is None:
            return
        try:
            renewed = self.stores[side].renew_lease(lease, self.now, 10)
        except LeaseLost:
            assert not self._is_current(lease)
        else:
            assert self._is_current(lease)
            self.current = renewed

    @rule(number=st.integers(0, 30), key=st.integers(0, 8), side=st.integers(0, 1))
    def submit(self, number: int, key: int, side: int) -> None:
        asked = request(f"{number}-{key}", f"k{key}")
        stored = self.stores[side].submit(asked)
        if f"k{key}" not in self.by_key:
            self.by_key[f"k{key}"] = self.waiting[asked.id] = asked
        assert stored == self.by_key[f"k{key}"]

    @rule(lease=leases, side=st.integers(0, 1))
    def answer_the_oldest(self, lease: Lease | None, side: int) -> None:
        if lease is None or not self.waiting:
            return
        oldest = next(iter(self.waiting))
        given = Answer(oldest, self.now, refusal=Refusal("policy", "no"))
        if self._record(lease, side, [Draft("request.refused")], answer=given):
            del self.waiting[oldest]
            assert self.stores[1 - side].answer(oldest) == given

    @rule(lease=leases, side=st.integers(0, 1), operation=OPERATIONS, resources=st.sets(RESOURCES, min_size=1))
    def begin(self, lease: Lease | None, side: int, operation: str, resources: set[str]) -> None:
        if lease is None or self.stores[0].operation(operation):
            return
        wanted = [Lock(resource, operation, "ana", "swap", self.now) for resource in sorted(resources)]
        if self._record(lease, side, [started(operation, plan(operation))], lock=wanted):
            self.locks.update(dict.fromkeys(resources, operation))

    @rule(lease=leases, side=st.integers(0, 1), operation=OPERATIONS, kinds=st.lists(STEP_EVENTS, max_size=3))
    def go_on(self, lease: Lease | None, side: int, operation: str, kinds: list[str]) -> None:
        if lease is not None:
            self._record(lease, side, [step_event(kind, operation, detail=kind) for kind in kinds])

    @rule(lease=leases, side=st.integers(0, 1), operation=OPERATIONS, ending=ENDINGS)
    def end(self, lease: Lease | None, side: int, operation: str, ending: str) -> None:
        if lease is not None and self._record(lease, side, [ended(operation, ending)], unlock=operation):
            self.locks = {resource: owner for resource, owner in self.locks.items() if owner != operation}

    def _record(self, lease: Lease, side: int, drafts: list[Draft], **more: object) -> bool:
        store = self.stores[side]
        in_the_way: Lock | None = None
        try:
            events = store.record(drafts, lease, self.now, **more)  # type: ignore[arg-type]
        except LeaseLost:
            assert not self._is_current(lease)
            return False
        except Locked as refused:
            in_the_way = refused.lock
        wanted: tuple[Lock, ...] = tuple(more.get("lock", ()))  # type: ignore[arg-type]
        taken = [lock.resource for lock in wanted if self.locks.get(lock.resource, lock.operation) != lock.operation]
        assert bool(in_the_way) == bool(taken)
        if in_the_way:
            assert self.locks[in_the_way.resource] == in_the_way.operation
            return False
        assert self._is_current(lease)
        assert [event.seq for event in events] == [self.written + 1 + n for n in range(len(drafts))]
        self.written += len(drafts)
        return True

    def _is_current(self, lease: Lease) -> bool:
        return self.current is not None and self.current.fence == lease.fence

    @invariant()
    def both_sides_see_what_must_be_there(self) -> None:
        for store in self.stores:
            assert [waiting.id for waiting in store.pending()] == list(self.waiting)
            assert {lock.resource: lock.operation for lock in store.locks()} == self.locks
            held = store.lease("runner")
            assert (held and held.fence) == (self.current and self.current.fence)

    @invariant()
    def the_journal_is_whole_and_says_what_is_shown(self) -> None:
        store = self.stores[0]
        assert store.verify() == ()
        events = store.events()
        assert len(events) == self.written
        assert {operation.id: operation for operation in store.operations()} == fold(events)


TestStore = StoreMachine.TestCase
TestStore.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
