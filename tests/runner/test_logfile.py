"""The log is its owner's alone, says where an error came from, and repeats none of its words."""

from __future__ import annotations

import logging
import stat
from pathlib import Path

import pytest

from quarterdeck.runner import logfile
from quarterdeck.runner.logfile import log_path, logging_beside

OURS = logging.getLogger("quarterdeck.runner.test")


def test_an_exception_is_told_by_kind_and_place_without_its_text(tmp_path: Path) -> None:
    store, url = tmp_path / "store.db", "https://example/?sig=secret"
    with logging_beside(store):
        try:
            raise RuntimeError(url)
        except RuntimeError:
            OURS.exception("request %s failed", "r1")
    written = log_path(store).read_text()
    assert "request r1 failed" in written
    assert "RuntimeError" in written
    assert "test_logfile.py" in written
    assert "secret" not in written


def test_other_peoples_libraries_are_not_logged(tmp_path: Path) -> None:
    with logging_beside(tmp_path / "store.db"):
        logging.getLogger("azure.core").error("Authorization: Bearer secret")
        OURS.info("ours")
    assert "ours" in log_path(tmp_path / "store.db").read_text()
    assert "secret" not in log_path(tmp_path / "store.db").read_text()


def test_the_files_are_private_and_do_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logfile, "LARGEST", 2000)
    with logging_beside(tmp_path / "store.db"):
        for number in range(200):
            OURS.warning("line %d of the log", number)
    files = list(tmp_path.iterdir())
    assert len(files) == 4
    assert sum(file.stat().st_size for file in files) <= 4 * 2000
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_after_the_block_nothing_is_written(tmp_path: Path) -> None:
    with logging_beside(tmp_path / "store.db"):
        OURS.warning("inside")
    OURS.warning("outside")
    assert "outside" not in log_path(tmp_path / "store.db").read_text()
