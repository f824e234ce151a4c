"""Several plans as one text, each with what it changes, what could go wrong and the way back; and how far they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.picture import Picture
from quarterdeck.release.plan import Plan, Refusal
from quarterdeck.ui.bulk.chain import Chain, Link, State
from quarterdeck.ui.pages import marks
from quarterdeck.ui.pages.plan import fuse_lines, gravest_first
from quarterdeck.ui.pages.telling import Told
from quarterdeck.ui.spans import Line, Span, line, wrap

_EFFECTS = 4
"""Changes of one plan that are told; the plan alone tells all of them."""
_HOW = (
    "One after another, in this order; the first that doesn't succeed ends it. If this cockpit ends, the rest isn't "
    "begun either."
)

LINK: Mapping[State, Span] = {
    "waiting": ("· waits", "dim"),
    "planning": ("▸ planning", "moving"),
    "confirming": ("▸ confirming", "moving"),
    "running": ("▸ running", "moving"),
    "done": ("✓ done", "ok"),
    "stopped": ("✗ stopped", "danger"),
    "not begun": ("○ not begun", "attention"),
}


def told_of(plans: Sequence[Plan], left_out: Sequence[tuple[TargetId, str]], cells: int) -> Told:
    """What a yes would do, in the order in which it would be done, and what is left out and why.

    Nobody may say yes who hasn't had in sight what could go wrong with any of them.
    """
    sections: list[list[Line]] = []
    if len(plans) > 1:
        sections.append(wrap(_HOW, cells, word="dim"))
    if left_out:
        lines = [line(("LEFT OUT", "heading"), (f"  {len(left_out)}: nothing is done to these", "attention"))]
        for target, why in left_out:
            lines += wrap(clean(why, 400), cells, first=line(("  ✗ ", "danger"), (marks.name(target), "title"), "  "))
        sections.append(lines)
    risky = max((number for number, plan in enumerate(plans, 1) if _warns(plan)), default=0)
    told = [[*_plan(number, plan, cells)] for number, plan in enumerate(plans, 1)]
    if plans:
        by_hand = [line(("SAME BY HAND", "heading"))]
        for plan in plans:
            by_hand += wrap(clean(plan.command, 600), cells, first=line("  "), word="dim")
        told.append(by_hand)
    return Told([*sections, *told[:risky]], told[risky:]) if risky else Told(more=[*sections, *told])


def _warns(plan: Plan) -> bool:
    return (not plan.fuse.possible and plan.fuse.lack == "gone") or any(risk.severity != "info" for risk in plan.risks)


def reason_of(refusal: Refusal) -> str:
    """Why something is left out, in one sentence."""
    if refusal.code == "unchanged":
        return f"nothing to do: {refusal.message}"
    return f"refused ({refusal.code}): {refusal.message}" + (f"; {refusal.hint}" if refusal.hint else "")


def chain_lines(chain: Chain, picture: Picture, cells: int) -> list[Line]:
    """Each plan with how far it is."""
    lines: list[Line] = []
    for number, link in enumerate(chain.links, 1):
        state, word = LINK[link.state]
        first = line((f" {number:>2}. ", "dim"), (f"{state:<13} ", word))
        lines += wrap(clean(link.what, 200), cells, first=first)
        if told := _about(link, picture):
            lines += wrap(clean(told, 400), cells, first=line(" " * 19), word="dim")
    return lines


def chain_state(chain: Chain) -> str:
    """The whole in a few words."""
    done = sum(link.state == "done" for link in chain.links)
    told = f"{done} of {len(chain.links)} done"
    rest = sum(link.state == "not begun" for link in chain.links)
    return f"{told}, {rest} not begun" if rest else told


def _plan(number: int, plan: Plan, cells: int) -> Iterator[Line]:
    target = plan.action.target
    protected = ((f"  {clean(plan.type_to_confirm, 60)} is protected", "protected"),) if plan.type_to_confirm else ()
    what = clean(plan.command.removeprefix("qd "), 200) or marks.name(target)
    yield line((f"{number:>2}. ", "dim"), (what, "title"), *protected)
    for effect in plan.effects[:_EFFECTS]:
        change = f"{clean(effect.before, 100) or '(none)'}  ->  {clean(effect.after, 100) or '(none)'}"
        where = f"{clean(effect.where, 100)}, " if effect.where not in (str(target), "") else ""
        yield from wrap(f"{where}{clean(effect.what, 60)}: {change}", cells, first=line("    "))
    if len(plan.effects) > _EFFECTS:
        yield line((f"    and {len(plan.effects) - _EFFECTS} more changes: plan it alone to see them", "attention"))
    for risk in gravest_first(plan.risks):
        yield from wrap(clean(risk.text, 400), cells, first=line("    ", marks.SEVERITY[risk.severity], " "))
    for told in fuse_lines(plan.fuse, cells - 2):
        yield (("  ", "text"), *told)


def _about(link: Link, picture: Picture) -> str:
    if link.told:
        return link.told
    view = picture.operation(link.operation) if link.state == "running" else None
    return f"{view.progress} {view.step}" if view is not None else ""
