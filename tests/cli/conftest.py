"""A store as a runner would have filled it, and the command line called in this process."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.cli.releases import RULES, Log, canary

from quarterdeck import paths
from quarterdeck.cli.main import main
from quarterdeck.fleet.observation import Observation, Trouble
from quarterdeck.fleet.readings import (
    Audience,
    Build,
    Destination,
    FlagReading,
    FlagsReading,
    SlotReading,
    SlotsReading,
    TrafficReading,
)
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place
from quarterdeck.release.action import Swap
from quarterdeck.release.operation import opening
from quarterdeck.release.plan import Effect, Fuse, Plan, Risk, SettingMove, Step
from quarterdeck.release.release_plan import ReleasePlan
from quarterdeck.store.base import Draft, Lease
from quarterdeck.store.opening import open_store
from quarterdeck.store.sqlite import SqliteStore

CHECKOUT = TargetId("production", "checkout")
WEST = TargetId("production", "checkout", "west")
NORTH = TargetId("production", "checkout", "north")
FLAGS = TargetId("production", "flags")


def place(role: Any, target: TargetId) -> Place:
    return Place(role, target, Address("azure", {"site": f"{target.name}-{target.region}"}))


FLEET = Fleet(
    name="contoso-shop",
    environments=(Environment("staging"), Environment("production", protected=True)),
    services=("checkout",),
    places=(
        place("slots", WEST),
        place("slots", NORTH),
        place("traffic", CHECKOUT),
        place("flags", FLAGS),
    ),
)


def slots(live: str, staged: str) -> SlotsReading:
    return SlotsReading(
        (
            SlotReading("production", Build(live), health="healthy"),
            SlotReading("staging", Build(staged), health="healthy"),
        )
    )


TRAFFIC = TrafficReading("Weighted", (Destination("west", 50, 50), Destination("north", 50, 50)), lag=60)
NEW_CART = FlagReading("new-cart", True, percent=25, audience=(Audience("canary", 100),))


def a_plan(**changes: Any) -> Plan:
    target = changes.pop("target", WEST)
    address = Address("azure", {"site": "checkout-west"})
    values: dict[str, Any] = {
        "id": "plan1",
        "request": "request1",
        "action": Swap(target),
        "steps": (Step("1", "swap", "slots", target, address, "swap staging with production", undo={}),),
        "effects": (Effect(str(target), "build", "2.14.3", "2.15.0"),),
        "settings": (SettingMove("API_URL", "app setting", True), SettingMove("DB", "connection string", False)),
        "risks": (Risk("warning", "warm-up", "warm-up accepts any answer", "set WEBSITE_SWAP_WARMUP_PING_STATUSES"),),
        "fuse": Fuse(True, "swap back", 90, lost="nothing"),
        "who_feels_it": "everybody",
        "locks": (address.key,),
        "command": f"qd swap {target}",
        "type_to_confirm": "production",
        "made_at": 1000.0,
        "expires_at": 1600.0,
    }
    return Plan(**{**values, **changes})


@dataclass
class Written:
    """A store on disk, and the lease that lets the test write into it like a runner."""

    store: SqliteStore
    lease: Lease
    config: Path
    places: tuple[Place, ...] = FLEET.places
    """West's slots, north's slots, the traffic between them, the flags."""
    plan: Callable[..., Plan] = a_plan

    def observe(self, *places: tuple[Place, Any], age: float = 0.0) -> None:
        """Each with a reading or a Trouble."""
        at = time.time() - age
        seen = [
            Observation(one.subject, trouble=what, trouble_since=at)
            if isinstance(what, Trouble)
            else Observation(one.subject, what, "test", at, at)
            for one, what in places
        ]
        self.store.observe(seen, self.lease)

    def everything(self, age: float = 0.0) -> None:
        """A quiet afternoon, seen so many seconds ago."""
        west, north, traffic, flags = FLEET.places
        readings = [(place, slots("2.14.3", "2.15.0")) for place in (west, north)]
        self.observe(*readings, (traffic, TRAFFIC), (flags, FlagsReading((NEW_CART,))), age=age)

    def begin(self, operation: str, plan: Plan) -> None:
        """An operation that was started."""
        body = opening(plan, "because", {})
        self.record(Draft("operation.started", "ana@jump", operation, str(plan.action.target), body))

    def traffic(self, west: float, north: float) -> TrafficReading:
        """Shares of the two regions, in percent."""
        return TrafficReading("Weighted", (Destination("west", west, west), Destination("north", north, north)), lag=60)

    def ended(self, operation: str, ending: str) -> Draft:
        """The end of an operation."""
        body = {"ending": ending, "detail": "", "choices": []}
        return Draft("operation.ended", "runner", operation, str(WEST), body)

    def record(self, *drafts: Draft) -> None:
        """Events, now."""
        self.store.record(drafts, self.lease, time.time())

    def release(self, plan: ReleasePlan | None = None) -> Log:
        """A release that was started, and the log of what becomes of it."""
        self.store.put_rules(RULES, self.lease)
        return Log(self.store, self.lease, plan or canary()).start()


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Written]:
    """A fleet that a living runner has published."""
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("QUARTERDECK_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.delenv("QUARTERDECK_READ_ONLY", raising=False)
    monkeypatch.delenv("QUARTERDECK_CONFIG", raising=False)
    config = tmp_path / "quarterdeck.yaml"
    config.write_text("fleet: contoso-shop\n")
    with closing(open_store(paths.store_path(config, sandbox=False), create=True)) as store:
        lease = store.take_lease("runner", "test", time.time(), 3600, {})
        assert lease is not None
        store.put_fleet(FLEET, lease)
        yield Written(store, lease, config)


@dataclass
class Result:
    """What a call of the program left."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def qd(capsys: pytest.CaptureFixture[str], request: pytest.FixtureRequest) -> Callable[..., Result]:
    """Call the command line in this process; with `written`, on its fleet."""

    def call(*words: str) -> Result:
        fleet = "written" in request.fixturenames
        common = ["--config", str(request.getfixturevalue("written").config)] if fleet else []
        try:
            code = main([*common, *words])
        except SystemExit as left:  # argparse
            code = int(left.code or 0)
        captured = capsys.readouterr()
        return Result(code, captured.out, captured.err)

    return call
