"""What planning hands back before it becomes a `Plan`: the steps, and everything to tell about them."""

from __future__ import annotations

from quarterdeck.records import dataclass, replace
from quarterdeck.release.plan import Effect, Fuse, Risk, SettingMove, Step

UNKNOWN = Fuse(False, "unknown")


@dataclass(frozen=True, slots=True)
class Outline:
    """A plan without its identity, locks and times."""

    steps: tuple[Step, ...]
    effects: tuple[Effect, ...] = ()
    settings: tuple[SettingMove, ...] = ()
    risks: tuple[Risk, ...] = ()
    fuse: Fuse = UNKNOWN
    who_feels_it: str = ""
    undoes: str = ""


def numbered(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """The same steps with ids "1", "2", ... in their order."""
    return tuple(replace(step, id=str(number)) for number, step in enumerate(steps, 1))


def joined(outlines: tuple[Outline, ...], fuse: Fuse, who_feels_it: str) -> Outline:
    """Several outlines as one, steps one after the other, without telling the same thing twice."""
    return Outline(
        steps=numbered(tuple(step for outline in outlines for step in outline.steps)),
        effects=tuple(effect for outline in outlines for effect in outline.effects),
        settings=tuple(dict.fromkeys(move for outline in outlines for move in outline.settings)),
        risks=tuple(dict.fromkeys(risk for outline in outlines for risk in outline.risks)),
        fuse=fuse,
        who_feels_it=who_feels_it,
    )
