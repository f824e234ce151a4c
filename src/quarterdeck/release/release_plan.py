"""A release as it is wished for and planned: which services, to which versions, in which steps.

Its writes become operations of their own (`release/operation.py`), planned afresh when their turn comes.
"""

from __future__ import annotations

import hashlib
import json
import shlex
from typing import Literal

from quarterdeck.fleet.codec import to_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.action import Action, command_line
from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.outline import UNKNOWN
from quarterdeck.release.plan import Fuse, Risk


# --- what is asked for ------------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wish:
    """What an operator asks for, before anybody looked whether it is possible.

    Attributes:
        targets: the services (`ENV/SERVICE`); their order means nothing, the rules' `needs` do.
        version: what is to serve users ("" : whatever the slot that a swap comes from holds).
        strategy: "" for the usual one of each service.
        hotfix: take the shortest legal path; `ref` says what is being fixed (a commit, a branch, a build).
        action: instead of a strategy, this one action, taken back unless it is confirmed within `confirm_within`.
        supersede: an open release of the same targets that has changed nothing yet gives way to this one.
        override: the reason for setting aside what would stop it (a freeze, a closed window, an older version); "" not.
    """

    targets: tuple[TargetId, ...]
    version: str = ""
    strategy: str = ""
    hotfix: bool = False
    ref: str = ""
    action: Action | None = None
    confirm_within: float | None = None
    supersede: bool = False
    override: str = ""


def wish_line(wish: Wish) -> str:
    """The headless twin of a wish."""
    if wish.action is not None and wish.confirm_within is not None:
        return f"{command_line(wish.action)} --confirm-within {wish.confirm_within:g}s"
    words = ["qd", *(("hotfix", "start") if wish.hotfix else ("release", "start")), *map(str, wish.targets)]
    words += ["--version", wish.version] if wish.version else []
    words += ["--ref", wish.ref] if wish.ref else []
    words += ["--strategy", wish.strategy] if wish.strategy else []
    words += ["--confirm-within", f"{wish.confirm_within:g}s"] if wish.confirm_within is not None else []
    words += ["--supersede"] if wish.supersede else []
    words += ["--override", wish.override] if wish.override else []
    return shlex.join(words)


# --- the plan of a release --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Write:
    """Change something: becomes an operation.

    Attributes:
        tolerance: see `strategy.WeightStep`.
        expects: the version that must be found in the slot a swap comes from, or nothing is written: it is what people
            said yes to ("": any).
        undoes: the step of the same release that it takes back; `action` is a `Rollback` whose operation is known only
            when its turn comes.
    """

    action: Action
    tolerance: float | None = None
    expects: str = ""
    undoes: str = ""


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait so many seconds, or (None) until somebody promotes."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Observe:
    """Ask gates. With `seconds` they must hold for so long (a bake; without gates it only waits); with 0 they are asked
    until they have passed or failed (an analysis)."""

    gates: tuple[str, ...]
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask people; `rule` is the approval's name."""

    rule: str


@dataclass(frozen=True, slots=True)
class Run:
    """Start a program; see `strategy.RunStep`. Words are filled in already."""

    command: tuple[str, ...]
    timeout: float = 600
    repeatable: bool = False
    undo: tuple[str, ...] = ()


Work = Write | Pause | Observe | Ask | Run


@dataclass(frozen=True, slots=True)
class ReleaseStep:
    """One step. `needs` are the ids of those that must be done (or skipped) before; at any moment one step at most is
    under way, in the order in which they stand, so that what happens can be put down to it.

    `summary` is what it does in a few words; `ring` the ring it belongs to, `phase` `prepare` or `commit` in a release
    of several services ("" where there is nothing to prepare). `exposure` is the percent of new clients that its
    service gives to the unfinished version once this is done; None if it doesn't change that.
    """

    id: str
    target: TargetId
    work: Work
    summary: str
    needs: tuple[str, ...] = ()
    ring: str = ""
    phase: str = ""
    exposure: float | None = None


@dataclass(frozen=True, slots=True)
class Member:
    """One service of a release: from which version to which, by which strategy."""

    target: TargetId
    version: str
    previous: str
    strategy: str


def change(previous: str, version: str) -> str:
    """From which version to which, in a few words; "" if neither is known. Flags alone move no build."""
    if not version:
        return f"{previous}, no build moves" if previous else ""
    return f"{previous or '?'} -> {version}"


@dataclass(frozen=True, slots=True)
class Skipped:
    """What a hotfix leaves out, and who may allow it: `authority` names the groups."""

    kind: Literal["gate", "approval", "bake", "pause", "environment", "window"]
    name: str
    authority: tuple[str, ...]
    text: str

    @property
    def sentence(self) -> str:
        """What is left out and by whose authority, each said once."""
        text = self.text or "left out"
        named = self.name if self.name.startswith(self.kind) else f"{self.kind} {self.name}"
        what = "" if self.name in text else f"{named}: "
        said = not self.authority or "authority" in text
        return f"{what}{text}" + ("" if said else f" (by authority of {' or '.join(self.authority)})")


@dataclass(frozen=True, slots=True)
class HotfixPath:
    """The shortest legal way of a fix: what it is, what is left out, what stays and why."""

    ref: str
    skipped: tuple[Skipped, ...] = ()
    kept: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReleasePlan:
    """A wish, worked out: everything to know before saying yes, and everything to go by after.

    Attributes:
        gates, approvals: the rules that it uses, as they were when it was planned; who belongs to a group is looked up
            when it matters, so that a change of the watch counts.
        background: names of the gates that are asked from the first write to the end.
        exposure: the largest share of new clients that will be on an unfinished version, in percent.
        supersedes: ids of the releases that give way.
        overrides: the sentences that the wish's `override` sets aside.
    """

    id: str
    request: str
    wish: Wish
    members: tuple[Member, ...]
    steps: tuple[ReleaseStep, ...]
    gates: tuple[GateSpec, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    background: tuple[str, ...] = ()
    on_failure: Literal["rollback", "pause"] = "rollback"
    confirm_within: float | None = None
    pause_limit: float | None = None
    risks: tuple[Risk, ...] = ()
    fuse: Fuse = UNKNOWN
    who_feels_it: str = ""
    exposure: float = 0
    hotfix: HotfixPath | None = None
    supersedes: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    command: str = ""
    type_to_confirm: str = ""
    made_at: float = 0
    expires_at: float = 0

    @property
    def digest(self) -> str:
        """A short fingerprint of all that will be done; a yes names it, so that nothing else is done."""
        body = json.dumps(to_json(self), sort_keys=True)
        return hashlib.sha256(body.encode()).hexdigest()[:16]

    @property
    def title(self) -> str:
        """What ships, in a few words: `checkout 2.15.0`, `checkout` if no version is known or only flags change, or the
        one action that it is."""
        if self.wish.action is not None:
            return command_line(self.wish.action).removeprefix("qd ")
        return ", ".join(f"{one.target.name} {one.version}".rstrip() for one in self.members)

    @property
    def environment(self) -> str:
        """Where it happens."""
        return self.members[0].target.environment if self.members else ""

    def step(self, step_id: str) -> ReleaseStep | None:
        """The step of that id."""
        return next((step for step in self.steps if step.id == step_id), None)

    def gate(self, name: str) -> GateSpec | None:
        """A gate as it was when this was planned."""
        return next((gate for gate in self.gates if gate.name == name), None)

    def approval(self, name: str) -> ApprovalRule | None:
        """An approval rule as it was when this was planned."""
        return next((rule for rule in self.approvals if rule.name == name), None)
