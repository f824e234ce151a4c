"""`qd notify`: who is told what when nobody looks at a screen, and whether a message arrives."""

from __future__ import annotations

import time
from argparse import ArgumentParser

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.times import shown
from quarterdeck.release.hooks import Hook
from quarterdeck.store.base import Event


def configure(parser: ArgumentParser) -> None:
    """List hooks, or try one."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, prog="qd notify")
    deeds.add_parser("list", help="who hears of what, and what became of the last message").set_defaults(run=list_hooks)
    test_parser = deeds.add_parser("test", help="send a test message now, whatever the hour")
    test_parser.add_argument("name", nargs="?", default="", metavar="NAME", help="of the hook (default: all)")
    test_parser.set_defaults(run=test)


def list_hooks(invocation: Invocation) -> ExitCode:
    """Print the hooks of the configuration."""
    hooks = _hooks(invocation)
    last = {hook.name: last_line(hook, invocation) for hook in hooks}
    if invocation.json:
        output.document("hooks", {"hooks": [_json(hook, last[hook.name]) for hook in hooks]})
        return ExitCode.DONE
    for hook in hooks:
        where = ", ".join(hook.environments) or "everywhere"
        quiet = f"; quiet {hook.quiet.begin} to {hook.quiet.end} {hook.quiet.tz}" if hook.quiet else ""
        output.data(f"{hook.name}  {hook.format}  {where}: {', '.join(hook.kinds)}{quiet}; {_told(last[hook.name])}")
    if not hooks:
        output.narrate("nobody is told anything: the configuration has no `notify`")
    return ExitCode.DONE


def test(invocation: Invocation) -> ExitCode:
    """Send a test to one hook or to all; from here, with what this shell knows of secrets."""
    import asyncio

    from quarterdeck.clock import SystemClock
    from quarterdeck.config.secrets import resolve
    from quarterdeck.runner.courier import Messenger, Rehearsed
    from quarterdeck.runner.hook_formats import trial

    invocation.require_writing("a test message is one that somebody reads")
    name = invocation.arguments.name
    hooks = [hook for hook in _hooks(invocation) if name in ("", hook.name)]
    if not hooks:
        raise CommandError(ExitCode.USAGE, f"there is no hook {name or 'at all'}", "qd notify list names them")
    courier = Rehearsed() if invocation.sandbox else Messenger(resolve, SystemClock())
    fleet = _fleet(invocation)

    code = ExitCode.DONE
    for hook in hooks:
        delivery = asyncio.run(courier.deliver(hook, trial(fleet, hook, time.time())))
        detail = f": {delivery.detail}" if delivery.detail else ""
        output.data(f"{'ok  ' if delivery.state == 'taken' else 'FAIL'}  {hook.name}{detail}")
        if delivery.state != "taken":
            code = ExitCode.UNREACHABLE
    return code


def last_line(hook: Hook, invocation: Invocation) -> Event | None:
    """The journal's last line about a message to this hook, if there was ever one."""
    from quarterdeck.cli.connected import existing_store

    if not invocation.store_path().exists():
        return None
    with existing_store(invocation) as store:
        lines = store.events(actor=hook.actor, newest_first=True, limit=1)
    return next((line for line in lines if line.kind != "notice.begun"), None)


def _hooks(invocation: Invocation) -> tuple[Hook, ...]:
    from quarterdeck.cli.loading import load_configuration

    return load_configuration(invocation).hooks


def _fleet(invocation: Invocation) -> str:
    from quarterdeck.cli.loading import load_configuration

    return load_configuration(invocation).fleet.name


def _told(line: Event | None) -> str:
    if line is None:
        return "told nothing yet"
    word = "took" if line.kind == "notice.sent" else "did not take"
    why = f" ({line.body['detail']})" if line.body.get("detail") else ""
    return f"{word} {line.body.get('title', '')!r} at {shown(line.at)}{why}"


def _json(hook: Hook, line: Event | None) -> dict[str, object]:
    return {
        "name": hook.name,
        "format": hook.format,
        "on": list(hook.kinds),
        "environments": list(hook.environments),
        "limit": hook.limit,
        "last": None if line is None else {"kind": line.kind, "at": line.at, "title": line.body.get("title", "")},
    }
