"""`qd flag list [ENV]`: the flags as last read."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.cli import output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.status_json import flag_json
from quarterdeck.cli.status_text import flag_line


def list_flags(invocation: Invocation, words: Sequence[str]) -> ExitCode:
    """Print the flags of one environment or of all."""
    if len(words) > 1:
        raise CommandError(ExitCode.USAGE, f"{words[1]!r} is one word too many", "qd flag list [ENV]")
    with connected(invocation) as fleet:
        seen = fleet.picture()
    names = [environment.name for environment in seen.environments]
    if words and words[0] not in names:
        raise CommandError(ExitCode.USAGE, f"there is no environment {words[0]!r}", f"there are: {', '.join(names)}")
    wanted = {
        name: [flag for row in seen.flags for flag in row.cells[index]]
        for index, name in enumerate(names)
        if not words or name == words[0]
    }
    if invocation.json:
        environments = {name: [flag_json(flag) for flag in flags] for name, flags in wanted.items()}
        output.document("flags", {"environments": environments})
        return ExitCode.DONE
    for name, flags in wanted.items():
        output.data(name)
        for flag in flags:
            output.data(f"  {flag_line(flag)}")
    return ExitCode.DONE
