"""Several real processes at one store: one wins each race, and nothing is lost or done twice."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from quarterdeck.store.sqlite import SqliteStore

pytestmark = pytest.mark.process

CONTENDER = """
import json, sys, time
from pathlib import Path
from quarterdeck.store.base import Draft, LeaseLost, Lock, Locked
from quarterdeck.store.opening import open_store

path, me, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = open_store(path, create=True)
print("ready", flush=True)
sys.stdin.readline()
wins = []
shared = store.lease("shared")
for n in range(rounds):
    try:
        store.record([Draft("won", me, f"o{n}")], shared, n, lock=[Lock(f"resource-{n}", f"{me}-{n}", me, "", n)])
        wins.append(n)
    except Locked as locked:
        assert locked.lock.operation == f"{locked.lock.actor}-{n}", locked
taken = store.take_lease("contended", me, 0, 10, {})
print(json.dumps({"wins": wins, "lease": bool(taken)}), flush=True)
"""


def test_each_lock_and_the_lease_have_exactly_one_winner(path: Path, sqlite_store: SqliteStore) -> None:
    assert sqlite_store.take_lease("shared", "everybody", 0, 1000, {})
    rounds = 60
    contenders = [
        subprocess.Popen(
            [sys.executable, "-c", CONTENDER, str(path), f"p{number}", str(rounds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(3)
    ]
    for process in contenders:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in contenders:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    results = [json.loads(process.communicate(timeout=60)[0]) for process in contenders]

    assert [process.returncode for process in contenders] == [0, 0, 0]
    assert sorted(n for result in results for n in result["wins"]) == list(range(rounds))
    assert sum(result["lease"] for result in results) == 1
    assert len(sqlite_store.locks()) == rounds
    assert sorted(event.operation for event in sqlite_store.events()) == sorted(f"o{n}" for n in range(rounds))
    assert sqlite_store.verify() == ()


KILLED = """
import sys
from pathlib import Path
from quarterdeck.store.base import Draft
from quarterdeck.store.opening import open_store

store = open_store(Path(sys.argv[1]), create=False)
lease = store.lease("shared")
n = 0
while True:
    n += 1
    store.record([Draft("a", body={"n": n}), Draft("b", body={"n": n})], lease, n)
    print(n, flush=True)
"""


def test_what_was_recorded_survives_a_kill_whole(path: Path, sqlite_store: SqliteStore) -> None:
    assert sqlite_store.take_lease("shared", "everybody", 0, 1000, {})
    writer = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    acknowledged = 0
    while acknowledged < 25:
        acknowledged = int(writer.stdout.readline())
    writer.kill()
    rest = writer.communicate()[0].split()
    acknowledged = max([acknowledged, *map(int, rest)])

    events = sqlite_store.events()
    assert len(events) % 2 == 0
    assert len(events) // 2 >= acknowledged
    assert sqlite_store.verify() == ()


def test_another_processs_write_changes_the_version(path: Path, sqlite_store: SqliteStore) -> None:
    before = sqlite_store.version()
    script = """if True:
        import sys
        from pathlib import Path
        from quarterdeck.store.opening import open_store
        open_store(Path(sys.argv[1]), create=False).take_lease("x", "me", 0, 1, {})
    """
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    assert sqlite_store.version() != before
