"""From a flag as it is to the requests that make it as wanted, in an order that is safe at each point. Pure.

- Switching on a flag without strategies makes Unleash write one for everybody (measured with Unleash 8.2.0; so does one
  whose strategies are all disabled). So strategies are written first, and the switch is turned on last.
- For off, the switch goes first: whatever is written afterwards nobody sees.
- While it stays on, what is taken away goes before what is given, so that nobody sees it who saw it neither before nor
  will afterwards.
- Strategies are patched, never replaced (a PUT without `variants` erases them), on the condition that they are as they
  were read; and never deleted: a group that sees nothing has 0%, and keeps its title, its variants and its segments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.unleash.documents import ROLLOUT, Flag, Strategy
from quarterdeck.release.plan import Facts

SWITCH = "the switch"
EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path` is below the flag's environment; `part` says what it sets, for people."""

    part: str
    method: Literal["POST", "PATCH"]
    path: str
    document: Any = None


@dataclass(frozen=True, slots=True)
class _Share:
    """A percentage that is to change: of everybody, or of a group. `strategy` is None where there is none yet."""

    group: str | None
    strategy: Strategy | None
    percent: int
    more: bool


def calls(flag: Flag, wanted: Facts, field: str | None) -> tuple[Call, ...]:
    """What to send, in this order.

    Args:
        wanted: `enabled`, `percent` and `audience` (see `release/settlement.py`).
        field: of the context, that names groups.

    Raises:
        ProviderError: misconfigured, if that can't be said in Unleash (it accepts a rollout of "250" itself).
    """
    shares = sorted(_shares(flag, wanted, field), key=lambda share: share.more)
    strategies = [_call(flag, share, field) for share in shares]
    if wanted["enabled"] and not flag.enabled:
        if not flag.active and not any(share.strategy is None for share in shares):
            strategies.append(_call(flag, _Share(None, None, _whole(flag.percent), more=True), field))
        return (*strategies, Call(SWITCH, "POST", "/on"))
    if flag.enabled and not wanted["enabled"]:
        return (Call(SWITCH, "POST", "/off"), *strategies)
    return tuple(strategies)


def _shares(flag: Flag, wanted: Facts, field: str | None) -> Iterator[_Share]:
    limits = flag.limits(field)
    everybody = wanted["percent"]
    if everybody is not None and everybody != flag.percent:
        if not limits.percent:
            raise ProviderError("misconfigured", f"flag {flag.name}: {limits.why}")
        yield _Share(None, next(iter(flag.for_everybody), None), _whole(everybody), more=everybody > flag.percent)
    now = {group: strategies[0] for group, strategies in flag.groups(field).items()}
    for group in (*now, *(group for group in wanted["audience"] if group not in now)):
        strategy, percent = now.get(group), wanted["audience"].get(group, 0.0)
        before = strategy.percent if strategy else 0.0
        if percent == before:
            continue
        if not limits.audience:
            raise ProviderError("misconfigured", f"flag {flag.name}: {limits.why}")
        yield _Share(group, strategy, _whole(percent), more=percent > before)


def _whole(percent: float) -> int:
    if not float(percent).is_integer() or not 0 <= percent <= 100:
        message = f"{percent:g}% can't be said in Unleash: it takes whole percents from 0 to 100"
        raise ProviderError("misconfigured", message, "give a whole percentage")
    return int(percent)


def _call(flag: Flag, share: _Share, field: str | None) -> Call:
    part = f"{share.group or EVERYBODY} {share.percent}%"
    if share.strategy is None:
        return Call(part, "POST", "/strategies", _new(flag.name, share, field))
    return Call(part, "PATCH", f"/strategies/{share.strategy.id}", _patch(share.strategy, share.percent))


def _new(name: str, share: _Share, field: str | None) -> dict[str, Any]:
    """A strategy of ours. All of a flag's draw by the flag's name, so that whoever is in at 5% is in at 50% as well."""
    constraint = {"contextName": field, "operator": "IN", "values": [share.group]}
    return {
        "name": ROLLOUT,
        "parameters": {"rollout": str(share.percent), "stickiness": "default", "groupId": name},
        "constraints": [constraint] if share.group is not None else [],
    }


def _patch(strategy: Strategy, percent: int) -> Sequence[dict[str, Any]]:
    """A JSON Patch (RFC 6902) whose `test`s are the condition: Unleash ignores If-Match."""
    tests: list[dict[str, Any]] = [
        {"op": "test", "path": "/name", "value": strategy.name},
        {"op": "test", "path": "/disabled", "value": False},
        {"op": "test", "path": "/constraints", "value": list(strategy.constraints)},
    ]
    if strategy.rollout is not None:
        tests.append({"op": "test", "path": "/parameters/rollout", "value": strategy.rollout})
    return [*tests, {"op": "add", "path": "/parameters/rollout", "value": str(percent)}]
