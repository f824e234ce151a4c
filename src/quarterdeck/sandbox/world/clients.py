"""The simulated users: who of them gets which build, and how that goes for them.

Nothing is drawn: requests are numbers of a crowd large enough for shares to come true, so the same history always
gives the same figures. A client is routed to a slot once and stays there for the lifetime of its cookie; clients
renew their cookies spread evenly over time, so the returning ones are split as new ones were on average over the
last cookie lifetime.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from quarterdeck.sandbox.world.probing import slot_at
from quarterdeck.sandbox.world.serving import Epoch, History
from quarterdeck.sandbox.world.sites import Site

if TYPE_CHECKING:
    from quarterdeck.sandbox.world.world import World


@dataclass(frozen=True, slots=True)
class Served:
    """What users got from one build in one slot during a window.

    `site` is empty where DNS named none, `slot` where a ramp-up rule led nowhere; all such requests are errors.
    `latency_ms` is that of a request that was answered.
    """

    site: str
    slot: str
    version: str
    requests: float
    errors: float
    latency_ms: float

    def as_json(self) -> dict[str, Any]:
        """For the control interface; figures rounded to thousandths."""
        return {key: round(value, 3) if isinstance(value, float) else value for key, value in asdict(self).items()}


class Clients:
    """Users of every site that has any."""

    def __init__(self, world: World) -> None:
        self._world = world

    def window(self, since: float, until: float) -> list[Served]:
        """What users got between two world times, by site, slot and version."""
        requests: dict[tuple[str, str, str], float] = defaultdict(float)
        errors: dict[tuple[str, str, str], float] = defaultdict(float)
        latency: dict[tuple[str, str, str], float] = {}
        for start, end in self._stretches(since, until):
            middle = (start + end) / 2
            for site, slot, rate in self._rates(middle):
                epoch = site.history.at(middle) if site else None
                serving = epoch.serving.get(slot) if epoch else None
                key = (site.name if site else "", slot, serving.version if serving else "")
                number = rate * (end - start)
                requests[key] += number
                errors[key] += number * (serving.error_rate if serving else 1.0)
                if serving and serving.condition == "up":
                    latency[key] = serving.latency_ms
        return [
            Served(*key, requests[key], errors[key], latency.get(key, 0.0)) for key in sorted(requests) if requests[key]
        ]

    def shares(self, site: Site, at: float) -> dict[str, float]:
        """The part (0 to 1) of a site's requests that each slot really gets, pinned clients included."""
        epoch = site.history.at(at)
        if epoch is None:
            return {}
        returning = self._world.physics.returning
        new = _scaled(epoch.weights, 1 - returning)
        for slot, part in pinned(site.history, at, self._world.physics.cookie).items():
            new[slot] = new.get(slot, 0.0) + returning * part
        # The cookie of a slot that is gone leads to production, as a new client's request would.
        gone = [slot for slot in new if slot and slot not in epoch.serving]
        for slot in gone:
            new["production"] = new.get("production", 0.0) + new.pop(slot)
        return new

    def arriving(self, site: Site, names: Mapping[str, Sequence[str]], at: float) -> dict[str, float]:
        """Requests per second that come to each of a site's host names, by slot. `names` says which Traffic Manager
        names lead, or have led, to a host (lower case)."""
        result = {site.production.name: site.rate}
        for slot in site.slots.values():
            for name in names.get(slot.host.lower(), ()):
                part = sum(percent for host, percent in self._answers(name, at).items() if host.lower() == slot.host)
                result[slot.name] = result.get(slot.name, 0.0) + self._world.traffic[name] * part / 100
        return result

    def _rates(self, at: float) -> list[tuple[Site | None, str, float]]:
        """Requests per second by site and slot."""
        result: list[tuple[Site | None, str, float]] = []
        arriving: dict[str, float] = defaultdict(float)
        for site in self._world.sites:
            if site.rate:
                arriving[site.production.host] += site.rate
        for name, rate in self._world.traffic.items():
            answered = 0.0
            for host, percent in self._answers(name, at).items():
                arriving[host] += rate * percent / 100
                answered += percent / 100
            if answered < 1:
                result.append((None, "", rate * (1 - answered)))
        for host, rate in arriving.items():
            found = slot_at(self._world.sites, host)
            if found is None:
                result.append((None, "", rate))
            elif found[1].is_production:
                result += [(found[0], slot, rate * part) for slot, part in self.shares(found[0], at).items()]
            else:
                result.append((found[0], found[1].name, rate))
        return result

    def _answers(self, name: str, at: float) -> dict[str, float]:
        profile = self._world.profiles.named(name)
        return self._world.profiles.dns.effective_target_shares(profile, at) if profile else {}

    def _stretches(self, since: float, until: float) -> list[tuple[float, float]]:
        """The window cut at every moment after which shares follow another line."""
        # What probes find late changes the past: it has to be known before the window is cut.
        self._world.profiles.observe()
        cookie = self._world.physics.cookie
        cuts = {since, until}
        for site in self._world.sites:
            for moment in site.history.boundaries():
                cuts.update((moment, moment + cookie))
        for name in self._world.traffic:
            profile = self._world.profiles.named(name)
            cuts.update(self._world.profiles.dns.boundaries(profile) if profile else ())
        ordered = sorted(cut for cut in cuts if since <= cut <= until)
        return list(pairwise(ordered))


def pinned(history: History, at: float, cookie: float) -> dict[str, float]:
    """How new clients were split on average over the last `cookie` seconds before `at`."""
    epochs: list[Epoch] = list(history)
    if not epochs or cookie <= 0:
        return {}
    result: dict[str, float] = defaultdict(float)
    for number, epoch in enumerate(epochs):
        # Before the first epoch all was as in it.
        start = at - cookie if number == 0 else max(epoch.since, at - cookie)
        end = min(at, epochs[number + 1].since) if number + 1 < len(epochs) else at
        if end > start:
            for slot, part in epoch.weights.items():
                result[slot] += part * (end - start) / cookie
    return dict(result)


def _scaled(weights: Mapping[str, float], factor: float) -> dict[str, float]:
    return {slot: part * factor for slot, part in weights.items()}
