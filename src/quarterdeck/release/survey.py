"""What planning needs to know of a place, read afresh: the facts a provider hands to the pure planning functions."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.readings import FlagReading, SlotReading, TrafficReading
from quarterdeck.records import dataclass, field
from quarterdeck.release.plan import Facts, Risk, SettingMove

FORBIDS_SWAP = "forbids-swap"
FORBIDS_PREVIEW = "forbids-preview"
"""Codes of a `Risk` in a `SwapSurvey` that is the provider's own rule against it: there will be no plan."""

FORBIDS_SWAP_BACK = "forbids-swap-back"
"""Code of a `Risk` in a `SwapSurvey` whose swap can't be taken back by another one; its text says what the way back is
instead."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a system can express, so that rounding is shown before it is applied.

    Attributes:
        units: how many equal parts the whole is divided into (100 for whole percents, 1000 for permille, ...);
            0 if any fraction goes (only where `atomic`).
        smallest: the smallest weight that can be written; where it is above 0, a share of 0 means "disabled".
        atomic: True if all weights are written at once, False if one destination at a time.
        ordered: True where the first destination that is enabled and up gets everything (priority routing; the
            reading lists them in that order), so that only 0 and 100 percent can be expressed.
        lag: seconds that old clients may stay where they were.
        stops: the only splits that can be reached from where it is now, in percent by destination (what isn't named
            has none), where a system goes by stages of its own; None if any can.
        why: what a refusal of other splits says about it ("" for nothing more).
    """

    units: int = 100
    smallest: int = 0
    largest: int = 100
    atomic: bool = True
    ordered: bool = False
    lag: float = 0
    stops: tuple[Mapping[str, float], ...] | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class SwapSurvey:
    """Both sides of a swap, read afresh.

    `source` and `destination` as asked for; `settings` what moves and what sticks; `risks` what the provider's own
    rules say (lints); `seconds` about how long a swap takes here; `facts` provider facts that the step needs.
    """

    source: SlotReading
    destination: SlotReading
    settings: tuple[SettingMove, ...] = ()
    risks: tuple[Risk, ...] = ()
    seconds: float | None = None
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrafficSurvey:
    """A traffic split read afresh, and what can be done to it."""

    reading: TrafficReading
    limits: Limits
    risks: tuple[Risk, ...] = ()
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FlagLimits:
    """What a flag store can express, of this flag as it is built now.

    Attributes:
        percent: whether everybody can get it in part.
        percent_step: the finest percentage (1 for whole percents, 0.001 for a thousandth of one); 0 if any goes.
        audience: whether named groups can have a percentage of their own.
        adds_up: its rules add up: whoever one of them lets in sees the flag. Then everybody always has a percentage
            (0 where only groups are let in, 100 where there is no rule), and a group with 0% is no group.
        labels: whether it keeps flags of one name apart by labels, and also without one.
        default_rule: whoever no rule of a group is for has a rule, too. Then everybody else always has a percentage, as
            with `adds_up`; but a group has its own percentage and not theirs, so that 0% keeps it out.
        why: what a refusal says about it ("" for "the flag store can't").
    """

    percent: bool = True
    percent_step: float = 0
    audience: bool = True
    adds_up: bool = False
    default_rule: bool = False
    labels: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True)
class FlagSurvey:
    """One flag read afresh. `same_name` are the readings of the same flag under other labels (shadowing)."""

    reading: FlagReading
    same_name: tuple[FlagReading, ...] = ()
    risks: tuple[Risk, ...] = ()
    facts: Facts = field(default_factory=dict)
    limits: FlagLimits = FlagLimits()


@dataclass(frozen=True, slots=True)
class DeploySurvey:
    """A slot that something is to be put into, read afresh.

    `artifact` is what it holds now as the provider names it (a container image, the URL of a package; "" if the
    provider doesn't tell); `live` whether users reach it. `facts` are provider facts that the step needs; the planner
    knows `takes` (`image` or `package`, if the slot takes only one of them), `prepared_for` (the slot that a prepared
    swap would bring its content to) and `record` (the provider's name of the deployment that is in force).
    """

    slot: SlotReading
    artifact: str = ""
    live: bool = False
    risks: tuple[Risk, ...] = ()
    seconds: float | None = None
    facts: Facts = field(default_factory=dict)
