"""`qd completion SHELL`: the hook that makes a shell complete qd; and the answers to that shell's questions."""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeVar

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.registry import COMMANDS
from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.pipelines import RunName, RunsReading
from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.command import FORMS
from quarterdeck.release.guards import Guards
from quarterdeck.release.release_plan import Ask
from quarterdeck.release.rules import Rulebook
from quarterdeck.store.base import Store, StoreError

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

    for child in _all_commands(parser):
        if verb := child.get_default("takes_words"):
            _spell_out(child, verb)
        for action in child._actions:
            if action.dest in _COMPLETERS:
                _complete(action, _COMPLETERS[action.dest])
    argcomplete.autocomplete(parser, always_complete_options="long")


def _all_commands(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """Commands, and what they can be told to do."""
    groups = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
    for child in (child for group in groups for child in group.values()):
        yield child
        yield from _all_commands(child)


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
        case "demo" | "drill":
            return [command.name for command in COMMANDS if command.name not in ("demo", "drill")]
        case "plan" if not parsed.words:
            return FORMS
        case "flag":
            return ["list", "on", "off", "rollout", "ring", *_flags(parsed)]
        case "run":
            return [*_pipelines(parsed), "cancel", "rerun", *_runs(parsed, waiting=False)]
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
    found = [place.target for place in places if place.role not in ("flags", "pipelines")]
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


def _pipelines(parsed: Namespace) -> list[str]:
    fleet, _ = _published(parsed)
    return [] if fleet is None else [place.target.name for place in fleet.places if place.role == "pipelines"]


def _runs(parsed: Namespace, *, waiting: bool) -> list[str]:
    """Runs of pipelines by name; of those that wait for a person what they wait for, if only those are meant."""
    fleet, observations = _published(parsed)
    places = [] if fleet is None else [place for place in fleet.places if place.role == "pipelines"]
    found: list[str] = []
    for place in places:
        seen = observations.get(place.subject)
        for run in seen.reading.runs if seen is not None and isinstance(seen.reading, RunsReading) else ():
            if not waiting:
                found.append(str(RunName(place.target.name, run.id)))
            asked = [wait for wait in run.waits if wait.for_people] if waiting else []
            found += [str(RunName(place.target.name, run.id, run.name_of(wait))) for wait in asked]
    return found


def _services(parsed: Namespace) -> list[str]:
    return [target for target in _targets(parsed) if "@" not in target]


def _guarded(parsed: Namespace) -> list[str]:
    return [*_scopes(parsed), *(() if _command(parsed) == "status" else ("all",))]


def _target(parsed: Namespace) -> list[str]:
    return _services(parsed) if _command(parsed) == "hotfix" else _targets(parsed)


def _command(parsed: Namespace) -> str:
    return getattr(parsed, "command", None) or ""


def _freezing(parsed: Namespace) -> list[str]:
    return ["list", "lift", *_guarded(parsed)]


def _held(parsed: Namespace) -> list[str]:
    """Holds and debts by id: one of them is what an `ID` means that is no operation's."""
    guards = _asked(parsed, lambda store: store.guards()) or Guards()
    if _command(parsed) == "operation":
        return [one.id for one in _asked(parsed, lambda store: store.operations()) or ()]
    if getattr(parsed, "deed", "") == "pay":
        return [debt.id for debt in guards.owed]
    return [hold.id for hold in guards.holds]


def _releases(parsed: Namespace) -> list[str]:
    """Open releases by id and by target, past ones by id (to be told, by target too); with the steps that ask somebody,
    where a word is given; parts of the fleet where releases are measured."""
    if _command(parsed) in ("approve", "reject"):
        waiting = _asked(parsed, lambda store: store.releases(open_only=True)) or ()
        steps = [(one.id, step.id) for one in waiting for step in one.plan.steps if isinstance(step.work, Ask)]
        ours = [*(one.id for one in waiting), *(f"{release}/{step}" for release, step in steps)]
        return [*ours, *_runs(parsed, waiting=True)]
    if getattr(parsed, "dora", False):
        return _scopes(parsed)
    known = _asked(parsed, lambda store: store.releases()) or ()
    past = _command(parsed) == "report"
    claimed = [str(target) for one in known if one.open or past for target in one.targets if not target.flag]
    return [*dict.fromkeys(claimed), *(one.id for one in known)]


def _steps(parsed: Namespace) -> list[str]:
    wanted = getattr(parsed, "release", "") or ""
    known = _asked(parsed, lambda store: store.releases(open_only=True)) or ()
    mine = [one for one in known if one.id.startswith(wanted) or wanted in map(str, one.targets)]
    return [step.id for one in mine for step in one.plan.steps]


def _strategies(parsed: Namespace) -> list[str]:
    return [one.name for one in _rules(parsed).strategies]


def _gates(parsed: Namespace) -> list[str]:
    return [one.name for one in _rules(parsed).gates]


def _rules(parsed: Namespace) -> Rulebook:
    return _asked(parsed, lambda store: store.rules()) or Rulebook()


def _published(parsed: Namespace) -> tuple[Fleet | None, Mapping[str, Observation]]:
    return _asked(parsed, lambda store: (store.fleet(), store.observations())) or (None, {})


T = TypeVar("T")


def _asked(parsed: Namespace, read: Callable[[Store], T]) -> T | None:
    """What the store has; None if there is none: completion must never complain."""
    try:
        with existing_store(Invocation.of(parsed, ())) as store:
            return read(store)
    except (CommandError, StoreError):
        return None


_COMPLETERS = {
    "scope": _guarded,
    "what": _freezing,
    "target": _target,
    "about": _targets,
    "targets": _services,
    "release": _releases,
    "pipeline": _pipelines,
    "id": _held,
    "to": _steps,
    "strategy": _strategies,
    "gate": _gates,
}
"""By the name of an argument, what it can be."""
