"""Real runners, killed and replaced in the middle of a release."""

from __future__ import annotations

import signal

import pytest
from tests.runner.crew import CHECKOUT, SWAP, Crew, until

from quarterdeck.release.release_plan import Wish
from quarterdeck.release.rollout import Release

pytestmark = pytest.mark.process


def begin(crew: Crew, wish: Wish) -> str:
    """Propose and launch; the release's id."""
    proposal = crew.answer(crew.asker().propose(wish, "test")).proposal
    assert proposal is not None
    return crew.answer(crew.asker().launch(proposal, proposal.type_to_confirm, "test")).release


def release(crew: Crew, release_id: str) -> Release:
    found = crew.store.release(release_id)
    assert found is not None
    return found


def succeed(crew: Crew, dead: int, release_id: str) -> None:
    """Another runner takes over where the dead one was."""
    crew.processes[dead].kill()
    crew.processes[dead].communicate()
    crew.in_charge(crew.runner())
    until(lambda: "release.adopted" in crew.kinds(release_id), "the release is taken over")


def test_what_nobody_confirms_is_taken_back_by_whoever_is_in_charge_then(crew: Crew) -> None:
    crew.in_charge(crew.runner(lease=30))
    name = begin(crew, Wish((CHECKOUT,), action=SWAP, confirm_within=6))
    until(lambda: release(crew, name).steps, "the swap begins")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    until(lambda: release(crew, name).confirm_by is not None, "the swap is done and waits")

    succeed(crew, 0, name)
    until(lambda: release(crew, name).recovery is not None, "the time is over")
    until(lambda: release(crew, name).standing("1").state == "undoing", "the swap back begins")
    until(lambda: crew.swaps_asked_for() == 2, "the swap back is asked for")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})

    until(lambda: release(crew, name).ending, "the release ends")
    assert release(crew, name).ending == "rolled_back", release(crew, name).detail
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (2, 2)
    assert crew.store.locks() == ()
    assert crew.store.verify() == ()


def test_a_runner_killed_in_the_middle_of_a_swap_leaves_a_release_that_goes_on(crew: Crew) -> None:
    crew.in_charge(crew.runner(lease=30))
    crew.sandbox("POST", "faults", {"kind": "swap_hangs", "phase": 4})
    name = begin(crew, Wish((CHECKOUT,), action=SWAP, confirm_within=3600))
    until(lambda: crew.swaps_asked_for() == 1, "the swap is asked for")

    succeed(crew, 0, name)
    crew.sandbox("DELETE", "faults")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    until(lambda: release(crew, name).confirm_by is not None, "the swap is done and waits")
    crew.processes[1].send_signal(signal.SIGTERM)
    assert crew.processes[1].wait(20) == 0
    crew.in_charge(crew.runner())
    crew.answer(crew.asker().order(name, "confirm", "it is good"))

    until(lambda: release(crew, name).ending, "the release ends")
    assert release(crew, name).ending == "succeeded", release(crew, name).detail
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (1, 1)
