"""Releases as the store shows them, judged now, and what may be told to them next."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.topology import Fleet
from quarterdeck.release.paint_releases import view_releases
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.release.rollout import Release
from quarterdeck.store.base import Store


def views(store: Store, releases: Sequence[Release], now: float) -> tuple[ReleaseView, ...]:
    """Releases judged at a moment, the open ones first; all open ones are there, because they judge each other."""
    known = {release.id for release in releases}
    others = [one for one in store.releases(open_only=True) if one.id not in known]
    fleet = store.fleet() or Fleet("")
    operations = store.operations(open_only=True)
    seen = view_releases((*releases, *others), operations, fleet, store.rules(), store.guards(), now)
    return tuple(view for view in seen if view.id in known)


def view_of(store: Store, release: Release, now: float) -> ReleaseView:
    """One release judged at a moment."""
    return views(store, (release,), now)[0]


def next_words(view: ReleaseView) -> str:
    """The commands that a release waits for or takes now, in one line; "" for none."""
    name = view.id
    match view.state:
        case "needs operator":
            return "answer it with: " + " | ".join(f"qd release {order_words(one)} {name}" for one in view.choices)
        case "confirming":
            return f"keep it with: qd release confirm {name}; take it back with: qd release abort {name}"
        case "paused":
            return f"go on with: qd release resume {name}; take it back with: qd release abort {name}"
        case "waiting" if view.current is not None and view.current.asked is not None:
            return f"answer it with: qd approve {name} | qd reject {name} --reason TEXT"
        case "waiting":
            return f"go on with: qd release promote {name}; take it back with: qd release abort {name}"
        case "running" | "hindered" | "recovering":
            return f"follow it with: qd release follow {name}"
        case "succeeded" if view.hotfix:
            return "what it left to be done: qd hotfix debts"
        case _:
            return ""


def order_words(order: str) -> str:
    """An order as it is typed."""
    return "promote --full" if order == "promote_full" else order
