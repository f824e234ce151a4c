"""`python -m quarterdeck` and the `qd` script."""

from __future__ import annotations

import gc
import os
import sys

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, without loading it."""


def main() -> int:
    """Run one command and return its exit code. After an interrupt it ends the process itself."""
    code = _outcome()
    if code == _INTERRUPTED:
        _leave_interrupted()
    return code


def _outcome() -> int:
    # What is imported stays; looking through it as it comes costs a tenth of a short command. `cli.main` turns it on.
    gc.disable()
    if "_ARGCOMPLETE" not in os.environ:
        _raise_the_curtain(sys.argv[1:])
    try:
        from quarterdeck.cli.main import main as run

        return run()
    except KeyboardInterrupt:
        return _INTERRUPTED  # also where Ctrl+C comes while modules are still being loaded, or when all is said
    finally:
        if (stage := sys.modules.get("quarterdeck.ui.glance.stage")) is not None:
            stage.STAGE.clear()


def _raise_the_curtain(words: list[str]) -> None:
    """Where the cockpit is asked for, show what it knew last: everything else takes twenty times as long to load."""
    from quarterdeck.cli.opening import cockpit_options, is_read_only, store_of

    options = cockpit_options(words)
    if options is None:
        return
    try:
        store = store_of(options)
    except OSError:
        return  # no working directory, for instance: told later, by who can't do without it
    if store is not None:
        from quarterdeck.ui.glance.stage import STAGE

        STAGE.paint(store, read_only=is_read_only(options))


def _leave_interrupted() -> None:
    """End here, with the exit code that is promised.

    CPython notes an interrupt that leaves code made from text (`exec` and `eval` of a string: methods of dataclasses,
    named tuples), and `python -m` then ends by SIGINT, whatever was made of the exception and whatever is returned:
    seen with 3.11.7, `run_eval_code_obj` and `Py_RunMain` in its sources. Everything of ours is unwound by now.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):  # nobody reads it any more; it is closed; there is none
            continue
    os._exit(_INTERRUPTED)


if __name__ == "__main__":
    sys.exit(main())
