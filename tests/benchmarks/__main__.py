"""Run benchmarks and print a table: `python -m tests.benchmarks [NAME ...]`, all of them without a name.

Every figure stands beside a yardstick that was measured in the same run; compare ratios, and only within one table.
It compiles everything first: without byte code a start takes three times as long.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import site
import sys
import tempfile
import traceback
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks import peers
from tests.benchmarks.figures import FULL, SHORT, Effort, Figure, document, not_measured, table
from tests.benchmarks.suite import BENCHMARKS, Benchmark

ROOT = Path(__file__).parents[2]
BYTE_CODE = "PYTHONDONTWRITEBYTECODE"


def main() -> int:
    """Measure what was asked for; the exit code is 0 whatever the figures are, 130 if it was interrupted."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("name", nargs="*", help=f"what to measure, of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="one round on a small fleet: does it work at all?")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there as well")
    parser.add_argument("--peers", action="store_true", help="install posting and harlequin aside, and start them too")
    given = parser.parse_args()
    if unknown := [name for name in given.name if name not in BENCHMARKS]:
        parser.error(f"no benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    effort = SHORT if given.short else FULL
    _compile()
    before, figures, code = os.getloadavg(), list[Figure](), 0
    try:
        for name in given.name or BENCHMARKS:
            figures.extend(_as_far_as_it_goes(name, BENCHMARKS[name], effort))
        if given.peers:
            figures.extend(_as_far_as_it_goes("peers", peers.measure, effort))
    except KeyboardInterrupt:  # what has taken ten minutes isn't thrown away
        code = 130
    machine = _machine() | {"load_before": before, "load_after": os.getloadavg()}
    print(_described(machine), table(figures), sep="\n")
    if given.json:
        given.json.write_text(document(machine, figures), encoding="utf-8")
    return code


def _as_far_as_it_goes(name: str, measure: Benchmark, effort: Effort) -> Iterator[Figure]:
    """What a benchmark yields; where it breaks down that is told, and the others go on."""
    print(f"{name} ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(prefix="qd-benchmark-") as state:
        os.environ |= {"QUARTERDECK_STATE": state, "QUARTERDECK_CONFIG_DIR": f"{state}/config"}
        try:
            yield from measure(Path(state), effort)
        except Exception as error:
            traceback.print_exc()
            yield not_measured(f"{name}, the rest of it", str(error).partition("\n")[0] or type(error).__name__)


def _compile() -> None:
    """As an installed program is: compiled, and allowed to compile what isn't."""
    if os.environ.pop(BYTE_CODE, None):
        print(f"{BYTE_CODE} is set: taken away for what is measured, it trebles a start", file=sys.stderr)
    sys.dont_write_bytecode = False
    for folder in (ROOT / "src", ROOT / "tests", *map(Path, site.getsitepackages())):
        compileall.compile_dir(folder, quiet=2, workers=0)


def _machine() -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "textual": version("textual"),
        "system": f"{platform.system()} {platform.machine()}",
        "processors": os.cpu_count(),
    }


def _described(machine: dict[str, Any]) -> str:
    loads = (" ".join(f"{load:.1f}" for load in machine[key]) for key in ("load_before", "load_after"))
    return "Python {python}, Textual {textual}, {system}, {processors} processors".format(
        **machine
    ) + "; load before {}, after {} (1, 5, 15 minutes)".format(*loads)


if __name__ == "__main__":
    sys.exit(main())
