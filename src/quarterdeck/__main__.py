"""`python -m quarterdeck` and the `qd` script."""

from __future__ import annotations

import sys

from quarterdeck.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
