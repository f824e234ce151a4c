"""Words as an operator types them, to an action: the inverse of `action.command_line`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release import run_command
from quarterdeck.release.action import Action, Deploy, FlagChange, Rollback, Shift, Swap, SwapMode
from quarterdeck.release.options import take_option

FORMS: Mapping[str, str] = {
    "swap": "swap ENV/SERVICE[@REGION] [--from SLOT] [--to SLOT] [--preview | --complete | --cancel]",
    "shift": "shift ENV/SERVICE[@REGION] NAME=PERCENT ...",
    "flag": "flag (on | off | rollout PERCENT | (ring | admit) GROUP=PERCENT ...) ENV/FLAG [--label LABEL]",
    "deploy": "deploy ENV/SERVICE[@REGION] --version VERSION [--slot SLOT] [--artifact IMAGE|URL]",
    "rollback": "rollback ENV/SERVICE[@REGION] | flag:ENV/FLAG [--to VERSION] [--operation ID]",
    **run_command.FORMS,
}
"""By verb, the form that is right."""

_SWAP_MODES: Mapping[str, SwapMode] = {"--preview": "preview", "--complete": "complete", "--cancel": "cancel"}


class Misread(ValueError):
    """The words make no action. The text says what is wrong; `form` what would be right ("" if no verb was met)."""

    def __init__(self, message: str, form: str = "") -> None:
        super().__init__(message)
        self.form = form


def parse(words: Sequence[str]) -> Action:
    """Read the words after `qd` (a leading `qd` is allowed).

    Raises:
        Misread: saying what is wrong with them.
    """
    rest = list(words[1:] if words[:1] == ["qd"] else words)
    if not rest:
        raise Misread("nothing to do: " + ", ".join(FORMS))
    verb = rest.pop(0)
    readers: Mapping[str, Callable[[list[str]], Action]] = {
        "swap": _swap,
        "shift": _shift,
        "flag": _flag,
        "deploy": _deploy,
        "rollback": _rollback,
        "run": run_command.read_run,
        "approve": lambda words: run_command.read_decision("approve", words),
        "reject": lambda words: run_command.read_decision("reject", words),
    }
    if verb not in readers:
        raise Misread(f"{verb!r} is not an action: " + ", ".join(FORMS))
    try:
        return readers[verb](rest)
    except Misread:
        raise
    except ValueError as error:
        raise Misread(str(error), FORMS[verb]) from error


def read_shares(words: Sequence[str]) -> dict[str, float]:
    """`NAME=PERCENT` pairs, each name once, each percent from 0 to 100.

    Raises:
        ValueError: naming the word that is wrong.
    """
    shares: dict[str, float] = {}
    for word in words:
        name, equals, text = word.rpartition("=")
        if not equals or not name:
            raise ValueError(f"{word!r} is not NAME=PERCENT")
        if name in shares:
            raise ValueError(f"{name!r} is named twice")
        shares[name] = read_percent(text)
    return shares


def read_percent(text: str) -> float:
    """A percentage from 0 to 100; a trailing % sign is allowed.

    Raises:
        ValueError: if it is none.
    """
    try:
        percent = float(text.removesuffix("%"))
    except ValueError:
        raise ValueError(f"{text!r} is not a percentage") from None
    if not 0 <= percent <= 100:
        raise ValueError(f"{text!r} is not between 0 and 100")
    return percent


def _swap(words: list[str]) -> Swap:
    source = take_option(words, "--from")
    destination = take_option(words, "--to")
    modes = [word for word in words if word in _SWAP_MODES]
    if len(modes) > 1:
        raise ValueError("choose one of " + ", ".join(_SWAP_MODES))
    target = _only(word for word in words if word not in _SWAP_MODES)
    mode: SwapMode = _SWAP_MODES[modes[0]] if modes else "swap"
    return Swap(TargetId.parse(target), source, destination, mode)


def _shift(words: list[str]) -> Shift:
    if not words:
        raise ValueError("no target")
    target = TargetId.parse(words.pop(0))
    if not words:
        raise ValueError("no share")
    return Shift(target, read_shares(words))


def _flag(words: list[str]) -> FlagChange:
    label = take_option(words, "--label")
    if len(words) < 2:
        raise ValueError("no flag")
    verb, *arguments, name = words
    target = TargetId.parse(name if name.startswith("flag:") else f"flag:{name}")
    match verb, arguments:
        case "on" | "off", []:
            return FlagChange(target, label, enabled=verb == "on")
        case "rollout", [percent]:
            return FlagChange(target, label, percent=read_percent(percent))
        case "ring" | "admit", [_, *_]:
            groups = tuple(Audience(group, percent) for group, percent in read_shares(arguments).items())
            if verb == "admit":
                return FlagChange(target, label, admit=groups)
            return FlagChange(target, label, audience=groups)
    raise ValueError(f"{' '.join([verb, *arguments])!r} is not something that can be done to a flag")


def _deploy(words: list[str]) -> Deploy:
    version = take_option(words, "--version")
    slot = take_option(words, "--slot")
    artifact = take_option(words, "--artifact")
    target = _only(iter(words))
    if not version:
        raise ValueError("which version? --version VERSION")
    return Deploy(TargetId.parse(target), version, slot, artifact)


def _rollback(words: list[str]) -> Rollback:
    version = take_option(words, "--to")
    operation = take_option(words, "--operation")
    return Rollback(TargetId.parse(_only(iter(words))), operation, version)


def _only(words: Iterator[str]) -> str:
    found = list(words)
    if not found:
        raise ValueError("no target")
    if len(found) > 1:
        raise ValueError(f"{found[1]!r} is one word too many")
    return found[0]
