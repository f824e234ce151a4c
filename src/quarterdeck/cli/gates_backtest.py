"""`qd gates backtest GATE`: what a gate with another threshold would have said of the releases on record."""

from __future__ import annotations

import argparse
from argparse import ArgumentParser
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.passages import wrapped
from quarterdeck.cli.times import clock
from quarterdeck.release.backtest import Backtested, Recorded, backtest, samples_of, summary
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.rollout import BACKGROUND, Release
from quarterdeck.release.rule_text import gate_words
from quarterdeck.store.base import Store

_PAGE = 1000


def configure_backtest(deeds: Any) -> None:
    """Which gate, with which threshold, over how many releases."""
    parser: ArgumentParser = deeds.add_parser("backtest", help="what another threshold would have said")
    parser.add_argument("gate", metavar="GATE", help="as the configuration calls it")
    parser.add_argument("--success-condition", type=_condition, metavar="TEXT", help="for example: 'result < 0.005'")
    parser.add_argument("--failure-condition", type=_condition, metavar="TEXT", help="what makes it fail, if not that")
    parser.add_argument("--count", type=_number, metavar="N", help="how many samples must pass")
    parser.add_argument("--failure-limit", type=_number, metavar="N", help="how many samples may fail")
    parser.add_argument("--inconclusive-limit", type=_number, metavar="N", help="how many may say nothing")
    parser.add_argument("--last", type=_number, default=20, metavar="N", help="so many releases (default: %(default)s)")
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Judge the last releases again."""
    given = invocation.arguments
    with existing_store(invocation) as store:
        releases = [one for one in store.releases(limit=1000) if _asks(one, given.gate)][: given.last]
        gate = _changed(_find(store, releases, given.gate), given)
        rows = backtest(gate, [Recorded(one, samples_of(_sampled(store, one.id))) for one in releases])
    if invocation.json:
        found = [{**asdict(row), "differs": row.differs} for row in rows]
        output.document("backtest", {"gate": gate.name, "summary": summary(gate, rows), "releases": found})
        return ExitCode.DONE
    output.data("\n".join(wrapped(f"{gate.name}: {gate_words(gate)}", "", limit=600)))
    for row in rows:
        output.data("\n".join(_lines(row)))
    output.data("\n".join(wrapped(summary(gate, rows), "", limit=600)))
    return ExitCode.DONE


def _lines(row: Backtested) -> Iterator[str]:
    mark = "!" if row.differs else " "
    ended = (row.ending or "running").replace("_", " ")
    step = "in the background" if row.step == BACKGROUND else f"at step {row.step}"
    yield from wrapped(f"{row.release}  {row.title}  would {row.would}, did {row.did}; it {_ended(ended)}", f"{mark} ")
    yield from wrapped(f"{step}, sample {row.sample} of {row.of}, {clock(row.at)}: {row.why}", "      ", limit=400)


def _ended(ending: str) -> str:
    return {"running": "is running", "needs operator": "needed an operator", "rolled back": "was rolled back"}.get(
        ending, ending
    )


def _asks(release: Release, gate: str) -> bool:
    return release.plan.gate(gate) is not None


def _find(store: Store, releases: Sequence[Release], name: str) -> GateSpec:
    """The gate as the configuration has it now; one that it has no more, as the last release had it."""
    found = store.rules().gate(name) or next((one.plan.gate(name) for one in releases), None)
    if found is None:
        known = ", ".join(gate.name for gate in store.rules().gates) or "none"
        raise CommandError(ExitCode.USAGE, f"there is no gate {name!r}", f"there are: {known}")
    return found


def _changed(gate: GateSpec, given: argparse.Namespace) -> GateSpec:
    """The gate with the threshold that is tried. Another success condition is the only one, unless both are given."""
    changes: dict[str, Any] = {}
    if given.success_condition is not None:
        changes |= {"success": given.success_condition, "failure": given.failure_condition or ""}
    elif given.failure_condition is not None:
        changes["failure"] = given.failure_condition
    for name in ("count", "failure_limit", "inconclusive_limit"):
        if (number := getattr(given, name)) is not None:
            changes[name] = number
    return replace(gate, **changes)


def _sampled(store: Store, release: str) -> Iterator[Mapping[str, Any]]:
    after = 0
    while page := store.events(after=after, operation=release, limit=_PAGE):
        yield from (event.body for event in page if event.kind == "release.sampled")
        after = page[-1].seq


def _condition(text: str) -> str:
    from quarterdeck.release.condition import check

    try:
        check(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error}") from error
    return text


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 6:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 999999")
    return int(text)
