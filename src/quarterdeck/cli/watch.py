"""`qd watch`: a line for every change, a command for every key; for screen readers, logs and serial consoles."""

from __future__ import annotations

import signal
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType

from quarterdeck import paths
from quarterdeck.cli import output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation, actor
from quarterdeck.cli.line_mode.console import Console, HungUp, keys_can_be_read, say
from quarterdeck.cli.line_mode.session import Session, goes_on
from quarterdeck.cli.status_json import picture_json
from quarterdeck.cli.times import duration_argument
from quarterdeck.cli.waking import Waker
from quarterdeck.release.picture import Picture
from quarterdeck.ui import keymap, preferences

_ENDING = (signal.SIGTERM, signal.SIGHUP)


def configure(parser: ArgumentParser) -> None:
    """For how long, and which lines."""
    parser.add_argument("--for", dest="seconds", type=duration_argument, metavar="TIME", help="leave after 30s, 10m")
    parser.add_argument(
        "--until-idle", action="store_true", help="leave when nothing moves by itself; 5 if something waits for you"
    )
    parser.add_argument("--find", default="", metavar="LETTERS", help="print only lines that hold these letters")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> int:
    """Watch until somebody leaves, for so long, or until nothing moves."""
    given = invocation.arguments
    console = Console() if not invocation.json and keys_can_be_read() else None
    waker = Waker(invocation, invocation.store_path())
    with _ended_by_signals(), connected(invocation) as fleet:
        keys = _keys() if console else keymap.STANDARD
        session = Session(fleet, invocation, console, waker.wake, given.find, keys)
        _greet(session)
        try:
            with ExitStack() as terminal:
                if console is not None:
                    terminal.enter_context(console.open())
                session.run(given.seconds, until=_idle if given.until_idle else _never)
        except HungUp:
            return 128 + signal.SIGHUP
        except KeyboardInterrupt:
            _leave(session)
            raise
        _leave(session)
        if waker.failure is not None:
            output.complain(str(waker.failure), waker.failure.hint)
    return _waits(session.picture) if given.until_idle else ExitCode.DONE


def _greet(session: Session) -> None:
    """Say what is watched, and how everything stands."""
    if session.invocation.json:
        output.document("watching", {"picture": picture_json(session.picture)})
        return
    who = "read-only" if session.invocation.read_only else f"as {actor()}"
    keys = f"; {session.keymap.shown('help')} lists the keys, {session.keymap.shown('quit')} leaves"
    say(f"watching {session.picture.fleet} {who}{keys if session.console else ''}")
    session.begin()


def _leave(session: Session) -> None:
    """Say what doesn't end with the watching."""
    left = list(goes_on(session.picture))
    if session.invocation.json:
        output.document("left", {"goes_on": left})
        return
    for line in left:
        say(line)


def _never(_: Picture) -> bool:
    return False


def _idle(picture: Picture) -> bool:
    """Nothing moves by itself: what is open waits for people."""
    return not any(one.state == "running" for one in picture.operations) and not any(
        one.open and not one.waits_for_people for one in picture.releases
    )


def _waits(picture: Picture) -> ExitCode:
    waits = any(one.open for one in picture.operations) or any(one.open for one in picture.releases)
    return ExitCode.NEEDS_OPERATOR if waits else ExitCode.DONE


def _keys() -> keymap.Keymap:
    """This user's keys; raises CommandError where the file can't be used."""
    try:
        return keymap.read(preferences.read(paths.config_dir()).keys)
    except (preferences.BadPreferences, keymap.BadKey) as error:
        raise CommandError(ExitCode.USAGE, str(error)) from error


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """A signal that ends the process unwinds it first, so that the terminal is as it was; the code says which."""

    def end(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
