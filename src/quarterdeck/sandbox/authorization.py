"""Who may do what on which scope: enough of Azure's role assignments to be refused as in real life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from quarterdeck.sandbox.wire import Refusal

EVERYONE = "*"
"""The principal whose assignments hold for all that have none of their own on a scope."""


@dataclass(frozen=True, slots=True)
class Role:
    """Patterns of actions that are allowed, less those that are not."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()

    def allows(self, action: str) -> bool:
        """Whether it allows an action such as `Microsoft.Web/sites/read`."""
        lowered = action.lower()
        return _any(self.actions, lowered) and not _any(self.not_actions, lowered)

    def as_json(self) -> dict[str, Any]:
        """As the permissions operation lists it."""
        return {
            "actions": list(self.actions),
            "notActions": list(self.not_actions),
            "dataActions": [],
            "notDataActions": [],
        }


ROLES: Mapping[str, Role] = {
    "owner": Role(("*",)),
    "contributor": Role(("*",), ("Microsoft.Authorization/*/Delete", "Microsoft.Authorization/*/Write")),
    "reader": Role(("*/read",)),
    "none": Role(()),
}
"""The roles a world knows; owner, contributor and reader as Azure defines them (in essence), and none."""


class Authorization:
    """Role assignments. Whoever has none is an owner: a sandbox is open unless told otherwise."""

    def __init__(self) -> None:
        self._assigned: dict[tuple[str, str], str] = {}

    def assign(self, principal: str, scope: str, role: str) -> None:
        """Give a principal (an id or user name, or "*") a role on a scope and all below it.

        Raises:
            ValueError: for a role that does not exist.
        """
        if role not in ROLES:
            raise ValueError(f"there is no role {role!r}; there are {', '.join(ROLES)}")
        self._assigned[(principal.lower(), _normal(scope))] = role

    def role(self, principal: str, scope: str) -> Role:
        """The role in force: that of the closest scope at or above, the principal's own before everyone's."""
        place = _normal(scope)
        while True:
            for who in (principal.lower(), EVERYONE):
                name = self._assigned.get((who, place))
                if name is not None:
                    return ROLES[name]
            if not place:
                return ROLES["owner"]
            place = place.rpartition("/")[0]

    def require(self, principal: str, action: str, scope: str) -> None:
        """Let the action pass.

        Raises:
            Refusal: 403 AuthorizationFailed, in ARM's words.
        """
        if not self.role(principal, scope).allows(action):
            raise Refusal(
                403,
                "AuthorizationFailed",
                f"The client '{principal}' with object id '{principal}' does not have authorization to perform "
                f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently "
                "granted, please refresh your credentials.",
            )

    def as_json(self) -> list[dict[str, str]]:
        """All assignments."""
        return [
            {"principal": who, "scope": scope or "/", "role": role}
            for (who, scope), role in sorted(self._assigned.items())
        ]


def action_of(method: str, path: str) -> str:
    """The name of what a request does, as role definitions write it.

    `POST …/providers/Microsoft.Web/sites/app/slots/staging/slotsswap` is `Microsoft.Web/sites/slots/slotsswap/action`.
    """
    _, _, rest = path.rpartition("/providers/")
    if not rest:
        parts = path.strip("/").split("/")
        kind = "resourceGroups" if len(parts) >= 3 else "subscriptions"
        return f"Microsoft.Resources/{kind}/{_VERBS.get(method, 'action')}"
    namespace, *names = rest.strip("/").split("/")
    kinds = names[0::2]
    return "/".join([namespace, *kinds, _VERBS.get(method, "action")])


_VERBS = {"GET": "read", "HEAD": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


def _normal(scope: str) -> str:
    return scope.lower().rstrip("/")


def _any(patterns: tuple[str, ...], action: str) -> bool:
    return any(fnmatchcase(action, pattern.lower()) for pattern in patterns)
