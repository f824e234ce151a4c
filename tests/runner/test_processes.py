"""Real runners, killed, stopped and replaced in the middle of a real swap."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
from tests.runner.crew import CONFIG, SWAP, Crew, until

from quarterdeck.store.presence import anybody_watches

pytestmark = pytest.mark.process

HANG_WHILE_WARMING_UP = {"kind": "swap_hangs", "phase": 4}


def test_a_killed_runner_is_replaced_and_its_swap_done_exactly_once(crew: Crew) -> None:
    first = crew.runner(lease=30)
    crew.in_charge(first)
    crew.sandbox("POST", "faults", HANG_WHILE_WARMING_UP)
    operation = crew.begin(SWAP)
    until(lambda: crew.operation(operation).step("1").state == "accepted", "the swap is accepted")

    first.kill()
    first.communicate()
    killed_at = time.monotonic()
    second = crew.runner()
    lease = crew.in_charge(second)
    assert time.monotonic() - killed_at < 25, "the successor waited for the dead runner's lease"
    until(lambda: "operation.adopted" in crew.kinds(operation), "the operation is taken over")
    crew.sandbox("DELETE", "faults")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})

    ended = crew.ended(operation)
    assert ended.ending == "succeeded", ended
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (1, 1)
    assert lease.fence == 2
    assert crew.store.locks() == ()
    assert crew.store.verify() == ()


def test_a_runner_that_was_stopped_past_its_lease_writes_nothing_when_it_goes_on(crew: Crew) -> None:
    first = crew.runner(lease=4)
    crew.in_charge(first)
    crew.sandbox("POST", "faults", HANG_WHILE_WARMING_UP)
    operation = crew.begin(SWAP)
    until(lambda: crew.operation(operation).step("1").state == "accepted", "the swap is accepted")
    crew.stop(first)
    second = crew.runner("--stand-by", lease=10)
    crew.in_charge(second)
    until(lambda: "operation.adopted" in crew.kinds(operation), "the operation is taken over")

    first.send_signal(signal.SIGCONT)
    assert first.wait(20) == 0
    crew.sandbox("DELETE", "faults")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})

    assert crew.ended(operation).ending == "succeeded"
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (1, 1)
    log = crew.path.with_name("runner.log").read_text()
    assert f"{first.pid} WARNING quarterdeck.runner.duty: no longer in charge" in log
    holder = crew.store.lease("runner")
    assert holder is not None
    assert holder.info["pid"] == second.pid
    adopted = [event for event in crew.store.events() if event.kind == "operation.adopted"]
    taken_over = next(event.seq for event in adopted if f"-{second.pid}-" in event.body["by"])
    by_the_first = [event for event in crew.store.events(after=taken_over) if f"-{first.pid}-" in event.actor]
    assert by_the_first == []
    assert crew.store.verify() == ()


def test_told_to_end_it_gives_the_lease_back_and_leaves_a_running_swap_to_the_next(crew: Crew) -> None:
    first = crew.runner()
    crew.in_charge(first)
    crew.sandbox("POST", "faults", HANG_WHILE_WARMING_UP)
    operation = crew.begin(SWAP)
    until(lambda: crew.operation(operation).step("1").state == "accepted", "the swap is accepted")
    first.terminate()
    assert first.wait(20) == 0
    assert crew.store.lease("runner") is None
    assert crew.operation(operation).ending is None
    assert crew.kinds()[-1] == "runner.stopped"

    crew.in_charge(crew.runner())
    crew.sandbox("DELETE", "faults")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    assert crew.ended(operation).ending == "succeeded"
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (1, 1)


VIEWER = """if True:
    import sys, time
    from pathlib import Path
    from quarterdeck.clock import SystemClock
    from quarterdeck.fleet.codec import from_json
    from quarterdeck.fleet.targets import TargetId
    from quarterdeck.release.action import Swap
    from quarterdeck.store.asking import Asker
    from quarterdeck.store.opening import open_store
    from quarterdeck.store.presence import watching

    path = Path(sys.argv[1])
    with watching(path):
        store = open_store(path, create=False)
        asker = Asker(store, "bo@jump", "test", SystemClock(), False)

        def answer(request):
            while (found := store.answer(request.id)) is None:
                time.sleep(0.01)
            return found

        plan = answer(asker.plan(Swap(TargetId("production", "checkout"), "staging", "production"), "test")).plan
        print(answer(asker.confirm(plan, plan.type_to_confirm, "test")).operation, flush=True)
        time.sleep(60)
