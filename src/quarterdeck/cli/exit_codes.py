"""What the program's exit code says. Part of its interface: scripts depend on these numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # Every command needs the numbers, and few need what is behind these names.
    from quarterdeck.fleet.observation import TroubleCode
    from quarterdeck.release.operation import Ending
    from quarterdeck.release.plan import RefusalCode


class ExitCode(IntEnum):
    """0 to 7 are our own; 130 and 141 are what a shell expects of a program ended by Ctrl+C or a closed pipe."""

    DONE = 0
    FAILED = 1
    """Failed, and nothing changed."""
    USAGE = 2
    """The command line or the configuration is wrong."""
    REFUSED = 3
    """Refused by policy: a gate, a freeze, a lock, read-only, a confirmation that is missing."""
    ROLLED_BACK = 4
    NEEDS_OPERATOR = 5
    UNAUTHENTICATED = 6
    """Not signed in, or not permitted."""
    UNREACHABLE = 7
    """A system did not answer, or not in a way that can be understood."""
    INTERRUPTED = 130
    BROKEN_PIPE = 141


_BY_ENDING: dict[Ending, ExitCode] = {
    "succeeded": ExitCode.DONE,
    "failed": ExitCode.FAILED,
    "rolled_back": ExitCode.ROLLED_BACK,
    "needs_operator": ExitCode.NEEDS_OPERATOR,
}

_BY_REFUSAL: dict[RefusalCode, ExitCode] = {
    "policy": ExitCode.REFUSED,
    "locked": ExitCode.REFUSED,
    "impossible": ExitCode.FAILED,
    "unsettled": ExitCode.FAILED,
    "stale": ExitCode.FAILED,
    "unreadable": ExitCode.UNREACHABLE,
    "denied": ExitCode.UNAUTHENTICATED,
    "usage": ExitCode.USAGE,
    "unchanged": ExitCode.DONE,
}

_BY_TROUBLE: dict[TroubleCode, ExitCode] = {
    "unauthenticated": ExitCode.UNAUTHENTICATED,
    "forbidden": ExitCode.UNAUTHENTICATED,
    "misconfigured": ExitCode.USAGE,
    "not_found": ExitCode.USAGE,
}


def of_ending(ending: Ending) -> ExitCode:
    """The code for an operation that ended so."""
    return _BY_ENDING[ending]


def of_refusal(code: RefusalCode) -> ExitCode:
    """The code for a request that was turned down."""
    return _BY_REFUSAL[code]


def of_trouble(code: TroubleCode) -> ExitCode:
    """The code for a place that can't be read: whatever isn't about rights or the configuration is unreachable."""
    return _BY_TROUBLE.get(code, ExitCode.UNREACHABLE)
