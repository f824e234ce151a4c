"""Programs that a configuration starts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path


def located(argv: Sequence[str], folder: Path) -> tuple[str, ...]:
    """The words of a program; one that is named by a relative path (`./smoke`) is taken from `folder`, because the
    runner works in another folder than whoever wrote the file."""
    program, *rest = argv
    if "/" in program and not program.startswith(("/", "~", "$")):
        program = str((folder / program).absolute())
    return (program, *rest)
