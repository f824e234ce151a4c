"""From a deed to the action that is asked for: the small questions in between."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from quarterdeck.fleet.readings import Audience
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import FlagChange, Rollback, Shift
from quarterdeck.release.command import read_percent, read_shares
from quarterdeck.release.picture import FlagCell
from quarterdeck.ui import releasing
from quarterdeck.ui.screens.small import Menu, Prompt
from quarterdeck.ui.swaps import swaps_of
from quarterdeck.ui.widgets.choices import Option

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def swap(cockpit: Cockpit, target: TargetId) -> None:
    """Which swap, then its plan."""
    cell = cockpit.picture.cell(target)
    if cell is None:
        return
    swaps = {str(i): (swap, label, explanation) for i, (swap, label, explanation) in enumerate(swaps_of(cell))}
    options = [Option(key, label, explanation) for key, (_, label, explanation) in swaps.items()]

    def chosen(key: str | None) -> None:
        if key is not None:
            cockpit.plan(swaps[key][0])

    cockpit.push_screen(Menu(f"Swap {target}", options), chosen)


def traffic(cockpit: Cockpit, target: TargetId) -> None:
    """Which shares, then the plan."""
    cell = cockpit.picture.cell(target)
    if cell is None:
        return
    now = [
        f"{split.between}{f' in {split.target.region}' if split.target.region else ''}: "
        + " ".join(f"{share.name}={share.share:g}" for share in split.shares)
        for split in cell.splits
    ]
    lines = [f"now, {text}" for text in now]
    lines.append("NAME=PERCENT, several if wanted; what isn't named shares the rest as it does now")

    def given(words: str | None) -> None:
        if words is not None:
            cockpit.plan(Shift(target, read_shares(shlex.split(words))))

    cockpit.push_screen(Prompt(f"Traffic of {target}", lines, "", wrong_shares), given)


def flag(cockpit: Cockpit, target: TargetId) -> None:
    """What to do to a flag (and under which label), then the plan."""
    labels = cockpit.flag_labels(target)
    if len(labels) > 1:
        options = [Option(str(i), one.label or "(no label)", _state(one)) for i, one in enumerate(labels)]

        def label_chosen(key: str | None) -> None:
            if key is not None:
                _ask_flag_change(cockpit, labels[int(key)])

        cockpit.push_screen(Menu(f"Under which label? {target}", options), label_chosen)
    elif labels:
        _ask_flag_change(cockpit, labels[0])


def _state(one: FlagCell) -> str:
    return ("on" if one.enabled else "off") + ("" if one.percent is None else f" for {one.percent:g}%")


def _ask_flag_change(cockpit: Cockpit, one: FlagCell) -> None:
    on, off = Option("on", "on", "switch it on"), Option("off", "off", "switch it off for everybody")
    options = [
        *((off, on) if one.enabled else (on, off)),
        Option("rollout", "rollout", "the percentage of everybody that sees it on"),
        Option("ring", "ring", "the percentage of each group that sees it on"),
    ]

    def chosen(key: str | None) -> None:
        match key:
            case "on" | "off":
                cockpit.plan(FlagChange(one.target, one.label, enabled=key == "on"))
            case "rollout":
                _ask_percent(cockpit, one)
            case "ring":
                _ask_rings(cockpit, one)

    cockpit.push_screen(Menu(f"Flag {one.target.name} in {one.target.environment} ({_state(one)})", options), chosen)


def _ask_percent(cockpit: Cockpit, one: FlagCell) -> None:
    def given(text: str | None) -> None:
        if text is not None:
            cockpit.plan(FlagChange(one.target, one.label, percent=read_percent(text.strip())))

    prompt = Prompt(f"Roll out {one.target.name}", [f"now: {_state(one)}", "percent, 0 to 100"], "", wrong_percent)
    cockpit.push_screen(prompt, given)


def _ask_rings(cockpit: Cockpit, one: FlagCell) -> None:
    def given(words: str | None) -> None:
        if words is not None:
            rings = read_shares(shlex.split(words)).items()
            cockpit.plan(FlagChange(one.target, one.label, audience=tuple(Audience(g, p) for g, p in rings)))

    now = " ".join(f"{ring.group}={ring.percent:g}" for ring in one.audience) or "no group"
    prompt = Prompt(f"Groups of {one.target.name}", [f"now: {now}", "GROUP=PERCENT ..."], "", wrong_shares)
    cockpit.push_screen(prompt, given)


def undo(cockpit: Cockpit, target: TargetId) -> None:
    """The plan of a rollback."""
    cockpit.plan(Rollback(target))


def wrong_shares(words: str) -> str:
    """What is wrong with typed shares, "" for nothing."""
    try:
        return "" if read_shares(shlex.split(words)) else "name at least one share"
    except ValueError as error:
        return str(error)


def wrong_percent(text: str) -> str:
    """What is wrong with a typed percentage, "" for nothing."""
    try:
        read_percent(text.strip())
    except ValueError as error:
        return str(error)
    return ""


ON_TARGETS: Mapping[str, Callable[[Cockpit, TargetId], None]] = {
    "swap": swap,
    "traffic": traffic,
    "flag": flag,
    "undo": undo,
    **releasing.ON_RELEASES,
}
"""By deed, how it goes on once it is known what it is about."""
