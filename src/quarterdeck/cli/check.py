"""`qd check`: configuration, store, connections, rights; what works, what doesn't, and how to mend it."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode, of_trouble
from quarterdeck.cli.invocation import Invocation
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.release.rules import Rulebook

if TYPE_CHECKING:
    from quarterdeck.release.hooks import Hook
    from quarterdeck.runner.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was tried. What works may still have something to say."""

    area: str
    what: str
    message: str = ""
    hint: str = ""
    exit_code: ExitCode = ExitCode.DONE

    @property
    def works(self) -> bool:
        """Whether nothing is wrong."""
        return self.exit_code is ExitCode.DONE


def configure(parser: ArgumentParser) -> None:
    """No arguments of its own."""
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Try everything, telling each as it is known; the first that fails gives the exit code."""
    import asyncio

    findings: list[Finding] = []
    # What libraries would complain about is told here in our words; without a handler Python prints theirs as well.
    logging.basicConfig(handlers=[logging.NullHandler()])

    async def try_all() -> None:
        async for finding in _everything(invocation):
            findings.append(finding)
            if not invocation.json:
                output.data("\n".join(_lines(finding)))

    asyncio.run(try_all())
    if invocation.json:
        checks = [{**asdict(one), "works": one.works, "exit_code": int(one.exit_code)} for one in findings]
        output.document("check", {"checks": checks})
    return next((one.exit_code for one in findings if not one.works), ExitCode.DONE)


def _lines(finding: Finding) -> Iterator[str]:
    mark = "FAIL" if not finding.works else "note" if finding.message else "ok"
    said = f": {clean(finding.message)}" if finding.message else ""
    yield f"{mark:4}  {clean(finding.area)}  {clean(finding.what)}{said}"
    if finding.hint:
        yield f"      {clean(finding.hint)}"


async def _everything(invocation: Invocation) -> AsyncIterator[Finding]:
    import asyncio

    from quarterdeck.cli.loading import load_configuration
    from quarterdeck.clock import SystemClock
    from quarterdeck.providers import registry
    from quarterdeck.providers.base import ProviderError
    from quarterdeck.runner.configuration import sandboxed
    from quarterdeck.runner.sandboxing import SandboxDied, ensure_sandbox
    from quarterdeck.runner.sessions import Sessions
    from quarterdeck.runner.unplayed import provider_in_sandbox

    # First, because a configuration that can't be used may be their fault.
    for finding in _providers():
        yield finding
    path = invocation.config_path()
    configuration = load_configuration(invocation)
    fleet = configuration.fleet
    yield Finding("configuration", f"{path}: {fleet.name}, {len(fleet.places)} places{_rules(configuration.rules)}")
    for warning in configuration.warnings:
        yield Finding("configuration", "warning", warning)
    for finding in _store(invocation):
        yield finding
    for finding in _cockpit():
        yield finding
    if invocation.sandbox:
        try:
            fleet = sandboxed(fleet, await asyncio.to_thread(ensure_sandbox, path))
        except SandboxDied as error:
            raise CommandError(ExitCode.FAILED, "the sandbox can't start", str(error)) from error
        except ProviderError as error:
            yield _finding("sandbox", "plays the fleet", error.trouble)
            return
    sessions = Sessions(fleet, provider_in_sandbox if invocation.sandbox else registry.load, SystemClock())
    try:
        for connection in fleet.connections:
            async for finding in _connection(connection, fleet, sessions):
                yield finding
    finally:
        await sessions.close()
    if not invocation.sandbox:
        for hook in configuration.hooks:
            yield await asyncio.to_thread(_hook, hook, invocation)


def _rules(rules: Rulebook) -> str:
    """How many rules there are, of each kind that there are any of."""
    counts = (
        ("strategies", rules.strategies),
        ("gates", rules.gates),
        ("approvals", rules.approvals),
        ("windows", rules.windows),
    )
    return "".join(f", {len(found)} {name}" for name, found in counts if found)


def _store(invocation: Invocation) -> Iterator[Finding]:
    from quarterdeck.store.opening import warnings

    path = invocation.store_path()
    open_to_others = warnings(path)
    for warning in open_to_others:
        yield Finding("store", str(path), warning, exit_code=ExitCode.FAILED)
    if not open_to_others:
        yield Finding("store", str(path), "" if path.exists() else "not made yet")


def _providers() -> Iterator[Finding]:
    """Ours in one line, each from elsewhere in one of its own, and whatever can't be used."""
    from quarterdeck.providers.registry import installed

    found = installed()
    ours = [one for one in found if one.ours and not one.fault]
    if ours:
        yield Finding("provider", f"{ours[0].package}: {', '.join(one.name for one in ours)}")
    for one in found:
        if one.fault:
            hint = "reinstall or remove that package"
            yield Finding("provider", f"{one.name} ({one.package})", one.fault, hint, ExitCode.USAGE)
        elif not one.ours:
            yield Finding("provider", f"{one.package}: {', '.join(one.serves)}")


def _cockpit() -> Iterator[Finding]:
    """This user's own: told where something is wrong with it."""
    from quarterdeck.cli.check_cockpit import faults

    for part, message, hint in faults():
        yield Finding(part, "can't be used", message, hint, ExitCode.USAGE)


async def _connection(connection: Connection, fleet: Fleet, sessions: Sessions) -> AsyncIterator[Finding]:
    from quarterdeck.providers.base import ProviderError

    area, told = f"connection {connection.name}", []
    try:
        session = await sessions.open(connection.name)
        async for what, trouble in session.check():
            told.append(trouble)
            yield _finding(area, what, trouble)
        for place in fleet.places:
            if place.address.connection != connection.name:
                continue
            capability = session.capability(place.role)
            allowed = None if capability is None else await capability.permitted(place.address)
            yield _permission(area, place.subject, allowed)
    except ProviderError as error:
        if error.trouble not in told:
            yield _finding(area, "can't be used", error.trouble)
    except Exception as error:  # a provider from elsewhere may raise anything
        trouble = Trouble("provider_error", f"the provider {connection.provider} failed: {type(error).__name__}")
        yield _finding(area, "can't be used", trouble)


def _hook(hook: Hook, invocation: Invocation) -> Finding:
    """Whether a hook could be told something, and what became of the last notice. Nothing is sent to it."""
    from quarterdeck.cli.notify import last_line
    from quarterdeck.config.secrets import SecretUnavailable, resolve
    from quarterdeck.runner.courier import unfit

    area = f"notify {hook.name}"
    try:
        wrong = unfit(resolve(hook.url))
    except SecretUnavailable as error:
        return _finding(area, "can't be told anything", error.trouble)
    if wrong:
        return Finding(area, "can't be told anything", wrong, f"correct the secret {hook.url}", ExitCode.USAGE)
    last = last_line(hook, invocation)
    if last is not None and last.kind == "notice.failed":
        hint = f"qd notify test {hook.name}"
        return Finding(area, "did not take the last notice", str(last.body["detail"]), hint, ExitCode.UNREACHABLE)
    return Finding(area, f"hears of {', '.join(hook.kinds)}")


def _finding(area: str, what: str, trouble: Trouble | None) -> Finding:
    if trouble is None:
        return Finding(area, what)
    return Finding(area, what, trouble.message, trouble.hint, of_trouble(trouble.code))


def _permission(area: str, subject: str, allowed: bool | None) -> Finding:
    if allowed:
        return Finding(area, f"{subject} may be changed")
    if allowed is None:
        return Finding(area, subject, "the system doesn't say whether this may be changed")
    return Finding(area, subject, "may be watched, but not changed", "ask for the right to write, if you need it")
