"""How a command gives up: one error with what happened, what to do about it, and the exit code."""

from __future__ import annotations

from quarterdeck.cli.exit_codes import ExitCode


class CommandError(Exception):
    """A command can't go on.

    Attributes:
        code: what the program exits with.
        hint: what the user can do about it ("" if nothing).
    """

    def __init__(self, code: ExitCode, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint
