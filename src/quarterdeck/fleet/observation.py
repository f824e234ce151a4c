"""What is known about a place, since when, from where, and what is wrong with knowing it."""

from __future__ import annotations

from typing import Literal

from quarterdeck.fleet.readings import Reading
from quarterdeck.records import dataclass

TroubleCode = Literal[
    "unauthenticated",
    "forbidden",
    "not_found",
    "unreachable",
    "tls",
    "timeout",
    "throttled",
    "garbage",
    "provider_error",
    "misconfigured",
]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a place can't be read at the moment. `message` is for people: one line, no secret, no markup."""

    code: TroubleCode
    message: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Observation:
    """The last that is known about a subject.

    A trouble does not erase the last good reading: both are kept, and the age of `observed_at` tells the truth.

    Attributes:
        subject: `Place.subject`.
        reading: the last good reading; None if there never was one.
        source: who said so, for example `azure resource graph`.
        observed_at: when the last good reading was made; None if never.
        changed_at: when the reading last differed from the one before.
        trouble: what is wrong now; None if the last attempt succeeded.
        trouble_since: when the trouble began.
    """

    subject: str
    reading: Reading | None = None
    source: str = ""
    observed_at: float | None = None
    changed_at: float | None = None
    trouble: Trouble | None = None
    trouble_since: float | None = None
