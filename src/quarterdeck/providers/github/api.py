"""GitHub's REST interface as it wants to be asked: versioned, conditionally, and within its limits.

Facts are from GitHub's documentation ("Best practices for using the REST API", "Rate limits for the REST API"): a
conditional request that is answered with 304 costs nothing of the limit; after 403 or 429 nothing is asked before
`retry-after`, or before `x-ratelimit-reset` where `x-ratelimit-remaining` is 0.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.http.asking import Answer, Asking, Question, Unanswered
from quarterdeck.release.freshness import stamp

VERSION = "2022-11-28"
"""Of the interface; GitHub keeps each for two years at least after the next has come."""

RESERVE = 0.05
"""The part of the hourly limit that watching leaves for what people do."""

SECONDARY_PAUSE = 60.0
"""Seconds to be quiet where GitHub says "too fast" and not for how long (its documentation: at least a minute)."""

MOST_REMEMBERED = 500
"""Answers kept to ask conditionally."""

Params = Sequence[tuple[str, str]]


class Api:
    """Asks one GitHub. Remembers answers, and when it may ask again."""

    def __init__(self, asking: Asking, url: str, clock: Clock, may_write: Callable[[], None] = lambda: None) -> None:
        self._asking = asking
        self._url = url
        self._clock = clock
        self._may_write = may_write
        self._known: OrderedDict[str, tuple[str, Any, Mapping[str, str]]] = OrderedDict()
        self._quiet_until = 0.0
        self._remaining: tuple[int, int, float] | None = None
        self.host = clean(Question("GET", url).asked, 100)

    @property
    def tells_run(self) -> bool:
        """Whether a dispatch may be asked to say which run it began (GitHub's changelog, 2026-02-19). GitHub Enterprise
        Server refuses parameters that it doesn't know."""
        return not self._url.endswith("/api/v3")

    async def get(self, path: str, params: Params = (), *, watching: bool = False) -> Any:
        """The JSON there.

        Args:
            watching: nobody waits for it, so that it leaves a reserve of the limit to those who do.

        Raises:
            ProviderError: whatever went wrong.
        """
        return (await self.read(path, params, watching=watching))[0]

    async def read(self, path: str, params: Params = (), *, watching: bool = False) -> tuple[Any, Mapping[str, str]]:
        """The JSON there, and the headers that it came with. Raises ProviderError."""
        self._require_leave(watching=watching)
        key = f"{path}?{params!r}"
        known = self._known.get(key)
        headers = self._headers() | ({"If-None-Match": known[0]} if known else {})
        question = Question("GET", f"{self._url}{path}", params=tuple(params), headers=headers)
        answer = await self._asking.read(question)
        self._note_limits(answer)
        if answer.status == 304 and known:
            self._known.move_to_end(key)
            return known[1], known[2]
        data = self._good(answer, question).json(self.host)
        if etag := answer.headers.get("etag"):
            self._known[key] = (etag, data, answer.headers)
            while len(self._known) > MOST_REMEMBERED:
                self._known.popitem(last=False)
        return data, answer.headers

    async def write(self, path: str, document: Any = None) -> Answer:
        """Send a POST, once.

        Raises:
            Refused: it had no effect.
            InDoubt: nobody knows.
        """
        try:
            self._require_leave(watching=False)
        except ProviderError as error:
            raise Refused(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        self._may_write()
        question = Question("POST", f"{self._url}{path}", document=document, headers=self._headers())
        try:
            answer = await self._asking.ask(question)
        except Unanswered as error:
            if error.unsent:
                raise Refused(error.trouble.code, f"not sent: {error.trouble.message}", error.trouble.hint) from None
            raise InDoubt(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        except ProviderError as error:
            raise InDoubt(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        self._note_limits(answer)
        try:
            return self._good(answer, question)
        except ProviderError as error:
            # What a server in front of GitHub, or one that fell over, did with it nobody knows.
            kind = InDoubt if answer.status >= 500 or answer.status == 408 else Refused
            raise kind(error.trouble.code, error.trouble.message, error.trouble.hint) from None

    def _headers(self) -> dict[str, str]:
        return {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}

    def _require_leave(self, *, watching: bool) -> None:
        """Raises ProviderError (throttled) while GitHub wants quiet."""
        now = self._clock.now()
        if now < self._quiet_until:
            raise _throttled(self.host, self._quiet_until)
        if watching and self._remaining is not None:
            remaining, limit, reset = self._remaining
            if remaining <= limit * RESERVE and now < reset:
                raise _throttled(self.host, reset, f"{remaining} of {limit} requests are left, kept for what people do")

    def _note_limits(self, answer: Answer) -> None:
        now, headers = self._clock.now(), answer.headers
        remaining, limit = _number(headers.get("x-ratelimit-remaining")), _number(headers.get("x-ratelimit-limit"))
        reset = _number(headers.get("x-ratelimit-reset"))
        if remaining is not None and limit is not None and reset is not None:
            self._remaining = (int(remaining), int(limit), reset)
        if not _is_limit(answer):
            return
        after = _number(headers.get("retry-after"))
        if after is not None:
            self._quiet_until = now + after
        elif remaining == 0 and reset is not None:
            self._quiet_until = reset
        else:
            self._quiet_until = now + SECONDARY_PAUSE

    def _good(self, answer: Answer, question: Question) -> Answer:
        if _is_limit(answer):
            raise _throttled(self.host, self._quiet_until)
        try:
            return self._asking.good(answer, question)
        except ProviderError as error:
            hint = _hint(answer) or error.trouble.hint
            raise ProviderError(error.trouble.code, error.trouble.message, hint) from None


def _is_limit(answer: Answer) -> bool:
    """Whether a no is about how often we ask, and not about what we may."""
    if answer.status == 429:
        return True
    exhausted = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
    return answer.status == 403 and (exhausted or b"secondary rate limit" in answer.body)


def _throttled(host: str, until: float, why: str = "GitHub's rate limit is used up") -> ProviderError:
    hint = "a token of its own, fewer pipelines, or one workflow instead of a whole repository"
    return ProviderError("throttled", f"{host} is asked nothing until {stamp(until)}: {why}", hint)


def _hint(answer: Answer) -> str:
    """What GitHub says is needed, where it says so."""
    needs = answer.headers.get("x-accepted-github-permissions") or answer.headers.get("x-accepted-oauth-scopes")
    match answer.status:
        case 401:
            return "the token is wrong, expired or revoked: make another one, and put it where `token` refers to"
        case 403:
            return f"the token needs {clean(needs, 100)}" if needs else "give the token Actions (read and write)"
        case 404:
            return "check the name; GitHub also answers 404 for what a token may not see"
    return ""


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None
