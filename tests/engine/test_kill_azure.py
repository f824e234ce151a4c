"""The same deaths on the real thing: Microsoft's SDKs over TLS against the sandbox.

Every journal write and every boundary of a request is enumerated from a calm run; then the runner dies at each.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.engine.harbour import BANNER, CART, CHECKOUT, Harbour, harbour

from quarterdeck.release.action import Action, Deploy, FlagChange, Shift, Swap

VOYAGES: dict[str, list[Action]] = {
    "swap": [Swap(CHECKOUT)],
    "preview and complete": [Swap(CHECKOUT, mode="preview"), Swap(CHECKOUT, mode="complete")],
    "preview and cancel": [Swap(CHECKOUT, mode="preview"), Swap(CHECKOUT, mode="cancel")],
    "shift between regions": [Shift(CHECKOUT, {"weu": 90})],
    "drain a region": [Shift(CHECKOUT, {"weu": 100})],
    "shift between slots": [Shift(CHECKOUT, {"staging": 10})],
    "deploy an image": [Deploy(CART, "1.9.2", artifact="shop/cart:1.9.2")],
    "deploy a package": [Deploy(CHECKOUT, "9.9.9", artifact="https://shop.example/9.9.9.zip")],
    "flag": [FlagChange(BANNER, enabled=False)],
}


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[Harbour]:
    async with harbour(tmp_path) as found:
        yield found


def result(port: Harbour) -> object:
    """What users get, what the world says it did, and how often it was asked to swap."""
    site = port.site()
    profile = next(iter(port.world.profiles))
    endpoints = {e.name: (e.weight, e.enabled) for e in profile.endpoints}
    flag = port.world.configuration.get(".appconfig.featureflag/banner")
    assert flag is not None
    staged = [port.site(name).slots["staging"].content.build.version for name in ("cart", "checkout")]
    return (
        port.swaps(),
        staged,
        port.posts("/slotsswap"),
        port.posts("/onedeploy"),
        port.serving(),
        site.weights(),
        endpoints,
        flag.value,
    )


@pytest.mark.parametrize("voyage", VOYAGES)
async def test_killed_anywhere_it_is_done_exactly_once(voyage: str, port: Harbour) -> None:
    calm = port.launch()
    for action in VOYAGES[voyage]:
        assert (await calm.voyage(action)).ending == "succeeded"
    wanted, moments = result(port), list(calm.moments.seen)
    calm.store.close()
    for moment in moments:
        ship = port.launch(at=moment)
        for action in VOYAGES[voyage]:
            operation = await ship.voyage(action)
            assert operation.ending == "succeeded", f"killed {moment}: {operation.detail}"
        assert result(port) == wanted, f"killed {moment}"
        assert not ship.store.locks(), f"killed {moment}"
        assert ship.store.verify() == ()
        ship.store.close()
