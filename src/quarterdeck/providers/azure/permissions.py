"""What our credential may do, asked of Azure before it is offered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.base import ProviderError

API_VERSION = "2022-04-01"


async def may(arm: Arm, scope: str, action: str) -> bool | None:
    """Whether an action such as `Microsoft.Web/sites/slots/slotsswap/action` is allowed on a resource.

    None if that can't be found out. Deny assignments and locks aren't in the answer: the write itself may still be
    refused.
    """
    try:
        with reading("permissions"):
            answer = await arm.get(f"{scope}/providers/Microsoft.Authorization/permissions", API_VERSION)
            return allows(answer["value"], action)
    except ProviderError:
        return None


def allows(permissions: Iterable[Mapping[str, Any]], action: str) -> bool:
    """Whether any of a caller's roles allows an action: named by `actions` and not taken out by `notActions`."""
    return any(
        _named(role.get("actions"), action) and not _named(role.get("notActions"), action) for role in permissions
    )


def _named(patterns: Iterable[str] | None, action: str) -> bool:
    return any(fnmatchcase(action.lower(), pattern.lower()) for pattern in patterns or ())
