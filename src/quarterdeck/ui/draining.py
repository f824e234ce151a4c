"""Who still meets what a release has taken away: nobody is told that all is as before while it isn't."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui.pages import marks

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def still_draining(cockpit: Cockpit, release: ReleaseView | None) -> str:
    """How many of its clients are at most still where it had sent them, and until when; "" if it didn't go back or
    nobody is left."""
    if release is None or release.recovery is None:
        return ""
    from quarterdeck.release.drain import drains

    sight, now = cockpit.sight, cockpit.picture.at
    fleet, observations = sight.fleet or Fleet(""), sight.observations or {}
    operations = [one for one in sight.operations if one.release == release.id]
    found = [
        drain
        for target in release.targets
        for drain in drains(target, operations, fleet=fleet, observations=observations, now=now)
    ]
    if not found:
        return ""
    most, last = max(one.share for one in found), max(one.ends_at for one in found)
    return f"up to {marks.percent(most)} of the clients stay where it had sent them until {marks.clock_minute(last)}"
