"""`qd completion SHELL`: the hook that makes a shell complete qd; and the answers to that shell's questions."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.registry import COMMANDS
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.command import FORMS
from quarterdeck.store.base import StoreError

SHELLS = ("bash", "zsh", "fish")
_HOW = """\
bash, zsh:   add  eval "$(qd completion bash)"  to ~/.bashrc or ~/.zshrc
fish:        qd completion fish > ~/.config/fish/completions/qd.fish"""


def configure(parser: ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=SHELLS)
    parser.epilog = _HOW
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the hook."""
    from argcomplete.shell_integration import shellcode

    output.data(shellcode(["qd", "quarterdeck"], shell=invocation.arguments.shell))
    return ExitCode.DONE


def answer(parser: ArgumentParser) -> None:
    """Answer a shell that asks how a line may go on, and leave; nothing if no shell asks."""
    import argcomplete

    for child in _commands(parser):
        if verb := child.get_default("takes_words"):
            _spell_out(child, verb)
        for action in child._actions:
            if action.dest in _COMPLETERS:
                _complete(action, _COMPLETERS[action.dest])
    argcomplete.autocomplete(parser, always_complete_options="long")


def _commands(parser: ArgumentParser) -> list[ArgumentParser]:
    groups = (action.choices for action in parser._actions if isinstance(action.choices, dict))
    return [child for group in groups for child in group.values()]


def _spell_out(parser: ArgumentParser, verb: str) -> None:
    """Show the completer the words that the action's own grammar takes."""
    forms = [form for name, form in FORMS.items() if verb in (name, "plan")]
    for option in sorted(set(re.findall(r"--[a-z]+", " ".join(forms)))):
        parser.add_argument(option, default=SUPPRESS)
    _complete(parser.add_argument("words", nargs="*"), lambda parsed: _words(verb, parsed))


def _complete(action: Action, words: Callable[[Namespace], Iterable[str]]) -> None:
    """Have argcomplete ask `words`: it looks for an attribute that argparse doesn't know."""

    def completer(parsed_args: Namespace, **_: object) -> list[str]:
        return list(words(parsed_args))

    vars(action)["completer"] = completer


def _words(verb: str, parsed: Namespace) -> Iterable[str]:
    """What may stand after a verb: other verbs, and targets of the fleet as last published."""
    match verb:
        case "demo":
            return [command.name for command in COMMANDS if command.name != "demo"]
        case "plan" if not parsed.words:
            return FORMS
        case "flag":
            return ["list", "on", "off", "rollout", "ring", *_flags(parsed)]
        case "rollback":
            return [*_targets(parsed), *(f"flag:{flag}" for flag in _flags(parsed))]
    return _targets(parsed)


def _scopes(parsed: Namespace) -> list[str]:
    fleet, _ = _published(parsed)
    wholes = [target for target in _targets(parsed) if "@" not in target]
    return [*(() if fleet is None else (one.name for one in fleet.environments)), *wholes]


def _targets(parsed: Namespace) -> list[str]:
    fleet, _ = _published(parsed)
    places = () if fleet is None else fleet.places
    found = [place.target for place in places if place.role != "flags"]
    return list(dict.fromkeys([*(str(target.whole) for target in found), *map(str, found)]))


def _flags(parsed: Namespace) -> list[str]:
    fleet, observations = _published(parsed)
    stores = [] if fleet is None else [place for place in fleet.places if place.role == "flags"]
    readings = [(place.target.environment, observations.get(place.subject)) for place in stores]
    return [
        f"{environment}/{flag.name}"
        for environment, seen in readings
        if seen is not None and isinstance(seen.reading, FlagsReading)
        for flag in seen.reading.flags
    ]


def _published(parsed: Namespace) -> tuple[Fleet | None, Mapping[str, Observation]]:
    """What the store has; nothing if there is none: completion must never complain."""
    try:
        with existing_store(Invocation.of(parsed, ())) as store:
            return store.fleet(), store.observations()
    except (CommandError, StoreError):
        return None, {}


_COMPLETERS = {"scope": _scopes, "target": _targets}
"""By the name of an argument, what it can be."""
