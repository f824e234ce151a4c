"""Tells one hook what happens: reads the journal behind everybody's back, and delays nobody.

What has been told stands in the journal, so that the next runner goes on where this one left. A line is written after
the receiver has taken the message: whoever dies in between tells it once more, with the same id.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.release.attention import NOTIFY
from quarterdeck.release.hooks import HOUR, Hook, Post, next_post
from quarterdeck.release.notices import OF_GUARDS, OF_RELEASES, Notice, notice_of, still
from quarterdeck.runner.courier import Courier, Delivery
from quarterdeck.runner.hook_formats import message_of
from quarterdeck.runner.journal import Journal
from quarterdeck.runner.mistakes import without_text
from quarterdeck.runner.racing import first_of
from quarterdeck.store.base import Draft, Event, LeaseLost, Store, StoreError

log = logging.getLogger(__name__)

PAGE = 500
PATIENCE_SECONDS = HOUR
"""For so long a message that a receiver doesn't take is sent again and again."""
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0
UNSURE_SENDS = 2
"""How often a message is sent that may have been taken: told twice is better than not at all, and worse than once."""
LOOK_SECONDS = 30.0
"""Between two looks at the journal while nobody says that something was written."""
OLDEST_SECONDS = 24 * HOUR
"""What is older than that when it could be told isn't news any more."""


def subject_of(hook: str) -> str:
    """Under which subject the store keeps how the hook of that name is."""
    return f"{NOTIFY} {hook}"


