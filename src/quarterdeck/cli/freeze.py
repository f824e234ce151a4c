"""`qd freeze`, `qd hold`, `qd lock`, `qd unlock`, `qd line`: what stops releases, and for how long."""

from __future__ import annotations

import time
from argparse import ArgumentParser, ArgumentTypeError

from quarterdeck.cli import confirming, output
from quarterdeck.cli.connected import Watched, connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.freeze_json import freezes_json
from quarterdeck.cli.freeze_text import freeze_lines
from quarterdeck.cli.guard_asking import configure_end, end_of, find_hold, scope, tell
from quarterdeck.cli.invocation import Invocation
from quarterdeck.release.clearance import spoken, typed
from quarterdeck.release.guards import HoldKind

_FREEZE_USAGE = """qd freeze all | ENV | ENV/SERVICE --reason TEXT [--for TIME | --until TIME]
       qd freeze list
       qd freeze lift ID --reason TEXT
       [options]"""


def configure(parser: ArgumentParser) -> None:
    """`qd freeze`: declare one, list them with the configured windows, lift one."""
    parser.usage = _FREEZE_USAGE
    parser.add_argument("what", metavar="SCOPE | list | lift", help="what to freeze, or what to do")
    parser.add_argument("id", nargs="?", metavar="ID", help="with lift: which, by its id or its scope")
    configure_end(parser)
    confirming.reason(parser)
    parser.set_defaults(run=freeze)


def configure_hold(parser: ArgumentParser) -> None:
    """`qd hold`: no release begins there, so that a rollback sticks; actions by hand and hotfixes pass."""
    parser.add_argument("scope", type=scope, metavar="SCOPE", help="all, ENV or ENV/SERVICE")
    configure_end(parser)
    confirming.reason(parser, required=True)
    parser.set_defaults(run=hold)


def configure_lock(parser: ArgumentParser) -> None:
    """`qd lock`: only whoever placed it releases there."""
    parser.add_argument("scope", type=scope, metavar="SCOPE", help="all, ENV or ENV/SERVICE")
    configure_end(parser)
    confirming.reason(parser, required=True)
    parser.set_defaults(run=lock)


def configure_unlock(parser: ArgumentParser) -> None:
    """`qd unlock`."""
    parser.add_argument("id", metavar="ID", help="the lock's id, or its scope")
    confirming.reason(parser)
    parser.set_defaults(run=unlock)


def configure_line(parser: ArgumentParser) -> None:
    """`qd line`: stop the line: nothing begins, and running releases pause before their next step."""
    parser.add_argument("deed", choices=("stop", "resume"))
    parser.add_argument(
        "scope", nargs="?", type=scope, default="*", metavar="SCOPE", help="all (the default), ENV, ENV/SERVICE"
    )
    configure_end(parser)
    confirming.reason(parser)
    parser.set_defaults(run=line)


def freeze(invocation: Invocation) -> ExitCode:
    """Declare, list or lift."""
    given = invocation.arguments
    match given.what, given.id:
        case "list", None:
            return _list(invocation)
        case "lift", None:
            raise CommandError(ExitCode.USAGE, "which freeze?", "qd freeze list shows them; qd freeze lift ID")
        case "lift", _:
            return _lift(invocation, ("freeze", "automation"))
        case _, None:
            return _freeze(invocation)
    raise CommandError(ExitCode.USAGE, f"{given.id!r} is one word too many", _FREEZE_USAGE)


def _freeze(invocation: Invocation) -> ExitCode:
    given = invocation.arguments
    frozen = _scope(given.what)
    if not given.reason:
        hint = f"qd freeze {given.what} --for 2h --reason TEXT"
        raise CommandError(ExitCode.USAGE, "a freeze needs a reason, for whoever meets it", hint)
    ends = end_of(given, time.time())
    after = f"going back stays free; lift it with: qd freeze lift {given.what} --reason TEXT"
    return tell(invocation, "freeze", given.reason, after, scope=frozen, until=ends)


def _scope(text: str) -> str:
    try:
        return scope(text)
    except ArgumentTypeError as error:
        raise CommandError(ExitCode.USAGE, str(error), _FREEZE_USAGE) from error


def _list(invocation: Invocation) -> ExitCode:
    with connected(invocation) as fleet:
        environments = _environments(fleet)
        rules, guards, now = fleet.store.rules(), fleet.store.guards(), time.time()
    if invocation.json:
        output.document("freezes", freezes_json(rules, guards, environments, now))
    else:
        output.data("\n".join(freeze_lines(rules, guards, environments, now)))
    return ExitCode.DONE


def _environments(fleet: Watched) -> tuple[str, ...]:
    published = fleet.store.fleet()
    return () if published is None else tuple(environment.name for environment in published.environments)


def _lift(invocation: Invocation, kinds: tuple[HoldKind, ...]) -> ExitCode:
    given = invocation.arguments
    invocation.require_writing()
    with connected(invocation) as fleet:
        hold = find_hold(fleet.store, given.id, kinds)
    return tell(invocation, "lift", given.reason, "what still stands guard: qd freeze list", id=hold.id)


def hold(invocation: Invocation) -> ExitCode:
    """Hold the releases of a scope."""
    given = invocation.arguments
    ends = end_of(given, time.time())
    after = f"what other systems deploy can't be held from here; lift it with: qd freeze lift {spoken(given.scope)}"
    return tell(invocation, "hold", given.reason, after, scope=given.scope, until=ends)


def lock(invocation: Invocation) -> ExitCode:
    """Lock a scope."""
    given = invocation.arguments
    ends = end_of(given, time.time())
    after = f"open it again with: qd unlock {typed(given.scope)}"
    return tell(invocation, "lock", given.reason, after, scope=given.scope, until=ends)


def unlock(invocation: Invocation) -> ExitCode:
    """Open a lock."""
    return _lift(invocation, ("lock",))


def line(invocation: Invocation) -> ExitCode:
    """Stop the line, or let it run again."""
    given = invocation.arguments
    if given.deed == "resume":
        given.id = typed(given.scope)
        return _lift(invocation, ("stop",))
    if not given.reason:
        where = "" if given.scope == "*" else f" {given.scope}"
        hint = f"qd line stop{where} --reason TEXT"
        raise CommandError(ExitCode.USAGE, "stopping the line needs a reason, for whoever meets it", hint)
    ends = end_of(given, time.time())
    after = f"let it run again with: qd line resume{'' if given.scope == '*' else ' ' + given.scope} --reason TEXT"
    return tell(invocation, "stop", given.reason, after, scope=given.scope, until=ends)
