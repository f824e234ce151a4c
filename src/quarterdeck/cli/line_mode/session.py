"""One watch: looks at the store, prints what changed, and does what keys stand for."""

from __future__ import annotations

import select
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from quarterdeck.cli import output
from quarterdeck.cli.connected import Watched
from quarterdeck.cli.errors import CommandError, NothingToDo
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.history import StepNames
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.line_mode.candidates import hindrance
from quarterdeck.cli.line_mode.changes import ASKS, Change, changes, standing, waiting
from quarterdeck.cli.line_mode.console import Console, HungUp, say
from quarterdeck.cli.line_mode.journal import Journal
from quarterdeck.cli.line_mode.wording import HERE, Desk, words_of
from quarterdeck.cli.nested import parsed_for
from quarterdeck.clock import Clock, SystemClock
from quarterdeck.release.picture import Picture
from quarterdeck.store.errors import StoreError
from quarterdeck.ui.actions import Deed
from quarterdeck.ui.keymap import STANDARD, Keymap
from quarterdeck.ui.watching import Watch

LOOK_EVERY = 0.25
"""Seconds between two looks at the store's version: one short read."""
JUDGE_EVERY = 5.0
"""Seconds after which the same readings are judged again: what nobody reads any more turns old."""
REVIVE_EVERY = 10.0
"""Seconds between two attempts to get a runner while none is alive."""

_PAGE = 1000
_NOT_HERE = frozenset({"watch", "demo", "drill"})


