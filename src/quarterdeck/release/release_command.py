"""Words about releases, approvals and what stands guard, as an operator types them; `command.py` reads the actions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release import command
from quarterdeck.release.action import Action
from quarterdeck.release.command import Misread
from quarterdeck.release.durations import seconds
from quarterdeck.release.options import only_word, take_option
from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import ORDERS, Order
from quarterdeck.release.run_command import names_a_run


@dataclass(frozen=True, slots=True)
class Tell:
    """An order to a release; `release` is its id, the beginning of one, or the `ENV/SERVICE` that it has."""

    release: str
    order: Order
    step: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Decide:
    """Yes or no to what a release waits for; `after` seconds the yes counts."""

    release: str
    verdict: Literal["approve", "reject"]
    step: str = ""
    reason: str = ""
    after: float = 0


@dataclass(frozen=True, slots=True)
class Guard:
    """A change of what stands guard: a `store.base.GuardDeed` and what belongs to it.

    `seconds`: how long it lasts. To lift without an `id` means the stop of the line, if there is only one.
    """

    deed: Literal["take", "offer", "give", "freeze", "lock", "stop", "lift", "pay"]
    scope: str = ""
    id: str = ""
    to: str = ""
    seconds: float | None = None
    reason: str = ""


Said = Action | Wish | Tell | Decide | Guard

FORMS: Mapping[str, str] = {
    **command.FORMS,
    "release": "release start ENV/SERVICE ... [--version V] [--strategy NAME] | release ORDER ID [--to STEP]",
    "approve": "approve ID[/STEP] [--after 10m] | run:PIPELINE/RUN[/ENVIRONMENT] [--reason TEXT]",
    "reject": "reject ID[/STEP] | run:PIPELINE/RUN[/ENVIRONMENT] --reason TEXT",
    "hotfix": "hotfix start ENV/SERVICE --ref REF [--version V] | hotfix pay ID --evidence TEXT",
    "freeze": "freeze SCOPE [--for 2h] --reason TEXT | freeze lift ID",
    "lock": "lock SCOPE [--for 2h] --reason TEXT",
    "unlock": "unlock ID",
    "line": "line stop [SCOPE] --reason TEXT | line resume [ID]",
    "conn": "conn take SCOPE [--reason TEXT] | conn offer SCOPE --to WHO | conn give SCOPE",
}
"""By first word, the form that is right. A scope is an environment, `ENV/SERVICE`, or `all`."""


def read(words: Sequence[str]) -> Said:
    """Read the words after `qd` (a leading `qd` is allowed).

    Raises:
        Misread: saying what is wrong with them.
    """
    rest = list(words[1:] if words[:1] == ["qd"] else words)
    verb = rest[0] if rest else ""
    readers: Mapping[str, Callable[[list[str]], Said]] = {
        "release": _release,
        "approve": _approve,
        "reject": _reject,
        "hotfix": _hotfix,
        "freeze": _freeze,
        "lock": lambda words: _hold("lock", words),
        "unlock": lambda words: Guard("lift", id=only_word(words, "the lock's id")),
        "line": _line,
        "conn": _conn,
    }
    try:
        if verb not in readers or names_a_run(rest):
            return _action(rest)
        return readers[verb](rest[1:])
    except Misread:
        raise
    except ValueError as error:
        raise Misread(str(error), FORMS.get(verb, "")) from error


def scope_of(text: str) -> str:
    """A scope as it is kept: `*` for `all`."""
    return "*" if text == "all" else text


def _action(words: list[str]) -> Said:
    """An action; with `--confirm-within` it is taken back unless somebody confirms it."""
    within = take_option(words, "--confirm-within")
    action = command.parse(words)
    return Wish((action.target,), action=action, confirm_within=seconds(within)) if within else action


def _release(words: list[str]) -> Said:
    verb = words.pop(0) if words else ""
    if verb == "start":
        return _wish(words)
    reason, to = take_option(words, "--reason"), take_option(words, "--to")
    full = "--full" in words
    words = [word for word in words if word != "--full"]
    order = "promote_full" if verb == "promote" and full else verb.replace("-", "_")
    known = next((one for one in ORDERS if one == order), None)
    if known is None:
        raise ValueError(f"{verb!r} is nothing that a release can be told")
    if known == "undo" and not to:
        raise ValueError("undo needs --to STEP")
    return Tell(only_word(words, "the release's id"), known, to, reason)


def _wish(words: list[str], *, hotfix: bool = False) -> Wish:
    version, strategy = take_option(words, "--version"), take_option(words, "--strategy")
    within, override = take_option(words, "--confirm-within"), take_option(words, "--override")
    ref = take_option(words, "--ref") if hotfix else ""
    supersede = "--supersede" in words
    targets = tuple(TargetId.parse(word) for word in words if word != "--supersede")
    if not targets:
        raise ValueError("no target")
    return Wish(
        targets, version, strategy, hotfix, ref, supersede=supersede, override=override,
        confirm_within=seconds(within) if within else None,
    )  # fmt: skip


def _approve(words: list[str]) -> Decide:
    reason, after = take_option(words, "--reason"), take_option(words, "--after")
    release, step = _release_and_step(only_word(words, "the release's id"))
    return Decide(release, "approve", step, reason, seconds(after) if after else 0)


def _reject(words: list[str]) -> Decide:
    reason = take_option(words, "--reason")
    if not reason:
        raise ValueError("rejecting needs --reason TEXT")
    release, step = _release_and_step(only_word(words, "the release's id"))
    return Decide(release, "reject", step, reason)


def _release_and_step(text: str) -> tuple[str, str]:
    """`ID/STEP`, or `ID`; an `ENV/SERVICE` is recognised by whoever knows the releases."""
    release, _, step = text.partition("/")
    return (release, step) if not step or step.isdigit() else (text, "")


def _hotfix(words: list[str]) -> Said:
    verb = words.pop(0) if words else ""
    match verb:
        case "start":
            wish = _wish(words, hotfix=True)
            if not wish.ref:
                raise ValueError("a hotfix needs --ref REF: what is being fixed")
            return wish
        case "pay":
            evidence = take_option(words, "--evidence")
            if not evidence:
                raise ValueError("paying needs --evidence TEXT")
            return Guard("pay", id=only_word(words, "the debt's id"), reason=evidence)
    raise ValueError(f"{verb!r} is nothing that can be done with a hotfix")


def _freeze(words: list[str]) -> Guard:
    return _lift(words[1:]) if words[:1] == ["lift"] else _hold("freeze", words)


def _hold(deed: Literal["freeze", "lock", "stop"], words: list[str]) -> Guard:
    reason, lasts = take_option(words, "--reason"), take_option(words, "--for")
    if not reason:
        raise ValueError(f"{deed} needs --reason TEXT")
    return Guard(deed, scope_of(only_word(words, "a scope")), seconds=seconds(lasts) if lasts else None, reason=reason)


def _lift(words: list[str]) -> Guard:
    reason = take_option(words, "--reason")
    return Guard("lift", id=only_word(words, "the id of what is lifted"), reason=reason)


def _line(words: list[str]) -> Guard:
    verb = words.pop(0) if words else ""
    if verb == "stop":
        named = any(not word.startswith("--") for word in _without_reason(words))
        return _hold("stop", words if named else ["all", *words])
    if verb == "resume":
        return _lift(words) if _without_reason(words) else Guard("lift", reason=take_option(words, "--reason"))
    raise ValueError("write line stop or line resume")


def _without_reason(words: list[str]) -> list[str]:
    left = list(words)
    take_option(left, "--reason")
    take_option(left, "--for")
    return left


def _conn(words: list[str]) -> Guard:
    verb = words.pop(0) if words else ""
    reason, to = take_option(words, "--reason"), take_option(words, "--to")
    scope = scope_of(only_word(words, "a scope"))
    match verb:
        case "take" | "give":
            return Guard(verb, scope, reason=reason)
        case "offer" if to:
            return Guard("offer", scope, to=to, reason=reason)
        case "offer":
            raise ValueError("offering needs --to WHO")
    raise ValueError(f"{verb!r} is nothing that can be done with the conn")
