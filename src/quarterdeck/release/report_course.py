"""How a release spent its time, and what share of new clients it reached when. Pure."""

from __future__ import annotations

from quarterdeck.fleet.series import Point
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field
from quarterdeck.release.release_plan import Ask, Pause, ReleaseStep, Run, Write
from quarterdeck.release.report import PHASES, Durations, Phase, ShareTold, Stretch
from quarterdeck.release.rollout import Release


@dataclass(slots=True)
class Course:
    """What was so after each line so far: `phase` since `since`."""

    phase: Phase | None = None
    since: float = 0
    _stretches: list[Stretch] = field(default_factory=list)
    _shares: dict[TargetId, list[Point]] = field(default_factory=dict)

    def read(self, release: Release, at: float) -> None:
        """The release as it is after a line, which was written at this time."""
        phase = phase_of(release)
        if phase != self.phase:
            self._end(at)
            self.phase, self.since = phase, at
        for target, share in _reached(release).items():
            points = self._shares.setdefault(target, [Point(release.started_at, 0.0)])
            if points[-1].value != share:
                points.append(Point(at, share))

    def closed(self, until: float) -> Told:
        """All of it, up to a moment."""
        self._end(until)
        self.phase = None
        shares = tuple(ShareTold(str(target), tuple(points)) for target, points in self._shares.items())
        return Told(tuple(self._stretches), shares, until)

    def _end(self, at: float) -> None:
        if self.phase is not None and at > self.since:
            self._stretches.append(Stretch(self.phase, self.since, at))


@dataclass(frozen=True, slots=True)
class Told:
    """The stretches without a gap from its start to `until`, but for times in which it had ended."""

    stretches: tuple[Stretch, ...]
    shares: tuple[ShareTold, ...]
    until: float

    def durations(self, asked_at: float, release: Release) -> Durations:
        """How long it took."""
        reached = [point.at for share in self.shares for point in share.points if point.value]
        ended = release.ended_at if release.ending == "succeeded" else None
        spent = dict.fromkeys(PHASES, 0.0)
        for one in self.stretches:
            spent[one.phase] += one.until - one.since
        return Durations(
            lead=None if ended is None else max(0.0, ended - asked_at),
            first_users=max(0.0, min(reached) - asked_at) if reached else None,
            total=max(0.0, self.until - release.started_at),
            phases=tuple(spent.items()),
        )


def phase_of(release: Release) -> Phase | None:
    """What it does now; None once it has ended for good."""
    if release.ending is not None:
        return "waiting for people" if release.open else None
    if release.recovery is not None and release.paused is None:
        return "going back"
    step = release.current
    if step is not None and release.standing(step.id).state == "running":
        return while_running(step)
    if release.paused is not None or (release.confirm_by is not None and not release.confirmed_by):
        return "waiting for people"
    return "held up"


def while_running(step: ReleaseStep) -> Phase:
    """What a release does while this step runs."""
    match step.work:
        case Write() | Run():
            return "changing"
        case Ask() | Pause(None):
            return "waiting for people"
    return "watching"


def _reached(release: Release) -> dict[TargetId, float]:
    """Percent of new clients that each service gives to the new version, by the steps that are in effect."""
    reached: dict[TargetId, float] = {}
    for step in release.plan.steps:
        if step.exposure is not None:
            share = reached.setdefault(step.target.whole, 0.0)
            in_effect = release.standing(step.id).state in ("done", "undoing")
            reached[step.target.whole] = step.exposure if in_effect else share
    return reached
