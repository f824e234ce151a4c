"""From the words of a command line to an exit code; every way to end is told in plain words."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence

from quarterdeck.cli import parser
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.output import complain
from quarterdeck.cli.registry import run_of
from quarterdeck.store.base import StoreError


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if "_ARGCOMPLETE" in os.environ:
        from quarterdeck.cli.completion import answer

        answer(parser.build(complete=True))
    parsed, rest = parser.parse(sys.argv[1:] if words is None else words)
    gc.freeze()
    gc.enable()
    try:
        return run_of(parsed)(Invocation.of(parsed, rest))
    except CommandError as error:
        complain(str(error), error.hint)
        return error.code
    except StoreError as error:
        complain(str(error), error.hint)
        return ExitCode.FAILED
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # Nobody reads any more. Without this the interpreter would complain once more while it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.BROKEN_PIPE
