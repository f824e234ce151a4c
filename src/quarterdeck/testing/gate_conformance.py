"""What every GateSource must do, checked against a live source; see `conformance.py` for how to use it. Only reads."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from quarterdeck.providers.base import Evidence, GateSource, ProviderError
from quarterdeck.release.gate import GateKind, GateSpec
from quarterdeck.testing.conformance import NotConforming, require, require_printable

AHEAD = 60.0
"""Seconds by which a source's clock may be ahead of ours before its time stamps count as wrong."""

_KINDS: Sequence[GateKind] = ("metric", "alerts", "probe", "command", "query", "schedule", "traffic")


async def check_evidence(
    source: GateSource,
    answered: GateSpec,
    silent: GateSpec | None = None,
    wrong: GateSpec | None = None,
    *,
    secrets: Sequence[str] = (),
    now: Callable[[], float] = time.time,
) -> None:
    """A question that has an answer gets a number, one about nothing gets none, and one that can't be asked is told.

    `answered` has a value now, `silent` asks about what there is no data of, `wrong` can't be asked. None of `secrets`
    may be in anything that is told; `now` is the time of the world that the source looks at, in UNIX seconds.
    """
    require(bool(source.source), "`source` is empty: measurements must say who said so")
    for _ in range(2):
        found = await _measured(source, answered, secrets, now)
        require(found.value is not None, f"{answered.name} has no value: {found.detail}")
    if silent:
        found = await _measured(source, silent, secrets, now)
        is_none = found.value is None or math.isnan(found.value)
        require(is_none, f"{silent.name} is about nothing, and its value is {found.value}: no data is never a number")
        require(bool(found.detail), f"{silent.name} has no value, and nothing says why")
    if wrong:
        await _require_refusal(source, wrong, secrets)
    for kind in _KINDS:
        await _require_no_accident(source, replace(answered, name=kind, kind=kind, options={}), secrets)


async def _measured(source: GateSource, gate: GateSpec, secrets: Sequence[str], now: Callable[[], float]) -> Evidence:
    try:
        found = await source.measure(gate)
    except ProviderError as error:
        raise NotConforming(f"{gate.name} wasn't answered: {error.trouble.message}") from error
    except Exception as error:
        raise NotConforming(f"{gate.name}: measure raised {type(error).__name__}, not a ProviderError") from error
    require(isinstance(found, Evidence), f"{gate.name} was answered with {type(found).__name__}")
    if found.value is not None:
        require(isinstance(found.value, float), f"{gate.name}: a value of the type {type(found.value).__name__}")
    if found.at is not None:
        require(0 < found.at <= now() + AHEAD, f"{gate.name}: its time stamp is {found.at:.0f}, in UNIX seconds?")
    _require_told(found, gate.name, secrets)
    return found


async def _require_refusal(source: GateSource, gate: GateSpec, secrets: Sequence[str]) -> None:
    try:
        found = await source.measure(gate)
    except ProviderError as error:
        require(bool(error.trouble.message), f"{gate.name} can't be asked, and nothing says why")
        _require_told(error.trouble, gate.name, secrets)
    except Exception as error:
        raise NotConforming(f"{gate.name}: measure raised {type(error).__name__}, not a ProviderError") from error
    else:
        raise NotConforming(f"{gate.name} can't be asked, and was answered with {found.value}")


async def _require_no_accident(source: GateSource, gate: GateSpec, secrets: Sequence[str]) -> None:
    """Whatever is asked, with whatever is left out: an answer, or a ProviderError."""
    try:
        told: object = await source.measure(gate)
    except ProviderError as error:
        told = error.trouble
    except Exception as error:
        message = f"asked for a {gate.kind} without options, measure raised {type(error).__name__}"
        raise NotConforming(message) from error
    _require_told(told, f"a {gate.kind} without options", secrets)


def _require_told(told: object, what: str, secrets: Sequence[str]) -> None:
    require_printable(told, what)
    for secret in secrets:
        require(secret not in repr(told), f"{what}: a secret is in what is told")
