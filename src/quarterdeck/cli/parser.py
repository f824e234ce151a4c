"""The command line's grammar: common options in any place, and one sub-parser for each command, filled when used."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from typing import Any, cast

from quarterdeck import __version__
from quarterdeck.cli.registry import COMMANDS, Command

EPILOG = """\
exit codes: 0 done; 1 failed, nothing changed; 2 usage or configuration; 3 refused by policy;
4 failed and rolled back; 5 needs an operator; 6 not signed in or not permitted; 7 unreachable

Without a command, qd opens the cockpit. `qd demo` needs no configuration and no account."""


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal. `argparse` makes one for every argument that is added, and would load `shutil` to
    measure the terminal, which takes longer than the rest of the parser."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=_columns() - 2)


def _columns() -> int:
    """As `shutil.get_terminal_size` tells it."""
    asked = os.environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked):
        return int(asked)
    try:
        return os.get_terminal_size(1).columns or 80
    except OSError:
        return 80


class CommandParser(argparse.ArgumentParser):
    """A parser that imports its command only when words are given to it."""

    def __init__(self, command: Command | None = None, **options: Any) -> None:
        super().__init__(**options, allow_abbrev=False, formatter_class=_Formatter)
        self._command = command
        _add_common_options(self)

    def set_up(self) -> None:
        """Let the command add its arguments; once."""
        if self._command is not None:
            command, self._command = self._command, None
            command.set_up(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        self.set_up()
        return super().parse_known_args(args, namespace)


class _Later:
    """A command's parser that is made when words are given to it: there are many commands, and one is used."""

    def __init__(self, **options: Any) -> None:
        self._options = options

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        return CommandParser(**self._options).parse_known_args(args, namespace)


def build(*, complete: bool = False) -> argparse.ArgumentParser:
    """The whole parser. With `complete` every command is set up, as completion needs to look ahead."""
    parser = CommandParser(
        prog="qd",
        description="Quarterdeck: see what runs where, and swap, shift, flip and roll back without fear.",
        epilog=EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"quarterdeck {__version__}")
    # `prog` is given, because argparse would lay out a whole usage message to find it.
    commands = parser.add_subparsers(
        title="commands",
        metavar="COMMAND",
        dest="command",
        parser_class=CommandParser if complete else cast("type[CommandParser]", _Later),
        prog="qd",
    )
    for command in COMMANDS:
        child = commands.add_parser(
            command.name,
            help=command.summary,
            description=_sentence(command.summary),
            command=command,
            add_help=not command.answers_help,
        )
        if complete:
            child.set_up()
    return parser


def parse(words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
    """Read a command line; prints usage and exits with 2 where it is wrong.

    What the parsers don't know is returned beside: words for the command's own grammar (`takes_words`).
    """
    parser = build()
    parsed, rest = parser.parse_known_args(words)
    if rest and not hasattr(parsed, "takes_words"):
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return parsed, rest


def _add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that may stand before or after any command."""
    common = parser.add_argument_group("common options")
    suppressed: dict[str, Any] = {"default": argparse.SUPPRESS}
    common.add_argument("--config", metavar="FILE", help="the fleet's configuration (quarterdeck.yaml)", **suppressed)
    common.add_argument("--store", metavar="FILE", help="another store than the configuration's own", **suppressed)
    common.add_argument(
        "--sandbox", action="store_true", help="act on a sandbox built from the configuration", **suppressed
    )
    common.add_argument("--read-only", action="store_true", help="change nothing, whatever is asked", **suppressed)
    common.add_argument("--json", action="store_true", help="data for programs, on stdout", **suppressed)


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."
