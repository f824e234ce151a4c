"""`qd gates`: one inbox of everything that waits for a person or a gate; and what another threshold would have done."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator

from quarterdeck.cli import output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.gates_backtest import configure_backtest
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.passages import answer_lines, wrapped
from quarterdeck.cli.release_json import release_json
from quarterdeck.cli.status_json import item_json
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.pipeline_view import unread
from quarterdeck.release.standing_view import InboxItem

_WORDS = {
    "confirm": "CONFIRM",
    "needs you": "NEEDS YOU",
    "failing": "GATE FAILING",
    "undecided": "GATE UNDECIDED",
    "approval": "APPROVAL",
    "pause": "PAUSE",
    "hindered": "HELD UP",
    "gate": "gate",
    "by itself": "by itself",
    "debt": "debt",
}


def configure(parser: ArgumentParser) -> None:
    """The inbox, or a back-test."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", prog="qd gates")
    deeds.add_parser("list", help="what waits, the most urgent first (the default)").set_defaults(run=show)
    configure_backtest(deeds)
    parser.set_defaults(run=show)


def show(invocation: Invocation) -> ExitCode:
    """Print what waits."""
    with connected(invocation) as fleet:
        seen = fleet.picture()
        if invocation.json:
            releases = fleet.store.releases(open_only=True)
            body = {
                "inbox": [item_json(item) for item in seen.inbox],
                "releases": [release_json(fleet.store, one) for one in releases],
                "unread": [str(target) for target, _ in unread(seen.pipelines)],
            }
            output.document("gates", body)
            return ExitCode.DONE
    for item in seen.inbox:
        output.data("\n".join(item_lines(item)))
    unknown = list(unread(seen.pipelines))
    if not seen.inbox:
        where = " as far as is known" if unknown else ""
        output.data(f"nothing waits for a person or a gate{where}")
    for target, known in unknown:
        output.data("\n".join(_unread_lines(target, known)))
    return ExitCode.DONE


def _unread_lines(target: TargetId, known: Knowledge) -> Iterator[str]:
    if known.trouble is None:
        yield f"! {target} has not been read yet: what waits there isn't known"
        return
    since = f"what waited there {known.age} ago is shown" if known.age else "what waits there isn't known"
    yield from wrapped(f"! {target} can't be read; {since}: {known.trouble.message}", "")
    if known.trouble.hint:
        yield from wrapped(known.trouble.hint, "    -> ", limit=500)


def item_lines(item: InboxItem) -> Iterator[str]:
    """One thing that waits: what, since when, what it blocks, what is known, who may, and how to answer."""
    where = f"  {item.target.environment}" if item.target is not None else ""
    since = "" if not item.age else "  just now" if item.age == "now" else f"  for {item.age}"
    yield from wrapped(f"{_WORDS[item.kind]}  {item.title}{where}{since}", "", hang=4)
    yield from wrapped(item.waits, "    ")
    if item.so_far:
        yield from wrapped(f"so far: {item.so_far}", "    ")
    if item.expires:
        ends = "taken back" if item.kind == "confirm" else "fails by itself" if item.run else "ends by itself"
        yield f"    {ends} in {clean(item.expires)}"
    if item.next_in:
        yield f"    next sample in {clean(item.next_in)}"
    if item.blocks:
        yield from wrapped(f"blocks: {item.blocks}", "    ")
    if item.who:
        yield from wrapped(f"who may: {item.who}", "    ")
    for line in item.evidence:
        yield from wrapped(line, "    - ", limit=500)
    for line in item.warnings:
        yield from wrapped(f"WARNING: {line}", "    ! ", limit=500)
    if item.twin:
        yield from answer_lines(item.twin, "    ")
    if item.link:
        yield f"    see {item.link}"  # whole: a terminal opens it
