"""What is asked of Azure Resource Manager without an SDK meets bad days as well as what goes through one."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.azure.conftest import Start, read
from tests.providers.azure.test_container_apps import app, place, router, shift, slots, world

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble, TroubleCode
from quarterdeck.fleet.readings import SlotsReading
from quarterdeck.providers.azure.arm import MOST_PAGES, Arm
from quarterdeck.providers.azure.clouds import CLOUDS
from quarterdeck.providers.azure.schema import ArmConnection
from quarterdeck.providers.base import InDoubt, ProviderError, Refused, SessionContext


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"kind": "html"}, "garbage"),
        ({"kind": "redirect"}, "garbage"),
        ({"kind": "garbage"}, "garbage"),
        ({"kind": "half"}, "garbage"),
        ({"kind": "status", "status": 401}, "unauthenticated"),
        ({"kind": "status", "status": 403}, "forbidden"),
        ({"kind": "status", "status": 429, "retry_after": 60}, "throttled"),
        ({"kind": "status", "status": 503}, "provider_error"),
    ],
)
async def test_a_reading_that_goes_wrong_says_how(start: Start, fault: dict[str, Any], code: TroubleCode) -> None:
    azure = await start(world())
    azure.fault(method="GET", path="/containerApps/checkout", **fault)

    with pytest.raises(ProviderError) as error:
        await router(azure).survey_traffic(place("slot_traffic").address)

    assert error.value.trouble.code == code


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ({"kind": "drop"}, InDoubt),
        ({"kind": "status", "status": 500}, InDoubt),
        ({"kind": "status", "status": 503, "retry_after": 1}, InDoubt),
        ({"kind": "html"}, InDoubt),
        ({"kind": "status", "status": 429, "retry_after": 1}, Refused),
        ({"kind": "status", "status": 403}, Refused),
    ],
)
async def test_a_write_is_sent_once_whatever_is_answered(
    start: Start, fault: dict[str, Any], kind: type[ProviderError]
) -> None:
    azure = await start(world())
    step = await shift(azure, {"staging": 5})
    azure.fault(method="PATCH", **fault)

    with pytest.raises(kind):
        await router(azure).send(step)

    assert len(azure.requests("PATCH")) == 1


async def test_an_app_whose_revisions_cant_be_read_is_shown_and_so_are_its_neighbours(start: Start) -> None:
    azure = await start(world(app("checkout"), app("cart")))
    azure.fault(kind="status", status=500, path="/containerApps/checkout/revisions")

    observed = await slots(azure).observe([place(), place(name="cart")])

    checkout, cart = (read(SlotsReading, observed, place(name=name)) for name in ("checkout", "cart"))
    assert [(slot.name, slot.health) for slot in checkout.slots] == [("production", "unknown"), ("staging", "unknown")]
    assert [slot.health for slot in cart.slots] == ["healthy", "healthy"]


async def test_an_app_that_answers_nonsense_is_its_own_trouble(start: Start) -> None:
    azure = await start(world(app("checkout"), app("cart")))
    for name in ("checkout", "cart"):
        await slots(azure).survey_swap(place(name=name).address, "staging", "production")
    azure.fault(kind="html", path="/containerApps/checkout\\?")

    observed = await slots(azure).observe([place(), place(name="cart")])

    assert isinstance(observed[place().subject], Trouble)
    read(SlotsReading, observed, place(name="cart"))


@pytest.mark.parametrize("each", ["the same page", "another page"])
async def test_a_list_without_an_end_is_garbage_and_not_read_for_ever(each: str) -> None:
    class Endless(Arm):
        asked = 0

        async def get(self, path: str, api_version: str) -> Any:
            self.asked += 1
            page = self.asked if each == "another page" else 0
            return {"value": [], "nextLink": f"{self.cloud.resource_manager}/list?page={page}"}

    options = ArmConnection.model_validate({"subscription": "s"})
    arm = Endless(options, CLOUDS["AzureCloud"], SessionContext(SystemClock(), print, lambda _: ""))
    with pytest.raises(ProviderError, match="without end"):
        await arm.everything("/list", "2026-01-01")
    assert arm.asked <= MOST_PAGES
