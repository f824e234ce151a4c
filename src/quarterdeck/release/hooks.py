"""Whom notices go to, and when: what a hook wants to hear of, its quiet hours, and how much it takes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from quarterdeck.records import dataclass
from quarterdeck.release.notices import USUAL, Notice, NoticeKind

HookFormat = Literal["generic", "slack", "teams"]
"""What the receiver understands: our own JSON, Slack's incoming webhooks, or the workflows of Microsoft Teams."""

HOUR = 3600.0
LATE_SECONDS = 120.0
"""Notices that go out later than that after they arose go together, as one summary."""


@dataclass(frozen=True, slots=True)
class Quiet:
    """A time of every day in which nothing is told. `begin` and `end` are `HH:MM` in the zone `tz`, and `end` may lie
    on the next day; `but` is told all the same."""

    begin: str
    end: str
    tz: str = "UTC"
    but: tuple[NoticeKind, ...] = ("needs_operator",)

    def until(self, now: float) -> float | None:
        """When it will be over (UNIX seconds); None if it isn't quiet now.

        By the clock on the wall: where the clocks change within, the night is as long as the people there have it.
        """
        zone = ZoneInfo(self.tz)
        here = datetime.fromtimestamp(now, zone)
        begin, end, clock = time.fromisoformat(self.begin), time.fromisoformat(self.end), here.time()
        within = begin <= clock < end if begin < end else clock >= begin or clock < end
        if not within:
            return None
        days = (here.date() + timedelta(days=n) for n in range(3))
        return min(at for day in days for at in _moments(day, end, zone) if at > now)


def _moments(day: date, clock: time, zone: ZoneInfo) -> tuple[float, float]:
    """When it is that time there: twice on the day on which the clocks are set back."""
    there = datetime.combine(day, clock, zone)
    return there.timestamp(), there.replace(fold=1).timestamp()


@dataclass(frozen=True, slots=True)
class Hook:
    """One receiver of notices.

    Attributes:
        name: unique in the fleet.
        url: a reference to the secret that its address is: whoever has it can write there.
        kinds: what it wants to hear of.
        environments: of which; () of all. What concerns the whole fleet concerns each.
        limit: so many messages an hour at most.
    """

    name: str
    url: str
    format: HookFormat = "generic"
    kinds: tuple[NoticeKind, ...] = USUAL
    environments: tuple[str, ...] = ()
    quiet: Quiet | None = None
    limit: int = 30

    @property
    def actor(self) -> str:
        """How its lines in the journal are signed."""
        return f"notify:{self.name}"

    def wants(self, notice: Notice) -> bool:
        """Whether it wants to hear of that."""
        here = not self.environments or not notice.environment or notice.environment in self.environments
        return here and notice.kind in self.kinds


@dataclass(frozen=True, slots=True)
class Post:
    """What goes out now: one notice, or several as a summary."""

    notices: tuple[Notice, ...]


def next_post(hook: Hook, waiting: Sequence[Notice], sent_at: Sequence[float], now: float) -> Post | float | None:
    """What to send a hook now; or the time at which to look again; None if nothing waits.

    Args:
        waiting: what it wants to hear of and wasn't told yet, the oldest first.
        sent_at: when messages were sent to it, the last hour at least.
    """
    if not waiting:
        return None
    recent = sorted(at for at in sent_at if at > now - HOUR)
    if len(recent) >= hook.limit:
        return recent[-hook.limit] + HOUR
    quiet_until = hook.quiet.until(now) if hook.quiet else None
    but = hook.quiet.but if hook.quiet else ()
    ready = [one for one in waiting if quiet_until is None or one.kind in but]
    if not ready:
        return quiet_until
    late = tuple(one for one in ready if now - one.at > LATE_SECONDS)
    return Post(late if len(late) > 1 else (ready[0],))
