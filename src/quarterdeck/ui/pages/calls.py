"""When the cockpit calls for a person who looks elsewhere, and with what words: from one picture to the next. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.inbox import NEEDS_A_PERSON
from quarterdeck.release.picture import Picture
from quarterdeck.release.release_view import ReleaseView
from quarterdeck.ui.preferences import Attention

CALL_SECONDS = 10.0
"""Between two bells, and two notifications, at least."""
AGAIN_SECONDS = 900.0
"""What was called for isn't called for again within: what comes and goes must not ring all night."""
ABSENT_SECONDS = 10.0
"""A runner that is gone for less is only being replaced."""

RUNNER = "runner"
_TITLE, _TEXT = 80, 120
_ENDED: Mapping[str, str] = {
    "succeeded": "succeeded", "failed": "failed, nothing changed", "rolled back": "was rolled back",
    "abandoned": "was abandoned",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Call:
    """What is sent to the terminal. `notice` is the text of a notification, "" for none; `title` that of the window,
    None if it stays."""

    bell: bool = False
    notice: str = ""
    title: str | None = None


SILENCE = Call()


class Crier:
    """Remembers what was called for. Nothing is for what was so before it came."""

    def __init__(self, wanted: Attention, picture: Picture, me: str = "") -> None:
        """`me` is whoever sits here (user@host): what they have paused themselves isn't called for."""
        self._wanted = wanted
        self._me = me
        self._told: dict[str, float] = dict.fromkeys(_calling(picture, me), picture.at)
        self._open = {one.id for one in picture.releases if one.open}
        self._pending: dict[str, str] = {}
        self._called_at = float("-inf")
        self._absent_since: float | None = None if picture.runner.alive else float("-inf")
        self._title: str | None = None

    def hear(self, picture: Picture, clock: str) -> Call:
        """What to call for now that this is the picture; `clock` is the local time, `HH:MM`."""
        found = {**_calling(picture, self._me), **self._ended(picture), **self._absent(picture)}
        self._told = {key: at for key, at in self._told.items() if key in found or picture.at - at < AGAIN_SECONDS}
        new = {key: text for key, text in found.items() if key not in self._told}
        self._told |= dict.fromkeys(found, picture.at)
        if quiet(self._wanted.quiet, clock):
            self._pending.clear()
        else:
            self._pending |= new
        title = self._changed_title(picture)
        # A clock that was set back must not silence anybody for long.
        if not self._pending or 0 <= picture.at - self._called_at < CALL_SECONDS:
            return Call(title=title) if title is not None else SILENCE
        texts, self._pending, self._called_at = list(self._pending.values()), {}, picture.at
        more = f", and {len(texts) - 1} more" if len(texts) > 1 else ""
        said = clean(f"Quarterdeck {picture.fleet}: {texts[0]}", _TEXT) + more
        return Call(self._wanted.bell, said if self._wanted.desktop else "", title)

    def forget_title(self) -> None:
        """Somebody else's title stands there now."""
        self._title = None

    def _changed_title(self, picture: Picture) -> str | None:
        title = title_of(picture) if self._wanted.title else None
        if title == self._title:
            return None
        self._title = title
        return title

    def _ended(self, picture: Picture) -> dict[str, str]:
        """The releases that have ended since the last picture."""
        ended = {
            f"end {one.id}": f"{one.title} {_ENDED[one.state]}"
            for one in picture.releases
            if one.id in self._open and not one.open and one.state in _ENDED
        }
        self._open |= {one.id for one in picture.releases if one.open}
        return ended

    def _absent(self, picture: Picture) -> dict[str, str]:
        if picture.runner.alive or not picture.fleet:
            self._absent_since = None
            return {}
        if self._absent_since is None:
            self._absent_since = picture.at
        known = self._absent_since == float("-inf")
        if known or picture.at - self._absent_since < ABSENT_SECONDS:
            return {}
        return {RUNNER: "no runner: nothing is watched or carried out"}


def _calling(picture: Picture, me: str = "") -> dict[str, str]:
    """What calls for a person in a picture, by a key that stays the same."""
    own = f"paused by {me} "
    found = {
        f"gate {item.key}": f"{item.title}: {item.waits}"
        for item in picture.inbox
        if item.kind in NEEDS_A_PERSON and item.kind != "debt" and not (me and item.waits.startswith(own))
    }
    found |= {
        f"operation {one.id}": f"{one.verb} {clean(str(one.target))} needs you"
        for one in picture.operations
        if one.state == "needs_operator" and one.open
    }
    return found | {
        f"back {one.id}": f"{one.title} is being taken back" for one in picture.releases if one.state == "recovering"
    }


def title_of(picture: Picture) -> str:
    """The fleet's state in a window's title: what needs a person, what runs, where. Nothing in it runs down."""
    return clean(" · ".join((*_states(picture), picture.fleet or "Quarterdeck")), _TITLE)


def _states(picture: Picture) -> Iterator[str]:
    if picture.fleet and not picture.runner.alive:
        yield "▲ no runner"
    waiting = sum(1 for key in _calling(picture) if not key.startswith("back "))
    if waiting:
        yield f"▲ {waiting} need{'s' if waiting == 1 else ''} you"
    moving = [one for one in picture.releases if one.open]
    if len(moving) == 1:
        yield _moving(moving[0])
    elif moving:
        yield f"▸ {len(moving)} releases"
    elif running := sum(one.state == "running" for one in picture.operations):
        yield f"▸ {running} operation{'s' if running > 1 else ''}"


def _moving(release: ReleaseView) -> str:
    mark = "◂" if release.state == "recovering" else "▸"
    share = f" {release.exposed:g}%" if release.exposed else ""
    return f"{mark} {release.title}{share}"


def quiet(span: str, clock: str) -> bool:
    """Whether a local time lies in `HH:MM-HH:MM`, which may go over midnight. "" is never."""
    if not span:
        return False
    begin, end = span.split("-")
    return begin <= clock < end if begin <= end else clock >= begin or clock < end
