"""Run benchmarks and print a table: `python tests/benchmarks/run.py [NAME ...]`, all of them without a name.

Every figure stands beside a yardstick that was measured in the same run; compare ratios, and only within one table.
It compiles everything first: without byte code a start takes three times as long.
"""

from __future__ import annotations

import argparse
import compileall
import os
import site
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Measure what was asked for; the exit code is 0 whatever the figures are."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", nargs="*", help="what to measure")
    parser.add_argument("--short", action="store_true", help="one round on a small fleet: does it work at all?")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.path.insert(0, str(ROOT))
    from tests.benchmarks.figures import FULL, SHORT, table
    from tests.benchmarks.suite import BENCHMARKS, measured

    if unknown := [name for name in given.name if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    for folder in (ROOT / "src", ROOT / "tests", *map(Path, site.getsitepackages())):
        compileall.compile_dir(folder, quiet=2, workers=0)
    figures = []
    for name in given.name or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="qd-benchmark-") as state:
            os.environ["QUARTERDECK_STATE"] = state
            figures += measured(name, Path(state), SHORT if given.short else FULL)
    print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
