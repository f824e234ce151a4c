"""`qd drill`: incidents to practise on, in a sandbox of their own, timed and scored."""

from __future__ import annotations

import random
import secrets
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, replace
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import Watched, connected
from quarterdeck.cli.drills import record, stage, telling
from quarterdeck.cli.drills.catalogue import DRILLS, named
from quarterdeck.cli.drills.drill import Drill
from quarterdeck.cli.drills.record import Record
from quarterdeck.cli.drills.scoring import Score, score
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.store.base import Event, Store
from quarterdeck.store.opening import open_store

_PAGE = 1000
_SEEDS = 1000


def configure(parser: ArgumentParser) -> None:
    """What to do with drills."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, prog="qd drill")
    deeds.add_parser("list", help="which there are").set_defaults(run=show_list)
    start_parser = deeds.add_parser("start", help="set one up, tell its story, and open the cockpit on it")
    start_parser.add_argument(
        "name", choices=[drill.name for drill in DRILLS], metavar="NAME", help="see qd drill list"
    )
    start_parser.add_argument("--seed", type=int, metavar="N", help="the same seed gives the same drill again")
    start_parser.add_argument("--headless", action="store_true", help="leave me at the shell instead of in the cockpit")
    start_parser.set_defaults(run=start)
    do_parser = deeds.add_parser("do", help="any command of qd, on the shop of the drill; without one, the cockpit")
    do_parser.usage = "qd drill do [COMMAND ...]"
    do_parser.set_defaults(run=do, takes_words="drill")
    deeds.add_parser("hint", help="the next hint; each costs points").set_defaults(run=hint)
    deeds.add_parser("score", help="how it stands; 5 while it isn't over").set_defaults(run=show_score)
    deeds.add_parser("end", help="the score, what you did, a good way, and an end to it").set_defaults(run=end)


def show_list(invocation: Invocation) -> ExitCode:
    """Print which there are."""
    if invocation.json:
        found = [{"name": drill.name, "title": drill.title, "par_seconds": drill.par} for drill in DRILLS]
        output.document("drills", {"drills": found})
        return ExitCode.DONE
    for drill in DRILLS:
        output.data(f"{drill.name:14} {drill.title}")
    return ExitCode.DONE


def start(invocation: Invocation) -> int:
    """Set one up and hand it over."""
    given = invocation.arguments
    drill = _drill(given.name)
    if not given.headless and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandError(ExitCode.USAGE, "the cockpit needs a terminal", f"qd drill start {drill.name} --headless")
    seed = secrets.randbelow(_SEEDS) if given.seed is None else given.seed
    output.narrate(f"setting up {drill.name} in a sandbox; nothing real is touched ...")
    begun = _set_up(drill, seed)
    for line in telling.story_lines(drill, begun.facts, seed):
        output.data(line)
    if given.headless:
        output.narrate("\n".join(telling.how_lines()))
        return ExitCode.DONE
    output.narrate("Enter opens the cockpit; leave it with q to see the score")
    sys.stdin.readline()
    code = do(replace(invocation, words=()))
    drill, current, how = _judged()
    _print_score(drill, current, how, json=False, debrief=how.recovered is not None)
    if how.recovered is None:
        output.narrate("\n".join(telling.how_lines()))
    return code


def _set_up(drill: Drill, seed: int) -> Record:
    record.forget()
    where = stage.invocation()
    stage.lay_out()
    with connected(where) as fleet:
        acts = stage.Stage(fleet, stage.existing_world(), random.Random(seed))  # noqa: S311  no secret
        facts = drill.set_up(acts)
        newest = fleet.store.events(limit=1, newest_first=True)
        begun = Record(drill.name, seed, facts, time.time(), acts.world.now(), newest[0].seq)
    begun.keep()
    return begun


def do(invocation: Invocation) -> int:
    """Run any command on the shop of the drill."""
    from quarterdeck.cli.nested import parsed_for

    record.current()
    run, inner = parsed_for(replace(stage.invocation(), read_only=invocation.read_only), invocation.words)
    return run(replace(inner, json=inner.json or invocation.json))


def hint(invocation: Invocation) -> ExitCode:
    """Give the next one."""
    current = record.current()
    drill = _drill(current.name)
    if current.hints >= len(drill.hints):
        output.narrate("there are no more hints: the last one was the answer")
        return ExitCode.DONE
    replace(current, hints=current.hints + 1).keep()
    output.data(drill.hints[current.hints].format_map(current.facts))
    return ExitCode.DONE


def show_score(invocation: Invocation) -> ExitCode:
    """How it stands."""
    drill, current, how = _judged()
    _print_score(drill, current, how, json=invocation.json, debrief=how.recovered is not None)
    return ExitCode.DONE if how.recovered is not None else ExitCode.NEEDS_OPERATOR


def end(invocation: Invocation) -> ExitCode:
    """The score and what there is to learn, and the sandbox is ended."""
    record.current()
    try:
        _print_score(*_judged(), json=invocation.json, debrief=True)
    finally:
        stage.clear_away()
        record.forget()
    return ExitCode.DONE


def _judged() -> tuple[Drill, Record, Score]:
    """How the drill stands. Starts no runner: that may be what has to be done."""
    current = record.current()
    drill, where = _drill(current.name), stage.invocation()
    world = stage.existing_world()
    path = where.store_path()
    with closing(open_store(path, create=False)) as store:
        missing = drill.missing(stage.look(Watched(where, store, path), world), current.facts)
        events = _events(store, current.seq)
    how = score(drill, current.facts, events, current.began, current.hints, missing)
    until = world.now() if how.recovered is None else current.world_began + how.recovered
    return drill, current, replace(how, failed=world.failed_requests(current.world_began, until))


def _events(store: Store, after: int) -> list[Event]:
    found: list[Event] = []
    while page := store.events(after=found[-1].seq if found else after, limit=_PAGE):
        found.extend(page)
    return found


def _print_score(drill: Drill, current: Record, how: Score, *, json: bool, debrief: bool) -> None:
    if json:
        output.document("drill-score", _score_json(drill, current, how))
        return
    lines = [*telling.score_lines(drill, how)]
    lines += telling.debrief_lines(drill, current.facts, how) if debrief else ()
    output.data("\n".join(lines))


def _score_json(drill: Drill, current: Record, how: Score) -> Mapping[str, Any]:
    return {
        "drill": drill.name,
        "seed": current.seed,
        "detected_after": how.detected,
        "acted_after": how.acted,
        "recovered_after": how.recovered,
        "missing": how.missing or None,
        "failed_requests": round(how.failed),
        "hints": how.hints,
        "wrong_moves": how.wrong,
        "points": how.points,
        "moves": [asdict(move) for move in how.moves],
    }


def _drill(name: str) -> Drill:
    found = named(name)
    if found is None:
        raise CommandError(ExitCode.USAGE, f"there is no drill {name!r} in this version", "qd drill list")
    return found
