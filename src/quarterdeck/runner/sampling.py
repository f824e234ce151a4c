"""Asks gates: all of a sample at the same moment, each with its own limit on time, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Protocol

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import Evidence, GateSource, ProviderError, Session, SessionContext
from quarterdeck.release.calendar import within
from quarterdeck.release.filling import fill, fill_word, named
from quarterdeck.release.gate import GateSpec, Measurement, Sample
from quarterdeck.release.judging import measured
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.running import Starts, run
from quarterdeck.runner.truth import Truthful

log = logging.getLogger(__name__)

LONGEST = 30.0
"""An answer is waited for as long as the gate's interval, and no longer than so many seconds. A command may say
another limit of its own (`timeout`), within the interval too."""

SHORTEST = 1.0
"""However short the interval is, an answer gets so many seconds."""


class Sources(Protocol):
    """Where the connections' sources are; see `runner.sessions.Sessions`."""

    async def open(self, connection: str) -> Session:
        """Open a connection that isn't open yet. Raises ProviderError."""
        ...

    def gates(self, connection: str) -> GateSource:
        """What answers for gates over a connection that is open. Raises ProviderError."""
        ...


class Sampler:
    """See `runner.measuring.Samples`."""

    def __init__(
        self,
        connections: Sources,
        rules: Callable[[], Rulebook],
        truth: Truthful | None,
        clock: Clock,
        announcement: Mapping[str, Any] | None = None,
        starts: Starts = run,
    ) -> None:
        """`truth` answers gates of the kind `traffic`. `announcement` is that of a sandbox: probes that name no
        connection then go to it and nowhere else. `starts` starts commands."""
        self._starts = starts
        self._connections = connections
        self._rules = rules
        self._truth = truth
        self._clock = clock
        self._announcement = announcement

    async def sample(self, gates: Sequence[GateSpec], names: Mapping[str, str]) -> Sample:
        """Ask all of them now. The time of the sample is the moment of asking. Never raises for a gate's trouble."""
        at = self._clock.now()
        return Sample(at, tuple(await asyncio.gather(*(self._measured(gate, names, at) for gate in gates))))

    async def _measured(self, gate: GateSpec, names: Mapping[str, str], at: float) -> Measurement:
        try:
            evidence = await self._asked(gate, names, at)
        except ProviderError as error:
            trouble = error.trouble
            return measured(gate, None, at, f"{trouble.message} ({trouble.hint})" if trouble.hint else trouble.message)
        except TimeoutError:
            return measured(gate, None, at, f"no answer within {_limit(gate):g} s")
        except Exception as error:  # a provider from elsewhere may raise anything
            log.error("asking the gate %s failed: %s", gate.name, without_text(error))
            return measured(gate, None, at, f"the source failed: {type(error).__name__}")
        return measured(gate, evidence, at)

    async def _asked(self, gate: GateSpec, names: Mapping[str, str], at: float) -> Evidence:
        match gate.kind:
            case "schedule":
                return self._schedule(gate, at)
            case "command":
                return await self._command(gate, names)
        async with asyncio.timeout(_limit(gate)):
            if gate.kind == "traffic":
                return await self._traffic(gate)
            source = await self._source(gate)
            return await source.measure(_filled(gate, names))

    def _schedule(self, gate: GateSpec, at: float) -> Evidence:
        name = gate.options.get("window", "")
        windows = [window for window in self._rules().windows if window.name == name]
        if not windows:
            raise ProviderError("misconfigured", f"there is no schedule {clean(name)}", "declare it in schedules")
        inside = any(within(window, at) for window in windows)
        return Evidence(float(inside), detail=f"{'within' if inside else 'outside'} {clean(name)}")

    async def _command(self, gate: GateSpec, names: Mapping[str, str]) -> Evidence:
        """The exit code of a program. One that can't be started, or that had to be ended, says nothing."""
        try:
            words = json.loads(gate.options.get("argv", "[]"))
            command = [fill_word(str(word), names) for word in words]
        except (ValueError, TypeError) as error:
            raise ProviderError("misconfigured", f"{gate.name}: its command can't be used: {error}") from None
        if not command:
            raise ProviderError("misconfigured", f"{gate.name} has no command")
        ran = await self._starts(command, _limit(gate), names)
        value = None if ran.code is None or not ran.started else float(ran.code)
        return Evidence(value, detail=ran.detail)

    async def _traffic(self, gate: GateSpec) -> Evidence:
        if self._truth is None:
            raise ProviderError("misconfigured", "nobody observes traffic here")
        return await self._truth.off_by(gate)

    async def _source(self, gate: GateSpec) -> GateSource:
        if gate.connection:
            await self._connections.open(gate.connection)
            return self._connections.gates(gate.connection)
        if gate.kind == "probe":
            return self._prober
        raise ProviderError("misconfigured", f"{gate.name} names no connection that could be asked")

    @cached_property
    def _prober(self) -> GateSource:
        """Asks without a connection, and so without a credential."""
        provider = registry.load("http")
        connection = Connection("probes", "http")
        if self._announcement is not None:
            connection = provider.sandboxed(connection, self._announcement)
        source = provider.open(connection, SessionContext(self._clock, lambda _: None, _no_secret)).gates()
        if source is None:
            raise ProviderError("misconfigured", "the provider http answers for no gates", "reinstall quarterdeck")
        return source


def _filled(gate: GateSpec, names: Mapping[str, str]) -> GateSpec:
    """The gate with its names filled in. Raises ProviderError (misconfigured)."""
    asked_for = {name for text in gate.options.values() for name in named(text)}
    if "host" in asked_for and not names.get("host"):
        raise ProviderError("not_found", f"{gate.name}: the public host isn't known yet", "it is read with the slots")
    try:
        return replace(gate, options={key: fill(text, names) for key, text in gate.options.items()})
    except ValueError as error:
        raise ProviderError("misconfigured", f"{gate.name}: {error}", "correct the gate") from None


def _limit(gate: GateSpec) -> float:
    longest = float(gate.options.get("timeout", LONGEST)) if gate.kind == "command" else LONGEST
    return max(min(gate.interval, longest), SHORTEST)


def _no_secret(reference: str) -> str:
    raise ProviderError("misconfigured", "a probe without a connection has no secrets")