"""


def test_a_killed_viewer_changes_nothing(crew: Crew) -> None:
    crew.in_charge(crew.runner())
    viewer = subprocess.Popen([sys.executable, "-c", VIEWER, str(crew.path)], stdout=subprocess.PIPE, text=True)
    assert viewer.stdout is not None
    operation = viewer.stdout.readline().strip()
    assert anybody_watches(crew.path)
    os.kill(viewer.pid, signal.SIGKILL)
    viewer.communicate()
    assert not anybody_watches(crew.path)
    until(lambda: crew.operation(operation).step("1").state == "accepted", "the swap is accepted")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    assert crew.ended(operation).ending == "succeeded"


def test_the_second_of_two_runners_leaves_quietly(crew: Crew) -> None:
    first = crew.runner(lease=10)
    lease = crew.in_charge(first)
    second = crew.runner()
    assert second.wait(20) == 0
    assert second.communicate()[0] == b""
    now = crew.store.lease("runner")
    assert now is not None
    assert (now.holder, now.fence) == (lease.holder, lease.fence)
    assert first.poll() is None


def test_a_runner_that_stands_by_takes_over(crew: Crew) -> None:
    first = crew.runner(lease=10)
    crew.in_charge(first)
    second = crew.runner("--stand-by")
    until(lambda: len(list(crew.path.parent.glob("*.alive-*"))) == 2 or None, "the second stands by")
    first.kill()
    first.communicate()
    assert crew.in_charge(second).fence == 2
    second.terminate()
    assert second.wait(20) == 0


def test_a_runner_that_nobody_needs_leaves_by_itself(crew: Crew) -> None:
    runner = crew.runner(idle=1)
    assert runner.wait(30) == 0
    assert crew.store.lease("runner") is None
    assert not list(crew.path.parent.glob("*.alive-*"))


def test_a_changed_configuration_is_read_again_and_a_broken_one_is_not_used(crew: Crew) -> None:
    crew.in_charge(crew.runner())
    until(lambda: (fleet := crew.store.fleet()) and len(fleet.environments) == 1, "the fleet is published")
    crew.config.write_text(CONFIG.replace("  production: {}\n", "  production: {}\n  dev: {}\n"))
    until(lambda: (fleet := crew.store.fleet()) and len(fleet.environments) == 2, "the new fleet is published")
    crew.config.write_text(CONFIG.replace("production: {}", "production: {protectd: true}"))
    log = crew.path.with_name("runner.log")
    until(lambda: "the old one stays" in log.read_text(), "the broken configuration is told in the log")
    told = until(lambda: (lease := crew.store.lease("runner")) and lease.info.get("problem"), "and to whoever asks")
    assert "protectd" in told
    crew.config.write_text(CONFIG)
    until(lambda: (fleet := crew.store.fleet()) and len(fleet.environments) == 1, "the mended one is published")


def test_when_its_sandbox_ends_so_does_the_runner(crew: Crew) -> None:
    runner = crew.runner()
    crew.in_charge(runner)
    crew.sandbox("POST", "stop")
    assert runner.wait(20) == 0


def test_a_sandbox_that_ends_in_the_middle_of_a_swap_is_not_waited_for(crew: Crew) -> None:
    runner = crew.runner()
    crew.in_charge(runner)
    crew.sandbox("POST", "faults", HANG_WHILE_WARMING_UP)
    operation = crew.begin(SWAP)
    until(lambda: crew.operation(operation).step("1").state == "accepted", "the swap is accepted")
    crew.sandbox("POST", "stop")
    assert runner.wait(20) == 0
    crew.in_charge(crew.runner())
    until(lambda: "operation.adopted" in crew.kinds(operation), "the next one, with a world of its own, takes it over")
