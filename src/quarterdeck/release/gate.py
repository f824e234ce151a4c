"""Gates: questions put to the world before or while a release goes on, and what their answers amount to.

A gate is data. A source (`providers.base.GateSource`) turns its question into one number; `judge` (in
`release/judging.py`) turns numbers into a judgement. No data is neither good nor bad: it is a verdict of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quarterdeck.records import dataclass, field

GateKind = Literal["metric", "alerts", "probe", "command", "query", "schedule", "traffic"]
"""Where the number comes from.

- metric: the value of a query at a metrics source (`options`: query, or what its provider's schema asks for).
- alerts: how many alerts fire that match (`options`: matchers as PromQL selectors write them, `{severity="page"}`).
- probe: the status of an HTTP request (0: nobody answered), or a number in its JSON (`options`: url, method, path,
  host). A redirect is an answer. What can't be asked from here (no DNS, a certificate that isn't trusted) is no data.
- command: the exit code of a program that the runner starts (`options`: argv as a JSON list, timeout).
- query: how many work items a REST query finds (`options`: path, query, count: where in the JSON the number is).
- traffic: by how many percentage points the share of new clients that probes observe differs from the intended one,
  beyond what chance explains (`options`: target, and shares, a JSON object of percent by destination). Asks the public
  host as the target's `rules.Truth` says; made by a weight step that has a tolerance, not by the configuration.
- schedule: 1 within the times, 0 outside (`windows` of the rulebook by name in `options`: window). Needs no source.
"""

Verdict = Literal["pass", "fail", "no_data", "stale"]
"""What one measurement says. `no_data`: no answer, or an answer without a value. `stale`: too old to judge."""

Policy = Literal["wait", "pass", "fail", "pause"]
"""What a verdict that is neither pass nor fail does: wait for the next sample (till the gate's timeout), count as
passed or as failed, or pause the release for a person."""


@dataclass(frozen=True, slots=True)
class GateSpec:
    """One gate, as configured. Times in seconds.

    Attributes:
        connection: who is asked; "" where the kind needs nobody.
        options: what the kind needs, see `GateKind`. `$service`, `$environment`, `$region`, `$slot`, `$site`,
            `$version`, `$previous`, `$release`, `$host` and `$window` (seconds since the step began, at least one
            interval) in them are replaced when it is asked.
        success: a condition on `result`, for example `result < 0.01`. It must hold for a pass.
        failure: a condition that makes it fail; "" means whenever `success` doesn't hold. With both given and neither
            true the verdict is `no_data` (inconclusive).
        evaluation_delay: how long after its step began the first sample is taken.
        interval: between two samples.
        count: how many samples must have passed (at least 1).
        failure_limit: how many samples may fail before the gate has failed.
        inconclusive_limit: how many samples in all may be no_data or stale before the policy acts. With "wait" they
            never end it, the timeout does.
        steady_for: for how long without a break all gates of the step must have passed.
        timeout: after so long without an outcome the gate has failed; with "pause" or "pass" for what it said last,
            that happens instead. In a bake and in the background it is how long the gate may go without an answer.
        max_age: a value older than this is stale.
        shadow: it is asked and shown, but decides nothing.
        skippable_by: groups on whose authority a hotfix may skip it ((): nobody may).
        blame: what the gate looks after, for people ("checkout's error rate").
    """

    name: str
    kind: GateKind
    connection: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    success: str = ""
    failure: str = ""
    evaluation_delay: float = 0
    interval: float = 30
    count: int = 1
    failure_limit: int = 0
    inconclusive_limit: int = 0
    steady_for: float = 0
    timeout: float = 1800
    max_age: float = 300
    on_no_data: Policy = "wait"
    on_stale: Policy = "wait"
    shadow: bool = False
    skippable_by: tuple[str, ...] = ()
    blame: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a source answered: a number with the time it was true, or none, and why, in `detail`.

    `value` None means no data; `at` is the source's own time stamp in UNIX seconds (None: it gave none, so it is as
    old as the answer). `detail` is one line for people, and safe to store: what was asked and who answered.
    """

    value: float | None
    at: float | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One gate in one sample. `excused`: it is no_data or stale, and its gate's policy takes that for a pass."""

    gate: str
    verdict: Verdict
    value: float | None = None
    detail: str = ""
    shadow: bool = False
    excused: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """All gates of a step, asked at the same moment. Only a sample in which all pass is a passed sample.

    `unasked`: for so many seconds before it somebody should have asked, and nobody was there (no runner, or a clock
    that jumped ahead). That time says nothing, and counts neither against a gate's patience nor for a bake; 0 as long
    as samples follow each other about as they should.
    """

    at: float
    measurements: tuple[Measurement, ...]
    unasked: float = 0

    @property
    def passed(self) -> bool:
        """Whether every gate that decides has passed."""
        return all(one.verdict == "pass" or one.excused for one in self.measurements if not one.shadow)


@dataclass(frozen=True, slots=True)
class Tally:
    """What a gate's samples in one step add up to.

    Attributes:
        steady_since: since when it has passed without a break.
        together: how many of the samples that it was in have passed: every gate that decides did.
        together_since: since when every sample has passed without a break; None if the last one didn't.
        answered_at: when it last passed, failed, or was excused; 0 if it never did.
        unasked: seconds in which nobody was there to ask, see `Sample.unasked`; in all.
        silent_unasked: those of them since `answered_at`.
    """

    passed: int = 0
    failed: int = 0
    no_data: int = 0
    stale: int = 0
    steady_since: float | None = None
    last: Measurement | None = None
    last_at: float = 0
    together: int = 0
    together_since: float | None = None
    answered_at: float = 0
    unasked: float = 0
    silent_unasked: float = 0


@dataclass(frozen=True, slots=True)
class Judgement:
    """Where the gates of a step stand together.

    Attributes:
        state: `pending` (sample again at `next_at`), `passed`, `failed`, or `undecided` (a person has to look).
        why: one line for people: which gate, what it said, what it should have said.
    """

    state: Literal["pending", "passed", "failed", "undecided"]
    why: str = ""
    next_at: float = 0


def tallied(tally: Tally, measurement: Measurement, sample: Sample) -> Tally:
    """The tally after one more measurement, which was made in this sample."""
    passed = measurement.verdict == "pass"
    answered = measurement.verdict in ("pass", "fail") or measurement.excused
    return Tally(
        passed=tally.passed + passed,
        failed=tally.failed + (measurement.verdict == "fail"),
        no_data=tally.no_data + (measurement.verdict == "no_data"),
        stale=tally.stale + (measurement.verdict == "stale"),
        steady_since=_since(tally.steady_since, passed, sample),
        last=measurement,
        last_at=sample.at,
        together=tally.together + sample.passed,
        together_since=_since(tally.together_since, sample.passed, sample),
        answered_at=sample.at if answered else tally.answered_at,
        unasked=tally.unasked + sample.unasked,
        silent_unasked=0 if answered else tally.silent_unasked + sample.unasked,
    )


def _since(since: float | None, goes_on: bool, sample: Sample) -> float | None:
    """Since when something has gone on without a break; time in which nobody looked is one."""
    if not goes_on:
        return None
    return sample.at if since is None or sample.unasked else since
