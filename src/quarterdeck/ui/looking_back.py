"""Looking back to a moment that is typed: on the command line, or where the past is shown already."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.release.moments import past_moment
from quarterdeck.store.base import StoreError

if TYPE_CHECKING:
    from quarterdeck.ui.cockpit import Cockpit


def wrong(text: str, now: float) -> str:
    """What is wrong with a moment, "" if one can look back to it."""
    try:
        return "" if past_moment(text, now) <= now else "that is still to come"
    except ValueError as error:
        return str(error)


def look(cockpit: Cockpit, text: str) -> None:
    """Show the fleet as it was at a moment in which nothing is wrong."""
    from quarterdeck.ui.screens.past import AsItWas

    moment = past_moment(text, cockpit.settings.clock.now())
    try:
        seq = cockpit.sight.hindsight().line_at(moment)
    except StoreError as error:
        cockpit.say(f"{error}. {error.hint}")
        return
    cockpit.push_screen(AsItWas(seq, moment=moment))
