"""From a key to the command line that it stands for: what it is about is asked in lines."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence

from quarterdeck.cli.line_mode.candidates import asking, possible
from quarterdeck.cli.line_mode.console import Console
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.action import command_line
from quarterdeck.release.picture import FlagCell, OperationView, Picture
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.rollout import Order
from quarterdeck.release.rules import Rulebook
from quarterdeck.release.strategy import DeployStep
from quarterdeck.ui.actions import DEEDS, Deed, Situation
from quarterdeck.ui.swaps import swaps_of

Words = list[str]
"""What would be typed after `qd`."""

_ORDERS: tuple[Order, ...] = ("pause", "resume", "retry", "skip", "undo", "abandon")


@dataclass(frozen=True, slots=True)
class Desk:
    """What a key is answered from: the picture and the rules of the moment, and whoever types."""

    picture: Picture
    rules: Rulebook
    read_only: bool
    console: Console

    def possible(self, deed: Deed) -> list[Situation]:
        """Everything that a deed can be done to at the moment."""
        return possible(deed, self.picture, read_only=self.read_only)


def words_of(deed: Deed, desk: Desk) -> Words | None:
    """Ask what the deed is about. None: nothing was chosen."""
    return _WORDS[deed.id](deed, desk)


def _target(deed: Deed, desk: Desk) -> TargetId | None:
    targets = [one.target for one in desk.possible(deed) if one.target is not None]
    return desk.console.choose(f"{deed.label}: what?", [(str(target), target) for target in targets])


def _release(deed: Deed, desk: Desk) -> ReleaseView | None:
    releases = [one.release for one in desk.possible(deed) if one.release is not None]
    return desk.console.choose(f"{deed.label}: which release?", [(_told(one), one) for one in releases])


def _told(release: ReleaseView) -> str:
    return f"{release.title} in {release.environment}, {release.state}: {release.waits} ({release.id})"


# --- what changes a service ---------------------------------------------------------------------------------------
def _swap(deed: Deed, desk: Desk) -> Words | None:
    target = _target(deed, desk)
    cell = desk.picture.cell(target) if target is not None else None
    if cell is None:
        return None
    options = [(f"{label}: {explanation}", action) for action, label, explanation in swaps_of(cell)]
    chosen = desk.console.choose(f"which swap of {target}?", options)
    return None if chosen is None else [*shlex.split(command_line(chosen))[1:], "--detach"]


def _traffic(deed: Deed, desk: Desk) -> Words | None:
    target = _target(deed, desk)
    cell = desk.picture.cell(target) if target is not None else None
    if cell is None:
        return None
    now = "; ".join(" ".join(f"{one.name}={one.share:g}" for one in split.shares) for split in cell.splits)
    typed = desk.console.ask(f"now {now}; NAME=PERCENT ..., what isn't named shares the rest")
    return ["shift", str(target), *shlex.split(typed), "--detach"] if typed else None


def _flag(deed: Deed, desk: Desk) -> Words | None:
    possible = {situation.target for situation in desk.possible(deed)}
    cells = [one for row in desk.picture.flags for cell in row.cells for one in cell if one.target in possible]
    flag = desk.console.choose("which flag?", [(_flag_told(one), one) for one in cells])
    if flag is None:
        return None
    verb = desk.console.ask("on, off, rollout PERCENT, or ring GROUP=PERCENT ...")
    label = ["--label", flag.label] if flag.label else []
    name = f"{flag.target.environment}/{flag.target.name}"
    return ["flag", *shlex.split(verb), name, *label, "--detach"] if verb else None


def _flag_told(flag: FlagCell) -> str:
    label = f" label {flag.label}" if flag.label else ""
    percent = "" if flag.percent is None else f" for {flag.percent:g}%"
    return f"{flag.target}{label}: {'on' if flag.enabled else 'off'}{percent}"


def _undo(deed: Deed, desk: Desk) -> Words | None:
    target = _target(deed, desk)
    return None if target is None else ["rollback", str(target), "--detach"]


def _hotfix(deed: Deed, desk: Desk) -> Words | None:
    target = _target(deed, desk)
    if target is None:
        return None
    ref = desk.console.ask("what is the fix? a commit, a branch, a build")
    return ["hotfix", "start", str(target), "--ref", ref, "--no-wait"] if ref else None


# --- releases -----------------------------------------------------------------------------------------------------
def _promote(deed: Deed, desk: Desk) -> Words | None:
    options: list[tuple[str, ReleaseView | TargetId]] = []
    for one in desk.possible(deed):
        if one.release is not None:
            options.append((f"go on with {_told(one.release)}", one.release))
        elif one.target is not None:
            options.append((f"start a release of {one.target}", one.target))
    chosen = desk.console.choose("promote: what?", options)
    if isinstance(chosen, ReleaseView):
        return ["release", "resume" if chosen.state == "paused" else "promote", chosen.id]
    return None if chosen is None else _start(chosen, desk)


def _start(target: TargetId, desk: Desk) -> Words | None:
    usual = desk.rules.route(target).strategy
    known = sorted(desk.rules.strategies, key=lambda one: one.name != usual)
    options = [(one.name + (" (the usual one)" if one.name == usual else ""), one) for one in known]
    strategy = desk.console.choose("by which strategy?", options)
    if strategy is None:
        return None
    words = ["release", "start", str(target), *([] if strategy.name == usual else ["--strategy", strategy.name])]
    if any(isinstance(step, DeployStep) for step in strategy.steps):
        version = desk.console.ask("which version? it is deployed first")
        if not version:
            return None
        words += ["--version", version]
    return [*words, "--no-wait"]


def _promote_full(deed: Deed, desk: Desk) -> Words | None:
    release = _release(deed, desk)
    return None if release is None else ["release", "promote", release.id, "--full"]


def _question(deed: Deed, desk: Desk) -> str | None:
    """What waits for a yes or no: the id of a release, or the key of what a run waits for."""
    options: list[tuple[str, str]] = []
    for one in desk.possible(deed):
        if one.run is not None:
            options += [(f"{one.run.name}: {wait.text} ({wait.key})", wait.key) for wait in one.run.decisions]
        elif one.release is not None:
            options.append((_told(one.release), one.release.id))
    return desk.console.choose(f"{deed.label}: what?", options)


def _approve(deed: Deed, desk: Desk) -> Words | None:
    asked = _question(deed, desk)
    return None if asked is None else ["approve", asked]


def _reject(deed: Deed, desk: Desk) -> Words | None:
    asked = _question(deed, desk)
    reason = desk.console.ask("why? it is kept") if asked is not None else ""
    return ["reject", asked, "--reason", reason] if asked is not None and reason else None


def _confirm(deed: Deed, desk: Desk) -> Words | None:
    release = _release(deed, desk)
    return None if release is None else ["release", "confirm", release.id]


def _abort(deed: Deed, desk: Desk) -> Words | None:
    release = _release(deed, desk)
    return None if release is None else ["release", "abort", release.id, "--no-wait"]


def _hold(deed: Deed, desk: Desk) -> Words | None:
    release = _release(deed, desk)
    return None if release is None else ["release", "resume" if release.paused else "pause", release.id]


def _order(deed: Deed, desk: Desk) -> Words | None:
    """An order to a release, or an answer to an operation that needs somebody."""
    options: list[tuple[str, ReleaseView | OperationView]] = [
        (f"{one.verb} {one.target} needs you: {one.step} ({one.id})", one) for one in asking(desk.picture)
    ]
    options += [(_told(one.release), one.release) for one in desk.possible(deed) if one.release is not None]
    chosen = desk.console.choose("orders: to what?", options)
    if isinstance(chosen, OperationView):
        answer = desk.console.choose("which answer?", [(choice, choice) for choice in chosen.choices])
        return None if answer is None else ["operation", chosen.id, "--choose", answer]
    if chosen is None:
        return None
    order = desk.console.choose("which order?", [(one, one) for one in _ORDERS])
    if order is None:
        return None
    words = ["release", order, chosen.id]
    if order == "undo":
        steps = [(f"{step.id} {step.summary}", step.id) for step in chosen.steps]
        kept = desk.console.choose("back to which step?", steps)
        if kept is None:
            return None
        words += ["--to", kept]
    return words


# --- pipelines ----------------------------------------------------------------------------------------------------
def _start_run(deed: Deed, desk: Desk) -> Words | None:
    pipeline = _target(deed, desk)
    return None if pipeline is None else ["run", pipeline.name, "--detach"]


def _run(deed: Deed, desk: Desk) -> str | None:
    runs = [one.run for one in desk.possible(deed) if one.run is not None]
    options = [(f"{one.name} {one.state}: {one.title} ({one.key})", one.key) for one in runs]
    return desk.console.choose(f"{deed.label}: which run?", options)


def _cancel_run(deed: Deed, desk: Desk) -> Words | None:
    run = _run(deed, desk)
    return None if run is None else ["run", "cancel", run, "--detach"]


def _rerun(deed: Deed, desk: Desk) -> Words | None:
    run = _run(deed, desk)
    return None if run is None else ["run", "rerun", run, "--detach"]


# --- what stands guard --------------------------------------------------------------------------------------------
def _conn(_: Deed, desk: Desk) -> Words | None:
    verb = desk.console.choose("the conn", [(one, one) for one in ("take", "offer", "give")])
    scope = _scope(desk) if verb is not None else None
    if verb is None or scope is None:
        return None
    words = ["conn", verb, scope]
    if verb == "offer":
        who = desk.console.ask("to whom?")
        if not who:
            return None
        words += ["--to", who]
    reason = desk.console.ask("why? nothing if that needs no saying") if verb == "take" else ""
    return [*words, "--reason", reason] if reason else words


def _guard(_: Deed, desk: Desk) -> Words | None:
    holds = desk.picture.guards.holds
    options: list[tuple[str, Words]] = [
        ("freeze: nobody releases", ["freeze"]),
        ("lock: nobody else releases", ["lock"]),
        ("stop the line: nothing begins", ["line", "stop"]),
        *((f"lift the {one.kind} of {one.scope} by {one.by}", _lifting(one.kind, one.id)) for one in holds),
    ]
    words = desk.console.choose("what stands guard", options)
    if words is None or words[-1] not in ("freeze", "lock", "stop"):
        return words
    scope = _scope(desk)
    reason = desk.console.ask("why? it is kept") if scope is not None else ""
    if scope is None or not reason:
        return None
    lasts = desk.console.ask("for how long? 30m, 2h, 1d; nothing: until it is lifted")
    return [*words, scope, *(["--for", lasts] if lasts else []), "--reason", reason]


def _lifting(kind: str, hold: str) -> Words:
    match kind:
        case "lock":
            return ["unlock", hold]
        case "stop":
            return ["line", "resume"]
    return ["freeze", "lift", hold]


def _scope(desk: Desk) -> str | None:
    names = ["all", *(one.name for one in desk.picture.environments)]
    names += [str(cell.target) for row in desk.picture.rows for cell in row.cells if cell is not None]
    return desk.console.choose("of what?", [(name, name) for name in names])


def _pay(_: Deed, desk: Desk) -> Words | None:
    debts = [(f"{one.text} ({one.id})", one.id) for one in desk.picture.guards.debts]
    debt = desk.console.choose("which debt?", debts)
    evidence = desk.console.ask("what shows that it was done?") if debt is not None else ""
    return ["hotfix", "pay", debt, "--evidence", evidence] if debt is not None and evidence else None


def _typed(_: Deed, desk: Desk) -> Words | None:
    return shlex.split(desk.console.ask("qd")) or None


def _as(*words: str) -> Callable[[Deed, Desk], Words]:
    return lambda _, __: list(words)


_WORDS: Mapping[str, Callable[[Deed, Desk], Words | None]] = {
    "swap": _swap,
    "traffic": _traffic,
    "flag": _flag,
    "undo": _undo,
    "hotfix": _hotfix,
    "promote": _promote,
    "promote-full": _promote_full,
    "approve": _approve,
    "reject": _reject,
    "confirm": _confirm,
    "abort": _abort,
    "hold": _hold,
    "order": _order,
    "start-run": _start_run,
    "cancel-run": _cancel_run,
    "rerun": _rerun,
    "conn": _conn,
    "guard": _guard,
    "pay": _pay,
    "command": _typed,
    "refresh": _as("status", "--live"),
    "bridge": _as("status"),
    "releases": _as("release", "list"),
    "gates": _as("gates"),
    "flags": _as("flag", "list"),
    "pipelines": _as("pipelines"),
    "log": _as("history", "--since", "1h"),
}
"""By deed, how its command line comes about."""

HERE: Sequence[Deed] = [deed for deed in DEEDS if deed.id in (*_WORDS, "filter", "attention", "help", "quit")]
"""Everything that a key does without a screen, in the order of the registry."""
