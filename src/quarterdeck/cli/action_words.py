"""The words of an action on the command line: one grammar (`release/command.py`) for here and for the cockpit."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.release.action import Action
from quarterdeck.release.command import FORMS, Misread, parse


def describe(parser: ArgumentParser, verb: str, also: Sequence[str] = ()) -> None:
    """Let a parser leave words to the grammar, and show the grammar's forms in its help; "" means all verbs."""
    forms = [form for name, form in FORMS.items() if verb in ("", name)]
    before = "plan " if not verb else ""
    parser.usage = "\n       ".join(f"qd {before}{form}" for form in [*also, *forms]) + "\n       [options]"
    parser.set_defaults(takes_words=verb or "plan")


def action_of(words: Sequence[str]) -> Action:
    """Read an action.

    Raises:
        CommandError: with the form that is right.
    """
    try:
        return parse(list(_separated(words)))
    except Misread as error:
        raise CommandError(ExitCode.USAGE, str(error), f"qd {error.form}" if error.form else "") from error


def _separated(words: Sequence[str]) -> Iterator[str]:
    """`--from=staging` as two words, as the grammar wants it; what follows `--` is left as it is."""
    for index, word in enumerate(words):
        if word == "--":
            yield from words[index + 1 :]
            return
        name, equals, value = word.partition("=")
        yield from (name, value) if equals and name.startswith("--") else (word,)
