"""`python -m quarterdeck` and the `qd` script."""

from __future__ import annotations

import gc
import os
import sys

_INTERRUPTED = 130
"""`ExitCode.INTERRUPTED`, without loading it."""


def main() -> int:
    """Run one command and return its exit code."""
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


if __name__ == "__main__":
    code = main()
    if code == _INTERRUPTED:
        # An interrupt that passed through compiled code makes the interpreter end by the signal, whatever is returned.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    sys.exit(code)
