"""A command of the command line run from within another one, on the same fleet."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.records import replace

_NOT_HERE = frozenset({"watch", "demo", "drill"})


def run_words(outer: Invocation, words: Sequence[str]) -> None:
    """Run what is typed after `qd` on the fleet of `outer`; never with more rights than it has.

    Raises:
        CommandError, NothingToDo, StoreError: how the command ended, if not well.
        KeyboardInterrupt: its user left it.
    """
    from quarterdeck.cli.parser import parse
    from quarterdeck.cli.registry import run_of

    words = list(words[1:] if words[:1] == ["qd"] else words)
    if not words or words[0] in _NOT_HERE:
        raise CommandError(ExitCode.USAGE, "that makes no sense in here", "any other command does: qd --help")
    try:
        parsed, rest = parse(words)
    except SystemExit:
        return  # the parser has said what is wrong, or printed its help
    inner = Invocation.of(parsed, rest)
    merged = replace(
        inner,
        config=outer.config,
        store=outer.store,
        sandbox=outer.sandbox,
        read_only=inner.read_only or outer.read_only,
    )
    run_of(parsed)(merged)
