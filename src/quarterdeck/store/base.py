"""The store as its users see it: one protocol, whatever database is behind it.

Four kinds of content:

- *requests*: what somebody asks for. Written by viewers and the command line, taken by the runner.
- *observations*: the last known state of each place. Written by the runner.
- *series*: the last hours of what is measured of services. Written by the runner; the oldest points make room.
- *events*: the journal. Append-only, hash-chained; operations and plans are folded from it.

and two kinds of exclusion: *leases* (which runner is in charge) and *locks* (which operation owns a resource), both
carrying a fencing token: a number that grows with every new holder, so that a writer that lost its lease is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.fleet.topology import Fleet
from quarterdeck.records import dataclass, field
from quarterdeck.release.guards import Guards
from quarterdeck.release.operation import Operation
from quarterdeck.release.rules import Rulebook
from quarterdeck.store.errors import LeaseLost as LeaseLost
from quarterdeck.store.errors import StoreError as StoreError

if TYPE_CHECKING:  # short commands have no use for them, and pay for what they load
    from quarterdeck.release.rollout import Release
    from quarterdeck.store.answer import Answer

RequestKind = Literal[
    "plan", "confirm", "dismiss", "choose", "refresh", "stop", "propose", "launch", "order", "decide", "guard"
]
"""plan: work out an action. confirm: carry out a plan (body names its digest). dismiss: forget a plan.
choose: answer an operation that needs an operator. refresh: observe now. stop: ask the runner to leave when idle.
propose: work out a release. launch: start a proposed release. order: tell a release something. decide: approve or
reject. guard: change what stands guard (the conn, freezes, locks, the line, debts)."""


class Locked(StoreError):
    """A resource belongs to another operation.

    Attributes:
        lock: whose.
    """

    def __init__(self, lock: Lock) -> None:
        super().__init__(f"{lock.resource} is in use by operation {lock.operation} of {lock.actor}: {lock.reason}")
        self.lock = lock


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asks for.

    Attributes:
        id: unique, sortable by time.
        key: idempotency key; a second request with the same key is the first one.
        body: `plan`: {"action": ...}; `confirm`: {"plan": id, "digest": ..., "typed": text}; `dismiss`: {"plan": id};
            `choose`: {"operation": id, "step": id, "choice": ...}; `refresh`: {"target": text or ""}; `stop`: {};
            `propose`: {"wish": Wish}; `launch`: {"plan": id, "digest": ..., "typed": text};
            `order`: {"release": id, "order": Order, "step": id or "", "override": reason or ""};
            `decide`: {"release": id, "step": id or "" for the one that waits, "verdict": "approve" | "reject",
            "effective_at": UNIX seconds or 0};
            `guard`: {"deed": GuardDeed, ...}, see there. `plan` may also hold "override": the reason for setting aside
            what would stop the action.
        actor: who asked: user@host of the viewer. The runner adds the identity that the credential proves.
        via: `cockpit`, `cli`, ...
        read_only: the viewer ran with --read-only; the runner refuses whatever would write.
    """

    id: str
    key: str
    kind: RequestKind
    body: Mapping[str, Any]
    actor: str
    reason: str = ""
    via: str = "cli"
    at: float = 0
    read_only: bool = False


GuardDeed = Literal["take", "offer", "give", "freeze", "lock", "stop", "hold", "lift", "pay"]
"""What a guard request does; the request's `reason` is kept with it. Scopes are those of `release/guards.py`.

take: {"scope"} the conn; from somebody else only with a reason. offer: {"scope", "to"}. give: {"scope"} it up.
freeze, lock, stop, hold (automation): {"scope", "until": UNIX seconds or None}. lift: {"id"} of a hold.
pay: {"id"} of a debt; the reason is the evidence.
"""


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the journal. `hash` covers all the rest and the hash of the line before."""

    seq: int
    at: float
    kind: str
    actor: str
    operation: str
    target: str
    body: Mapping[str, Any]
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Draft:
    """An event about to be appended."""

    kind: str
    actor: str = ""
    operation: str = ""
    target: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lease:
    """A right that expires unless renewed. `fence` grows with each new holder."""

    name: str
    holder: str
    fence: int
    expires_at: float
    info: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lock:
    """An operation's right to a resource, until released."""

    resource: str
    operation: str
    actor: str
    reason: str
    since: float


@dataclass(frozen=True, slots=True)
class ChainFault:
    """Where the journal is not what was written: an edited line, a gap, a lost end."""

    seq: int
    message: str


SERIES_POINTS, SERIES_SECONDS = 240, 86_400.0
"""Of each series the last so many points are kept, and none that is so much older than the newest."""


