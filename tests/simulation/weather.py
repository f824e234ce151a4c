"""What a seed makes of its world: how often what goes wrong. Everything is drawn once, before anything happens."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

LATEST_EFFECT = 0.4
"""Seconds that a write may take effect after its caller has got an answer that leaves it open (504, a dropped line)."""

STALEST_READ = 0.5
"""Seconds by which a reading may lag. With `LATEST_EFFECT` less than the second that the engine leaves between the
two equal readings it believes: this is what the simulation assumes of a provider."""


@dataclass(frozen=True)
class Weather:
    """Probabilities per request, and lengths in seconds.

    Attributes:
        latency: of one request, on the average.
        refused: a write is turned down (429, 403, 409).
        before, after: the line drops before or after a write takes effect, or a 5xx is answered.
        fault: a provider raises what it shouldn't.
        swap_fails: a swap fails at one of its phases, after it was accepted.
        hangs: a swap takes much longer than usual.
        empty: a write is acknowledged and has no effect.
        unreadable: a reading fails.
        stale: a reading lags.
        poll_fails: a look at a write under way fails.
        tells: the provider says whether an operation is in progress.
        scale: of the router that is written one destination at a time: its weights add up to about this.
        stranger: seconds between two things that somebody else does; 0 for never.
        health: seconds between two changes of the health of destinations; 0 for never.
        mortality: how many steps of its own a runner lives; 0 for ever. A third of the deaths are at journal writes.
        pauses: how many steps between two times a runner is stopped for a while; 0 for never.
        relief: seconds after which a runner is told to leave; 0 for never. It drops what it does.
        hiccups: a line of the journal can't be written.
        disk: seconds between two times that the store can't be used; 0 for never.
        jumps: seconds between two jumps of the machine's clock; 0 for never.
        ttl: of the lease.
        noise: the gate `noise` fails.
        silence: a gate has no answer: none in time, none at all, no value, an old one.
        pipeline: seconds between two builds that are put into staging slots; 0 for never.
        sickness: a new build makes its gates fail wherever it serves.
        programs: a program fails.
        terminals: how many steps of its own a viewer lives; 0 for ever.
        steering: how often people see to open releases, of all they do.
        operators: how many people act.
        wishes: how many things they want, together.
    """

    latency: float
    refused: float
    before: float
    after: float
    fault: float
    swap_fails: float
    hangs: float
    empty: float
    unreadable: float
    stale: float
    poll_fails: float
    tells: bool
    scale: int
    stranger: float
    health: float
    mortality: int
    pauses: int
    relief: float
    hiccups: float
    disk: float
    jumps: float
    ttl: float
    noise: float
    silence: float
    pipeline: float
    sickness: float
    programs: float
    terminals: int
    steering: float
    operators: int
    wishes: int


def weather(random: Random) -> Weather:
    """Some seeds are calm in most respects, so that what is left shows by itself."""

    gentle = random.random() < 0.4

    def rate(worst: float) -> float:
        return random.choice((0.0, 0.0, 0.0, worst / 4) if gentle else (0.0, worst / 4, worst))

    def every(*lengths: float) -> float:
        return random.choice((0.0, 0.0, *(() if gentle and random.random() < 0.6 else lengths)))

    return Weather(
        latency=random.choice((0.02, 0.3)),
        refused=rate(0.2),
        before=rate(0.3),
        after=rate(0.3),
        fault=rate(0.1),
        swap_fails=rate(0.4),
        hangs=rate(0.3),
        empty=rate(0.2),
        unreadable=rate(0.15),
        stale=rate(0.5),
        poll_fails=rate(0.5),
        tells=random.random() < 0.3,
        scale=random.choice((2, 100, 1000)),
        stranger=every(40.0, 200.0),
        health=every(60.0, 300.0),
        mortality=int(every(50, 200, 1000)),
        pauses=int(every(60, 300)),
        relief=every(30.0, 300.0),
        hiccups=rate(0.1),
        disk=every(60.0, 300.0),
        jumps=every(200.0),
        ttl=random.choice((20.0, 60.0)),
        noise=rate(0.3),
        silence=rate(0.4),
        pipeline=random.choice((0.0, 80.0, 400.0)),
        sickness=rate(0.6),
        programs=rate(0.4),
        terminals=int(every(30)),
        steering=random.choice((0.3, 0.7)),
        operators=random.randint(1, 3),
        wishes=random.randint(5, 14),
    )
