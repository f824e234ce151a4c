"""What a drill is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from quarterdeck.release.operation import Operation
from quarterdeck.release.rollout import Release

if TYPE_CHECKING:
    from quarterdeck.cli.drills.stage import Stage

Facts = Mapping[str, str]
"""What the set-up chose, by name: `target` is the ENV/SERVICE (or flag) that the trouble is about; the texts of a drill
name the others in braces."""


@dataclass(frozen=True, slots=True)
class Seen:
    """How things are: the sandbox's world as its control interface tells it, and what of ours is open."""

    world: Mapping[str, Any]
    operations: Sequence[Operation] = ()
    releases: Sequence[Release] = ()

    def slot(self, site: str, name: str = "production") -> Mapping[str, Any]:
        """A slot of a site; slots are those of `sandbox.world.snapshot`."""
        found: Mapping[str, Any] = next(one for one in self.world["sites"] if one["name"] == site)["slots"][name]
        return found

    def version(self, site: str) -> str:
        """What users get from a site."""
        return str(self.slot(site)["build"]["version"])

    def share(self, site: str, slot: str) -> float:
        """The part (0 to 1) of a site's new clients that a slot gets."""
        weights = next(one for one in self.world["sites"] if one["name"] == site)["weights"]
        return float(weights.get(slot, 0.0))

    def half_done(self) -> str:
        """What of ours has begun and has no end yet, "" if nothing."""
        for one in self.operations:
            return f"operation {one.id} on {one.plan.action.target} has no end yet"
        for release in self.releases:
            return f"release {release.id} of {release.plan.environment} has no end yet"
        return ""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Moves that are wrong: a regular expression for the command, with names of facts in `<>`, and why they are."""

    command: str
    why: str


@dataclass(frozen=True, slots=True)
class Drill:
    """One drill. Texts name facts in braces.

    Attributes:
        story: what somebody on call would be told, three lines.
        set_up: brings the shop into the bad state, in other people's names, and says what it chose.
        missing: what is still not as it has to be, "" when all is.
        right: a regular expression for the commands that help, with names of facts in `<>`. A new runner's taking over
            is the command `(a runner takes over)`.
        wrong: what makes it worse or doesn't help; a move on another target than `target` is always wrong.
        hints: from a nudge to the answer.
        path: a good way, as commands after `qd drill do`, with what each is for.
        lesson: what to take home, in a sentence or two.
        par: seconds that somebody with practice takes.
    """

    name: str
    title: str
    story: tuple[str, str, str]
    set_up: Callable[[Stage], Facts]
    missing: Callable[[Seen, Facts], str]
    right: str
    wrong: tuple[Pattern, ...]
    hints: tuple[str, ...]
    path: tuple[tuple[str, str], ...]
    lesson: str
    par: float