class Store(Protocol):
    """The bus. All methods are synchronous and short; each is one transaction; all raise StoreError.

    Times are given by the caller (`at`, `now`), so that tests can step them.
    """

    # --- for everybody -------------------------------------------------------------------------------------------
    def version(self) -> int:
        """A number that changes whenever another connection has written. Cheap: for polling."""
        ...

    def fleet(self) -> Fleet | None:
        """The fleet the runner has loaded, or None before it ever did."""
        ...

    def observations(self) -> Mapping[str, Observation]:
        """All observations by subject."""
        ...

    def series(self, target: str) -> Mapping[SeriesId, Sequence[Point]]:
        """What was measured of a target (without a region: of all its regions too), the oldest point first."""
        ...

    def operations(self, *, open_only: bool = False, target: str = "", limit: int = 100) -> Sequence[Operation]:
        """Operations, newest first. `target` matches whole targets and their regions."""
        ...

    def operation(self, operation_id: str) -> Operation | None:
        """One operation, as far as the journal tells."""
        ...

    def rules(self) -> Rulebook:
        """The rules that the runner has published; an empty rulebook before it ever did."""
        ...

    def releases(self, *, open_only: bool = False, limit: int | None = None) -> Sequence[Release]:
        """Releases, newest first, at most `limit`. None: the last 100, but all of those that are open, for what is
        left out has nothing for itself."""
        ...

    def release(self, release_id: str) -> Release | None:
        """One release, as far as the journal tells."""
        ...

    def guards(self) -> Guards:
        """What stands guard, as far as the journal tells."""
        ...

    def answer(self, request_id: str) -> Answer | None:
        """What became of a request, or None if the runner hasn't answered yet."""
        ...

    def events(
        self,
        *,
        after: int = 0,
        before: int = 0,
        operation: str = "",
        target: str = "",
        actor: str = "",
        kinds: Sequence[str] = (),
        since: float = 0,
        until: float | None = None,
        limit: int = 1000,
        newest_first: bool = False,
    ) -> Sequence[Event]:
        """Lines of the journal with `seq > after`, filtered.

        Args:
            before: only lines with a smaller `seq`; 0 for all.
            kinds: how the kinds begin that are wanted, for example `("step.", "release.ended")`; none for all.
            since, until: only lines written then, both included (UNIX seconds).
        """
        ...

    def verify(self) -> Sequence[ChainFault]:
        """Check the whole chain; empty means that nothing was edited, lost or put in between."""
        ...

    def lease(self, name: str) -> Lease | None:
        """Who holds a lease now (it may have expired: compare `expires_at`)."""
        ...

    def locks(self) -> Sequence[Lock]:
        """Every lock held."""
        ...

    def close(self) -> None:
        """Let go of the database."""
        ...

    # --- for viewers ---------------------------------------------------------------------------------------------
    def submit(self, request: Request) -> Request:
        """Hand in a request; returns the stored one, which is an earlier one if its key was used before."""
        ...

    # --- for the runner ------------------------------------------------------------------------------------------
    def take_lease(self, name: str, holder: str, now: float, ttl: float, info: Mapping[str, Any]) -> Lease | None:
        """Take a free or expired lease with a higher fence; None if somebody else holds it."""
        ...

    def renew_lease(self, lease: Lease, now: float, ttl: float) -> Lease:
        """Extend it. Raises LeaseLost if holder or fence changed."""
        ...

    def release_lease(self, lease: Lease) -> None:
        """Let it go at once; nothing if it is already lost."""
        ...

    def pending(self) -> Sequence[Request]:
        """Requests without an answer, oldest first; what isn't a request that this version knows is left out."""
        ...

    def put_fleet(self, fleet: Fleet, lease: Lease) -> None:
        """Publish the topology. Raises LeaseLost."""
        ...

    def put_rules(self, rules: Rulebook, lease: Lease) -> None:
        """Publish the rules. Raises LeaseLost."""
        ...

    def observe(self, observations: Sequence[Observation], lease: Lease) -> None:
        """Replace the observations of these subjects. Raises LeaseLost."""
        ...

    def put_points(self, points: Sequence[tuple[SeriesId, Point]], lease: Lease) -> None:
        """Add points to their series, and forget the oldest; see SERIES_POINTS. A point takes the place of another one
        of the same time. Raises LeaseLost."""
        ...

    def record(
        self,
        drafts: Sequence[Draft],
        lease: Lease,
        at: float,
        *,
        answer: Answer | None = None,
        lock: Sequence[Lock] = (),
        unlock: str = "",
    ) -> Sequence[Event]:
        """Append events durably (on disk when this returns), together with what belongs to them.

        In the same transaction: the lease's fence is checked, `answer` is stored, the `lock`s are taken, and the
        locks of the operation `unlock` are released.

        Raises:
            LeaseLost: nothing was written.
            Locked: one of the locks belongs to another operation; nothing was written.
        """
        ...
