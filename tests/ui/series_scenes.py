"""A service that is measured: rules with indicators, and what they said lately."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from tests.ui.release_scenes import RULES
from tests.ui.scenes import CHECKOUT, NOW, Scene, shift_plan, swap_plan

from quarterdeck.fleet.series import Point, SeriesId
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.indicator import OBSERVED, Indicator, Scale
from quarterdeck.release.rules import Route, Rulebook, Truth

EVERY = 30.0
"""Seconds between two points."""


def question(name: str, connection: str = "metrics") -> GateSpec:
    return GateSpec(name, "metric", connection, {"query": name}, "result == result", interval=EVERY)


ERRORS = Indicator("errors", question("errors"), Scale(0, 5, bad_above=2), "%", 100, "share of failed requests")
LATENCY = Indicator("latency", question("latency"), Scale(0, 3, bad_above=1.5), "s", 1, "95th percentile")
QUEUE = Indicator("queue", question("queue", "rabbit"), Scale(0, 500))
NOISE = (0.2, 0.3, 0.2, 0.9, 0.4, 0.2, 0.6, 0.3)


def measured_rules(*indicators: Indicator) -> Rulebook:
    names = tuple(one.name for one in indicators)
    route = Route(CHECKOUT, "careful", truth=Truth("https://$host/", probes=120), indicators=names)
    return replace(RULES, routes=(route, *RULES.routes[1:]), indicators=indicators)


def since(ago: float, values: Iterable[float | None], trouble: str = "the query matches nothing") -> list[Point]:
    """Points every 30 s, the first one so long ago."""
    return [
        Point(NOW - ago + EVERY * index, value, "" if value is not None else trouble)
        for index, value in enumerate(values)
    ]


def say(scene: Scene, name: str, points: Sequence[Point], target: str = str(CHECKOUT)) -> None:
    scene.store.put_points([(SeriesId(target, name), point) for point in points], scene.lease)


def observe(scene: Scene, target: str, *, ago: float, **shares: float) -> None:
    for name, share in shares.items():
        say(scene, f"{OBSERVED}{name}", [Point(NOW - ago, share)], target)


def measured(scene: Scene) -> Scene:
    """Errors rise after a swap, latency is well but was silent for a while, and nobody answers for the queue."""
    scene.publish()
    scene.store.put_rules(measured_rules(ERRORS, LATENCY, QUEUE), scene.lease)
    calm = [NOISE[index % len(NOISE)] for index in range(60)]
    say(scene, "errors", since(2100, [*calm, 1.1, 2.4, 3.9, 5.6, 6.1, 4.2, 2.6, 2.3, 2.4, 2.2]))
    say(scene, "latency", since(2100, [*(0.2 + one / 5 for one in calm[:40]), *[None] * 6]))
    say(scene, "latency", since(510, [0.4 + one / 5 for one in calm[:17]]))
    say(scene, "queue", since(300, [None] * 11, "rabbit.internal doesn't answer (check the network)"))
    shifted = scene.start(shift_plan(westeurope=60, northeurope=40), ago=1500, actor="ben@jump2", reason="drain a bit")
    scene.step(shifted, "done", ago=1496)
    scene.end(shifted, "succeeded", ago=1495)
    observe(scene, str(CHECKOUT), ago=200, westeurope=74, northeurope=26)
    swapped = scene.start(replace(swap_plan(), id="p9"), ago=400)
    for step in ("1", "2"):
        scene.step(swapped, "done", step, ago=330)
    scene.end(swapped, "succeeded", ago=320)
    return scene
