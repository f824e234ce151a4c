"""Every drill, played headless through the real sandbox and runner: to its good end, and to a bad one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.cli.conftest import Result

from quarterdeck.cli.drills.catalogue import DRILLS
from quarterdeck.cli.drills.stage import existing_world
from quarterdeck.cli.main import main

pytestmark = pytest.mark.process

YES = ("--yes", "--confirm", "production")

Qd = Callable[..., Result]
Play = Callable[["Table"], None]


@contextmanager
def time_runs_fast() -> Iterator[None]:
    """Swaps take seconds of the world's time: let them pass, from the side, while somebody waits for them."""
    world, over = existing_world(), threading.Event()

    def pass_time() -> None:
        while not over.wait(0.1):
            world.tell("clock/advance", {"seconds": 1})

    passing = threading.Thread(target=pass_time)
    passing.start()
    try:
        yield
    finally:
        over.set()
        passing.join()


class Table:
    """Somebody who plays."""

    def __init__(self, qd: Qd, folder: Path) -> None:
        self.qd = qd
        self.folder = folder

    def start(self, name: str) -> str:
        """Set a drill up; its story."""
        told = self.qd("drill", "start", name, "--seed", "3", "--headless")
        assert told.code == 0, told.err
        return told.out

    def do(self, *words: str, code: int = 0) -> str:
        """Run a command on the drill's shop, in which time runs fast meanwhile."""
        with time_runs_fast():
            told = self.qd("drill", "do", *words)
        assert told.code == code, told.out + told.err
        return told.out

    def score(self) -> Any:
        return self.qd("drill", "score", "--json").json

    def facts(self) -> dict[str, str]:
        """What the drill's set-up chose."""
        found: dict[str, str] = json.loads((self.folder / "drill.json").read_text())["facts"]
        return found


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """One sandbox serves all drills of this file, one after the other."""
    folder = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("QUARTERDECK_STATE", str(folder))
        patch.setenv("QUARTERDECK_CONFIG_DIR", str(folder / "config"))
        patch.delenv("QUARTERDECK_READ_ONLY", raising=False)
        yield folder
        main(["drill", "end"])


@pytest.fixture
def table(state: Path, qd: Qd) -> Table:
    return Table(qd, state / "drills")


# --- the moves ----------------------------------------------------------------------------------------------------
def cancel_the_preview(table: Table) -> None:
    table.do("swap", "production/payments", "--cancel", *YES)


def complete_the_preview(table: Table) -> None:
    table.do("swap", "production/payments", "--complete", *YES)


def switch_the_right_flag(table: Table) -> None:
    flag = table.facts()["flag"]
    table.do("flag", "off", f"production/{flag}", *YES)
    table.do("rollback", f"flag:staging/{flag}", *YES)


def leave_the_flag_on_for_some(table: Table) -> None:
    table.do("flag", "rollout", "10", f"production/{table.facts()['flag']}", *YES)


def abort_the_canary(table: Table) -> None:
    table.do("release", "abort", "production/payments", *YES)


def promote_the_canary(table: Table) -> None:
    table.do("release", "promote", "production/payments", *YES)


def try_the_other_region_again(table: Table) -> None:
    table.do("operation", table.facts()["operation"], "--choose", "retry")


def leave_the_regions_apart(table: Table) -> None:
    table.do("operation", table.facts()["operation"], "--choose", "abandon", code=5)


def let_a_new_runner_go_on(table: Table) -> None:
    table.do("status")
    table.do("operation", table.facts()["operation"], "--follow")


def take_the_fix_back(table: Table) -> None:
    let_a_new_runner_go_on(table)
    table.do("rollback", table.facts()["target"], *YES)


GOOD: dict[str, Play] = {
    "stuck-preview": cancel_the_preview,
    "wrong-label": switch_the_right_flag,
    "silent-metric": abort_the_canary,
    "conflict": try_the_other_region_again,
    "dead-runner": let_a_new_runner_go_on,
}
BAD: dict[str, Play] = {
    "stuck-preview": complete_the_preview,
    "wrong-label": leave_the_flag_on_for_some,
    "silent-metric": promote_the_canary,
    "conflict": leave_the_regions_apart,
    "dead-runner": take_the_fix_back,
}
SEEDED = {
    "stuck-preview": "production/payments",
    "wrong-label": "flag:production/FastCart",
    "silent-metric": "production/payments",
    "conflict": "production/checkout",
    "dead-runner": "production/checkout",
}
"""What each drill is about with the seed of these tests: the same seed makes the same drill."""

NAMES = [drill.name for drill in DRILLS]


@pytest.mark.parametrize("name", NAMES)
def test_the_good_way_recovers_everything_with_all_points(name: str, table: Table) -> None:
    story = table.start(name)
    assert len(story.splitlines()) == 4
    assert table.facts()["target"] == SEEDED[name]
    before = table.score()
    assert (before["points"], before["detected_after"], before["recovered_after"]) == (0, None, None)
    assert before["missing"]
    GOOD[name](table)
    after = table.score()
    assert (after["missing"], after["wrong_moves"], after["points"]) == (None, 0, 100)
    assert after["detected_after"] <= after["acted_after"] <= after["recovered_after"]


@pytest.mark.parametrize("name", NAMES)
def test_a_bad_way_is_not_over_and_says_what_was_wrong(name: str, table: Table) -> None:
    table.start(name)
    BAD[name](table)
    after = table.score()
    assert after["recovered_after"] is None
    assert (after["points"], after["wrong_moves"]) == (0, 1)
    assert next(move["why"] for move in after["moves"] if move["verdict"] == "wrong")
