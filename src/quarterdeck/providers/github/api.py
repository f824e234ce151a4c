"""GitHub's REST interface as it wants to be asked: versioned, and within its limits.

Facts are from GitHub's documentation ("Best practices for using the REST API", "Rate limits for the REST API"): a
conditional request that is answered with 304 costs nothing of the limit; after 403 or 429 nothing is asked before
`retry-after`, or before `x-ratelimit-reset` where `x-ratelimit-remaining` is 0.
"""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.fleet.text import clean
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import QUIET_SECONDS, Manners, number

VERSION = "2022-11-28"
"""Of the interface; GitHub keeps each for two years at least after the next has come."""

RESERVE = 0.05
"""The part of the hourly limit that watching leaves for what people do."""

AT_ONCE = 3
"""Requests side by side; GitHub asks for few."""


class GitHubManners(Manners):
    """GitHub's limits and refusals."""

    limit = "GitHub's rate limit"
    limit_hint = "a token of its own, fewer pipelines, or one workflow instead of a whole repository"

    def __init__(self) -> None:
        self._remaining: tuple[int, int, float] | None = None

    def headers(self) -> Mapping[str, str]:
        return {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": VERSION}

    def note(self, answer: Answer, now: float) -> None:
        headers = answer.headers
        remaining, limit = number(headers.get("x-ratelimit-remaining")), number(headers.get("x-ratelimit-limit"))
        reset = number(headers.get("x-ratelimit-reset"))
        if remaining is not None and limit is not None and reset is not None:
            self._remaining = (int(remaining), int(limit), reset)

    def spared(self, now: float) -> tuple[float, str] | None:
        if self._remaining is None:
            return None
        remaining, limit, reset = self._remaining
        if remaining > limit * RESERVE or now >= reset:
            return None
        return reset, f"{remaining} of {limit} requests are left, kept for what people do"

    def is_limit(self, answer: Answer) -> bool:
        if answer.status == 429:
            return True
        exhausted = answer.headers.get("x-ratelimit-remaining") == "0" or "retry-after" in answer.headers
        return answer.status == 403 and (exhausted or b"secondary rate limit" in answer.body)

    def quiet_until(self, answer: Answer, now: float) -> float:
        """Where GitHub says "too fast" and not for how long, its documentation asks for a minute at least."""
        after = number(answer.headers.get("retry-after"))
        reset = number(answer.headers.get("x-ratelimit-reset"))
        if after is not None:
            return now + after
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset is not None:
            return reset
        return now + QUIET_SECONDS

    def hint(self, answer: Answer) -> str:
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


def tells_run(url: str) -> bool:
    """Whether a dispatch may be asked to say which run it began (GitHub's changelog, 2026-02-19). GitHub Enterprise
    Server refuses parameters that it doesn't know."""
    return not url.endswith("/api/v3")
