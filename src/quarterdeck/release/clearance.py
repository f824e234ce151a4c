"""Whether something may begin: the conn, the line, locks, freezes, hours, claims. Pure; the one place that says so.

Asked for every plan, confirmation, proposal, launch and order, and again before every step of a release that writes.

What stands in the way ends a wait, or is set aside with a reason that is kept for ever. Nobody passes silently: there
is no role for which rules don't count. Two things can't be set aside, because there is a proper way: the conn (take
it) and the claim of an open release (abort it).

Going back is free by default: freezes, hours, locks, the line and holds don't stop a recovery, they are only told.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.action import FlagChange
from quarterdeck.release.calendar import HORIZON, closures
from quarterdeck.release.freshness import moment
from quarterdeck.release.guards import Conn, Guards, Hold, covers, person
from quarterdeck.release.plan import Refusal, RefusalCode, Risk
from quarterdeck.release.release_plan import Run, Write
from quarterdeck.release.rollout import Release
from quarterdeck.release.rules import Rulebook

Kind = Literal["release", "action", "recovery", "order"]
"""release: proposing, launching, or a step of one. action: something an operator does by hand. recovery: going back;
with the release's id its own, which nobody has to allow. order: a person's word to an open release, which takes the
conn and nothing else."""

OVERRIDE = "--override"
"""Stands in the hint of a refusal if, and only if, a reason would set aside all that is in the way."""

_FREED = ("line-stopped", "locked", "frozen", "closed", "hotfix-first", "held")
"""What a recovery passes."""


@dataclass(frozen=True, slots=True)
class Undertaking:
    """What somebody wants to begin.

    Attributes:
        targets: all that it touches, flags included.
        actor: who asks; for a step of a release whoever started it.
        release: the release it belongs to, "" none. An open one needs no conn for its steps.
        hotfix: it is one; holds of automation don't concern it.
        eases: it turns a flag off: nothing but the conn stops that.
        supersedes: open releases of the same targets give way, if they have changed nothing.
    """

    targets: tuple[TargetId, ...]
    actor: str
    kind: Kind
    release: str = ""
    hotfix: bool = False
    eases: bool = False
    supersedes: bool = False


@dataclass(frozen=True, slots=True)
class Clearance:
    """Whether it may begin.

    Attributes:
        refusal: why not, by whom, since and until when, and what to do; None if it may.
        risks: what to know when it begins all the same.
        overridden: the sentences of what the given reason sets aside, to be journaled as `guard.overridden`.
        until: the next legal moment, for whoever waits; None if nobody knows, or if nothing is in the way.
    """

    refusal: Refusal | None = None
    risks: tuple[Risk, ...] = ()
    overridden: tuple[str, ...] = ()
    until: float | None = None


@dataclass(frozen=True, slots=True)
class _Obstacle:
    """One thing in the way. `text` says the same as long as it is the same thing: overrides are known by it."""

    kind: str
    text: str
    hint: str
    code: RefusalCode = "policy"
    until: float | None = None
    rollback_too: bool = False

    @property
    def fixed(self) -> bool:
        """Whether no reason sets it aside."""
        return self.kind in ("conn", "claim")


@dataclass(frozen=True, slots=True)
class _Lookout:
    """Everything that may be in the way of one undertaking, at any moment."""

    what: Undertaking
    guards: Guards
    rules: Rulebook
    releases: Sequence[Release]

    def all(self, at: float) -> tuple[_Obstacle, ...]:
        """What concerns it then, the gravest first, each once."""
        found = [*self._conns(), *self._claims(), *self._holds(at), *self._windows(at)]
        return tuple({one.text: one for one in found}.values())

    def barring(self, at: float) -> tuple[_Obstacle, ...]:
        """What stops it then, as far as nobody has set it aside for this release."""
        known = {one.what for one in self.guards.overrides if self.what.release and one.about == self.what.release}
        return tuple(one for one in self.all(at) if self.stops(one) and one.text not in known)

    def stops(self, one: _Obstacle) -> bool:
        """Whether it stops an undertaking of this kind."""
        match self.what.kind:
            case "order":
                return one.kind == "conn"
            case "recovery":
                return not self.what.release and (one.kind not in _FREED or one.rollback_too)
        if self.what.eases:
            return one.kind == "conn"
        return one.kind != "held" or (self.what.kind == "release" and not self.what.hotfix)

    def _conns(self) -> Iterator[_Obstacle]:
        if self._own_step:
            return
        for target in self.what.targets:
            conn = in_control(self.guards, target)
            if conn and person(conn.holder) != person(self.what.actor):
                yield _without_conn(conn, self.what.actor)

    @property
    def _own_step(self) -> bool:
        """A release that runs has been let pass already, and goes on when somebody else takes the conn: they may pause
        or abort it."""
        running = any(one.id == self.what.release for one in self.releases)
        return self.what.kind in ("release", "recovery") and running

    def _claims(self) -> Iterator[_Obstacle]:
        wanted = {target.whole for target in self.what.targets}
        for release in self.releases:
            taken = [target for target in release.targets if target.whole in wanted]
            gives_way = self.what.supersedes and release.untouched
            if not release.open or release.id == self.what.release or not taken or gives_way:
                continue
            text = (
                f"{taken[0]} belongs to the open release {release.id} ({release.plan.title}) of {release.actor} since "
                f"{moment(release.started_at)}"
            )
            yield _Obstacle("claim", text, _claim_hint(self.what.kind, release), "locked")

    def _holds(self, at: float) -> Iterator[_Obstacle]:
        for hold in self.guards.active(at):
            if not any(covers(hold.scope, target) for target in self.what.targets):
                continue
            if hold.kind == "lock" and person(hold.by) == person(self.what.actor):
                continue
            if hold.release and hold.release == self.what.release:
                continue
            yield _of_hold(hold)

    def _windows(self, at: float) -> Iterator[_Obstacle]:
        freezes = {window.name for window in self.rules.windows if window.kind == "freeze"}
        for environment in dict.fromkeys(target.environment for target in self.what.targets):
            for closure in closures(self.rules.windows, environment, at):
                frozen = closure.window in freezes
                why = ": ".join(word for word in (closure.window, closure.reason) if word)
                since = "" if closure.since is None else f" since {moment(closure.since)}"
                until = "" if closure.until is None else f", until {moment(closure.until)}"
                yield _Obstacle(
                    "frozen" if frozen else "closed",
                    f"{environment} is {'frozen' if frozen else 'outside its hours'} ({why}){since}{until}",
                    "",
                    until=closure.until,
                    rollback_too=closure.rollback_too,
                )


def clear(
    what: Undertaking,
    *,
    guards: Guards,
    rules: Rulebook,
    releases: Sequence[Release],
    now: float,
    override: str = "",
) -> Clearance:
    """Whether an undertaking may begin.

    Args:
        releases: the open ones at least.
        override: the reason for setting aside what can be set aside; "" for not. What has been set aside for the same
            release before (`Guards.overrides`) needs none again, as long as it is the same thing.
    """
    lookout = _Lookout(what, guards, rules, releases)
    barring = lookout.barring(now)
    reason = override.strip()
    if barring and (not reason or any(one.fixed for one in barring)):
        until = _next_legal(lookout, now)
        return Clearance(_refusal(what, barring, until), until=until)
    risks = tuple(Risk("danger", "overridden", f"overridden: {one.text}", f"reason given: {reason}") for one in barring)
    return Clearance(None, (*risks, *_told(lookout, now)), tuple(one.text for one in barring))


def next_write(release: Release) -> Undertaking | None:
    """What a release undertakes with the step that it stands at; None if that changes nothing, or goes back."""
    step = release.current
    if release.recovery or step is None or not isinstance(step.work, Write | Run):
        return None
    action = step.work.action if isinstance(step.work, Write) else None
    return Undertaking(
        targets=(action.target if action else step.target,),
        actor=release.actor,
        kind="release",
        release=release.id,
        hotfix=release.plan.wish.hotfix,
        eases=isinstance(action, FlagChange) and action.enabled is False,
    )


def in_control(guards: Guards, target: TargetId) -> Conn | None:
    """Who has the conn of a target: the closest scope that covers it counts. None: nobody has."""
    covering = [conn for conn in guards.conns if covers(conn.scope, target)]
    return max(covering, key=lambda conn: (conn.scope != "*", len(conn.scope)), default=None)


def spoken(scope: str) -> str:
    """A scope as people say it."""
    return "everything" if scope == "*" else scope


def typed(scope: str) -> str:
    """A scope as it is typed in a command."""
    return "all" if scope == "*" else scope


def _without_conn(conn: Conn, actor: str) -> _Obstacle:
    offered = bool(conn.offered_to) and person(conn.offered_to) == person(actor)
    take = f"qd conn take {typed(conn.scope)}"
    return _Obstacle(
        "conn",
        f"{conn.holder} has the conn of {spoken(conn.scope)} since {moment(conn.since)}",
        f"it is offered to you: {take}" if offered else f"ask for it, or take it: {take} --reason TEXT",
    )


def _claim_hint(kind: Kind, release: Release) -> str:
    if kind == "recovery":
        return f"it goes back as a whole: qd release abort {release.id}"
    return f"see it: qd release show {release.id}; to end it: qd release abort {release.id}"


_HOLDS = {
    "stop": ("line-stopped", "the line of {scope} is stopped", "qd line resume"),
    "lock": ("locked", "{scope} is locked", "qd unlock {id} --reason TEXT"),
    "freeze": ("frozen", "{scope} is frozen", "qd freeze lift {id} --reason TEXT"),
    "hotfix": ("hotfix-first", "{scope} waits for hotfix {release}", "see it: qd release show {release}"),
    "automation": ("held", "releases of {scope} are held", "qd freeze lift {id} --reason TEXT"),
}


def _of_hold(hold: Hold) -> _Obstacle:
    kind, text, hint = _HOLDS[hold.kind]
    names = {"scope": spoken(hold.scope), "id": hold.id, "release": hold.release}
    until = "until it is lifted" if hold.until is None else f"until {moment(hold.until)}"
    who = f"by {hold.by} since {moment(hold.since)}, {until}"
    why = f": {hold.reason}" if hold.reason else ""
    return _Obstacle(kind, f"{text.format(**names)} {who}{why}", hint.format(**names), until=hold.until)


def _refusal(what: Undertaking, barring: Sequence[_Obstacle], until: float | None) -> Refusal:
    """All that is in the way at once: nobody should climb one wall to meet the next."""
    fixed = [one for one in barring if one.fixed]
    first = fixed[0] if fixed else barring[0]
    hints = list(dict.fromkeys(one.hint for one in (fixed or barring) if one.hint))
    if until is not None:
        hints.insert(0, f"next legal moment: {moment(until)}")
    if not fixed:
        hints.append(f"or set it aside, on record: {OVERRIDE} REASON")
    if not fixed and what.kind != "recovery":
        hints.append("going back is free")
    return Refusal(first.code, "; ".join(one.text for one in barring), "; ".join(hints))


def _told(lookout: _Lookout, now: float) -> tuple[Risk, ...]:
    """What doesn't stop it, but should be known: a recovery in a freeze, an action beside what is held."""
    stopping = [one for one in lookout.all(now) if lookout.stops(one)]
    passed = [one for one in lookout.all(now) if one not in stopping and one.kind in _FREED]
    recovering = lookout.what.kind == "recovery"
    return tuple(
        Risk(
            "warning" if one.kind in ("hotfix-first", "locked") else "info",
            one.kind,
            f"{one.text}; " + ("going back is free" if recovering else "this passes"),
        )
        for one in passed
    )


def _next_legal(lookout: _Lookout, now: float) -> float | None:
    """When nothing is in the way any more, as far as it goes by the clock."""
    at = now
    while at < now + HORIZON:
        ends = [one.until for one in lookout.barring(at)]
        if not ends:
            return at
        known = [end for end in ends if end is not None]
        if len(known) < len(ends) or max(known) <= at:
            return None
        at = max(known)
    return None