class Notifier:
    """One hook's. Its own queue: a receiver that is dead costs its own messages."""

    def __init__(
        self,
        fleet: str,
        hook: Hook,
        *,
        store: Store,
        journal: Journal,
        clock: Clock,
        courier: Courier,
        report: Callable[[Sequence[Observation]], None],
    ) -> None:
        """`report` publishes how the hook is."""
        self._fleet = fleet
        self._hook = hook
        self._store = store
        self._journal = journal
        self._clock = clock
        self._courier = courier
        self._report = report
        self._woken = asyncio.Event()
        self._waiting: list[Notice] = []
        self._read = 0
        self._told: frozenset[int] = frozenset()
        self._sent_at: list[float] = []
        self._attempt: _Attempt | None = None
        self._trouble: str | None = None

    def wake(self) -> None:
        """Something was written."""
        self._woken.set()

    @property
    def busy(self) -> bool:
        """Whether something waits that can be told now: no reason to leave it to the next runner."""
        return isinstance(self._due(self._clock.now()), Post)

    async def keep_telling(self) -> None:
        """Tell for ever. Raises LeaseLost."""
        begun = False
        while True:
            self._woken.clear()
            try:
                if not begun:
                    self._begin()
                    begun = True
                self._read_on()
                pause = await self._tell()
            except LeaseLost:
                raise
            except StoreError as error:
                log.warning("notices of %s have to wait: %s", self._hook.name, error)
                pause = LOOK_SECONDS
            except Exception as error:  # a mistake of ours must cost nobody's release anything
                log.error("notices of %s: %s", self._hook.name, without_text(error))
                pause = LOOK_SECONDS
            await first_of(self._clock, pause, self._woken)

    # --- the journal -------------------------------------------------------------------------------------------------
    def _begin(self) -> None:
        """Go on where the last runner left. A hook that is new hears of nothing that was before it."""
        lines = self._store.events(actor=self._hook.actor, newest_first=True, limit=PAGE)
        if not lines:
            newest = self._store.events(newest_first=True, limit=1)
            self._read = newest[0].seq if newest else 0
            self._write("notice.begun", {"hook": self._hook.name, "through": self._read})
            return
        if lines[0].kind == "notice.sent":
            self._show("")
        self._read = int(lines[0].body.get("through", 0))
        self._told = frozenset(int(seq) for one in lines for seq in one.body.get("about", ()) if int(seq) > self._read)
        since = self._clock.now() - HOUR
        self._sent_at = [one.at for one in lines if one.kind == "notice.sent" and one.at > since]

    def _read_on(self) -> None:
        while events := self._store.events(after=self._read, limit=PAGE):
            for event in events:
                try:
                    notice = self._notice(event)
                except (LookupError, TypeError, ValueError, AttributeError) as error:
                    # A line of another version than ours: what comes after it matters as well.
                    log.warning("line %s of the journal is no notice: %s", event.seq, type(error).__name__)
                    continue
                if notice is not None and self._hook.wants(notice) and notice.seq not in self._told:
                    self._waiting.append(notice)
            self._read = events[-1].seq
            if len(events) < PAGE:
                return

    def _notice(self, event: Event) -> Notice | None:
        if event.kind in OF_RELEASES:
            return notice_of(event, self._store.release(event.operation), None)
        if event.kind == "operation.ended":
            return notice_of(event, None, self._store.operation(event.operation))
        return notice_of(event, None, None) if event.kind in OF_GUARDS else None

    def _write(self, kind: str, body: Mapping[str, Any], about: str = "") -> None:
        self._journal.write([Draft(kind, self._hook.actor, about, "", body)])

    # --- telling -----------------------------------------------------------------------------------------------------
    async def _tell(self) -> float:
        """Send what is due, one message after the other; how long to wait then."""
        while True:
            now = self._clock.now()
            self._waiting = [one for one in self._waiting if now - one.at <= OLDEST_SECONDS and self._matters(one)]
            attempt = self._attempt
            if attempt is not None and now < attempt.again_at:
                return attempt.again_at - now
            found = attempt.same if attempt is not None and attempt.same is not None else self._due(now)
            if not isinstance(found, Post):
                return LOOK_SECONDS if found is None else min(max(found - now, 1), LOOK_SECONDS)
            self._journal.require()
            message = message_of(self._fleet, self._hook, found)
            self._concluded(found, message.id, await self._courier.deliver(self._hook, message))

    def _due(self, now: float) -> Post | float | None:
        return next_post(self._hook, self._waiting, self._sent_at, now)

    def _matters(self, notice: Notice) -> bool:
        if not notice.waiting:
            return True
        return still(notice, self._store.release(notice.about))

    def _concluded(self, post: Post, message: str, delivery: Delivery) -> None:
        now, taken = self._clock.now(), delivery.state == "taken"
        attempt = (self._attempt or _Attempt(now)).after(post, delivery, now)
        if attempt.again_at > now:
            self._attempt = attempt
            self._show(delivery.detail)
            return
        told = {one.seq for one in post.notices}
        left = [one for one in self._waiting if one.seq not in told]
        body = {
            "hook": self._hook.name,
            "id": message,
            "title": post.notices[0].title if len(post.notices) == 1 else f"{len(post.notices)} held back",
            "about": sorted(told),
            "through": min((one.seq for one in left), default=self._read + 1) - 1,
            "sends": attempt.sends,
            "detail": delivery.detail,
        }
        self._write("notice.sent" if taken else "notice.failed", body, post.notices[0].about)
        self._waiting, self._attempt = left, None
        self._sent_at = [at for at in (*self._sent_at, *((now,) if taken else ())) if at > now - HOUR]
        self._show("" if taken else delivery.detail)

    def _show(self, trouble: str) -> None:
        """Have it shown how the hook is, when that changes; and when nobody knows yet what the last runner has left
        there."""
        if trouble == self._trouble:
            return
        self._trouble = trouble
        text = clean(trouble, 300)
        hint = f"qd notify test {self._hook.name}"
        known = Trouble("provider_error", f"notices aren't taken: {text}", hint) if text else None
        since = self._clock.now() if known else None
        self._report([Observation(subject_of(self._hook.name), trouble=known, trouble_since=since)])


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What became so far of sending something.

    Attributes:
        since: when it was first tried. sends, doubtful: how often, and how often nobody knows what became of it.
        same: what has to be sent again as it is, for it may have been taken.
        again_at: when; 0 if not again.
    """

    since: float
    sends: int = 0
    doubtful: int = 0
    same: Post | None = None
    again_at: float = 0

    def after(self, post: Post, delivery: Delivery, now: float) -> _Attempt:
        """After one more delivery."""
        unsure = delivery.state == "unsure"
        sends, doubtful = self.sends + 1, self.doubtful + unsure
        again = delivery.state == "later" and now - self.since < PATIENCE_SECONDS
        again = again or (unsure and doubtful < UNSURE_SENDS)
        pause = max(delivery.wait, min(FIRST_PAUSE * 2 ** min(self.sends, 10), LONGEST_PAUSE))
        same = post if unsure or (self.same is not None) else None
        return _Attempt(self.since, sends, doubtful, same, now + pause if again else 0)


def notifiers(
    fleet: str,
    hooks: Sequence[Hook],
    *,
    store: Store,
    journal: Journal,
    clock: Clock,
    courier: Courier,
    report: Callable[[Sequence[Observation]], None],
) -> list[Notifier]:
    """One for each hook. What was shown of hooks that are no more is taken away."""
    known = {subject_of(hook.name) for hook in hooks}
    gone = [
        Observation(subject)
        for subject, one in store.observations().items()
        if subject.startswith(subject_of("")) and one.trouble is not None and subject not in known
    ]
    if gone:
        report(gone)
    make = partial(Notifier, fleet, store=store, journal=journal, clock=clock, courier=courier, report=report)
    return [make(hook) for hook in hooks]
