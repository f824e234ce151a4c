"""A command of the command line within another one, on the same fleet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.registry import Run, run_of


def parsed_for(outer: Invocation, words: Sequence[str]) -> tuple[Run, Invocation]:
    """What the words typed after `qd` do, on the fleet of `outer`; never with more rights than that has.

    Raises:
        SystemExit: the words are wrong, which was told; or they asked for help, which was printed.
    """
    from quarterdeck.cli.parser import parse

    parsed, rest = parse(words[1:] if list(words[:1]) == ["qd"] else words)
    inner = Invocation.of(parsed, rest)
    merged = replace(
        inner,
        config=outer.config,
        store=outer.store,
        sandbox=outer.sandbox,
        read_only=inner.read_only or outer.read_only,
    )
    return run_of(parsed), merged
