"""An account of AWS played by moto, a wire to it that can fail, and sessions of ours over that wire."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from tests.providers.aws.cloud import KEY, REGION, Admin, Shop
from tests.providers.aws.wire import Wire, wire_to
from tests.servers import free_port, program, running

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import Session, SessionContext, TrafficRouter
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift

CHECKOUT = TargetId("production", "checkout")


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Admin]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return httpx.get(f"{url}/moto-api/data.json", verify=False).is_success
        except httpx.HTTPError:
            return False

    command = [str(program("moto_server")), "-H", "127.0.0.1", "-p", str(port)]
    with running(command, cwd=tmp_path_factory.mktemp("moto") / "its", ready=ready):
        yield Admin(url)


@pytest.fixture(scope="session")
def founded(moto: Admin) -> Shop:
    return Shop.founded(moto)


@pytest.fixture
def shop(founded: Shop) -> Shop:
    return founded.restored()


@pytest.fixture
async def wire(moto: Admin) -> AsyncIterator[Wire]:
    async with wire_to(moto.url) as found:
        yield found


@pytest.fixture(autouse=True)
def own_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of whoever runs the tests, and never a question to a machine's metadata."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "very-secret-key")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


def forwarding(arn: str, target: TargetId = CHECKOUT) -> Place:
    return Place("traffic", target, Address("aws", {"arn": arn}))


def named(zone: str, name: str = Shop.name, *types: str, target: TargetId = CHECKOUT) -> Place:
    parts = {"zone": zone, "name": name, "type": json.dumps(types or ("A",))}
    return Place("traffic", target, Address("aws", parts))


@dataclass
class Harbour:
    """A router over the wire."""

    wire: Wire
    session: Session

    @property
    def router(self) -> TrafficRouter:
        found = self.session.capability("traffic")
        assert isinstance(found, TrafficRouter)
        return found

    async def seen(self, place: Place) -> TrafficReading | Trouble:
        found = (await self.router.observe([place]))[place.subject]
        assert isinstance(found, (TrafficReading, Trouble))
        return found

    async def reading(self, place: Place) -> TrafficReading:
        found = await self.seen(place)
        assert isinstance(found, TrafficReading), found
        return found

    async def trouble(self, place: Place) -> Trouble:
        found = await self.seen(place)
        assert isinstance(found, Trouble), found
        return found

    async def step(self, place: Place, **shares: float) -> Step:
        survey = await self.router.survey_traffic(place.address)
        outline = plan_shift(Shift(place.target, shares), [Router(place, survey)])
        assert not isinstance(outline, Refusal), outline
        (step,) = outline.steps
        return step


@dataclass
class Sessions:
    """Opens sessions over the wire, and closes them all."""

    wire: Wire
    opened: list[Session] = field(default_factory=list)

    def open(self, provider: str, *, may_write: Callable[[], None] = lambda: None, **options: str) -> Harbour:
        context = SessionContext(SystemClock(), print, lambda _: "", may_write)
        about = {"endpoint_url": self.wire.url, "region": REGION, "timeout": "8s", **options}
        session = registry.load(provider).open(Connection("aws", provider, about), context)
        self.opened.append(session)
        return Harbour(self.wire, session)


@pytest.fixture
async def sessions(wire: Wire) -> AsyncIterator[Sessions]:
    found = Sessions(wire)
    yield found
    for session in found.opened:
        await session.close()


@pytest.fixture
def alb(sessions: Sessions) -> Harbour:
    return sessions.open("aws.alb")


@pytest.fixture
def dns(sessions: Sessions) -> Harbour:
    return sessions.open("aws.route53")
