"""`qd conn`: who is in control of what; take it, offer it, give it up."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from dataclasses import asdict

from quarterdeck.cli import confirming, output
from quarterdeck.cli.connected import connected
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.guard_asking import scope, tell
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.times import shown
from quarterdeck.fleet.text import clean
from quarterdeck.release.clearance import spoken, typed
from quarterdeck.release.freshness import about
from quarterdeck.release.guards import Conn


def configure(parser: ArgumentParser) -> None:
    """What about the conn of which scope."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", prog="qd conn")
    deeds.add_parser("show", help="who has it, since when, why (the default)").set_defaults(run=show)
    take_parser = deeds.add_parser("take", help="take it; from somebody else only with a reason")
    take_parser.add_argument("scope", type=scope, metavar="SCOPE", help="all, ENV or ENV/SERVICE")
    confirming.reason(take_parser)
    take_parser.set_defaults(run=take)
    offer_parser = deeds.add_parser("offer", help="let somebody else take it without a reason")
    offer_parser.add_argument("scope", type=scope, metavar="SCOPE")
    offer_parser.add_argument("--to", required=True, metavar="WHO", help="user or user@host")
    confirming.reason(offer_parser)
    offer_parser.set_defaults(run=offer)
    give_parser = deeds.add_parser("give", help="give it up; then nobody has it")
    give_parser.add_argument("scope", type=scope, metavar="SCOPE")
    confirming.reason(give_parser)
    give_parser.set_defaults(run=give)
    parser.set_defaults(run=show)


def show(invocation: Invocation) -> ExitCode:
    """Who has the conn of what."""
    with connected(invocation) as fleet:
        conns = fleet.store.guards().conns
    if invocation.json:
        output.document("conns", {"conns": [{**asdict(one), "offered_to": one.offered_to or None} for one in conns]})
        return ExitCode.DONE
    for conn in conns:
        output.data(conn_line(conn, time.time()))
    if not conns:
        output.data("nobody has the conn of anything: qd conn take all | ENV | ENV/SERVICE")
    return ExitCode.DONE


def conn_line(conn: Conn, now: float) -> str:
    """One conn in one line."""
    why = f": {clean(conn.reason)}" if conn.reason else ""
    offered = f"; offered to {clean(conn.offered_to)}" if conn.offered_to else ""
    since = f"since {shown(conn.since)} ({about(now - conn.since)})"
    return f"{clean(spoken(conn.scope))}: {clean(conn.holder)} {since}{why}{offered}"


def take(invocation: Invocation) -> ExitCode:
    """Take it."""
    given = invocation.arguments
    after = f"hand it over with: qd conn offer {typed(given.scope)} --to WHO"
    return tell(invocation, "take", given.reason, after, scope=given.scope)


def offer(invocation: Invocation) -> ExitCode:
    """Offer it."""
    given = invocation.arguments
    after = f"they take it with: qd conn take {typed(given.scope)}"
    return tell(invocation, "offer", given.reason, after, scope=given.scope, to=given.to)


def give(invocation: Invocation) -> ExitCode:
    """Give it up."""
    given = invocation.arguments
    return tell(invocation, "give", given.reason, scope=given.scope)
