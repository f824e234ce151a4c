"""The viewer's view of the store: read again only where something was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.ui.conftest import Start
from tests.ui.driving import press, see
from tests.ui.scenes import READINGS, Scene, played, slots

from quarterdeck.release.freshness import STALE_AFTER
from quarterdeck.store.base import Store, StoreError
from quarterdeck.ui.watching import News, Watch


class Counting:
    """A store that counts how often each method is called."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.calls: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any, **options: Any) -> Any:
            self.calls[name] = self.calls.get(name, 0) + 1
            return getattr(self._store, name)(*args, **options)

        return call


@pytest.fixture
def counting(scene: Scene) -> Counting:
    return Counting(scene.viewer())


def test_a_store_that_did_not_change_is_only_asked_for_its_version(scene: Scene, counting: Counting) -> None:
    played(scene)
    watch = Watch(counting, scene.clock)
    assert watch.look()
    counting.calls.clear()
    assert not watch.look()
    assert counting.calls == {"version": 1}


def test_new_readings_do_not_make_it_read_operations_again(scene: Scene, counting: Counting) -> None:
    played(scene)
    watch = Watch(counting, scene.clock)
    watch.look()
    counting.calls.clear()
    scene.see({"slots/production/cart": slots("1.9.9", "1.9.2")})
    assert watch.look()
    assert "operations" not in counting.calls
    row = next(row for row in watch.picture().rows if row.service == "cart")
    assert row.cells[2] is not None
    assert row.cells[2].versions == ("1.9.9",)


def test_a_lease_that_is_renewed_is_urgent_only_after_it_had_run_out(scene: Scene) -> None:
    played(scene)
    watch = Watch(scene.viewer(), scene.clock)
    watch.look()
    scene.store.renew_lease(scene.lease, scene.clock.now(), 10)
    assert watch.look() == News.AGES
    scene.clock.at += 20
    scene.store.renew_lease(scene.lease, scene.clock.now(), 10)
    assert watch.look() == News.CONTENT


def test_places_that_are_as_they_were_are_news_of_their_age_alone(scene: Scene) -> None:
    scene.publish()
    watch = Watch(scene.viewer(), scene.clock)
    watch.look()
    _read_again(scene, 10)
    assert watch.look() == News.AGES
    _read_again(scene, STALE_AFTER)
    assert watch.look() == News.CONTENT
    scene.see({"slots/production/cart": slots("1.9.9", "1.9.2")})
    assert watch.look() == News.CONTENT


def test_the_journal_is_read_from_where_it_ended(scene: Scene, counting: Counting) -> None:
    played(scene)
    watch = Watch(counting, scene.clock)
    watch.look()
    before = len(watch.events)
    scene.end("op2", "succeeded")
    watch.look()
    assert len(watch.events) == before + 1
    assert watch.events[-1].kind == "operation.ended"
    assert watch.picture().operations[0].state == "succeeded"


def _read_again(scene: Scene, later: float) -> None:
    """Everything is found as it was, so much later."""
    scene.clock.at += later
    seen = scene.store.observations().values()
    scene.store.observe([replace(one, observed_at=scene.clock.now()) for one in seen], scene.lease)


async def test_a_store_that_cannot_be_read_is_told_and_the_last_picture_stays(scene: Scene, start: Start) -> None:
    scene.publish()
    app = start()

    def broken() -> int:
        raise StoreError("the disk reports an error", "check the disk")

    async with app.run_test(size=(100, 30)) as pilot:
        app.store.version = broken  # type: ignore[method-assign]
        text = await see(pilot)
    assert "the store can't be read: the disk reports an error. check the disk" in text
    assert "2.14.3" in text


async def test_a_reading_that_changes_shows_up_and_an_old_one_turns_old(scene: Scene, start: Start) -> None:
    scene.publish()
    async with start().run_test(size=(120, 30)) as pilot:
        scene.see({**READINGS, "slots/production/cart": slots("1.9.9", "1.9.2")})
        assert "1.9.9 ok" in await see(pilot)
        scene.clock.at += 300
        text = await see(pilot)
        assert "1.9.9 old 5m" in text
        assert "azure 5m" in text


async def test_health_that_was_not_read_lately_is_only_what_it_was(scene: Scene, start: Start) -> None:
    scene.publish()
    scene.clock.at += 300
    async with start().run_test(size=(100, 60)) as pilot:
        text = await press(pilot, "2")
    assert "was healthy" in text
    assert "● healthy" not in text
