"""What a release's gates say: those of the step it is at, and the background analysis that goes on all the while."""

from __future__ import annotations

import math
from collections.abc import Sequence

from quarterdeck.records import dataclass, replace
from quarterdeck.release.gate import GateSpec, Judgement
from quarterdeck.release.judging import judge, unasked
from quarterdeck.release.release_plan import Observe, ReleaseStep, Run, Write
from quarterdeck.release.rollout import BACKGROUND, Release

BASELINE_AGE = 300.0
"""Seconds for which a look at the background from before the first write says how things were before it."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """Where the background analysis stands.

    Attributes:
        judgement: of the gates that the release can be blamed for.
        next_at: when it is asked again; None if there is nothing to ask.
        unasked: for how many seconds nobody was there to ask, see `judging.unasked`.
    """

    judgement: Judgement
    next_at: float | None = None
    unasked: float = 0

    @property
    def raised(self) -> bool:
        """Whether somebody or something has to act on it."""
        return self.judgement.state in ("failed", "undecided")


QUIET = Alarm(Judgement("pending"))


def judged(release: Release, step: ReleaseStep, work: Observe, now: float) -> Judgement:
    """Where the gates of a step that is under way stand."""
    standing = release.standing(step.id)
    missing = [name for name in work.gates if release.plan.gate(name) is None]
    if missing:
        return Judgement("failed", f"the plan holds no gate {', '.join(missing)}")
    return _judged(release, step.id, _gates(release, work.gates), standing.since, now, work.seconds)


def alarm(release: Release, now: float) -> Alarm:
    """Where the background analysis stands, once something has begun that changes something.

    A gate that failed before is asked, too, but isn't judged until it has passed once: the release isn't to blame.
    """
    gates = _gates(release, release.plan.background)
    if release.untouched or not gates:
        return QUIET
    began = _began(release)
    blamed = [gate for gate in gates if gate.name not in release.already]
    anew = release.watched_since
    found = _judged(release, BACKGROUND, blamed, began, now, math.inf, anew)
    next_at = _judged(release, BACKGROUND, gates, began, now, math.inf, anew).next_at
    return Alarm(found, next_at, unasked(gates, max(next_at, anew), now))


def unasked_before(release: Release, work: Observe, due: float, now: float) -> float:
    """For how many seconds nobody was there to ask the gates of a step that were due, see `judging.unasked`."""
    return unasked(_gates(release, work.gates), due, now)


def baseline_due(release: Release, now: float) -> bool:
    """Whether to look at the background before the first write: what fails then failed before."""
    if not release.plan.background or not release.untouched:
        return False
    samples = release.samples.get(BACKGROUND, ())
    return not samples or now - samples[-1].at > BASELINE_AGE


def unseen_alarms(release: Release) -> tuple[str, ...]:
    """Gates of the background that failed before anything was changed, since when nobody has said to go on."""
    samples = release.samples.get(BACKGROUND, ())
    seen = not samples or samples[-1].at <= release.seen_at
    return () if seen or not release.untouched else release.already


def _judged(
    release: Release,
    step_id: str,
    gates: Sequence[GateSpec],
    began: float,
    now: float,
    seconds: float,
    anew: float = 0,
) -> Judgement:
    """`anew`: how long a gate has gone without an answer is counted from then at the earliest: somebody has seen it
    and said to go on."""
    keys = {gate.name: f"{step_id}/{gate.name}" for gate in gates}
    tallies = {
        name: replace(tally, answered_at=max(tally.answered_at, anew))
        for name, key in keys.items()
        if (tally := release.tallies.get(key))
    }
    return judge(gates, tallies, began=began, now=now, seconds=seconds)


def _gates(release: Release, names: Sequence[str]) -> list[GateSpec]:
    return [gate for name in names if (gate := release.plan.gate(name)) is not None]


def _began(release: Release) -> float:
    """When the first thing that changes something began, whatever became of it since."""
    standings = (release.standing(step.id) for step in release.plan.steps if isinstance(step.work, Write | Run))
    begun = (one for one in standings if one.begun or one.state not in ("waiting", "skipped"))
    return min((one.begun or one.since for one in begun), default=0)
