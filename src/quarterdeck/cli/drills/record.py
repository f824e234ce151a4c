"""What is remembered of the drill that is under way, from one command to the next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from quarterdeck import paths
from quarterdeck.cli.drills.stage import folder
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode


@dataclass(frozen=True, slots=True)
class Record:
    """A drill under way.

    Attributes:
        began: UNIX seconds at which it was handed over; `world_began` the same moment in the sandbox's time.
        seq: the last line of the journal before that.
        hints: how many have been given.
    """

    name: str
    seed: int
    facts: Mapping[str, str]
    began: float
    world_began: float
    seq: int
    hints: int = 0

    def keep(self) -> None:
        """Write it down."""
        path = paths.private_dir(folder()) / "drill.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")


def current() -> Record:
    """The drill that is under way. Raises CommandError if none is."""
    try:
        read = json.loads(_path().read_text(encoding="utf-8"))
        return Record(**{one.name: read[one.name] for one in fields(Record)})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise CommandError(
            ExitCode.USAGE, "no drill is under way", "qd drill list shows them; qd drill start NAME"
        ) from error


def forget() -> None:
    """No drill is under way any more."""
    with suppress(FileNotFoundError):
        _path().unlink()


def _path() -> Path:
    return folder() / "drill.json"
