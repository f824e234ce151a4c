"""The runner as a process: take the lease, serve, stand by, leave."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial
from typing import Any, Literal

from quarterdeck import __version__
from quarterdeck.clock import Clock, SystemClock
from quarterdeck.config.problems import ConfigError
from quarterdeck.config.secrets import resolve
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError
from quarterdeck.runner import running
from quarterdeck.runner.chronicle import Chronicle
from quarterdeck.runner.configuration import Configuration, quickened, sandboxed
from quarterdeck.runner.courier import Messenger, Rehearsed
from quarterdeck.runner.duty import Duty, Outcome
from quarterdeck.runner.guard import LeaseGuard
from quarterdeck.runner.logfile import log_path, logging_beside
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.racing import first_of
from quarterdeck.runner.sampling import Sampler
from quarterdeck.runner.sandboxing import SandboxDied, ensure_sandbox, sandbox_lives
from quarterdeck.runner.seal import FileSeal
from quarterdeck.runner.sessions import Sessions
from quarterdeck.runner.settings import RunnerSettings
from quarterdeck.runner.truth import Harbour, Observer
from quarterdeck.runner.unplayed import provider_in_sandbox
from quarterdeck.store.base import Store, StoreError
from quarterdeck.store.lifeline import RUNNER_LEASE, lifeline, proves_dead, runner_lives, sweep
from quarterdeck.store.opening import open_store, warnings

log = logging.getLogger(__name__)

USAGE, FAILED = 2, 1
"""Exit codes: the configuration is wrong; the store or the sandbox can't be used."""

PROGRAMS = "QUARTERDECK_SANDBOX_PROGRAMS"
"""Environment variable: set to anything, it has programs of steps and gates started out of a sandbox as well."""

STAND_BY_SECONDS = 1.0
"""Between two looks at whether the lease is free."""


async def run(settings: RunnerSettings) -> int:
    """Be a fleet's runner until it is no longer needed; returns the exit code.

    SIGTERM, SIGINT and SIGHUP end it in order: no new work, a moment for what runs, the lease given back. What still
    runs then is left to the next runner. Errors go to stderr and to the log.
    """
    try:
        with closing(open_store(settings.store, create=True)) as store, logging_beside(settings.store):
            try:
                return await Runner(settings, store, SystemClock()).run()
            except (ConfigError, ProviderError, StoreError, SandboxDied, OSError) as error:
                log.error("%s", error)
                raise
            except Exception as error:
                log.error("the runner failed: %s", without_text(error))
                raise
    except (ConfigError, ProviderError) as error:
        _complain(error)
        return USAGE
    except (StoreError, SandboxDied, OSError) as error:
        _complain(error)
        return FAILED
    except Exception as error:  # a mistake of ours: its text may hold anything, so only its kind is repeated
        sys.stderr.write(f"the runner failed: {type(error).__name__}; see {log_path(settings.store)}\n")
        return FAILED


