"""A store that takes nothing for a while, or says so of what it has taken; a lease that somebody else has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.releases.captain import ANALYSED, CANARY, Captain

from quarterdeck.store.base import Draft


@pytest.mark.parametrize("how", ["full", "lying"])
@pytest.mark.parametrize("kind", ["release.step_started", "release.step_done", "release.sampled", "release.ended"])
async def test_each_line_of_a_release_may_fail_and_nothing_is_done_twice(how: str, kind: str, tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    troubles = [0]

    def trouble(drafts: Sequence[Draft]) -> bool:
        """Two of three writes of this kind fail."""
        hit = any(draft.kind == kind for draft in drafts)
        troubles[0] += hit
        return hit and troubles[0] % 3 != 0

    setattr(ship.store, how, trouble)
    release = await ship.begin()
    ended = await ship.ended(release)
    assert ended.ending == "succeeded", ended.detail
    assert ship.world.swaps() == ["swap checkout"]
    assert [line for line in ship.world.log if line.startswith("sent swap")] == ["sent swap checkout"]
    kinds = [event.kind for event in ship.store.events(operation=release)]
    assert kinds.count("release.ended") == 1
    assert ship.store.verify() == ()


async def test_whoever_lost_the_lease_leaves_the_release_alone(tmp_path: Path) -> None:
    ship = Captain(tmp_path, ANALYSED)
    release = await ship.begin()
    await ship.at(release, "2")
    ship.store.release_lease(ship.guard.lease)
    assert ship.store.take_lease("runner", "somebody else", ship.clock.now(), 1e7, {})
    before = len(ship.store.events())
    await ship.until(lambda: not ship.engine.conducting)
    assert len(ship.store.events()) == before
    assert ship.release(release).ending is None


async def test_whoever_cannot_be_sure_of_the_lease_stops_watching_what_runs(tmp_path: Path) -> None:
    ship = Captain(tmp_path, CANARY)
    release = await ship.begin()
    await ship.at(release, "2")
    await ship.order(release, "promote_full")
    await ship.until(lambda: "sent swap checkout" in ship.world.log)
    ship.clock.step(2e7)
    await ship.until(lambda: not ship.engine.conducting)
    assert not ship.engine.conducting
    assert ship.release(release).ending is None
