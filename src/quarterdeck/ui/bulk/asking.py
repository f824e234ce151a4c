"""From a deed and what is marked to the actions that are asked for, and to what is left out and why."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.action import Action, FlagChange, Rollback, Shift, Swap
from quarterdeck.release.command import read_percent, read_shares
from quarterdeck.ui.actions import Deed, Situation, about, why_not
from quarterdeck.ui.doing import wrong_percent, wrong_shares
from quarterdeck.ui.screens.small import Menu, Prompt
from quarterdeck.ui.swaps import swaps_of
from quarterdeck.ui.widgets.choices import Option

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something marked that a deed can't be done to, and why."""

    target: TargetId
    why: str


Targets = Sequence[TargetId]
Left = Sequence[LeftOut]


def acts_on_marked(deed: Deed) -> bool:
    """Whether a deed is done to everything that is marked."""
    return deed.id in _ASKED


def ask(cockpit: Cockpit, deed: Deed, now: Situation) -> None:
    """Go on with a deed for everything that is marked, or say why none of it can be done now."""
    chain = cockpit.chain
    if chain is not None and not chain.over:
        show_progress(cockpit)
        return
    reasons = {target: why_not(deed, about(now, target)) for target in now.marked}
    able = [target for target, reason in reasons.items() if not reason]
    if able:
        _ASKED[deed.id](cockpit, able, [LeftOut(target, reason) for target, reason in reasons.items() if reason])
    else:
        several = len(set(reasons.values())) > 1
        cockpit.say(f"none of the {len(reasons)} that are marked: " * several + next(iter(reasons.values())))


def show_progress(cockpit: Cockpit) -> None:
    """How far the chain is."""
    from quarterdeck.ui.screens.chain import ChainProgress

    cockpit.push_screen(ChainProgress())


def _plan(cockpit: Cockpit, actions: Sequence[Action], left: Left) -> None:
    from quarterdeck.ui.screens.bulk import BulkDialog

    def begun(operation: str | None) -> None:
        deck = cockpit.deck()
        if operation is not None and deck is not None:
            deck.unmark()
            show_progress(cockpit)

    cockpit.push_screen(BulkDialog(actions, left), begun)


def _swap(cockpit: Cockpit, targets: Targets, left: Left) -> None:
    """Which swap, of those that make sense in at least one place."""
    found: dict[str, dict[TargetId, Swap]] = {}
    explained: dict[str, str] = {}
    for target in targets:
        cell = cockpit.picture.cell(target)
        for swap, label, explanation in swaps_of(cell) if cell is not None else ():
            if swap.target == target:
                what = label.removesuffix(" in all regions")
                found.setdefault(what, {})[target] = swap
                explained[what] = explanation
    options = [
        Option(what, f"{what}: {len(where)} of {len(targets) + len(left)}", explained[what])
        for what, where in found.items()
    ]

    def chosen(what: str | None) -> None:
        if what is not None:
            others = [LeftOut(one, f"no {what} is possible there now") for one in targets if one not in found[what]]
            _plan(cockpit, [found[what][one] for one in targets if one in found[what]], [*left, *others])

    cockpit.push_screen(Menu(f"Swap {_these(targets, left)}", options), chosen)


def _traffic(cockpit: Cockpit, targets: Targets, left: Left) -> None:
    """The same shares everywhere."""

    def given(words: str | None) -> None:
        if words is not None:
            shares = read_shares(shlex.split(words))
            _plan(cockpit, [Shift(target, shares) for target in targets], left)

    told = ["NAME=PERCENT, several if wanted, the same for all; what isn't named shares the rest as it does now"]
    cockpit.push_screen(Prompt(f"Traffic of {_these(targets, left)}", told, "", wrong_shares), given)


def _undo(cockpit: Cockpit, targets: Targets, left: Left) -> None:
    _plan(cockpit, [Rollback(target) for target in targets], left)


def _flag(cockpit: Cockpit, targets: Targets, left: Left) -> None:
    """On, off or a percentage, the same for all; a flag with several labels is no case for this."""
    labels = {target: cockpit.flag_labels(target) for target in targets}
    single = {target: cells[0] for target, cells in labels.items() if len(cells) == 1}
    left = [*left, *(LeftOut(one, "has several labels: change it alone") for one in targets if one not in single)]
    if not single:
        cockpit.say("each of them has several labels: change them one at a time")
        return
    options = [
        Option("off", "off", "switch all of them off for everybody"),
        Option("on", "on", "switch all of them on"),
        Option("rollout", "rollout", "the percentage of everybody that sees them on"),
    ]

    def switch(enabled: bool | None, percent: float | None) -> None:
        changes = [FlagChange(one.target, one.label, enabled=enabled, percent=percent) for one in single.values()]
        _plan(cockpit, changes, left)

    def chosen(what: str | None) -> None:
        if what == "rollout":
            cockpit.push_screen(
                Prompt(f"Roll out {_these(targets, left)}", ["percent, 0 to 100"], "", wrong_percent),
                lambda text: None if text is None else switch(None, read_percent(text.strip())),
            )
        elif what is not None:
            switch(what == "on", None)

    cockpit.push_screen(Menu(f"Flags: {_these(targets, left)}", options), chosen)


def _these(targets: Targets, left: Left) -> str:
    return f"{len(targets)} of {len(targets) + len(left)} marked" if left else f"{len(targets)} marked"


_ASKED: Mapping[str, Callable[[Cockpit, Targets, Left], None]] = {
    "swap": _swap,
    "traffic": _traffic,
    "undo": _undo,
    "flag": _flag,
}
"""By deed, how it goes on with what can be done and what is left out."""
