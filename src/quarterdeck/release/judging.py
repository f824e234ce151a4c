"""What measurements amount to: first one gate's verdict, then where all gates of a step stand together.

Pure and deterministic. The gates of a step are asked together: for the first time when the longest of their
evaluation delays is over, then as often as the shortest of their intervals says. A sample counts as passed only if
every gate that decides has passed in it. What nobody asked decides nothing: a runner that comes back after hours asks
first, and judges after; and the hours in which nobody was there count for nothing, see `unasked`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.condition import holds
from quarterdeck.release.gate import Evidence, GateSpec, Judgement, Measurement, Policy, Tally, Verdict


def measured(gate: GateSpec, evidence: Evidence | None, now: float, trouble: str = "") -> Measurement:
    """The verdict on one answer, or on none (`evidence` None: nobody answered, and `trouble` says why).

    NaN is no data. An infinite number (a division by zero at the source) never passes: it fails where it fails the
    condition, else it is no data. A value whose time lies further ahead than `max_age` is as doubtful as one that old.
    """
    if evidence is None or evidence.value is None or math.isnan(evidence.value):
        said = trouble or (evidence.detail if evidence else "") or "no answer"
        return _measurement(gate, "no_data", None, said)
    value = evidence.value if math.isfinite(evidence.value) else None
    if evidence.at is not None and not math.isfinite(evidence.at):
        return _measurement(gate, "stale", value, f"nobody knows how old; {evidence.detail}".rstrip("; "))
    age = 0 if evidence.at is None else now - evidence.at
    if abs(age) > gate.max_age:
        where = "old" if age > 0 else "ahead of this machine's clock"
        return _measurement(gate, "stale", value, f"{abs(age):.0f} s {where}; {evidence.detail}".rstrip("; "))
    verdict, why = _verdict(gate, evidence.value)
    return _measurement(gate, verdict, value, "; ".join(part for part in (why, evidence.detail) if part))


UNHEEDED_INTERVALS, UNHEEDED_SECONDS = 3, 60.0
"""A sample that comes later than it should by more than so many intervals, and so many seconds, comes after a time in
which nobody was there. What is less is the usual delay of a busy runner, or of one that takes over at once."""


def unasked(gates: Sequence[GateSpec], due: float, now: float) -> float:
    """For how many seconds nobody was there to ask these gates: they should have been asked at `due`, and are asked
    now. Only that time is left out of account, so that a runner that dies again and again, and asks once each time,
    still comes to an end with a gate that never answers."""
    late = now - due
    return late if late > max(UNHEEDED_INTERVALS * _interval(gates), UNHEEDED_SECONDS) else 0


def judge(
    gates: Sequence[GateSpec], tallies: Mapping[str, Tally], *, began: float, now: float, seconds: float = 0
) -> Judgement:
    """Where the gates of a step that began at `began` stand; `tallies` by the gate's name.

    Without `seconds` (an analysis) all have passed when each has been in `count` passed samples, the last sample was
    one, and passed samples have followed each other for the longest `steady_for`. A gate that has not been asked for
    as long as `count` samples of its own interval take waits for that, however often the others want to be asked.

    With `seconds` (a bake) the time stands for the count: it has to pass, no gate may fail meanwhile, at least one
    sample has to have passed, and the last one, taken near the end, must be one. A gate's timeout is then how long it
    may go without an answer. `math.inf` seconds are a background analysis: it fails or goes on, and never passes.

    Time in which nobody was there to ask (`Sample.unasked`) prolongs them all: nobody loses patience in it, a bake
    isn't watched in it, and what passed before it has not been steady through it.

    One gate that has failed fails all; else one that a person has to look at stops all. A shadow gate decides nothing.
    """
    deciding = [gate for gate in gates if not gate.shadow]
    step = _Step(gates, tallies, began, now, seconds)
    outcomes = [_outcome(gate, step) for gate in deciding]
    states: tuple[Literal["failed", "undecided", "pending"], ...] = ("failed", "undecided", "pending")
    for state in states:
        said = [outcome.why for outcome in outcomes if outcome.state == state]
        if said:
            return Judgement(state, "; ".join(said), step.next_at)
    if step.shown and step.over:
        return Judgement("passed", _passed(deciding, step), step.next_at)
    why = "asks for the first time" if step.over else f"bakes for {step.left:.0f} s more"
    return Judgement("pending", why, step.next_at)


@dataclass(frozen=True, slots=True)
class _Step:
    """The clockwork of a step: what doesn't depend on a single gate."""

    gates: Sequence[GateSpec]
    tallies: Mapping[str, Tally]
    began: float
    now: float
    seconds: float

    @property
    def first_at(self) -> float:
        return self.began + max((gate.evaluation_delay for gate in self.gates), default=0)

    @property
    def interval(self) -> float:
        return _interval(self.gates)

    @property
    def last_at(self) -> float | None:
        """When the last sample was taken; None before the first."""
        return max((tally.last_at for tally in self.tallies.values() if tally.last is not None), default=None)

    @property
    def unasked(self) -> float:
        """Seconds in which nobody was there to ask."""
        return max((tally.unasked for tally in self.tallies.values()), default=0)

    @property
    def ends_at(self) -> float:
        """When the bake is over: it has to be watched for as long as it should last."""
        return self.began + self.seconds + self.unasked

    @property
    def over(self) -> bool:
        return self.now >= self.ends_at

    @property
    def left(self) -> float:
        return self.ends_at - self.now

    @property
    def shown(self) -> bool:
        """Whether every gate was asked at least once, also those that decide nothing."""
        return all(self.tally(gate).last is not None for gate in self.gates)

    @property
    def looked_to_the_end(self) -> bool:
        """Whether the last sample of a bake says something about its end."""
        return not self.seconds or (self.last_at is not None and self.last_at >= self.ends_at - self.interval)

    @property
    def next_at(self) -> float:
        """When to look again: at the next sample, or before, when the bake or the patience with a gate ends.

        If the machine's clock was set back since the last look, it isn't waited for until it comes there again.
        """
        if (self.began if self.last_at is None else self.last_at) > self.now + self.interval:
            return self.now
        if self.last_at is None:
            return self.first_at if self.gates else self.ends_at
        sample = self.last_at + self.interval
        sooner = [self.deadline(gate) for gate in self.gates if self.last_at < self.deadline(gate)]
        if not self.over:
            sooner.append(self.ends_at)
        return min(sample, *sooner) if sooner else sample

    def tally(self, gate: GateSpec) -> Tally:
        return self.tallies.get(gate.name, Tally())

    def deadline(self, gate: GateSpec) -> float:
        latest = max(self.first_at + self.unasked, self.ends_at) + gate.timeout
        if not self.seconds:
            return latest
        tally = self.tally(gate)
        return min(latest, max(self.first_at, tally.answered_at) + tally.silent_unasked + gate.timeout)

    def timed_out(self, gate: GateSpec) -> bool:
        """Whether its time is over, and it was asked once more after that."""
        tally = self.tally(gate)
        return tally.last is not None and tally.last_at >= self.deadline(gate)

    def holding_up(self, gate: GateSpec) -> list[str]:
        """The other gates that have time left, or that didn't pass last: they say what becomes of the step."""
        others = [one for one in self.gates if not one.shadow and one.name != gate.name]
        return [one.name for one in others if not self.timed_out(one) or not _good(self.tally(one).last)]


