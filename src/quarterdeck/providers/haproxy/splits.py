"""The servers of a backend as a split of traffic; that of one HAProxy, or of several that do the same. Pure.

A share is what new clients get: weight, what people decided (maintenance, drain) and health together. HAProxy keeps the
weight through all of that: a server in maintenance still says 10, and gets nothing (measured with 2.6.12). Servers
marked `backup` are no destinations: they get clients only while nothing else is up, whatever the weights.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import floor

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.haproxy.answers import Backend, Server
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import Limits

LIMITS = Limits(units=100, smallest=0, largest=256, atomic=False)
"""Weights are whole numbers from 0 to 256 (management guide, `set weight`), one server at a time. They add up to 100,
so that they read as percent, unless a backend already holds another scale."""

_FIXED = {
    "static-rr": "its weights can't change while it runs",
    "first": "the first server that has room gets every client",
}
"""By algorithm (configuration manual, `balance`): why weights don't divide the clients."""

Views = Mapping[str, Backend]
"""One backend as each HAProxy has it, by the name of its socket."""


def shares(backend: Backend) -> dict[str, float]:
    """Percent of new clients by server, without backups; all 0 while none of the others can be used."""
    weights = {server.name: server.weight if server.usable else 0 for server in backend.servers if not server.backup}
    total = sum(weights.values())
    return {name: 100 * weight / total if total else 0.0 for name, weight in weights.items()}


def traffic_reading(views: Views, drift: str = "") -> TrafficReading:
    """The split of new clients over all instances, each of which is taken to get as many of them as the others.

    Where instances hold different weights for a server, its weight is between them and no whole number: so it differs
    from any that could be wanted, and setting it mends it.
    """
    backends = list(views.values())
    names = list(dict.fromkeys(server.name for backend in backends for server in backend.servers if not server.backup))
    each = [shares(backend) for backend in backends]
    mean = {name: sum(its.get(name, 0.0) for its in each) / len(each) for name in names}
    return TrafficReading(
        method=backends[0].algorithm or "weights",
        destinations=tuple(_destination(name, mean[name], backends) for name in names),
        status=", ".join(_status(backends)),
        automatic=any(server.agent for backend in backends for server in backend.servers),
        drift=drift or difference(views),
    )


def difference(views: Views) -> str:
    """Where instances disagree, as a sentence; "" if they don't."""
    told = [(host, _told(backend)) for host, backend in views.items()]
    (first, reference), *others = told
    for host, its in others:
        for name in dict.fromkeys((*reference, *its)):
            one, other = reference.get(name, "nothing"), its.get(name, "nothing")
            if one != other:
                return f"the load balancers disagree about {name}: {first} has {one}, {host} has {other}"
    return ""


def server_facts(server: Server) -> dict[str, object]:
    """What a step says of one server; see `release.settlement`."""
    return {"destination": server.name, "weight": float(server.weight), "enabled": server.ready}


def require_divisible(name: str, backend: Backend) -> None:
    """Raises ProviderError (misconfigured) where weights can't divide the clients."""
    if reason := _FIXED.get(backend.algorithm):
        hint = "use `balance roundrobin`, `leastconn` or `random` to shift traffic"
        raise ProviderError("misconfigured", f"{name} has `balance {backend.algorithm}`: {reason}", hint)


def risks(views: Views) -> Iterator[Risk]:
    """What is dangerous about changing this backend, or has to be known before."""
    backend = next(iter(views.values()))
    if text := difference(views):
        yield Risk("danger", "instances-differ", text, "this brings all of them to the same")
    kept = [f"{s.name} {s.initial}" for s in backend.servers if not s.backup]
    yield Risk(
        "info",
        "kept-in-memory",
        f"weights live in HAProxy's memory: a reload brings back those of its configuration ({', '.join(kept)})",
        "dump `show servers state` into its server-state-file before each reload",
    )
    if unchecked := [s.name for s in backend.servers if not s.backup and not s.checked and not s.maintained]:
        text = f"{', '.join(unchecked)} has no health check: HAProxy sends clients there whether it serves or not"
        yield Risk("warning", "unchecked", text, "add `check` to the server")
    if backend.cookie:
        text = f"clients that carry the cookie {backend.cookie} stay where they are; weights divide only new ones"
        yield Risk("info", "sticky", text)


def _destination(name: str, share: float, backends: Sequence[Backend]) -> Destination:
    seen = [backend.server(name) for backend in backends]
    there = [server for server in seen if server is not None]
    weights = {(server.weight, server.ready) for server in there}
    agreed = len(weights) == 1 and len(there) == len(backends)
    return Destination(
        name=name,
        share=share,
        weight=there[0].weight if agreed else floor(sum(s.weight for s in there) / len(there)) + 0.5,
        enabled=all(server.ready for server in there),
        health=_health(there),
        status=" / ".join(dict.fromkeys(server.status for server in there)),
        host=there[0].address,
    )


def _health(servers: Sequence[Server]) -> Health:
    if any(server.unhealthy for server in servers):
        return "unhealthy"
    return "healthy" if all(server.healthy for server in servers) else "unknown"


def _status(backends: Sequence[Backend]) -> Iterator[str]:
    backups = [server for backend in backends for server in backend.servers if server.backup]
    down = any(not any(shares(backend).values()) for backend in backends)
    if down:
        yield "only backups serve" if any(server.usable for server in backups) else "nothing serves"
    if len(backends) > 1:
        yield f"{len(backends)} load balancers"


def _told(backend: Backend) -> dict[str, str]:
    return {
        server.name: f"weight {server.weight}" if server.ready else f"{server.status}, weight {server.weight}"
        for server in backend.servers
        if not server.backup
    }
