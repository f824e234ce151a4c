"""LaunchDarkly's REST API: its version, its paths, its limits, and what its refusals mean.

Facts are from LaunchDarkly's published OpenAPI description ("LaunchDarkly REST API", version 2.0: its overview, and the
operations `getFeatureFlags`, `getFeatureFlag` and `patchFeatureFlag`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from quarterdeck.fleet.text import clean
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import QUIET_SECONDS, Manners, number

VERSION = "20240415"
"""Of the API. A token has a version of its own, which holds where a request names none."""

SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"
"""Without it a semantic patch is taken for a JSON Patch, and answered with 400."""

WINDOW = 10.0
"""Seconds after which LaunchDarkly's limits begin anew."""

RESERVE = 2
"""Requests of a window that watching leaves for people. How many a window has LaunchDarkly doesn't publish."""

TOKEN_HINT = "make an access token in LaunchDarkly's account settings, and put it where `token` refers to"  # noqa: S105

CALLER = "/api/v2/caller-identity"


class LaunchDarklyManners(Manners):
    """LaunchDarkly's limits and refusals.

    The limits are of the whole account, and of some routes; each answer may tell what is left of them until when (in
    milliseconds since 1970). Limits by IP address say `Retry-After` instead.
    """

    limit = "LaunchDarkly's rate limit"
    limit_hint = "ask less often: all tokens of the account share it"

    def __init__(self) -> None:
        self._left: tuple[float, float] | None = None

    def headers(self) -> Mapping[str, str]:
        return {"LD-API-Version": VERSION}

    def note(self, answer: Answer, now: float) -> None:
        reset = _reset(answer, now)
        if reset is None:
            return
        told = (number(answer.headers.get(f"x-ratelimit-{whose}-remaining")) for whose in ("global", "route"))
        left = min((one for one in told if one is not None), default=None)
        self._left = (left, reset) if left is not None else None

    def spared(self, now: float) -> tuple[float, str] | None:
        if self._left is None or self._left[0] > RESERVE or now >= self._left[1]:
            return None
        return self._left[1], f"{self._left[0]:g} requests are left, kept for what people do"

    def quiet_until(self, answer: Answer, now: float) -> float:
        if "retry-after" in answer.headers:
            return super().quiet_until(answer, now)
        return _reset(answer, now) or now + QUIET_SECONDS

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 400:
                return "if a scheduled change or an approval request would fail by it, look at those in LaunchDarkly"
            case 401:
                return f"the token is wrong, expired or deleted, an SDK key, or of a role that may not: {TOKEN_HINT}"
            case 403:
                return "the token's role needs updateOn, updateFallthrough and updateRules for that flag there"
            case 404:
                return "check project, environment and key; a token may also not see them"
            case 405:
                return "changes there need an approval: make the approval request in LaunchDarkly"
            case 409:
                return "somebody else changed it at that moment: plan it again"
        return ""


def flags(project: str) -> str:
    """The flags of a project."""
    return f"/api/v2/flags/{quote(project, safe='')}"


def flag(project: str, key: str) -> str:
    """One flag."""
    return f"{flags(project)}/{quote(key, safe='')}"


def environment(project: str, key: str) -> str:
    """An environment of a project. Its document holds SDK keys, too: nothing of them may be told or stored."""
    return f"/api/v2/projects/{quote(project, safe='')}/environments/{quote(key, safe='')}"


def segment(project: str, environment: str, key: str) -> str:
    """A segment, which is of one environment."""
    return "/api/v2/segments/" + "/".join(quote(part, safe="") for part in (project, environment, key))


def needs_approval(environment: Any, tags: Iterable[str]) -> bool:
    """Whether a flag with these tags is changed there by approval only (`ApprovalSettings` of an environment): all
    flags are where no tags are named."""
    settings = environment.get("approvalSettings") if isinstance(environment, Mapping) else None
    if not isinstance(settings, Mapping) or settings.get("required") is not True:
        return False
    named = settings.get("requiredApprovalTags")
    return not named or (isinstance(named, list) and not set(named).isdisjoint(tags))


def who(said: Any) -> str:
    """Whose token it is (`CallerIdentityRep`), as LaunchDarkly's audit log shows it."""
    told = said if isinstance(said, Mapping) else {}
    name = clean(str(told.get("tokenName") or told.get("tokenId") or "?"), 60)
    if told.get("serviceToken") is True:
        return f"{name} (a service token)"
    member = clean(str(told.get("memberId") or ""), 40)
    return f"{name} (a token of member {member})" if member else name


def _reset(answer: Answer, now: float) -> float | None:
    """When the limits begin anew. Clocks differ, and no window is longer than `WINDOW`."""
    milliseconds = number(answer.headers.get("x-ratelimit-reset"))
    return None if milliseconds is None else min(max(milliseconds / 1000, now), now + WINDOW)
