"""Unleash's admin API: its paths, what its refusals mean, and what they ask for.

Facts were measured with Unleash 8.2.0 (Open Source), unless another source is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Manners

TEST_FAILED = "TEST_OPERATION_FAILED"
"""What Unleash says, with status 500, when the `test` of a JSON Patch doesn't hold. Nothing was written then."""

NEEDED = frozenset({"UPDATE_FEATURE_ENVIRONMENT", "CREATE_FEATURE_STRATEGY", "UPDATE_FEATURE_STRATEGY"})
"""Permissions that a change of a flag may need."""

TOKEN_HINT = "make a personal access token in your profile in Unleash, and put it where `token` refers to"  # noqa: S105

USER = "/api/admin/user"
SERVER = "/api/admin/ui-config"
EVALUATE = "/api/admin/playground/advanced"


class UnleashManners(Manners):
    """Unleash's refusals.

    401 is also what it answers to a good personal access token that its database fails to look up. `/health` tells
    nothing of that: it goes on saying GOOD.
    """

    limit = "Unleash's rate limit"

    def surely_refused(self, answer: Answer) -> bool:
        return (answer.status == 500 and TEST_FAILED.encode() in answer.body) or super().surely_refused(answer)

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 401:
                return f"{TOKEN_HINT}; if it was good before, look whether Unleash reaches its database"
            case 403 if b"different token type" in answer.body:
                return f"it is a token of an application, which only reads flags: {TOKEN_HINT}"
            case 403:
                return f"whoever the token is of needs {', '.join(sorted(NEEDED))} in that environment"
            case 404:
                return "check `url`, project, environment and name"
        return ""


def features(project: str) -> str:
    """The flags of a project."""
    return f"/api/admin/projects/{quote(project, safe='')}/features"


def feature(project: str, name: str) -> str:
    """One flag, with its strategies in all environments."""
    return f"{features(project)}/{quote(name, safe='')}"


def feature_environment(project: str, name: str, environment: str) -> str:
    """One flag in one environment."""
    return f"{feature(project, name)}/environments/{quote(environment, safe='')}"


def environments(project: str) -> str:
    """All environments, each with whether it is one of the project's."""
    return f"/api/admin/environments/project/{quote(project, safe='')}"


def change_requests(project: str) -> str:
    """Which environments take changes by request only; open source answers 404."""
    return f"/api/admin/projects/{quote(project, safe='')}/change-requests/config"


def approvals_needed(config: Any, environment: str) -> int | None:
    """How many people must approve a change of this environment; None if it takes changes directly.

    Shape: `ChangeRequestEnvironmentConfigSchema` of Unleash's OpenAPI description (Enterprise).
    """
    for entry in config if isinstance(config, list) else ():
        if isinstance(entry, Mapping) and entry.get("environment") == environment:
            needed = entry.get("requiredApprovals")
            return (needed if isinstance(needed, int) else 1) if entry.get("changeRequestEnabled") is True else None
    return None


def who(said: Any) -> tuple[str, bool]:
    """Whom Unleash takes us for, and whether that is an admin API token, which is nobody in particular.

    Only these fields are looked at: for an admin API token Unleash tells the token itself, too.
    """
    user = said.get("user") if isinstance(said, Mapping) else None
    if not isinstance(user, Mapping):
        return "?", False
    names = (user.get(key) for key in ("username", "email", "name"))
    return next((str(name) for name in names if name), "?"), user.get("type") == "admin"


def may_change(said: Any, project: str, environment: str) -> bool | None:
    """Whether whoever we are may change flags there; None if Unleash doesn't tell."""
    listed = said.get("permissions") if isinstance(said, Mapping) else None
    if not isinstance(listed, list):
        return None
    granted = {
        str(one.get("permission"))
        for one in listed
        if isinstance(one, Mapping)
        and one.get("project") in (None, "", "*", project)
        and one.get("environment") in (None, "", "*", environment)
    }
    return "ADMIN" in granted or granted >= NEEDED
