"""Viewers are counted for as long as they live, however they end."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.store.presence import anybody_watches, watching


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def test_nobody_watches_at_first(store: Path) -> None:
    assert not anybody_watches(store)


def test_each_viewer_counts_until_it_leaves(store: Path) -> None:
    with watching(store):
        with watching(store):
            assert anybody_watches(store)
        assert anybody_watches(store)
    assert not anybody_watches(store)


def test_a_viewer_that_can_not_write_beside_the_store_works_uncounted(tmp_path: Path) -> None:
    missing = tmp_path / "missing" / "store.db"
    with watching(missing):
        assert not anybody_watches(missing)


@pytest.mark.process
def test_a_killed_viewer_is_gone_at_once(store: Path) -> None:
    script = """if True:
        import sys, time
        from pathlib import Path
        from quarterdeck.store.presence import watching
        with watching(Path(sys.argv[1])):
            print("here", flush=True)
            time.sleep(60)
    """
    viewer = subprocess.Popen([sys.executable, "-c", script, str(store)], stdout=subprocess.PIPE, text=True)
    assert viewer.stdout is not None
    assert viewer.stdout.readline() == "here\n"
    assert anybody_watches(store)
    viewer.send_signal(signal.SIGKILL)
    viewer.communicate()
    assert not anybody_watches(store)
