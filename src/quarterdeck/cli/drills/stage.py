"""Where a drill plays: a shop of its own in a sandbox of its own, and what other people did in it before.

There is one at a time, in the state folder; beginning another clears it away.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from quarterdeck import paths
from quarterdeck.cli.connected import Watched
from quarterdeck.cli.drills.drill import Seen
from quarterdeck.cli.drills.world import World
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.requesting import answer_to
from quarterdeck.clock import SystemClock
from quarterdeck.release.action import Action
from quarterdeck.release.operation import Operation
from quarterdeck.release.release_plan import Wish
from quarterdeck.runner.sandboxing import reset_sandbox, running, stop_sandbox
from quarterdeck.store.asking import Asker
from quarterdeck.store.lifeline import RUNNER_LEASE
from quarterdeck.store.opening import open_store
from quarterdeck.store.presence import anybody_watches

COLLEAGUE = "bo@jump2"
"""Whoever did what a drill begins with."""

PATIENCE = 90.0
_LOOK_SECONDS = 0.1
_LEAVING_SECONDS = 5.0

T = TypeVar("T")


def folder() -> Path:
    """Where everything of drills is kept, but for the store and the sandbox, which lie where those of a configuration
    lie."""
    return paths.state_dir() / "drills"


def invocation() -> Invocation:
    """How any command acts on the shop of the drills."""
    return Invocation(config=str(folder() / "drill-shop.yaml"), sandbox=True)


@dataclass(frozen=True, slots=True)
class Stage:
    """The shop, with a runner and a sandbox that live. `random` is seeded: the same seed makes the same drill."""

    fleet: Watched
    world: World
    random: random.Random

    def seen(self) -> Seen:
        """How everything is."""
        return look(self.fleet, self.world)

    def carry_out(self, action: Action, reason: str) -> str:
        """Have a colleague's action begin; its operation's id."""
        asker, yes = self._colleague(), "production" if action.target.environment == "production" else ""
        plan = answer_to(self.fleet, asker.plan(action, reason)).plan
        if plan is None:
            raise CommandError(ExitCode.FAILED, "the runner answered without a plan")
        return answer_to(self.fleet, asker.confirm(plan, yes, reason)).operation

    def release(self, wish: Wish, reason: str) -> str:
        """Have a colleague's release begin; its id."""
        asker = self._colleague()
        proposal = answer_to(self.fleet, asker.propose(wish, reason)).proposal
        if proposal is None:
            raise CommandError(ExitCode.FAILED, "the runner answered without a plan")
        return answer_to(self.fleet, asker.launch(proposal, proposal.type_to_confirm, reason)).release

    def ended(self, operation_id: str) -> Operation:
        """Wait for the end of an operation, with the world's time running faster."""

        def end() -> Operation | None:
            self.world.tell("clock/advance", {"seconds": 1})
            found = self.fleet.store.operation(operation_id)
            return found if found is not None and found.ending is not None else None

        return self.until(end)

    def until(self, found: Callable[[], T | None]) -> T:
        """Wait for something. Raises CommandError if it doesn't come."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            if (thing := found()) is not None:
                return thing
            time.sleep(_LOOK_SECONDS)
        raise CommandError(ExitCode.FAILED, "the drill can't be set up: what should happen doesn't", "start it again")

    def kill_runner(self) -> None:
        """What an out-of-memory killer does to the runner."""
        kill_runner(self.fleet)

    def _colleague(self) -> Asker:
        return Asker(self.fleet.store, COLLEAGUE, "cli", SystemClock(), read_only=False)


def look(fleet: Watched, world: World) -> Seen:
    """How everything is."""
    store = fleet.store
    return Seen(world.state(), store.operations(open_only=True), store.releases(open_only=True))


def existing_world() -> World:
    """The world of the drill that is under way. Raises CommandError if it has ended."""
    found = running(invocation().config_path())
    if found is None:
        raise CommandError(
            ExitCode.FAILED, "the world of the drill has ended: nobody used it for a while", "qd drill start NAME"
        )
    return World(found)


def lay_out() -> None:
    """Write the shop's configuration; the world is as at the start, and nothing has happened in it yet.

    Raises:
        CommandError: somebody still looks at the last drill.
    """
    shop = paths.private_dir(folder()) / "drill-shop.yaml"
    shop.write_text(Path(__file__).with_name("shop.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    _forget_the_last()
    reset_sandbox(shop)


def clear_away() -> None:
    """End runner and sandbox, and forget what happened. Raises CommandError if somebody still looks."""
    _forget_the_last()
    stop_sandbox(invocation().config_path())


def _forget_the_last() -> None:
    where = invocation()
    path = where.store_path()
    if anybody_watches(path):
        raise CommandError(ExitCode.REFUSED, "somebody still looks at the last drill", "leave that cockpit or watch")
    if path.exists():
        with closing(open_store(path, create=False)) as store:
            kill_runner(Watched(where, store, path))
    for file in path.parent.glob(path.name + "*"):
        file.unlink(missing_ok=True)


def kill_runner(fleet: Watched) -> None:
    """End the runner at once, whatever it does, and wait until it is gone."""
    lease = fleet.store.lease(RUNNER_LEASE)
    pid = int(lease.info.get("pid", 0)) if lease is not None and fleet.runner_lives() else 0
    if not pid:
        return
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + _LEAVING_SECONDS
    while _exists(pid) and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _exists(pid: int) -> bool:
    from quarterdeck.runner.detached import reap

    reap()
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
