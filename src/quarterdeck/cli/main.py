"""From the words of a command line to an exit code; every way to end is told in plain words."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError, NothingToDo
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.opening import cockpit_options, is_read_only
from quarterdeck.cli.registry import Run, run_of
from quarterdeck.store.errors import StoreError


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if "_ARGCOMPLETE" in os.environ:
        from quarterdeck.cli import parser
        from quarterdeck.cli.completion import answer

        answer(parser.build(complete=True))
    run, invocation = _asked_for(sys.argv[1:] if words is None else words)
    gc.freeze()
    gc.enable()
    output.never_fail()
    try:
        return _outcome(run, invocation)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more. Without this the interpreter would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE


def _asked_for(words: Sequence[str]) -> tuple[Run, Invocation]:
    """What to run, and with what. Prints usage and exits with 2 where the words are wrong."""
    options = cockpit_options(words)
    if options is not None:
        from quarterdeck.cli.cockpit import run

        return run, Invocation(
            config=options.get("--config"),
            store=options.get("--store", ""),
            sandbox="--sandbox" in options,
            read_only=is_read_only(options),
        )
    from quarterdeck.cli import parser

    parsed, rest = parser.parse(words)
    return run_of(parsed), Invocation.of(parsed, rest)


def _outcome(run: Run, invocation: Invocation) -> int:
    try:
        return run(invocation)
    except NothingToDo as already:
        return _all_is_so(invocation, already)
    except CommandError as error:
        return _give_up(invocation, error, error.code)
    except StoreError as error:
        return _give_up(invocation, error, ExitCode.FAILED)


def _all_is_so(invocation: Invocation, already: NothingToDo) -> ExitCode:
    output.complain(str(already))
    if invocation.json:
        output.document("unchanged", {"message": str(already), "exit_code": int(ExitCode.DONE)})
    return ExitCode.DONE


def _give_up(invocation: Invocation, error: CommandError | StoreError, code: ExitCode) -> ExitCode:
    """Say why, to people and, if asked for, to programs."""
    output.complain(str(error), error.hint)
    if invocation.json:
        output.document("error", {"message": str(error), "hint": error.hint, "exit_code": int(code)})
    return code