@dataclass(frozen=True, slots=True)
class _Outcome:
    state: Literal["passed", "failed", "undecided", "pending"]
    why: str


def _outcome(gate: GateSpec, step: _Step) -> _Outcome:
    tally = step.tally(gate)
    last = tally.last
    if last is None:
        return _Outcome("pending", f"{gate.name}: not asked yet")
    if tally.failed > gate.failure_limit:
        allowed = f", {gate.failure_limit} allowed" if gate.failure_limit else ""
        return _Outcome("failed", f"{_said(gate, last)}: failed {_times(tally.failed)}{allowed}")
    inconclusive = tally.no_data + tally.stale
    policy = _policy(gate, last.verdict)
    if policy in ("fail", "pause") and inconclusive > gate.inconclusive_limit:
        return _Outcome("failed" if policy == "fail" else "undecided", f"{_said(gate, last)}")
    if _satisfied(gate, tally, step):
        return _Outcome("passed", f"{gate.name} passed")
    if step.timed_out(gate):
        return _too_late(gate, last, policy, step)
    return _Outcome("pending", _progress(gate, tally, step))


def _satisfied(gate: GateSpec, tally: Tally, step: _Step) -> bool:
    if tally.together_since is None or not step.looked_to_the_end:
        return False
    steady = max((one.steady_for for one in step.gates if not one.shadow), default=0)
    if tally.last_at - tally.together_since < steady:
        return False
    if _counted(gate, tally) < _needed(gate, step):
        return False
    return bool(step.seconds) or tally.last_at >= step.first_at + (gate.count - 1) * gate.interval


