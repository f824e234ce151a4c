"""What `qd check` tries of an Azure connection, one thing after the other, each with what is wrong with it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.azure.permissions import API_VERSION, allows
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.clocks import apart

if TYPE_CHECKING:
    from quarterdeck.providers.azure.app_configuration import Store

Checked = tuple[str, Trouble | None]

SUBSCRIPTIONS_API = "2022-12-01"
_NEEDED = {
    "swap slots": "Microsoft.Web/sites/slots/slotsswap/action",
    "prepare a swap (preview)": "Microsoft.Web/sites/slots/applySlotConfig/action",
    "shift traffic between slots": "Microsoft.Web/sites/config/write",
    "shift traffic between regions": "Microsoft.Network/trafficManagerProfiles/externalEndpoints/write",
    "list names of settings": "Microsoft.Web/sites/config/list/action",
    "ask metrics for gates": "Microsoft.Insights/metrics/read",
    "ask alerts for gates": "Microsoft.AlertsManagement/alerts/read",
}
"""What people want to do, and the action in a role that allows it (Microsoft's documentation, resource provider
operations)."""


async def check_subscription(arm: Arm) -> AsyncIterator[Checked]:
    """Sign-in, subscription, clocks, Resource Graph, permissions. Stops where the rest can't work."""
    where = f"/subscriptions/{arm.subscription}"
    who, trouble = await _tried("sign-in", arm.sign_in)
    yield f"signed in as {who}" if who else f"signed in at {arm.cloud.authority}", trouble
    if trouble:
        return
    answer, trouble = await _tried("subscription", lambda: _read(arm, where))
    about, theirs = answer or ({}, None)
    name = about.get("displayName") if isinstance(about, dict) else None
    yield f"subscription {arm.subscription}" + (f" ({name})" if name else ""), trouble
    if trouble:
        return
    if theirs is not None:
        yield "its clock agrees with this machine's", apart(theirs, arm.context.clock.now())
    _, trouble = await _tried("Resource Graph", lambda: _ask_graph(arm))
    yield "Resource Graph answers (without it, sites are listed group by group)", trouble
    path = f"{where}/providers/Microsoft.Authorization/permissions"
    answer, trouble = await _tried("permissions", lambda: arm.get(path, API_VERSION))
    if trouble:
        yield "permissions", trouble
        return
    for what, action in _NEEDED.items():
        allowed = allows(answer.get("value", []), action)
        yield f"allowed in the whole subscription: {what}", None if allowed else _not_allowed(action)


async def check_store(store: Store) -> AsyncIterator[Checked]:
    """Sign-in, and one look at the store."""
    who, trouble = await _tried("sign-in", store.identity)
    yield f"signed in as {who}" if who else "signed in", trouble
    if not trouble:
        _, trouble = await _tried("App Configuration", store.look)
        yield f"App Configuration {store.host} answers", trouble


async def _tried(what: str, attempt: Callable[[], Awaitable[Any]]) -> tuple[Any, Trouble | None]:
    try:
        with reading(what):
            return await attempt(), None
    except ProviderError as error:
        return None, error.trouble


async def _read(arm: Arm, path: str) -> tuple[Any, float | None]:
    """A document of the management plane, and what time it was there (to the second; None if it doesn't say)."""
    response = await arm.plain.send("GET", path, SUBSCRIPTIONS_API)
    said = response.headers.get("Date", "")
    return response.json(), parsedate_to_datetime(said).timestamp() if said else None


async def _ask_graph(arm: Arm) -> None:
    from quarterdeck.providers.azure.app_service.watching import SITES
    from quarterdeck.providers.azure.graph import ResourcesGraph

    await ResourcesGraph(arm, SITES).read({"quarterdeck-check": 0})


def _not_allowed(action: str) -> Trouble:
    return Trouble(
        "forbidden",
        f"no role of yours on the subscription has {action}",
        "a role on the resource group or the site itself is enough, and isn't looked at here",
    )
