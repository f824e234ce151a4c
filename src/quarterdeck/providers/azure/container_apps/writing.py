"""The one write of Container Apps: the whole list of weights and labels, with everything else left as it is.

A PATCH is merged into what is there, a list in it replaces the old one (JSON merge patch; `az containerapp ingress
traffic set` sends the same). No operation of the interface takes If-Match (2026-07-01), so who writes has read right
before, and compared. The list is absolute: sent twice it is the same. The service takes one write of an app at a time
and answers 409 ContainerAppOperationInProgress to a second one; it goes on with the first by itself, and
`provisioningState` says until when.
"""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.topology import Address
from quarterdeck.providers.azure import operations
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.container_apps.documents import App, Entry, written
from quarterdeck.providers.azure.container_apps.watching import API_VERSION, AppsWatch, at
from quarterdeck.providers.azure.faults import writing
from quarterdeck.providers.azure.permissions import may
from quarterdeck.providers.base import Receipt

ACTION = "Microsoft.App/containerApps/write"
"""The action in a role that allows it (Microsoft's documentation, resource provider operations)."""


async def write(arm: Arm, watch: AppsWatch, address: Address, app: App, entries: Sequence[Entry]) -> Receipt:
    """Replace the list. Raises Refused or InDoubt."""
    body = {
        "location": app.location,
        "properties": {"configuration": {"ingress": {"traffic": written(entries)}}},
    }
    with writing(f"{app.name}: traffic"):
        await arm.token_for_a_write()
        return operations.receipt(await arm.patch(watch.apps.path(*at(address)), API_VERSION, body))


async def permitted(arm: Arm, watch: AppsWatch, address: Address) -> bool | None:
    """Whether these credentials may write the app; None if that can't be found out."""
    return await may(arm, watch.apps.path(*at(address)), ACTION)
