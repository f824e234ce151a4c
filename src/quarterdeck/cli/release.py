"""`qd release ...`: start a release, look at it, follow it, tell it something."""

from __future__ import annotations

import argparse
import time
from argparse import ArgumentParser
from collections.abc import Callable

from quarterdeck.cli import output, wishing
from quarterdeck.cli.connected import Watched, connected, existing_store, tell_if_nobody_goes_on
from quarterdeck.cli.exit_codes import ExitCode, of_ending
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.patience import wait_for
from quarterdeck.cli.release_finding import find_release
from quarterdeck.cli.release_following import WELL, conclude, follow_release
from quarterdeck.cli.release_json import release_json
from quarterdeck.cli.release_orders import configure_orders
from quarterdeck.cli.release_text import release_line, release_lines, watch_lines
from quarterdeck.cli.release_views import view_of, views
from quarterdeck.cli.status import REPAINT_SECONDS
from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.release_plan import Wish

RECENT = 20


def configure(parser: ArgumentParser) -> None:
    """What to do with which release."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True, prog="qd release")
    wishing.configure_beginning(
        deeds,
        configure_wish,
        start,
        show_plan,
        start_help="propose one, show it whole, start it, follow it",
        plan_help="show how one would go; starts nothing",
    )
    deeds.add_parser("list", help="open and past releases").set_defaults(run=list_releases)
    show_parser = deeds.add_parser("show", help="one release: steps, gates, who was asked, what it waits for")
    configure_id(show_parser)
    show_parser.add_argument("--watch", action="store_true", help="print it again whenever something changes")
    show_parser.set_defaults(run=show)
    follow_parser = deeds.add_parser("follow", help="print its events until it has ended")
    configure_id(follow_parser)
    wishing.configure_waiting(follow_parser)
    follow_parser.set_defaults(run=follow)
    configure_orders(deeds, configure_id)


def configure_id(parser: ArgumentParser) -> None:
    """Which release."""
    parser.add_argument("release", metavar="ID", help="its id, the beginning of it, or ENV/SERVICE for its open one")


def configure_wish(parser: ArgumentParser) -> None:
    """What is to be released, and how."""
    parser.add_argument(
        "targets",
        nargs="+",
        type=service,
        metavar="ENV/SERVICE",
        help="several are released in the order of their needs",
    )
    parser.add_argument(
        "--version", default="", metavar="V", help="what is to serve users (default: what the slot to swap from holds)"
    )
    parser.add_argument("--strategy", default="", metavar="NAME", help="how (default: each service's usual one)")
    parser.add_argument(
        "--supersede", action="store_true", help="a release of the same services that changed nothing yet gives way"
    )
    wishing.configure_conditions(parser)


def service(text: str) -> TargetId:
    """An argparse type: a service as a whole."""
    try:
        target = TargetId.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if target.flag or target.region:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole service: write ENV/SERVICE")
    return target


def start(invocation: Invocation) -> ExitCode:
    """Start one."""
    given = invocation.arguments
    return wishing.start(invocation, _wish(given), wishing.patience_of(given))


def show_plan(invocation: Invocation) -> ExitCode:
    """Show how one would go."""
    return wishing.show(invocation, _wish(invocation.arguments))


def _wish(given: argparse.Namespace) -> Wish:
    return Wish(
        tuple(dict.fromkeys(given.targets)),
        version=given.version,
        strategy=given.strategy,
        confirm_within=given.confirm_within,
        supersede=given.supersede,
        override=given.override,
    )


def list_releases(invocation: Invocation) -> ExitCode:
    """The open ones, and the last that have ended."""
    with existing_store(invocation) as store:
        found = {one.id: one for one in (*store.releases(open_only=True), *store.releases(limit=RECENT))}
        if invocation.json:
            output.document("releases", {"releases": [release_json(store, one) for one in found.values()]})
            return ExitCode.DONE
        seen = views(store, tuple(found.values()), time.time())
        if any(one.ending is None for one in found.values()):
            tell_if_nobody_goes_on(store)
    for view in seen:
        output.data("\n".join(release_line(view)))
    if not seen:
        output.narrate("no release yet: qd release start ENV/SERVICE")
    return ExitCode.DONE


def show(invocation: Invocation) -> ExitCode:
    """Print one; again and again while somebody watches."""
    wanted = invocation.arguments.release
    if invocation.arguments.watch:
        with connected(invocation) as fleet:
            return _watch(fleet, invocation)
    with existing_store(invocation) as store:
        release = find_release(store, wanted)
        if invocation.json:
            output.document("release", {"release": release_json(store, release)})
        else:
            output.data("\n".join(release_lines(view_of(store, release, time.time()))))
        if release.ending is None:
            tell_if_nobody_goes_on(store)
    return of_ending(release.ending) if release.ending else ExitCode.DONE


def _watch(fleet: Watched, invocation: Invocation) -> ExitCode:
    """Until it has ended."""
    release = find_release(fleet.store, invocation.arguments.release)
    while True:
        current = fleet.store.release(release.id) or release
        if invocation.json:
            output.document("release", {"release": release_json(fleet.store, current)})
        else:
            output.again("\n".join(watch_lines(view_of(fleet.store, current, time.time()))))
        if current.ending is not None:
            return of_ending(current.ending)
        wait_for(fleet.store, _changed(fleet, current.id), REPAINT_SECONDS)
        fleet.keep_going()


def _changed(fleet: Watched, release_id: str) -> Callable[[], bool | None]:
    """Looks whether something was written about a release."""

    def newest() -> int:
        found = fleet.store.events(operation=release_id, limit=1, newest_first=True)
        return found[0].seq if found else 0

    before = newest()
    return lambda: True if newest() != before else None


def follow(invocation: Invocation) -> ExitCode:
    """Print what happens from the start of it, to its end."""
    with existing_store(invocation) as store:
        release = find_release(store, invocation.arguments.release)
    patience = wishing.patience_of(invocation.arguments)
    with connected(invocation) as fleet:
        if release.ending is not None or patience is None:
            return conclude(fleet, release, WELL, json=invocation.json)
        return follow_release(fleet, release.id, patience, json=invocation.json)
