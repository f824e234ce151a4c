"""Asking gates: all at once, each with its limit, and nobody's trouble is another's."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
from tests.providers.loopback import listening, says
from tests.runner.timepiece import ManualClock

from quarterdeck.providers.base import Evidence, GateSource, ProviderError, Session
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.rules import Rulebook, Window
from quarterdeck.runner.sampling import Sampler

NAMES = {"service": "checkout", "version": "2.15.0", "host": "shop.example", "slot": "staging"}
Answers = Callable[[GateSpec], Awaitable[Evidence]]


@dataclass
class Source:
    """A source of evidence, and the connections of a fleet that has only this one."""

    answers: Answers
    source: str = "test"
    asked: list[GateSpec] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)

    async def measure(self, gate: GateSpec) -> Evidence:
        self.asked.append(gate)
        return await self.answers(gate)

    async def open(self, connection: str) -> Session:
        if connection == "closed":
            raise ProviderError("unreachable", "the vault doesn't answer", "try again")
        self.opened.append(connection)
        return cast(Session, None)

    def gates(self, connection: str) -> GateSource:
        return self


async def zero(gate: GateSpec) -> Evidence:
    return Evidence(0)


def gate(name: str = "errors", kind: Any = "metric", connection: str = "metrics", **more: Any) -> GateSpec:
    success = more.pop("success", "result == 0")
    return GateSpec(name, kind, connection, more.pop("options", {}), success, **more)


def sampler(answers: Answers = zero, rules: Rulebook | None = None, truth: Any = None, **more: Any) -> Sampler:
    return Sampler(Source(answers), lambda: rules or Rulebook(), truth, more.pop("clock", ManualClock()), **more)


async def verdict(of: Sampler, one: GateSpec) -> tuple[str, float | None, str]:
    (found,) = (await of.sample([one], NAMES)).measurements
    return found.verdict, found.value, found.detail


async def test_names_are_filled_in_before_a_source_is_asked(clock: ManualClock) -> None:
    source = Source(zero)
    asks = Sampler(source, Rulebook, None, clock)
    one = gate(options={"query": 'x{service="$service",v="$version"} > $$1', "other": "as it is"})
    await asks.sample([one], NAMES)
    assert source.asked[0].options == {"query": 'x{service="checkout",v="2.15.0"} > $1', "other": "as it is"}
    assert source.opened == ["metrics"]


async def test_a_sample_is_of_the_moment_of_asking_and_all_are_asked_at_once(clock: ManualClock) -> None:
    both = asyncio.Event()
    waiting: list[str] = []

    async def answers(one: GateSpec) -> Evidence:
        waiting.append(one.name)
        if len(waiting) == 2:
            both.set()
        await both.wait()
        clock.pass_unnoticed(5)
        return Evidence(0)

    began = clock.now()
    sample = await sampler(answers, clock=clock).sample([gate("a"), gate("b")], NAMES)
    assert sample.at == began
    assert [one.gate for one in sample.measurements] == ["a", "b"]
    assert sample.passed


async def test_the_trouble_of_one_gate_is_nobody_elses(caplog: pytest.LogCaptureFixture) -> None:
    secret = "s3cret"

    async def answers(one: GateSpec) -> Evidence:
        match one.name:
            case "down":
                raise ProviderError("unreachable", "can't connect to \x1b[31mprom\x1b[0m", "check the network")
            case "broken":
                raise RuntimeError(f"token={secret}")
        return Evidence(0)

    found = (await sampler(answers).sample([gate("down"), gate("broken"), gate("fine")], NAMES)).measurements
    assert [one.verdict for one in found] == ["no_data", "no_data", "pass"]
    assert found[0].detail == "can't connect to prom (check the network)"
    assert found[1].detail == "the source failed: RuntimeError"
    assert "RuntimeError" in caplog.text
    assert secret not in caplog.text


async def test_a_source_that_hangs_is_waited_for_as_long_as_the_interval() -> None:
    async def answers(one: GateSpec) -> Evidence:
        await asyncio.Event().wait()
        raise AssertionError

    began = time.monotonic()
    assert await verdict(sampler(answers), gate(interval=1)) == ("no_data", None, "no answer within 1 s")
    assert time.monotonic() - began < 10


async def test_a_connection_that_cannot_be_opened_is_no_data() -> None:
    assert (await verdict(sampler(), gate(connection="closed")))[2] == "the vault doesn't answer (try again)"
    assert (await verdict(sampler(), gate(connection="")))[0] == "no_data"


@pytest.mark.parametrize(
    ("options", "said"),
    [({"query": "$services"}, "$services isn't known"), ({"query": "$evil"}, "the value of $evil holds quotes")],
)
async def test_a_question_that_cannot_be_filled_in_is_not_asked(options: dict[str, str], said: str) -> None:
    source = Source(zero)
    asks = Sampler(source, Rulebook, None, ManualClock())
    (found,) = (await asks.sample([gate(options=options)], {**NAMES, "evil": '"} or vector(0)'})).measurements
    assert found.verdict == "no_data"
    assert said in found.detail
    assert source.asked == []


async def test_a_schedule_is_looked_up_in_the_rules(clock: ManualClock) -> None:
    now = clock.now()
    office = Window("office", kind="named", since=now, until=now + 60)
    asks = sampler(rules=Rulebook(windows=(office,)), clock=clock)
    hours = gate(kind="schedule", connection="", options={"window": "office"}, success="result == 1")
    assert await verdict(asks, hours) == ("pass", 1, "within office")
    clock.jump(60)
    assert await verdict(asks, hours) == ("fail", 0, "outside office")
    assert (await verdict(asks, replace(hours, options={"window": "gone"})))[0] == "no_data"


async def test_traffic_is_asked_of_whoever_observes_it() -> None:
    class Observes:
        async def off_by(self, one: GateSpec) -> Evidence:
            return Evidence(3.5, detail="intended 25, observed 11")

    shares = {"target": "production/checkout", "shares": '{"staging": 25}'}
    traffic = gate("traffic-3", "traffic", "", options=shares, success="result <= 5")
    assert await verdict(sampler(truth=Observes()), traffic) == ("pass", 3.5, "intended 25, observed 11")
    assert (await verdict(sampler(), traffic))[0] == "no_data"


# --- programs ---------------------------------------------------------------------------------------------------------
def program(*words: str, **more: Any) -> GateSpec:
    return gate("smoke", "command", "", options={"argv": json.dumps(words), **more.pop("options", {})}, **more)


async def test_the_exit_code_of_a_program_is_the_number() -> None:
    tell = "import sys; print('smoke of', sys.argv[1]); sys.exit(int(sys.argv[2]))"
    assert (await verdict(sampler(), program(sys.executable, "-c", tell, "$version", "0")))[:2] == ("pass", 0)
    failed = await verdict(sampler(), program(sys.executable, "-c", tell, "$version", "3"))
    assert failed == ("fail", 3, "exit code 3: smoke of 2.15.0")


async def test_no_shell_reads_what_a_program_is_given() -> None:
    show = "import sys; print(sys.argv[1])"
    found = await verdict(sampler(), program(sys.executable, "-c", show, "$(id); $version > x"))
    assert found[2] == "no_data" or "(id); 2.15.0 > x" in found[2]


async def test_a_program_gets_nothing_secret_of_our_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLIENT_SECRET", "s3cret")
    show = "import os; print(sorted(os.environ))"
    detail = (await verdict(sampler(), program(sys.executable, "-c", show)))[2]
    assert "CLIENT_SECRET" not in detail
    assert "QUARTERDECK_VERSION" in detail


async def gone(process: int) -> None:
    """Whoever inherited what was killed takes note of it in its own time."""
    with suppress(ProcessLookupError):
        while True:
            os.kill(process, 0)
            await asyncio.sleep(0.01)


async def test_a_program_that_cannot_be_started_or_takes_too_long_says_nothing(tmp_path: Path) -> None:
    missing = await verdict(sampler(), program("/nowhere/smoke"))
    assert missing[0] == "no_data"
    assert "can't be started" in missing[2]
    file = tmp_path / "child"
    child = f"import os, time; open({str(file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    spawn = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    slow = await verdict(sampler(), program(sys.executable, "-c", spawn, options={"timeout": "1"}))
    assert slow[0] == "no_data"
    assert "ended after 1 s" in slow[2]
    if file.exists():
        async with asyncio.timeout(10):
            await gone(int(file.read_text()))


async def test_a_command_that_is_none_is_told() -> None:
    for argv in ("[]", "{", "5"):
        found = await verdict(sampler(), gate(kind="command", connection="", options={"argv": argv}))
        assert found[0] == "no_data"


# --- probes without a connection --------------------------------------------------------------------------------------
async def test_a_probe_needs_no_connection() -> None:
    async with listening(lambda _: says("ok")) as server:
        alive = gate("alive", "probe", "", options={"url": f"{server.url}/$slot"}, success="result == 200")
        found = await verdict(sampler(), alive)
    assert found[:2] == ("pass", 200)
    assert server.asked[0].path == "/staging"


async def test_a_probe_waits_until_the_public_host_is_known() -> None:
    alive = gate("alive", "probe", "", options={"url": "https://$host/"})
    (found,) = (await sampler().sample([alive], {**NAMES, "host": ""})).measurements
    assert "the public host isn't known yet" in found.detail


async def test_in_a_sandbox_no_probe_leaves_it() -> None:
    async with listening(lambda _: says("outside")) as outside, listening(lambda _: says("", x_site="c")) as sandbox:
        inside = sampler(announcement={"web": sandbox.url})
        alive = gate("alive", "probe", "", options={"url": f"{outside.url}/health"}, success="result == 200")
        assert (await verdict(inside, alive))[0] == "pass"
        assert sandbox.asked[0].headers["host"] == outside.url.removeprefix("http://")
        nobody = sampler(announcement={"arm": "https://127.0.0.1:1"})
        assert (await verdict(nobody, alive))[0] == "no_data"
    assert outside.asked == []
