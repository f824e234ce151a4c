"""A lease whose holder was killed is known to be free before it runs out; in doubt, time decides."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.store.lifeline import lifeline, proves_dead, runner_lives, sweep
from quarterdeck.store.sqlite import SqliteStore

HOLDER = """if True:
    import json, sys, time
    from pathlib import Path
    from quarterdeck.store.lifeline import lifeline
    with lifeline(Path(sys.argv[1]), "other") as info:
        print(json.dumps(dict(info)), flush=True)
        time.sleep(60)
"""


def test_a_living_process_is_not_dead_and_one_that_left_proves_nothing(path: Path, sqlite_store: SqliteStore) -> None:
    with lifeline(path, "me") as info:
        assert not proves_dead(info)
    assert not proves_dead(info)


@pytest.mark.parametrize("info", [{}, {"lifeline": 7}, {"lifeline": "/nowhere", "host": "elsewhere"}])
def test_what_says_nothing_proves_nothing(info: dict[str, object]) -> None:
    assert not proves_dead(info)


def test_another_machines_lifeline_proves_nothing(path: Path, sqlite_store: SqliteStore) -> None:
    file = path.with_name("store.db.alive-x")
    file.touch()
    assert not proves_dead({"lifeline": str(file), "host": "another machine"})


def test_a_runner_lives_while_its_lease_does(path: Path, sqlite_store: SqliteStore) -> None:
    assert not runner_lives(sqlite_store, 0)
    with lifeline(path, "me") as info:
        sqlite_store.take_lease("runner", "me", now=0, ttl=10, info=info)
        assert runner_lives(sqlite_store, 9)
        assert not runner_lives(sqlite_store, 10)


@pytest.mark.process
def test_a_killed_process_is_proved_dead_at_once_and_swept_away(path: Path, sqlite_store: SqliteStore) -> None:
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    info = json.loads(process.stdout.readline())
    sqlite_store.take_lease("runner", "other", now=0, ttl=10, info=info)
    assert runner_lives(sqlite_store, 1)

    process.kill()
    process.communicate()

    assert proves_dead(info)
    assert not runner_lives(sqlite_store, 1)
    sweep(path)
    assert not list(path.parent.glob("*.alive-*"))
