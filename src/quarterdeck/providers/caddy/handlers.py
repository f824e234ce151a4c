"""A reverse proxy in Caddy's config as a split of requests between its upstreams. Pure.

Facts are from Caddy's documentation ("JSON Config Structure": `http.handlers.reverse_proxy`,
`http.reverse_proxy.selection_policies.weighted_round_robin`) and measured with 2.11.7:

- Weights go to upstreams by position, and Caddy minds neither one too many nor one too few: `[100]` for two sends all
  to the first, also while it is down; of `[1, 2, 3]` for two the first gets four sixths. So they are counted here.
- They are whole numbers; `[4294967296, 1]` is taken, a sum of nothing and a negative one are not.
- Requests go round in runs: of `[75, 25]` each 75 in a row go to the first. `[3, 1]` divides as well, and finer. So
  the smallest numbers are written that mean the shares.
- The policy `cookie` sends a client to where its cookie says, and divides those without one by its `fallback`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.readings import Destination, Health, TrafficReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.fleet.weights import whole_weights
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.shares import named
from quarterdeck.release.plan import Risk
from quarterdeck.release.survey import Limits

WEIGHTED = "weighted_round_robin"
LARGEST_SUM = 10_000
"""Weights are written so that they add up to at most that. Caddy takes larger ones (it counts requests in 32 bits), but
runs of more than that in one direction are no division any more."""

LIMITS = Limits(units=1000, smallest=0, largest=LARGEST_SUM, atomic=True)
"""Tenths of a percent: one request of a thousand."""

EXACTLY = 1e-6
"""Percent by which a weight may miss its share before larger ones are tried."""

_STICKY = "cookie"


@dataclass(frozen=True, slots=True)
class Handler:
    """A reverse proxy that divides by weights.

    Attributes:
        where: how it is called in front of people.
        names: of its upstreams in the order of the config, as the configuration of the fleet or their `dial` has it.
        dials: their addresses.
        policy: the path from the handler to what holds the weights.
        sticky: the name of the cookie that keeps clients where they are ("" for none).
        checked: whether it checks the health of its upstreams at all.
    """

    where: str
    names: tuple[str, ...]
    dials: tuple[str, ...]
    weights: tuple[int, ...]
    policy: str
    sticky: str = ""
    checked: bool = False

    @property
    def weights_path(self) -> str:
        """From the handler to its weights."""
        return f"{self.policy}/weights"

    def weights_for(self, shares: Mapping[str, float]) -> list[int]:
        """What has to be written for shares in percent, in the order of the upstreams."""
        found = whole_weights(shares, range(1, LARGEST_SUM + 1), EXACTLY)
        return [found[name] for name in self.names]

    def reading(self, up: Mapping[str, bool]) -> TrafficReading:
        """The split of new requests, as it was set. `up`: what Caddy says of its upstreams, by `dial`."""
        total = sum(self.weights)
        destinations = []
        for name, dial, weight in zip(self.names, self.dials, self.weights, strict=True):
            health = _health(up.get(dial)) if self.checked else "unknown"
            destinations.append(
                Destination(
                    name=name,
                    share=100 * weight / total,
                    weight=weight,
                    health=health,
                    status="" if health == "unknown" else health,
                    host=dial,
                )
            )
        down = [d.name for d in destinations if d.health == "unhealthy" and d.share]
        status = f"{', '.join(down)} down: the others get its requests" if down else ""
        return TrafficReading(method=WEIGHTED, destinations=tuple(destinations), status=status)


def handler_of(document: Any, address: Address) -> Handler:
    """Read a handler.

    Raises:
        ProviderError: not_found, if there is none; misconfigured, if it doesn't divide by weights.
    """
    where = where_of(address)
    if document is None:
        raise ProviderError("not_found", f"there is no {where} in Caddy's config", "check id or path")
    kind = document.get("handler") if isinstance(document, Mapping) else None
    if kind != "reverse_proxy":
        what = f"a handler of kind {clean(str(kind), 40)}" if kind else "no handler"
        raise _misconfigured(f"{where} is {what}", "name a reverse_proxy handler, not the route around it")
    if document.get("dynamic_upstreams"):
        raise _misconfigured(f"{where} finds its upstreams itself (dynamic_upstreams)", "list them as `upstreams`")
    dials = tuple(_dials(document))
    if len(set(dials)) < len(dials):
        raise _misconfigured(f"{where} has the same upstream twice", "list each `dial` once, and give it more weight")
    path, policy, sticky = _policy(document, where)
    weights = _weights(policy.get("weights"), where, len(dials))
    return Handler(where, named(dials, address, where, "upstream"), dials, weights, path, sticky, _is_checked(document))


def where_of(address: Address) -> str:
    """How a handler is called in front of people."""
    return f"@id {address.parts['id']}" if "id" in address.parts else address.parts["path"]


def found_in(config: Any, addresses: Sequence[Address]) -> dict[str, Any]:
    """The documents at these addresses by `Address.key`, cut out of a whole config; None where nothing is."""
    ids = dict(_with_ids(config))
    return {
        address.key: ids.get(address.parts["id"]) if "id" in address.parts else _at(config, address.parts["path"])
        for address in addresses
    }


def weighted_in(config: Any) -> int:
    """How many policies of a config are the one that divides by weights."""
    return sum(one.get("policy") == WEIGHTED for one in _objects(config))


def risks(handler: Handler, config: Any, reading: TrafficReading) -> Iterator[Risk]:
    """What is dangerous about changing this handler, or has to be known before. `config`: all of it."""
    about = _at(config, "admin/config")
    admin: Mapping[str, Any] = about if isinstance(about, Mapping) else {}
    weights = ", ".join(f"{name} {weight}" for name, weight in zip(handler.names, handler.weights, strict=True))
    if admin.get("load"):
        text = "this Caddy loads its config from elsewhere, over whatever is set here"
        yield Risk("warning", "loaded-from-elsewhere", text, "set the weights there, too")
    if admin.get("persist") is False:
        text = f"this Caddy keeps nothing: a restart or a reload brings back the weights of its file (now {weights})"
        yield Risk("warning", "kept-in-memory", text, "leave `persist` on, and start it with `caddy run --resume`")
    else:
        text = "a `caddy reload`, and a restart without --resume, bring back the weights of Caddy's file"
        yield Risk("info", "kept-in-memory", text, "start it with `caddy run --resume`, or set the weights there, too")
    if not handler.checked:
        text = f"{handler.where} checks nobody's health: requests go there whether it serves or not"
        yield Risk("warning", "unchecked", text, "give it `health_checks`")
    if down := [d.name for d in reading.destinations if d.health == "unhealthy" and d.share]:
        text = (
            f"with each change Caddy forgets that {', '.join(down)} is down, and sends requests there until it checks"
        )
        yield Risk("warning", "health-forgotten", text, "take its share away, or mend it first")
    if handler.sticky:
        text = f"clients that carry the cookie {handler.sticky} stay where they are; weights divide only new ones"
        yield Risk("info", "sticky", text)


def _policy(document: Mapping[str, Any], where: str) -> tuple[str, Mapping[str, Any], str]:
    """The path to the policy that holds the weights, the policy, and the cookie that comes before it."""
    path = "load_balancing/selection_policy"
    found = _at(document, path)
    policy: Mapping[str, Any] = found if isinstance(found, Mapping) else {}
    sticky = ""
    if policy.get("policy") == _STICKY and isinstance(policy.get("fallback"), Mapping):
        sticky = clean(str(policy.get("name") or "lb"), 60)
        path, policy = f"{path}/fallback", policy["fallback"]
    if policy.get("policy") != WEIGHTED:
        what = clean(str(policy.get("policy") or "random, as nothing else is said"), 60)
        hint = '"load_balancing": {"selection_policy": {"policy": "weighted_round_robin", "weights": [...]}}'
        raise _misconfigured(f"{where} selects its upstreams by {what}: no weights divide them", f"write {hint}")
    return path, policy, sticky


def _weights(value: Any, where: str, upstreams: int) -> tuple[int, ...]:
    weights = value if isinstance(value, list) else []
    if len(weights) != upstreams:
        message = f"{where} has {len(weights)} weights for {upstreams} upstreams: Caddy then divides as nobody meant"
        raise _misconfigured(message, f"give it {upstreams} weights, in the order of the upstreams")
    if any(not isinstance(weight, int) or weight < 0 for weight in weights) or sum(weights) < 1:
        raise _misconfigured(f"{where} has weights that divide nothing", "whole numbers, not all of them 0")
    return tuple(weights)


def _dials(document: Mapping[str, Any]) -> Iterator[str]:
    for upstream in document.get("upstreams") or ():
        if isinstance(upstream, Mapping):
            yield str(upstream.get("dial") or "")


def _is_checked(document: Mapping[str, Any]) -> bool:
    """Whether health checks are on: active ones know where to ask, passive ones remember (Caddy's documentation)."""
    active, passive = _at(document, "health_checks/active"), _at(document, "health_checks/passive")
    asks = isinstance(active, Mapping) and any(active.get(key) for key in ("uri", "path", "port", "upstream"))
    return asks or (isinstance(passive, Mapping) and bool(passive.get("fail_duration")))


def _health(up: bool | None) -> Health:
    return "unknown" if up is None else "healthy" if up else "unhealthy"


def _with_ids(document: Any) -> Iterator[tuple[str, Any]]:
    """All objects that have an `@id`."""
    return ((str(one["@id"]), one) for one in _objects(document) if "@id" in one)


def _objects(document: Any) -> Iterator[Mapping[str, Any]]:
    waiting = [document]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            yield one
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)


def _at(document: Any, path: str) -> Any:
    """What is at a path of names and positions; None if nothing is."""
    for key in path.split("/"):
        if isinstance(document, Mapping):
            document = document.get(key)
        elif isinstance(document, list) and key.isdigit() and int(key) < len(document):
            document = document[int(key)]
        else:
            return None
    return document


def _misconfigured(message: str, hint: str) -> ProviderError:
    return ProviderError("misconfigured", message, hint)
