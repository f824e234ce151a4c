"""A REST interface as it wants to be asked: conditionally, a few requests at once, within its limits, and not again and
again while it is down; written to once.

The rules are one for all providers, and a `Manners` says where a system differs:

- Reads are repeated once by `asking` where that can help. An answer with an ETag is remembered, and watching asks for
  it again with `If-None-Match`; 304 costs most systems nothing. What a person waits for, and what is read before and
  after a write, comes from the system itself, whatever it or a proxy holds for unchanged.
- Whoever says "too fast" (429, or whatever the system uses) is asked nothing before the time that it named.
- What fails is watched less and less often (see `backing_off`). What a person waits for is asked all the same.
- Watching shares `at_once` lines, so that a fleet of a thousand places comes as a trickle; people needn't queue there.
- A write is sent once. What surely had no effect is `Refused`, all else is `InDoubt`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from math import isfinite
from typing import Any, Literal

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.http.asking import SPOILED, Answer, Asking, Question, Unanswered
from quarterdeck.providers.http.backing_off import BackingOff
from quarterdeck.release.freshness import stamp

AT_ONCE = 4
"""Requests of watching side by side."""

MOST_REMEMBERED = 500
"""Answers kept to ask conditionally."""

QUIET_SECONDS = 60.0
"""Nothing is asked for so long where a system says "too fast" and not for how long."""

LONGEST_QUIET = 3600.0
"""Seconds; a system that wants more is asked again after that."""

Params = Sequence[tuple[str, str]]

Writing = Literal["POST", "PUT", "PATCH", "DELETE"]


class Manners:
    """Where a system differs from the others. Facts only: it keeps nothing but what the system told."""

    limit = "its rate limit"
    limit_hint = "ask less often: a longer interval, fewer places"

    def headers(self) -> Mapping[str, str]:
        """What goes with every request."""
        return {}

    def note(self, answer: Answer, now: float) -> None:
        """What an answer says of limits; nothing by default."""

    def spared(self, now: float) -> tuple[float, str] | None:
        """Until when watching has to leave the system to people, and why; None if it needn't."""
        return None

    def is_limit(self, answer: Answer) -> bool:
        """Whether a no is about how often we ask, and not about what we may."""
        return answer.status == 429

    def quiet_until(self, answer: Answer, now: float) -> float:
        """When a system that said "too fast" may be asked again: `Retry-After` in seconds (RFC 9110, 10.2.3)."""
        after = number(answer.headers.get("retry-after"))
        return now + min(QUIET_SECONDS if after is None else max(after, 0.0), LONGEST_QUIET)

    def surely_refused(self, answer: Answer) -> bool:
        """Whether a write that was answered like that had no effect. What a server that fell over, or one in front of
        it, did with it nobody knows."""
        return answer.status < 500 and answer.status != 408

    def is_done(self, answer: Answer) -> bool:
        """Whether a redirect says that a write was done: systems made for browsers show a page afterwards."""
        return False

    def disguised(self, answer: Answer) -> Trouble | None:
        """What an answer that says yes, or leads elsewhere, really is: a page to sign in, for instance. None for what
        is as it seems. A write that is answered like that had no effect."""
        return None

    def hint(self, answer: Answer) -> str:
        """What to do about an answer that says no; "" to leave it at what holds for all systems."""
        return ""


