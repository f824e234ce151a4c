"""`python -m quarterdeck` and the `qd` script."""

from __future__ import annotations

import gc
import sys


def main() -> int:
    """Run one command and return its exit code."""
    # What is imported stays; looking through it as it comes costs a tenth of a short command. `cli.main` turns it on.
    gc.disable()
    from quarterdeck.cli.main import main as run

    return run()


if __name__ == "__main__":
    sys.exit(main())
