"""`qd demo`: contoso-shop in a sandbox of its own; the cockpit, or any other command, with nothing to set up."""

from __future__ import annotations

import sys
from argparse import ArgumentParser

from quarterdeck import paths
from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.records import replace

SAMPLE = "contoso-shop.yaml"
_EPILOG = """\
Any command can follow, and acts on the same demo fleet:
  qd demo status
  qd demo plan swap production/checkout
  qd demo swap production/checkout --yes --confirm production --reason 'trying it out'
  qd demo sandbox stop"""


def configure(parser: ArgumentParser) -> None:
    """Any command with its words, or none for the cockpit."""
    parser.epilog = _EPILOG
    parser.usage = "qd demo [COMMAND ...]"
    parser.add_argument("-h", "--help", action="store_true", help="show this help, or that of COMMAND, and exit")
    parser.add_argument("--tour", action="store_true", help="show the tour of the cockpit again")
    parser.set_defaults(run=run, takes_words="demo", own_help=parser.format_help)


def run(invocation: Invocation) -> int:
    """Do what the words say, on the demo fleet.

    Raises:
        CommandError: the sample configuration isn't there, or there is no terminal for the cockpit.
    """
    from quarterdeck.cli.parser import parse
    from quarterdeck.cli.registry import run_of

    wants_help = invocation.arguments.help
    if wants_help and not invocation.words:
        output.data(invocation.arguments.own_help().rstrip())
        return ExitCode.DONE
    config = invocation.config or str(paths.shared_dir("sample-configs") / SAMPLE)
    if not invocation.words and not (sys.stdin.isatty() and sys.stdout.isatty()):
        message = "the cockpit needs a terminal"
        raise CommandError(ExitCode.USAGE, message, "without one: qd demo status; qd demo --help")
    if invocation.words[:1] == ("drill",):
        raise CommandError(ExitCode.USAGE, "a drill has a shop of its own", "qd drill list")
    parsed, words = parse([*invocation.words, *(["--help"] if wants_help else [])])
    inner = Invocation.of(parsed, words)
    merged = replace(
        inner,
        config=config,
        store=inner.store or invocation.store,
        sandbox=True,
        read_only=inner.read_only or invocation.read_only,
        json=inner.json or invocation.json,
    )
    if not invocation.words:
        merged.arguments.tour = "again" if invocation.arguments.tour else "once"
        output.narrate("starting a sandbox with contoso-shop in it; nothing real is touched")
    return run_of(parsed)(merged)
