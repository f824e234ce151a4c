"""A write reaches the pipeline that was planned for, signed in beforehand, or nothing was sent at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest
from tests.providers.azure_pipelines.conftest import place
from tests.providers.loopback import Asked, Loopback, listening, says
from tests.runner.timepiece import ManualClock

from quarterdeck.fleet.topology import Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.azure_pipelines.definitions import LOOK_AGAIN
from quarterdeck.providers.base import PipelineHost, Refused, SessionContext
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Step
from quarterdeck.release.run_action import StartRun
from quarterdeck.release.run_planning import plan_start

YAML = place("deploy", ref="main")
CLASSIC = place("deploy", kind="release_definition")


@dataclass
class Organization:
    """What little of Azure DevOps starting a run needs. `numbers` of pipelines by name, which people may change."""

    numbers: dict[str, int] = field(default_factory=lambda: {"deploy": 3})
    broken: str = ""

    def __call__(self, asked: Asked) -> bytes:
        if self.broken and asked.path.endswith(self.broken):
            return says({"message": "out of order"}, 500)
        if asked.method == "POST":
            return says({"id": 77})
        if asked.path.endswith("/definitions"):
            return says(
                {"value": [{"id": number, "name": name, "path": "\\"} for name, number in self.numbers.items()]}
            )
        return says({"value": [], "id": 1, "authenticatedUser": {"id": "a", "providerDisplayName": "ana"}})


def host_of(
    server: Loopback, clock: ManualClock, may_write: Callable[[], None] = lambda: None, **options: str
) -> PipelineHost:
    connection = Connection("devops", "azure_pipelines", {"url": server.url, **(options or {"token": "${env:T}"})})
    context = SessionContext(clock, lambda _: None, lambda _: "pat", may_write)
    return cast(PipelineHost, registry.load("azure_pipelines").open(connection, context).capability("pipelines"))


async def planned(host: PipelineHost, of: Place) -> Step:
    outline = plan_start(StartRun(of.target), of, await host.survey_pipeline(of.address), "mark")
    assert isinstance(outline, Outline), outline
    return outline.steps[0]


def orders(server: Loopback) -> list[str]:
    return [asked.path for asked in server.asked if asked.method != "GET"]


@pytest.mark.parametrize("of", [YAML, CLASSIC], ids=["yaml", "classic"])
async def test_a_name_that_another_pipeline_has_got_starts_neither(of: Place) -> None:
    organization = Organization()
    async with listening(organization) as server:
        host = host_of(server, ManualClock())
        step = await planned(host, of)
        organization.numbers = {"deploy-old": 3, "deploy": 9}
        with pytest.raises(Refused, match="another"):
            await host.send(step)
        assert orders(server) == []
        await host.send(await planned(host, of))
    assert len(orders(server)) == 1
    told = server.asked[[asked.method for asked in server.asked].index("POST")]
    assert "/9/" in told.path or b'"definitionId":9' in told.body


async def test_whoever_watches_finds_a_name_changed_after_a_while() -> None:
    organization, clock = Organization(), ManualClock()
    async with listening(organization) as server:
        host = host_of(server, clock)
        await host.observe([YAML])
        organization.numbers = {"deploy-old": 3, "deploy": 9}
        await host.observe([YAML])
        lists = sum(asked.path.endswith("/definitions") for asked in server.asked)
        assert lists == 1
        clock.pass_unnoticed(LOOK_AGAIN)
        await host.observe([YAML])
        asked = [asked.params["definitions"] for asked in server.asked if asked.path.endswith("/builds")]
    assert asked[-1] == ["9"]


@pytest.mark.parametrize("of", [YAML, CLASSIC], ids=["yaml", "classic"])
async def test_a_start_for_which_nothing_could_be_read_was_refused(of: Place) -> None:
    organization = Organization()
    async with listening(organization) as server:
        host = host_of(server, ManualClock())
        step = await planned(host, of)
        organization.broken = "/definitions"
        with pytest.raises(Refused, match="out of order"):
            await host.send(step)
    assert orders(server) == []


async def test_a_run_without_stages_is_not_run_again_and_that_is_no_doubt() -> None:
    step = Step(
        id="1",
        verb="rerun_run",
        role="pipelines",
        target=YAML.target,
        address=YAML.address,
        summary="",
        change={"run": "5", "attempt": 1, "failed_only": False, "stages": []},
        before={"attempt": 1},
    )
    async with listening(Organization()) as server:
        with pytest.raises(Refused, match="no stage"):
            await host_of(server, ManualClock()).send(step)
    assert orders(server) == []


async def test_who_signs_in_with_az_has_done_so_before_the_leave_to_write_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`az` takes seconds: whoever loses the right to write meanwhile must notice."""
    log, az = tmp_path / "log", tmp_path / "az"
    token = (
        '{"accessToken": "t0ken", "expires_on": 4102444800, "subscription": "s", "tenant": "t", "tokenType": "Bearer"}'
    )
    az.write_text(f"#!/bin/sh\necho az >> {log}\necho '{token}'\n")
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def leave() -> None:
        with log.open("a") as lines:
            lines.write("leave\n")

    async with listening(Organization()) as server:
        host = host_of(server, ManualClock(), leave, credential="cli")
        step = await planned(host, YAML)
        log.unlink()
        await host.send(step)
    assert log.read_text().split() == ["leave"]
    sent: Any = server.asked[-1]
    assert sent.headers["authorization"] == "Bearer t0ken"