@dataclass(slots=True)
class Session:
    """A watch of one fleet.

    Attributes:
        console: where keys come from; None: nobody types, and it is a log.
        letters: only lines that hold them are printed.
        revive: makes sure that a runner is there; quick, never raises.
    """

    fleet: Watched
    invocation: Invocation
    console: Console | None
    revive: Callable[[], None]
    letters: str = ""
    keymap: Keymap = STANDARD
    clock: Clock = field(default_factory=SystemClock)
    picture: Picture = field(init=False)
    _sight: Watch = field(init=False)
    _journal: Journal = field(default_factory=Journal)
    _steps: StepNames = field(init=False)
    _seq: int = 0
    _judged_at: float = 0.0
    _revived_at: float = float("-inf")
    _over: bool = False

    def __post_init__(self) -> None:
        store = self.fleet.store
        newest = store.events(limit=1, newest_first=True)
        self._seq = newest[0].seq if newest else 0
        self._sight, self._steps = Watch(store, self.clock), StepNames(store)
        self._sight.look()
        self.picture = self._sight.picture()

    # --- what is seen --------------------------------------------------------------------------------------------
    def begin(self) -> None:
        """Print how everything stands, and what is under way."""
        self._print(standing(self.picture))
        for line in goes_on(self.picture):
            say(line)

    def look(self) -> None:
        """Print what has changed since the last look. Raises StoreError."""
        now = self.clock.monotonic()
        news = self._sight.look()
        if news or now - self._judged_at >= JUDGE_EVERY:
            self._judged_at = now
            before, self.picture = self.picture, self._sight.picture()
            happened = [*self._events(), *changes(before, self.picture)]
            self._print(sorted(happened, key=lambda one: one.at))
        if not self.picture.runner.alive and now - self._revived_at >= REVIVE_EVERY:
            self._revived_at = now
            self.revive()

    def _events(self) -> Iterator[Change]:
        while page := self.fleet.store.events(after=self._seq, limit=_PAGE):
            self._seq = page[-1].seq
            for event in page:
                if told := self._journal.told(event, self._steps.of):
                    yield told

    def _print(self, happened: Iterable[Change]) -> None:
        for one in happened:
            line = one.line()
            if self.letters.lower() not in line.lower():
                continue
            if self.invocation.json:
                output.document("change", _json(one))
            else:
                output.data(line)

    # --- going on ------------------------------------------------------------------------------------------------
    def run(self, seconds: float | None, *, until: Callable[[Picture], bool]) -> None:
        """Go on until `q`, for so long, or until the picture is as wanted.

        A store that can't be read is told, once, and looked at again.

        Raises:
            HungUp: the terminal is gone.
            BrokenPipeError: nobody reads what is printed.
        """
        began = self.clock.monotonic()
        unread = ""
        poll = select.poll()
        poll.register(sys.stdout.fileno(), 0)  # nothing but that its other end is gone
        if self.console is not None:
            poll.register(self.console.fd, select.POLLIN)
        while not self._over and not until(self.picture):
            left = LOOK_EVERY if seconds is None else began + seconds - self.clock.monotonic()
            if left <= 0:
                return
            ready = dict(poll.poll(min(left, LOOK_EVERY) * 1000))
            if ready.get(sys.stdout.fileno(), 0) & (select.POLLERR | select.POLLHUP):
                raise HungUp if sys.stdout.isatty() else BrokenPipeError
            if self.console is not None and ready.get(self.console.fd):
                self._press(self.console.pressed(), self.console)
            try:
                self.look()
                unread = ""
            except StoreError as error:  # whoever watches for days sees it mended
                if str(error) != unread:
                    output.complain(str(error), error.hint)
                unread = str(error)

    # --- keys ----------------------------------------------------------------------------------------------------
    def _press(self, keys: Sequence[str], console: Console) -> None:
        """Do what keys stand for, up to the first one that asks something: what was typed after it answers nothing."""
        own: Mapping[str, Callable[[], None]] = {
            "help": self._help,
            "attention": self._attention,
            "quit": self._quit,
        }
        for key in keys:
            deed = next((one for one in HERE if _character(self.keymap.shown(one)) == key), None)
            if deed is None:
                say(f"{key} means nothing here; {self.keymap.shown('help')} lists the keys")
            elif deed.id in own:
                own[deed.id]()
            elif reason := hindrance(deed, self.picture, read_only=self.invocation.read_only):
                say(f"{key} {deed.label}: not now: {reason}")
            else:
                self._ask(deed, console)
                return

    def _ask(self, deed: Deed, console: Console) -> None:
        try:
            with console.asking():
                if deed.id == "filter":
                    self._filter(console)
                else:
                    self._carry_out(deed, console)
        except KeyboardInterrupt:
            say("\nleft; what wasn't confirmed isn't done")
        except NothingToDo as already:
            output.complain(str(already))
        except (CommandError, StoreError) as error:
            output.complain(str(error), error.hint)
        except ValueError as error:
            output.complain(f"can't read that: {error}")

    def _carry_out(self, deed: Deed, console: Console) -> None:
        """Ask what it is about, print the command, and run it: plan, question and all."""
        words = words_of(deed, Desk(self.picture, self._sight.rules, self.invocation.read_only, console))
        if words:
            say(f"$ qd {shlex.join(words)}")
            self._run(words)
        else:
            say("nothing was done")

    def _run(self, words: Sequence[str]) -> None:
        if words[0] in _NOT_HERE:
            raise CommandError(
                ExitCode.USAGE, "that makes no sense within a watch", "any other command does: qd --help"
            )
        try:
            run, invocation = parsed_for(self.invocation, words)
        except SystemExit:
            return  # the parser has said what is wrong, or printed its help
        run(invocation)

    def _filter(self, console: Console) -> None:
        self.letters = console.ask("only lines that hold these letters; nothing: all")
        told = f"only lines with {self.letters!r}" if self.letters else "all lines"
        say(f"printing {told} from now on")

    def _help(self) -> None:
        for deed in HERE:
            reason = ""
            if deed.needs:
                reason = hindrance(deed, self.picture, read_only=self.invocation.read_only)
            twin = f": {deed.twin}" if deed.twin else ""
            not_now = f" (not now: {reason})" if reason else ""
            say(f"{self.keymap.shown(deed)}  {deed.label}{twin}; {deed.explanation}{not_now}")

    def _attention(self) -> None:
        for item in self.picture.attention:
            hint = f"; what to do: {item.hint}" if item.hint else ""
            say(f"{item.state.upper()} {item.where}: {item.text}{hint}")
        asked = [one for one in self.picture.inbox if one.kind in ASKS]
        for one in asked:
            say(f"WAITS {waiting(one)}")
        if not (self.picture.attention or asked):
            say("nothing needs you")

    def _quit(self) -> None:
        self._over = True


def goes_on(picture: Picture) -> Iterator[str]:
    """What doesn't end with a viewer, a line each."""
    for one in picture.operations:
        if one.open:
            word = "waits for you" if one.state == "needs_operator" else "goes on running"
            yield f"{word}: {one.verb} {one.target} {one.progress} ({one.id})"
    for release in picture.releases:
        if release.open:
            yield f"goes on: release {release.title} in {release.environment}, {release.short} ({release.id})"


def _character(shown: str) -> str:
    return " " if shown == "Space" else shown


def _json(one: Change) -> Mapping[str, str | float | None]:
    return {
        "at": one.at,
        "what": one.what,
        "where": one.where or None,
        "text": one.words,
        "operation": one.operation or None,
        "actor": one.actor or None,
    }
