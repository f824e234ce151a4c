"""How a command ends early: with what went wrong, what to do about it and the exit code; or with nothing to do."""

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


class NothingToDo(Exception):
    """What a command was asked to bring about is so already: told, and no error (a script may run twice)."""