class Runner:
    """One process; it may serve several terms of duty, or none."""

    def __init__(self, settings: RunnerSettings, store: Store, clock: Clock) -> None:
        self._settings = settings
        self._store = store
        self._clock = clock
        self._told_to_stop = asyncio.Event()

    async def run(self) -> int:
        """Serve or stand by until told to stop or no longer needed.

        Raises:
            ConfigError, ProviderError, StoreError, SandboxDied: it can't even begin.
        """
        settings = self._settings
        if settings.when_taken == "leave" and runner_lives(self._store, self._clock.now()):
            return 0  # before the configuration is read: that takes its time
        for line in warnings(settings.store):
            log.warning("%s", line)
        holder = f"{socket.gethostname()}-{os.getpid()}-{os.urandom(3).hex()}"
        with self._listening_to_signals(), lifeline(settings.store, holder) as life:
            about = {**life, "version": __version__, "log": str(log_path(settings.store))}
            guard = LeaseGuard(self._store, self._clock, holder=holder, ttl=settings.lease_ttl, info=about)
            await self._serve(guard, about)
        return 0

    async def _serve(self, guard: LeaseGuard, about: Mapping[str, Any]) -> None:
        configuration = self._configuration()
        has_served = False
        while not self._told_to_stop.is_set():
            try:
                outcome = await self._turn(guard, configuration)
            except StoreError as error:
                if not has_served and self._settings.when_taken == "leave":
                    raise
                # Operations may wait to be taken up, and nobody else may come to do it.
                log.warning("the store can't be used now: %s", error)
                outcome = "waiting"
            has_served = has_served or outcome != "waiting"
            if outcome == "left":
                return
            if outcome == "waiting":
                await first_of(self._clock, STAND_BY_SECONDS, self._told_to_stop)
            if outcome == "outdated":
                configuration, problem = self._configuration_again(configuration)
                guard.describe({**about, "problem": problem} if problem else about)

    async def _turn(self, guard: LeaseGuard, configuration: Configuration) -> Outcome | Literal["waiting"]:
        """Serve one term, if it is our turn."""
        settings = self._settings
        if runner_lives(self._store, self._clock.now()):
            return "left" if settings.when_taken == "leave" else "waiting"
        announcement = await self._sandbox()
        fleet = sandboxed(configuration.fleet, announcement) if announcement else configuration.fleet
        if not self._take(guard):
            return "waiting"
        rules = quickened(configuration.rules) if announcement else configuration.rules
        sessions = Sessions(fleet, provider_in_sandbox if announcement else registry.load, self._clock, guard)
        truth = Observer(
            fleet,
            lambda: rules,
            self._store.observations,
            Harbour.of(announcement) if announcement else None,
            sessions,
            told=Chronicle(self._store, guard, self._clock).shares,
        )
        starts = running.rehearse if announcement and not os.environ.get(PROGRAMS) else running.run
        term = Duty(
            settings,
            store=self._store,
            guard=guard,
            fleet=fleet,
            rules=rules,
            sessions=sessions,
            samples=Sampler(sessions, lambda: rules, truth, self._clock, announcement or None, starts),
            seal=FileSeal(settings.store.with_name("seal.key")),
            clock=self._clock,
            over=partial(_over, configuration, announcement),
            starts=starts,
            hooks=configuration.hooks,
            courier=Rehearsed() if announcement else Messenger(resolve, self._clock),
        )
        log.info("in charge of %s as %s", fleet.name, guard.lease.holder)
        try:
            outcome = await term.serve(self._told_to_stop)
        finally:
            guard.release()
        log.info("term of duty ended: %s", outcome)
        return outcome

    def _configuration(self) -> Configuration:
        configuration = Configuration(self._settings.config)
        for line in configuration.warnings:
            log.warning("%s", line)
        return configuration

    def _configuration_again(self, before: Configuration) -> tuple[Configuration, str]:
        """The configuration as it is now and ""; or the one before, and why the new one can't be used."""
        try:
            return self._configuration(), ""
        except ConfigError as error:
            log.error("the changed configuration can't be used, the old one stays: %s", error)
            before.accept_change()
            return before, f"the changed configuration can't be used, the old one stays: {error.problems[0]}"

    async def _sandbox(self) -> Mapping[str, Any]:
        if not self._settings.sandbox:
            return {}
        return await asyncio.to_thread(ensure_sandbox, self._settings.config)

    def _take(self, guard: LeaseGuard) -> bool:
        """Take the lease, from a runner that has certainly died without waiting for the lease to run out."""
        held = self._store.lease(RUNNER_LEASE)
        if held and proves_dead(held.info):
            self._store.release_lease(held)
        if not guard.take():
            return False
        sweep(self._settings.store)
        return True

    @contextmanager
    def _listening_to_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        for number in numbers:
            loop.add_signal_handler(number, self._told_to_stop.set)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _over(configuration: Configuration, announcement: Mapping[str, Any]) -> Outcome | None:
    """What ends a term from outside: a changed configuration, or the end of the sandbox that is its world."""
    if announcement and not sandbox_lives(announcement):
        return "left"
    return "outdated" if configuration.outdated() else None


def _complain(error: Exception) -> None:
    hint = getattr(error, "hint", "") or getattr(getattr(error, "trouble", None), "hint", "")
    sys.stderr.write(f"{error}\n" + (f"  hint: {hint}\n" if hint else ""))
    sys.stderr.flush()
