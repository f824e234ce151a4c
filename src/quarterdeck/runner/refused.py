"""What a request was about that is refused, as far as it says: it may be forged, or of another version."""

from __future__ import annotations

from quarterdeck.fleet.codec import from_json
from quarterdeck.release.action import Action
from quarterdeck.release.release_plan import Wish
from quarterdeck.store.base import Request


def id_named(request: Request) -> object:
    """The id of the operation, release or plan that it names; its own, if it names none."""
    named = (request.body.get(key) for key in ("operation", "release", "plan"))
    return next((name for name in named if name), request.id)


def target_named(request: Request) -> str:
    """The target that it names, "" if it names none."""
    action, wish = request.body.get("action"), request.body.get("wish")
    try:
        if wish:
            return ", ".join(str(one) for one in from_json(Wish, wish).targets[:1])
        return str(from_json(Action, action).target) if action else ""
    except ValueError:
        return ""
