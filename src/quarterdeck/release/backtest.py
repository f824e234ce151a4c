"""What a gate with another threshold would have said of the releases on record.

Only what was measured can be judged again: a release that failed at a gate early has no samples of what would have
come after, and a gate that was never asked says nothing. So a verdict ends with the record, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from quarterdeck.fleet.codec import from_json
from quarterdeck.records import dataclass, replace
from quarterdeck.release.gate import Evidence, GateSpec, Judgement, Measurement, Sample, Tally, tallied
from quarterdeck.release.judging import judge, measured
from quarterdeck.release.operation import Ending
from quarterdeck.release.release_plan import Observe
from quarterdeck.release.rollout import BACKGROUND, Release

Outcome = Literal["pass", "fail", "undecided", "unfinished"]
"""`undecided`: a person would have been asked. `unfinished`: the record ends before the gate would have."""

_WORST_FIRST: tuple[Outcome, ...] = ("fail", "undecided", "unfinished", "pass")


@dataclass(frozen=True, slots=True)
class Recorded:
    """A release, and all of its samples by step, in their order. The release itself keeps only the last ones."""

    release: Release
    samples: Mapping[str, Sequence[Sample]]


@dataclass(frozen=True, slots=True)
class Backtested:
    """One release, judged again.

    Attributes:
        would: what the gate would have said, with what it was given.
        did: what it said then, by the same rules and the gate as it was in the release's plan.
        step: the step at which it would have said so (`rollout.BACKGROUND` for the background analysis).
        sample: at which of the step's samples, counted from 1; of so many (`of`).
        at: when that was.
        why: one line for people.
        ending: how the release really ended, None if it hasn't.
    """

    release: str
    title: str
    would: Outcome
    did: Outcome
    step: str
    sample: int
    of: int
    at: float
    why: str
    ending: Ending | None

    @property
    def differs(self) -> bool:
        """Whether the other threshold would have made a difference."""
        return self.would != self.did


def samples_of(bodies: Iterable[Mapping[str, Any]]) -> Mapping[str, tuple[Sample, ...]]:
    """The samples in the bodies of `release.sampled` events, by step; what isn't one is passed over."""
    found: dict[str, tuple[Sample, ...]] = {}
    for body in bodies:
        try:
            step, sample = str(body["step"]), from_json(Sample, body["sample"])
        except (KeyError, ValueError):
            continue
        found[step] = (*found.get(step, ()), sample)
    return found


def backtest(gate: GateSpec, recorded: Sequence[Recorded]) -> tuple[Backtested, ...]:
    """Judge every release again in which a gate of that name was asked, in the order given.

    A gate that was in the shadow is judged as if it had decided.
    """
    found = []
    for one in recorded:
        asked = {step: rows for step, samples in one.samples.items() if (rows := _of(gate.name, samples))}
        if not asked:
            continue
        would = _worst(_replayed(gate, one.release, step, rows) for step, rows in asked.items())
        then = one.release.plan.gate(gate.name) or gate
        did = _worst(_replayed(then, one.release, step, rows) for step, rows in asked.items())
        found.append(
            Backtested(
                release=one.release.id,
                title=one.release.plan.title,
                would=would.outcome,
                did=did.outcome,
                step=would.step,
                sample=would.sample,
                of=len(asked[would.step]),
                at=would.at,
                why=would.why,
                ending=one.release.ending,
            )
        )
    return tuple(found)


def summary(gate: GateSpec, rows: Sequence[Backtested]) -> str:
    """One line: how many would have passed, failed and so on, and for how many that makes a difference."""
    if not rows:
        return f"no release on record has asked {gate.name}"
    wanted = gate.success or f"not ({gate.failure})"
    words: Mapping[Outcome, str] = {
        "pass": "passed", "fail": "failed", "undecided": "asked a person", "unfinished": "not come to an end",
    }  # fmt: skip
    counts = [f"{sum(row.would == kind for row in rows)} {word}" for kind, word in words.items()]
    told = ", ".join(count for count in counts if not count.startswith("0 "))
    which = "the last release" if len(rows) == 1 else f"the last {len(rows)} releases"
    differ = sum(row.differs for row in rows)
    return f"with {wanted} {which} would have: {told}; {differ} otherwise than then"


@dataclass(frozen=True, slots=True)
class _Said:
    outcome: Outcome
    step: str
    sample: int
    at: float
    why: str


def _of(name: str, samples: Sequence[Sample]) -> list[tuple[Sample, Measurement]]:
    return [(sample, one) for sample in samples for one in sample.measurements if one.gate == name]


def _worst(said: Iterable[_Said]) -> _Said:
    return min(said, key=lambda one: (_WORST_FIRST.index(one.outcome), one.at))


def _replayed(gate: GateSpec, release: Release, step: str, rows: Sequence[tuple[Sample, Measurement]]) -> _Said:
    """Judge a step's measurements again, one after the other."""
    alone = replace(gate, shadow=False)
    seconds = _seconds(release, step)
    began = rows[0][0].at - rows[0][0].unasked - alone.evaluation_delay
    tally, said = Tally(), Judgement("pending")
    for number, (sample, then) in enumerate(rows, start=1):
        at, again = sample.at, _again(alone, then)
        tally = tallied(tally, again, replace(sample, measurements=(again,)))
        said = judge([alone], {alone.name: tally}, began=began, now=at, seconds=seconds)
        match said.state:
            case "failed":
                return _Said("fail", step, number, at, said.why)
            case "undecided":
                return _Said("undecided", step, number, at, said.why)
            case "passed":
                return _Said("pass", step, number, at, said.why)
    at = rows[-1][0].at
    held = bool(seconds) and tally.together_since is not None
    return _Said("pass" if held else "unfinished", step, len(rows), at, "held to the end" if held else said.why)


def _seconds(release: Release, step: str) -> float:
    if step == BACKGROUND:
        return math.inf
    found = release.plan.step(step)
    return found.work.seconds if found and isinstance(found.work, Observe) else 0


def _again(gate: GateSpec, then: Measurement) -> Measurement:
    """What the gate would have said to the value. One that was stale stays so; so does one that had no value."""
    if then.value is None or then.verdict == "stale":
        policies = {"no_data": gate.on_no_data, "stale": gate.on_stale}
        return replace(then, shadow=gate.shadow, excused=policies.get(then.verdict) == "pass")
    return measured(gate, Evidence(then.value, detail=then.detail), 0)
