"""What a release may need done next. `release/conducting.py` decides, `runner/conductor.py` does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from quarterdeck.records import dataclass, field
from quarterdeck.release.operation import Ending, Operation
from quarterdeck.release.release_plan import ReleaseStep
from quarterdeck.release.rollout import Order


@dataclass(frozen=True, slots=True)
class Start:
    """Begin a step. `until` is when it ends by itself (a pause, a bake), None if it doesn't."""

    step: ReleaseStep
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """Write down that a step is done (or skipped), and why."""

    step: str
    detail: str
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Write down that a step has failed, and why."""

    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class Measure:
    """Ask these gates now, all at once, and write the sample down. `step` may be `rollout.BACKGROUND`; `unasked` is
    what the sample says of the time before it, see `Sample`."""

    step: str
    gates: tuple[str, ...]
    unasked: float = 0


@dataclass(frozen=True, slots=True)
class Watch:
    """Wait until this operation has ended, or, if `until` comes first, decide again."""

    operation: str
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Rest:
    """Nothing to do before `until` (None: before somebody does something). `why` is what it waits for, for people."""

    until: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Recover:
    """Write down that everything in `steps` is taken back from here on, in this order, and why."""

    why: str
    steps: tuple[str, ...]
    to: str = ""


@dataclass(frozen=True, slots=True)
class Undo:
    """Take one step back: a `Write` by the inverse of its operation (`Standing.operation`), a `Run` by its undo.

    If that can't even be planned, the journal says so with a `release.step_undoing` without an operation, and the
    reason as its detail; the same says that an undo command has failed.
    """

    step: ReleaseStep


@dataclass(frozen=True, slots=True)
class Undone:
    """Write down that a step has been taken back."""

    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class Confirming:
    """Write down that all is done and waits to be confirmed until then."""

    until: float


@dataclass(frozen=True, slots=True)
class Halt:
    """Write down that it pauses: no person said so, `why` did."""

    why: str


@dataclass(frozen=True, slots=True)
class Finish:
    """Write down the ending."""

    ending: Ending
    detail: str = ""
    choices: tuple[Order, ...] = ()


Move = Start | Done | Failed | Measure | Watch | Rest | Recover | Undo | Undone | Confirming | Halt | Finish


@dataclass(frozen=True, slots=True)
class Outside:
    """What a decision needs to know that doesn't stand in the release.

    Attributes:
        operations: the release's operations by id, as they stand.
        hindrance: why no step that changes something may begin now (a freeze, a stopped line, the exposure budget, a
            hotfix that goes first); "" if nothing stands in the way. Recovering is never hindered by it.
        hindered_until: when that ends by itself, None if nobody knows.
        groups_of: the groups that somebody belongs to now.
        programs: ids of the `Run` steps whose program is running now, here. One that is under way in the journal and
            isn't among them belonged to a runner that is gone.
    """

    operations: Mapping[str, Operation] = field(default_factory=dict)
    hindrance: str = ""
    hindered_until: float | None = None
    groups_of: Callable[[str], frozenset[str]] = lambda _: frozenset()
    programs: frozenset[str] = frozenset()
