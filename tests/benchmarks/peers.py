"""Other people's Textual programs, installed in an environment of their own that is thrown away again."""

from __future__ import annotations

import subprocess
import venv
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks.figures import Effort, Figure, in_turns, median, milliseconds, not_measured
from tests.benchmarks.opening import SERVICES
from tests.benchmarks.programs import Program, bare
from tests.benchmarks.start import BARE, picture_of

PEERS = {"posting": (), "harlequin": ("-t", "none")}
"""What they are called, and the words that they are started with."""
MINUTES = 10


def measure(folder: Path, effort: Effort) -> Iterator[Figure]:
    """How long each needs until its first picture stands."""
    for name, words in PEERS.items():
        what = f"{name}, first picture"
        python = folder / name / "bin" / "python"
        venv.create(folder / name, with_pip=True, symlinks=True)
        trouble = _refused([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", name])
        if trouble:
            yield not_measured(what, f"not to be installed: {trouble}")
            continue
        program = Program(name, (str(python.with_name(name)), *words), {"HOME": str(folder)}, folder)
        try:
            ours, theirs = in_turns(effort.rounds, partial(picture_of, program), partial(picture_of, bare(SERVICES)))
        except TimeoutError as error:
            yield not_measured(what, str(error).partition("\n")[0])
        else:
            yield median(what, milliseconds(ours), "ms", f"{BARE}, first picture", milliseconds(theirs))


def _refused(words: Sequence[str]) -> str:
    """What a command complains about; "" if it did its work."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60 * MINUTES, stdin=subprocess.DEVNULL)
    complaint = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    return complaint[-1] if done.returncode else ""
