"""A command gets a runner that lives, or the reason why there is none."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tests.runner.crew import Crew, processes, until

from quarterdeck.runner import sandboxing
from quarterdeck.runner.sandboxing import ensure_sandbox, reset_sandbox, running, sandbox_lives, stop_sandbox
from quarterdeck.runner.spawn import RunnerDied, ensure_runner, output_path
from quarterdeck.store.lifeline import runner_lives
from quarterdeck.store.presence import watching

pytestmark = pytest.mark.process


def test_several_at_once_get_one_runner_and_one_sandbox(crew: Crew) -> None:
    errors: list[Exception] = []

    def ensure() -> None:
        try:
            ensure_runner(crew.path, crew.config, True)
        except Exception as error:
            errors.append(error)

    with watching(crew.path):
        threads = [threading.Thread(target=ensure) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert errors == []
        lease = crew.store.lease("runner")
        assert lease is not None
        assert lease.fence == 1
        assert os.getsid(lease.info["pid"]) == lease.info["pid"]
        assert Path(f"/proc/{lease.info['pid']}/cwd").resolve() == Path("/")
        assert len(processes("quarterdeck.sandbox", str(crew.path.parent))) == 1


def test_a_runner_that_lives_is_left_alone_and_quickly(crew: Crew) -> None:
    runner = crew.runner(lease=10)
    lease = crew.in_charge(runner)
    began = time.monotonic()
    ensure_runner(crew.path, crew.config, True)
    assert time.monotonic() - began < 0.5
    now = crew.store.lease("runner")
    assert now is not None
    assert now.fence == lease.fence


def test_a_runner_killed_just_now_is_replaced_without_waiting_for_its_lease(crew: Crew) -> None:
    runner = crew.runner(lease=100)
    lease = crew.in_charge(runner)
    runner.kill()
    runner.communicate()
    ensure_runner(crew.path, crew.config, True)
    now = crew.store.lease("runner")
    assert now is not None
    assert now.fence > lease.fence


def test_a_wrong_configuration_is_told_with_file_line_and_exit_code(crew: Crew) -> None:
    crew.config.write_text("fleet: shop\nenvironmints: {}\n")
    with pytest.raises(RunnerDied) as died:
        ensure_runner(crew.path, crew.config, False)
    assert died.value.exit_code == 2
    assert f"{crew.config}:2" in died.value.said
    assert "environmints" in died.value.said
    assert "Traceback" not in died.value.said
    assert not runner_lives(crew.store, time.time())
    assert output_path(crew.path).stat().st_mode & 0o077 == 0


def test_what_an_earlier_runner_said_is_not_told_again(crew: Crew) -> None:
    output_path(crew.path).write_text("an old complaint\n")
    crew.config.write_text("fleet: [\n")
    with pytest.raises(RunnerDied) as died:
        ensure_runner(crew.path, crew.config, False)
    assert "old complaint" not in died.value.said


def test_the_sandbox_is_shared_found_again_reset_and_stopped(crew: Crew) -> None:
    first = ensure_sandbox(crew.config)
    assert ensure_sandbox(crew.config) == first == running(crew.config)
    assert reset_sandbox(crew.config)
    assert stop_sandbox(crew.config)
    until(lambda: not sandbox_lives(first), "the sandbox's process ends")
    assert running(crew.config) is None
    assert not reset_sandbox(crew.config)
    assert not stop_sandbox(crew.config)


def test_an_announcement_that_a_killed_sandbox_left_is_not_believed(crew: Crew) -> None:
    first = ensure_sandbox(crew.config)
    os.kill(first["pid"], 9)
    second = ensure_sandbox(crew.config)
    assert second["pid"] != first["pid"]
    assert running(crew.config) == second


@pytest.mark.parametrize("left", ["", "{", "[]", "{}", '{"pid": "x", "control": 7}'])
def test_a_torn_announcement_is_no_sandbox(crew: Crew, left: str) -> None:
    file = sandboxing._announcement_file(crew.config)
    file.write_text(left)
    assert running(crew.config) is None


def test_starting_a_runner_imports_nothing_heavy() -> None:
    script = "import sys, quarterdeck.runner.spawn\nprint(*(n for n in sys.modules if not n.startswith('quarterdeck')))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    roots = {name.partition(".")[0] for name in loaded} - set(sys.stdlib_module_names)
    assert not roots & {"pydantic", "yaml", "azure", "aiohttp", "httpx", "textual", "rich", "cryptography"}
    assert "asyncio" not in loaded
