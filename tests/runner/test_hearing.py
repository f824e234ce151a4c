"""A poke wakes the runner, wherever the store lies, and hurts nobody when there is none."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from quarterdeck.runner.hearing import listening
from quarterdeck.store.wake import poke, socket_path


@pytest.fixture(params=["short", "a-folder-with-a-name-that-is-much-too-long-for-the-address-of-a-socket-" * 2])
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    folder = tmp_path / str(request.param)
    folder.mkdir()
    return folder / "store.db"


async def test_a_poke_is_heard(place: Path) -> None:
    heard = asyncio.Event()
    with listening(place, heard.set):
        poke(place)
        await asyncio.wait_for(heard.wait(), 5)
        heard.clear()
        poke(place)
        await asyncio.wait_for(heard.wait(), 5)
        assert stat.S_IMODE(socket_path(place).stat().st_mode) == 0o600


async def test_a_successor_hears_and_the_one_before_does_not(place: Path) -> None:
    before, after = asyncio.Event(), asyncio.Event()
    with listening(place, before.set), listening(place, after.set):
        poke(place)
        await asyncio.wait_for(after.wait(), 5)
        assert not before.is_set()


def test_a_poke_that_nobody_hears_is_lost_quietly(place: Path) -> None:
    poke(place)
    poke(place.parent / "missing" / "store.db")


async def test_any_number_of_pokes_never_blocks(place: Path) -> None:
    heard = asyncio.Event()
    with listening(place, heard.set):
        for _ in range(5000):
            poke(place)
        await asyncio.wait_for(heard.wait(), 5)


async def test_a_place_without_sockets_is_no_error(tmp_path: Path) -> None:
    with listening(tmp_path / "missing" / "store.db", lambda: None):
        await asyncio.sleep(0)