def _counted(gate: GateSpec, tally: Tally) -> int:
    """The passed samples, less those that were excused before the gate's policy was allowed to act."""
    inconclusive = tally.no_data + tally.stale
    excused = "pass" in (gate.on_no_data, gate.on_stale)
    return tally.together - (min(inconclusive, gate.inconclusive_limit) if excused else 0)


def _needed(gate: GateSpec, step: _Step) -> int:
    return 1 if step.seconds else max(gate.count, 1)


def _too_late(gate: GateSpec, last: Measurement, policy: Policy | None, step: _Step) -> _Outcome:
    if policy == "pause":
        return _Outcome("undecided", f"{_said(gate, last)}: no outcome within {gate.timeout:.0f} s")
    if policy == "pass":
        return _Outcome("passed", f"{gate.name} passed by its policy")
    if last.verdict == "pass" and (others := step.holding_up(gate)):
        return _Outcome("pending", f"{gate.name} waits for {', '.join(others)}")
    return _Outcome("failed", f"{_said(gate, last)}: no outcome within {gate.timeout:.0f} s")


def _interval(gates: Sequence[GateSpec]) -> float:
    """Seconds from one sample of a step to the next."""
    return max(min((gate.interval for gate in gates), default=0), 1)


def _good(last: Measurement | None) -> bool:
    return last is not None and (last.verdict == "pass" or last.excused)


def _policy(gate: GateSpec, verdict: Verdict) -> Policy | None:
    """What the gate wants done about a verdict; None if the verdict speaks for itself."""
    match verdict:
        case "no_data":
            return gate.on_no_data
        case "stale":
            return gate.on_stale
    return None


def _verdict(gate: GateSpec, value: float) -> tuple[Verdict, str]:
    succeeds = holds(gate.success, value) if gate.success else None
    fails = holds(gate.failure, value) if gate.failure else None
    if not gate.success and not gate.failure:
        return "no_data", "it has no condition"
    if fails or (succeeds is False and not gate.failure):
        return "fail", ""
    if (gate.success and succeeds is None) or (gate.failure and fails is None):
        return "no_data", "the condition can't be computed for it"
    if succeeds is False:
        return "no_data", "neither good nor bad"
    if math.isinf(value):
        return "no_data", "the source divided by zero"
    return "pass", ""


def _measurement(gate: GateSpec, verdict: Verdict, value: float | None, detail: str) -> Measurement:
    excused = _policy(gate, verdict) == "pass"
    return Measurement(gate.name, verdict, value, clean(detail), gate.shadow, excused)


def _said(gate: GateSpec, last: Measurement) -> str:
    """What a gate said last, and what it should have said: `error-rate 0.034, wanted result < 0.01`."""
    match last.verdict:
        case "no_data" | "stale":
            word = "no data" if last.verdict == "no_data" else "stale"
            return clean(f"{gate.name}: {word}" + (f" ({last.detail})" if last.detail else ""), 300)
    value = last.detail or "infinite" if last.value is None else f"{last.value:.6g}"
    return clean(f"{gate.name} {value}, wanted {gate.success or f'not {gate.failure}'}", 300)


def _progress(gate: GateSpec, tally: Tally, step: _Step) -> str:
    last = tally.last
    if last is not None and not _good(last):
        return _said(gate, last)
    if step.seconds:
        return f"{gate.name} holds"
    return f"{gate.name} passed {max(_counted(gate, tally), 0)} of {_needed(gate, step)}"


def _passed(deciding: Sequence[GateSpec], step: _Step) -> str:
    if not deciding:
        return f"baked for {step.seconds:.0f} s" if step.seconds else "nothing decides"
    lines = []
    for gate in deciding:
        last = step.tally(gate).last
        lines.append(f"{gate.name} {last.value:.6g}" if last and last.value is not None else gate.name)
    return "passed: " + ", ".join(lines)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
