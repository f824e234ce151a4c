"""How a release goes: strategies as data, as the configuration declares them.

`release/unfolding.py` makes the steps of a release of them, `release/conducting.py` says what comes next.
Times in seconds, shares in percent of new clients.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quarterdeck.fleet.readings import Audience
from quarterdeck.records import dataclass
from quarterdeck.release.action import SwapMode


@dataclass(frozen=True, slots=True)
class DeployStep:
    """Put the release's version into a slot ("": the one a swap comes from)."""

    slot: str = ""


@dataclass(frozen=True, slots=True)
class SwapStep:
    """Exchange slots, or prepare, complete, cancel an exchange. Empty names are the fleet's usual slots."""

    mode: SwapMode = "swap"
    source: str = ""
    destination: str = ""


@dataclass(frozen=True, slots=True)
class WeightStep:
    """Divide new clients. The name "" is the slot that holds the new version (the one a swap comes from).

    `tolerance`: by how many percentage points the observed share may differ from the intended one; None asks for no
    observation, only for what the provider reports.
    """

    shares: Mapping[str, float]
    tolerance: float | None = None


@dataclass(frozen=True, slots=True)
class FlagStep:
    """Switch a flag of the environment, or set who sees it."""

    flag: str
    label: str = ""
    enabled: bool | None = None
    percent: float | None = None
    audience: tuple[Audience, ...] | None = None


@dataclass(frozen=True, slots=True)
class PauseStep:
    """Wait: for some time, or (None) until somebody promotes."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class BakeStep:
    """Let it run for some time; the gates, if any, must hold all the while."""

    seconds: float
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AnalysisStep:
    """Go on only when all these gates have passed, in the same sample."""

    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovalStep:
    """Go on when people have said yes, as the rule of that name wants it."""

    rule: str


@dataclass(frozen=True, slots=True)
class RingStep:
    """Give the release to a ring of the fleet: its regions are swapped, its flag's audience is let in, or its share of
    new clients is sent to the new version; see `fleet.topology.Ring`."""

    ring: str


@dataclass(frozen=True, slots=True)
class RollingStep:
    """Swap region after region. With `drain` a region gets no new clients while it is swapped; between two regions
    it bakes for `seconds` under `gates`."""

    drain: bool = False
    seconds: float = 0
    gates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RunStep:
    """Start a program on the runner's machine; exit code 0 is done. The words may hold `$version` and the like.

    `repeatable`: running it twice does what running it once does. `undo`: the program that takes it back, () if none.
    """

    command: tuple[str, ...]
    timeout: float = 600
    repeatable: bool = False
    undo: tuple[str, ...] = ()


StrategyStep = (
    DeployStep
    | SwapStep
    | WeightStep
    | FlagStep
    | PauseStep
    | BakeStep
    | AnalysisStep
    | ApprovalStep
    | RingStep
    | RollingStep
    | RunStep
)


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to release.

    Attributes:
        gates: the background analysis: asked from the first write on until the end; when one fails the release
            recovers, whatever step it is at.
        on_failure: what a failed gate does: `rollback` (recover by itself) or `pause` (wait for a person).
        confirm_within: after the last step somebody must confirm within so many seconds, or all is taken back
            (None: no need to).
        pause_limit: an indefinite pause that lasts longer than this aborts (None: never).
    """

    name: str
    steps: tuple[StrategyStep, ...]
    gates: tuple[str, ...] = ()
    on_failure: Literal["rollback", "pause"] = "rollback"
    confirm_within: float | None = None
    pause_limit: float | None = None
