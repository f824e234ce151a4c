"""What an operator asks for, before anybody looked whether it is possible."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Literal

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field
from quarterdeck.release.run_action import DecideRun, StartRun, SteerRun, words_of

SwapMode = Literal["swap", "preview", "complete", "cancel"]


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange two slots, in one go or in two phases (preview, then complete or cancel).

    Traffic moves to `source`'s content: `destination` is the slot that users reach. Empty names mean the
    staging and the production slot.
    """

    target: TargetId
    source: str = ""
    destination: str = ""
    mode: SwapMode = "swap"


@dataclass(frozen=True, slots=True)
class Shift:
    """Divide new clients: percent by destination (slot or endpoint name). What isn't named shares the rest in
    the proportion it has now."""

    target: TargetId
    shares: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlagChange:
    """Switch a flag, or set who sees it. None leaves that part as it is.

    `audience` is all the groups that are let in; `admit` lets groups in besides those that are already. A flag that is
    off lets nobody in: admitting switches it on for those groups only, whatever percentages wait in it.
    """

    target: TargetId
    label: str = ""
    enabled: bool | None = None
    percent: float | None = None
    audience: tuple[Audience, ...] | None = None
    admit: tuple[Audience, ...] = ()


@dataclass(frozen=True, slots=True)
class Rollback:
    """Undo an operation: the named one, else the last that changed the target and hasn't been undone.

    `to_version` names the version that must serve afterwards ("" for whatever served before). `also` are operations
    from before the named one, oldest first, that are taken back with it. A release names those whose shares of traffic
    go back in the same write: users of a canary at 50% aren't led down over its 25% and 5%. Where no operation is
    named, the planner finds the swaps of the same release in other regions.
    """

    target: TargetId
    operation: str = ""
    to_version: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Deploy:
    """Put a version into a slot that users don't reach (or, named explicitly, into the one they do).

    `slot` "" means the one a swap comes from. `artifact` "" means what the service's route says for this version; else
    it is a container image, or the URL of a package.
    """

    target: TargetId
    version: str
    slot: str = ""
    artifact: str = ""


Action = Swap | Shift | FlagChange | Rollback | Deploy | DecideRun | StartRun | SteerRun


def command_line(action: Action) -> str:
    """The headless twin of an action, as it would be typed after `qd`."""
    words: list[str]
    match action:
        case Swap(target, source, destination, mode):
            words = ["swap", str(target)]
            words += ["--from", source] if source else []
            words += ["--to", destination] if destination else []
            words += [f"--{mode}"] if mode != "swap" else []
        case Shift(target, shares):
            words = ["shift", str(target), *(f"{name}={_number(share)}" for name, share in shares.items())]
        case FlagChange(target, label):
            words = ["flag", *_flag_verb(action), f"{target.environment}/{target.name}"]
            words += ["--label", label] if label else []
        case Rollback(target, operation, to_version):
            words = ["rollback", str(target)]
            words += ["--operation", operation] if operation else []
            words += ["--to", to_version] if to_version else []
        case Deploy(target, version, slot, artifact):
            words = ["deploy", str(target), "--version", version]
            words += ["--slot", slot] if slot else []
            words += ["--artifact", artifact] if artifact else []
        case DecideRun() | StartRun() | SteerRun():
            words = words_of(action)
    return "qd " + shlex.join(words)


def _number(percent: float) -> str:
    """All digits that it takes to read the same number back."""
    return repr(float(percent)).removesuffix(".0")


def _flag_verb(change: FlagChange) -> list[str]:
    if change.admit:
        return ["admit", *_groups(change.admit)]
    if change.audience is not None:
        return ["ring", *_groups(change.audience)]
    if change.percent is not None:
        return ["rollout", _number(change.percent)]
    return ["on" if change.enabled else "off"]


def _groups(audience: tuple[Audience, ...]) -> list[str]:
    return [f"{ring.group}={_number(ring.percent)}" for ring in audience]
