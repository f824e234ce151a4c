"""A drill in words: its story, how it went, and what a good way would have been."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from quarterdeck.cli.drills.drill import Drill, Facts
from quarterdeck.cli.drills.scoring import Score
from quarterdeck.cli.passages import wrapped
from quarterdeck.release.freshness import length


def story_lines(drill: Drill, facts: Facts, seed: int) -> Iterator[str]:
    """What somebody on call is told."""
    yield f"drill {drill.name}: {drill.title} (seed {seed})"
    yield from (line.format_map(facts) for line in drill.story)


def how_lines() -> Iterator[str]:
    """How to play it at a shell."""
    yield "qd drill do COMMAND ...   any command of qd, on the shop of the drill; without one, the cockpit"
    yield "qd drill hint             the next hint; each costs points"
    yield "qd drill score            how it stands"
    yield "qd drill end              the score, a good way, and an end to it"


def score_lines(drill: Drill, score: Score) -> Iterator[str]:
    """Times, moves, points."""
    yield f"drill {drill.name}: " + ("recovered" if score.recovered is not None else f"not over: {score.missing}")
    yield f"  noticed where it is   {_time(score.detected)}"
    yield f"  first right move      {_time(score.acted)}"
    yield f"  everything recovered  {_time(score.recovered)}   (par {length(drill.par)})"
    yield f"  failed requests       {score.failed:,.0f}"
    yield f"  wrong moves           {score.wrong}"
    yield f"  hints                 {score.hints}"
    yield f"  points                {score.points} of 100"


def debrief_lines(drill: Drill, facts: Facts, score: Score) -> Iterator[str]:
    """What was done, what a good way would have been, what to take home."""
    yield "what you did"
    for move in score.moves:
        why = f": {move.why}" if move.why else ""
        yield from wrapped(f"{_time(move.after):>6} {move.verdict}: {move.command}{why}", "  ", hang=8)
    if not score.moves:
        yield "  nothing"
    yield "a good way"
    for command, purpose in drill.path:
        yield f"  qd drill do {_filled(command, facts)}"
        yield f"      {purpose}"
    yield from wrapped(drill.lesson, "", hang=0)


def _filled(command: str, facts: Facts) -> str:
    return shlex.join(word.format_map(facts) for word in shlex.split(command))


def _time(seconds: float | None) -> str:
    return "-" if seconds is None else length(seconds)
