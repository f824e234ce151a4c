"""What is said when the cockpit is left: work doesn't end with the window."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.picture import Picture
from quarterdeck.ui.pages import marks


def goes_on(picture: Picture, rest: Sequence[str] = ()) -> list[str]:
    """What doesn't end with this viewer, a line each; and what does: `rest` would only have been begun by it."""
    operations = [
        f"{'waits for you' if one.state == 'needs_operator' else 'goes on running'}: "
        f"{marks.what(one)} {marks.name(one.target)} {one.progress} ({one.id})"
        for one in picture.operations
        if one.open
    ]
    releases = [
        f"goes on: release {one.title} in {one.environment}, {one.short} ({one.id})"
        for one in picture.releases
        if one.open
    ]
    return operations + releases + [f"not begun, and won't be: {clean(one, 200)}" for one in rest]
