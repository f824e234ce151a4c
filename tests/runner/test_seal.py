"""What a provider needs after a restart is stored unreadable for everybody else."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest

from quarterdeck.runner.seal import FileSeal
from quarterdeck.store.base import StoreError

URL = "https://management.example/operations/1?sig=secret"


def test_what_was_sealed_is_unreadable_and_comes_back(tmp_path: Path) -> None:
    seal = FileSeal(tmp_path / "state" / "seal.key")
    sealed = seal.seal(URL)
    assert "secret" not in sealed
    assert "management" not in sealed
    assert FileSeal(tmp_path / "state" / "seal.key").unseal(sealed) == URL


def test_the_key_is_its_owners_alone(tmp_path: Path) -> None:
    key = tmp_path / "state" / "seal.key"
    FileSeal(key)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    assert [file.name for file in key.parent.iterdir()] == ["seal.key"]


def test_another_key_opens_nothing(tmp_path: Path) -> None:
    sealed = FileSeal(tmp_path / "a").seal(URL)
    with pytest.raises(ValueError, match="another key"):
        FileSeal(tmp_path / "b").unseal(sealed)
    with pytest.raises(ValueError, match="another key"):
        FileSeal(tmp_path / "a").unseal(sealed[:-4] + "AAAA")
    with pytest.raises(ValueError, match="another key"):
        FileSeal(tmp_path / "a").unseal("not sealed at all, ünsealed")


def test_a_damaged_or_unusable_key_is_told(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("not a key")
    with pytest.raises(StoreError, match="damaged") as refused:
        FileSeal(tmp_path / "key")
    assert refused.value.hint
    with pytest.raises(StoreError, match="can't be used"):
        FileSeal(tmp_path / "key" / "inside")


def test_two_runners_that_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    barrier = threading.Barrier(6)
    seals: list[FileSeal] = []

    def make() -> None:
        barrier.wait()
        seals.append(FileSeal(tmp_path / "key"))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sealed = seals[0].seal(URL)
    assert [seal.unseal(sealed) for seal in seals] == [URL] * 6
