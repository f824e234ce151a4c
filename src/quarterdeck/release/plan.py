"""A plan: everything that an operator must know before saying yes, and everything the executor needs after."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Literal

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Role
from quarterdeck.records import dataclass, field
from quarterdeck.release.action import Action

Facts = Mapping[str, Any]
"""JSON-able facts; `release/settlement.py` lists the keys by verb."""

Verb = Literal[
    "swap", "preview", "complete", "cancel", "set_shares", "set_destination", "set_flag", "deploy",
    "decide_run", "start_run", "cancel_run", "rerun_run",
]  # fmt: skip
"""What one write does. The keys of `change`, `before` and `after` by verb, the same for every provider:

- swap, preview, complete, cancel: `change` has `source` and `destination` (slot names). `before` and `after` have
  `source_build` and `destination_build` (`Build.id`), `source_version` and `destination_version` (`Build.version`;
  "" for what is unknown), `preview_from` (of the destination, "" when
  nothing is prepared); `before` also `last_swap` (`SwapRecord.at` of the destination, "" if there was none).
- set_shares: all three have `shares`, percent of new clients by destination name, every destination named.
- set_destination: `change` has `destination`; all three have `weight` (the provider's own number) and `enabled`.
- set_flag: `change` has `name` and `label`; all three have `enabled`, `percent` (None: no percentage rule) and
  `audience` (percent by group). `before` also has `etag`, the version that was read.
- deploy: `change` has `slot`, `artifact` (container image or package URL) and `version`. `before` and `after` have
  `artifact` and `version` as they are read back ("" for what is unknown), `before` also `build` (`Build.id`) and
  `record` (the provider's name of the deployment that is in force, "" if it keeps none).
- decide_run, start_run, cancel_run, rerun_run: see `release/run_settlement.py`.
"""

Severity = Literal["info", "warning", "danger"]


@dataclass(frozen=True, slots=True)
class Step:
    """One write to one resource. Self-contained: another process can perform or settle it after a crash.

    Attributes:
        id: unique in the plan, in order: "1", "2", ...
        change: what to write, in absolute values.
        before: what was read when the step was planned: the fingerprint that must still hold when it starts.
        after: what must be read for the step to be done.
        undo: the `change` that takes it back, None when it can't be taken back.
        repeatable: True if sending the write twice has the same effect as sending it once.
    """

    id: str
    verb: Verb
    role: Role
    target: TargetId
    address: Address
    summary: str
    change: Facts = field(default_factory=dict)
    before: Facts = field(default_factory=dict)
    after: Facts = field(default_factory=dict)
    undo: Facts | None = None
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Effect:
    """One thing that will be different, in an operator's words: `production/checkout` `build` `2.14.3` -> `2.15.0`."""

    where: str
    what: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class SettingMove:
    """A setting at a swap: it moves with the content, or it sticks to its slot. Values are never held here."""

    name: str
    kind: str
    moves: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Risk:
    """What could go wrong. `danger` needs a deliberate yes; `remedy` says what to do about it."""

    severity: Severity
    code: str
    text: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Fuse:
    """The way back: whether there is one, how, about how long it takes (seconds), what is lost, until when.

    Where none is possible, `how` says why, and `lack` which kind of why that is: it is gone, it is needless (there is
    nothing to go back from), or it is only to be known later (something is under way).
    """

    possible: bool
    how: str
    seconds: float | None = None
    lost: str = ""
    until: str = ""
    lack: Literal["gone", "needless", "later"] = "gone"


@dataclass(frozen=True, slots=True)
class Plan:
    """An action, worked out against fresh readings.

    Attributes:
        request: id of the request that asked for it.
        locks: the resources it needs for itself: `Address.key`, for a flag with its name behind.
        command: the equivalent command line.
        type_to_confirm: the environment name that has to be typed; "" if a plain yes will do.
        expires_at: after this time it may no longer be confirmed.
    """

    id: str
    request: str
    action: Action
    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()
    settings: tuple[SettingMove, ...] = ()
    risks: tuple[Risk, ...] = ()
    fuse: Fuse = Fuse(False, "unknown")
    who_feels_it: str = ""
    locks: tuple[str, ...] = ()
    command: str = ""
    type_to_confirm: str = ""
    made_at: float = 0
    expires_at: float = 0
    undoes: str = ""

    @property
    def digest(self) -> str:
        """A short fingerprint of all that will be done; a confirmation names it, so that nothing else is executed."""
        body = json.dumps([to_json(self.action), [to_json(s) for s in self.steps], self.expires_at], sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()[:16]


RefusalCode = Literal[
    "policy", "locked", "impossible", "unsettled", "stale", "unreadable", "denied", "usage", "unchanged"
]
"""`unchanged`: all is as it is wanted already, so there is nothing to do. The others are what stands in the way;
`unsettled` is what the outside is about to clear away by itself, such as a health check that is still under way."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no plan, or why a plan isn't carried out. Nothing was written."""

    code: RefusalCode
    message: str
    hint: str = ""
