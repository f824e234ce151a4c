"""What is said when the cockpit is left: work doesn't end with the window."""

from __future__ import annotations

from quarterdeck.release.picture import Picture
from quarterdeck.ui.pages import marks


def goes_on(picture: Picture) -> list[str]:
    """What doesn't end with this viewer, a line each."""
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
    return operations + releases
