"""Real runners on bad days in the middle of a release: killed, stopped, their clock wrong, their store locked."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from tests.runner.crew import CHECKOUT, CONFIG, SWAP, Crew, processes, until
from tests.runner.test_processes_releases import begin, release

from quarterdeck.release.release_plan import Wish
from quarterdeck.runner.process import PROGRAMS

pytestmark = pytest.mark.process

WATCHED = (
    CONFIG.replace(
        "environments:", '  metrics: {provider: prometheus, url: "http://prometheus.internal"}\nenvironments:'
    )
    + """\
analyses:
  errors: {connection: metrics, query: "vector(0)", success_condition: result < 1, interval: 1s}
"""
)
"""Something to ask every second, which is always well."""


def strategy(crew: Crew, *steps: str, analysis: str = "[]", config: str = CONFIG) -> None:
    """Have checkout released like this."""
    lines = [f"      - {step}" for step in steps]
    careful = ["strategies:", "  careful:", f"    analysis: {analysis}", "    steps:", *lines, ""]
    crew.config.write_text(config.replace("  production: {}", "  production: {strategy: careful}") + "\n".join(careful))


def test_a_launch_that_its_runner_never_answered_is_answered_by_the_next_and_begun_once(crew: Crew) -> None:
    first = crew.runner(lease=30)
    crew.in_charge(first)
    proposal = crew.answer(crew.asker().propose(Wish((CHECKOUT,), action=SWAP), "test")).proposal
    assert proposal is not None
    crew.stop(first)
    launched = crew.asker().launch(proposal, proposal.type_to_confirm, "test")
    first.kill()
    first.communicate()
    crew.in_charge(crew.runner())
    assert crew.answer(launched).release == proposal.id
    until(lambda: crew.swaps_asked_for() == 1, "the swap is asked for")
    crew.sandbox("POST", "clock/advance", {"seconds": 120})
    until(lambda: release(crew, proposal.id).ending, "the release ends")
    assert release(crew, proposal.id).ending == "succeeded", release(crew, proposal.id).detail
    assert crew.kinds(proposal.id).count("release.started") == 1
    assert (crew.swaps_asked_for(), crew.swaps_done()) == (1, 1)


def test_the_sandbox_starts_no_program(crew: Crew, tmp_path: Path) -> None:
    """Whoever tries a configuration out in the sandbox migrates no real database with it."""
    begun = tmp_path / "begun"
    strategy(crew, f'{{run: ["touch", "{begun}"], undo: ["touch", "{begun}"]}}')
    crew.in_charge(crew.runner())
    name = begin(crew, Wish((CHECKOUT,)))
    until(lambda: release(crew, name).standing("1").state == "done", "the step is through")
    assert "the sandbox starts no program" in release(crew, name).standing("1").detail
    assert not begun.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process was given")
def test_a_program_does_not_outlive_the_runner_that_was_killed(
    crew: Crew, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PROGRAMS, "1")
    program = tmp_path / "migrate.py"
    program.write_text(f"import time\nopen({str(tmp_path / 'begun')!r}, 'a').write('x')\ntime.sleep(600)\n")
    strategy(crew, f'{{run: ["{sys.executable}", "{program}"], timeout: 10m}}')
    first = crew.runner(lease=30)
    crew.in_charge(first)
    name = begin(crew, Wish((CHECKOUT,)))
    until(lambda: (tmp_path / "begun").exists(), "the program runs")
    assert processes(str(program), str(program))

    first.kill()
    first.communicate()
    crew.in_charge(crew.runner())
    until(lambda: release(crew, name).ending, "an operator is asked")
    assert not processes(str(program), str(program))
    ended = release(crew, name)
    assert (ended.ending, "interrupted" in ended.detail) == ("needs_operator", True), ended.detail
    assert (tmp_path / "begun").read_text() == "x"


def test_a_runner_stopped_past_its_lease_finds_its_release_in_other_hands(crew: Crew) -> None:
    strategy(crew, "{set_weight: 25}", "pause", "{set_weight: 50}", analysis="[errors]", config=WATCHED)
    first = crew.runner(lease=4)
    crew.in_charge(first)
    name = begin(crew, Wish((CHECKOUT,)))
    until(lambda: release(crew, name).standing("2").state == "running", "the release pauses")
    crew.stop(first)
    second = crew.runner("--stand-by", lease=10)
    crew.in_charge(second)
    until(lambda: "release.adopted" in crew.kinds(name), "the release is taken over")
    samples = crew.kinds(name).count("release.sampled")
    first.send_signal(signal.SIGCONT)
    crew.answer(crew.asker().order(name, "promote", "it is good"))

    assert first.wait(20) == 0
    until(lambda: release(crew, name).ending, "the release ends")
    assert release(crew, name).ending == "succeeded", release(crew, name).detail
    assert crew.kinds(name).count("release.sampled") >= samples
    assert len(crew.sandbox("GET", "log?kind=weights.changed")["value"]) == 2
    assert crew.kinds(name).count("release.adopted") == 1
    assert crew.store.verify() == ()


CLOCK = """if True:
    import pathlib, runpy, sys, time
    from quarterdeck import clock

    offset, true = pathlib.Path(sys.argv[1]), time.time
    clock.SystemClock.now = lambda self: true() + float(offset.read_text())
    sys.argv[:2] = ["quarterdeck.runner"]
    runpy.run_module("quarterdeck.runner", run_name="__main__")
"""
"""A runner whose clock is off by what a file says."""


@pytest.mark.parametrize("seconds", [-3600, 3600])
def test_a_release_is_watched_on_when_the_clock_of_its_machine_jumps(seconds: int, crew: Crew, tmp_path: Path) -> None:
    strategy(crew, "{set_weight: 25}", "pause", analysis="[errors]", config=WATCHED)
    offset = tmp_path / "offset"
    offset.write_text("0")
    words = ["--store", str(crew.path), "--config", str(crew.config), "--sandbox", "--interval", "1", "--grace", "1"]
    runner = subprocess.Popen([sys.executable, "-c", CLOCK, str(offset), *words], stdout=subprocess.PIPE)
    crew.processes.append(runner)
    crew.in_charge(runner)
    name = begin(crew, Wish((CHECKOUT,)))
    until(lambda: release(crew, name).standing("2").state == "running", "its share is set")
    until(lambda: crew.kinds(name).count("release.sampled") > 1, "it is watched")

    jumped = offset.with_suffix(".new")
    jumped.write_text(str(seconds))
    jumped.replace(offset)  # at once: the runner reads it all the time
    before = crew.kinds(name).count("release.sampled")
    until(lambda: crew.kinds(name).count("release.sampled") > before + 2, "it is watched on")
    crew.answer(crew.asker().order(name, "abort", "the clock is wrong"))
    until(lambda: release(crew, name).ending, "the release ends")
    assert release(crew, name).ending == "rolled_back", release(crew, name).detail
    assert len(crew.sandbox("GET", "log?kind=weights.changed")["value"]) == 2
    assert crew.store.verify() == ()


def test_a_runner_that_stands_by_waits_for_a_store_that_somebody_keeps_locked(crew: Crew) -> None:
    with closing(sqlite3.connect(crew.path, isolation_level=None)) as somebody:
        somebody.execute("BEGIN IMMEDIATE")
        runner = crew.runner("--stand-by")
        log = crew.path.with_name("runner.log")
        until(lambda: log.exists() and "the store can't be used now" in log.read_text(), "it can't take the lease")
        somebody.execute("ROLLBACK")
    crew.in_charge(runner)