class Rest:
    """Asks one system. Remembers answers, and when it may ask again."""

    def __init__(
        self,
        asking: Asking,
        url: str,
        clock: Clock,
        may_write: Callable[[], None] = lambda: None,
        manners: Manners | None = None,
        *,
        at_once: int = AT_ONCE,
    ) -> None:
        """`url` is what all paths are below, without a slash at its end; `may_write` see `SessionContext`."""
        self._asking = asking
        self._url = url
        self._clock = clock
        self._may_write = may_write
        self._manners = manners or Manners()
        self._lines = asyncio.Semaphore(at_once)
        self._known: OrderedDict[str, tuple[str, Answer, Any]] = OrderedDict()
        self._quiet_until = float("-inf")
        """Monotonic: somebody may set the machine's clock meanwhile."""
        self._backing_off = BackingOff(clock)
        self.host = asking.who(Question("GET", url))

    async def get(self, path: str, params: Params = (), *, watching: bool = False) -> Any:
        """The JSON there.

        Args:
            watching: nobody waits for it, so that it stands back: for people, for limits, and while nobody answers.

        Raises:
            ProviderError: whatever went wrong.
        """
        return (await self.read(path, params, watching=watching))[0]

    async def read(self, path: str, params: Params = (), *, watching: bool = False) -> tuple[Any, Mapping[str, str]]:
        """The JSON there, and the headers that it came with. Raises ProviderError."""
        key = f"{path}?{params!r}"
        known = self._known.get(key) if watching else None
        answer = await self.fetch(path, params, {"If-None-Match": known[0]} if known else {}, watching=watching)
        if answer.status == 304 and known:
            self._known.move_to_end(key)
            return known[2], known[1].headers
        data = answer.json(self.host)
        if etag := answer.headers.get("etag"):
            self._known[key] = (etag, answer, data)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return data, answer.headers

    async def fetch(
        self, path: str, params: Params = (), headers: Mapping[str, str] | None = None, *, watching: bool = False
    ) -> Answer:
        """The answer to a GET that says yes, or 304 if `headers` make it conditional. Raises ProviderError."""
        question = Question("GET", self._at(path), params=tuple(params), headers=self._headers(headers))
        answer = await self._read(question, watching=watching)
        if answer.status == 304 and headers:
            return answer
        return self._good(answer, question)

    async def query(self, path: str, document: Any, *, watching: bool = False) -> Any:
        """The JSON that answers a question which doesn't fit into a URL: a POST that changes nothing, so that it is a
        read in every respect. Raises ProviderError."""
        question = Question("POST", self._at(path), document=document, headers=self._headers(None))
        return self._good(await self._read(question, watching=watching), question).json(self.host)

    async def write(
        self,
        method: Writing,
        path: str,
        document: Any = None,
        *,
        form: Mapping[str, str] | None = None,
        params: Params = (),
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request that changes something, once.

        Raises:
            Refused: it had no effect.
            InDoubt: nobody knows.
        """
        try:
            self._require_leave()
            await self._asking.ready()
            question = Question(
                method,
                self._at(path),
                params=tuple(params),
                form=form,
                document=document,
                headers=self._headers(headers),
            )
        except ProviderError as error:
            raise _told(Refused, error) from None
        self._may_write()
        try:
            answer = await self._asking.ask(question)
        except Unanswered as error:
            if error.unsent:
                raise error.before_sending() from None
            raise _told(InDoubt, error) from None
        except ProviderError as error:
            raise _told(InDoubt, error) from None
        self._note(answer)
        if 300 <= answer.status < 400 and self._manners.is_done(answer):
            return answer
        try:
            return self._good(answer, question)
        except ProviderError as error:
            raise _told(Refused if self._manners.surely_refused(answer) else InDoubt, error) from None

    def json_of(self, answer: Answer) -> Any:
        """The body of a write's answer, where the system always sends one.

        Raises:
            InDoubt: it isn't JSON, so that somebody else has answered (a proxy, a sign-in page).
        """
        try:
            return answer.json(self.host)
        except ProviderError as error:
            raise _told(InDoubt, error) from None

    def tellable(self, text: str) -> str:
        """A server's words in one clean line, with nothing secret of ours in it."""
        return self._asking.tellable(text)

    async def _read(self, question: Question, *, watching: bool) -> Answer:
        """Whatever comes back that isn't a server's fault. Raises ProviderError."""
        self._require_leave()
        page = f"{question.url}?{question.params!r}"
        if watching:
            self._require_leave_to_watch(page)
        async with self._line(page, watching=watching):
            return await self._answered(question, page)

    async def _answered(self, question: Question, page: str) -> Answer:
        asked_at = self._clock.monotonic()
        try:
            answer = await self._asking.read(question)
        except Unanswered as error:
            self._backing_off.failed(page, error, asked_at=asked_at, broke=False)
            raise
        self._note(answer)
        if answer.status >= 500:
            try:
                self._good(answer, question)
            except ProviderError as error:
                broke = answer.status not in SPOILED
                self._backing_off.failed(page, error, asked_at=asked_at, broke=broke)
                raise
        self._backing_off.answered(page)
        return answer

    def _good(self, answer: Answer, question: Question) -> Answer:
        if self._manners.is_limit(answer):
            raise self._wants_quiet()
        if trouble := self._manners.disguised(answer):
            raise ProviderError(trouble.code, self._asking.tellable(trouble.message), trouble.hint)
        try:
            return self._asking.good(answer, question)
        except ProviderError as error:
            hint = self._manners.hint(answer) or error.trouble.hint
            raise ProviderError(error.trouble.code, error.trouble.message, hint) from None

    def _note(self, answer: Answer) -> None:
        now = self._clock.now()
        self._manners.note(answer, now)
        if self._manners.is_limit(answer):
            seconds = min(self._manners.quiet_until(answer, now) - now, LONGEST_QUIET)
            self._quiet_until = self._clock.monotonic() + seconds

    def _require_leave(self) -> None:
        """Raises ProviderError (throttled) while the system wants quiet."""
        if self._clock.monotonic() < self._quiet_until:
            raise self._wants_quiet()

    def _require_leave_to_watch(self, page: str) -> None:
        """Raises ProviderError while watching has to stand back."""
        if spared := self._manners.spared(self._clock.now()):
            raise self._throttled(*spared)
        self._backing_off.require_leave(page)

    def _wants_quiet(self) -> ProviderError:
        until = self._clock.now() + self._quiet_until - self._clock.monotonic()
        return self._throttled(until, f"{self._manners.limit} is used up")

    def _throttled(self, until: float, why: str) -> ProviderError:
        message = f"{self.host} is asked nothing until {stamp(until)}: {why}"
        return ProviderError("throttled", message, self._manners.limit_hint)

    @asynccontextmanager
    async def _line(self, page: str, *, watching: bool) -> AsyncIterator[None]:
        if not watching:
            yield
            return
        async with self._lines:
            # Whoever waited in the queue may find that the first one met a closed door.
            self._require_leave()
            self._require_leave_to_watch(page)
            yield

    def _at(self, path: str) -> str:
        """The URL of a path. Raises ProviderError (misconfigured) for one that HTTP clients and servers would take for
        another: a name in it is `.` or `..`."""
        if any(name in (".", "..") for name in path.partition("?")[0].split("/")):
            message = f"{self.host} can't be asked for {clean(path, 80)}: a name of dots leads elsewhere"
            raise ProviderError("misconfigured", message, "check the names in the address")
        return f"{self._url}{path}"

    def _headers(self, own: Mapping[str, str] | None) -> dict[str, str]:
        return {**self._manners.headers(), **(own or {})}


def number(text: str | None) -> float | None:
    """A header's number; None if there is none."""
    try:
        found = float(text) if text else None
    except ValueError:
        return None
    return found if found is not None and isfinite(found) else None


def _told(kind: type[ProviderError], error: ProviderError) -> ProviderError:
    return kind(error.trouble.code, error.trouble.message, error.trouble.hint)
