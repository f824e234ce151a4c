"""A provider whose answers a test writes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import Build, SlotReading, SlotsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Environment, Fleet, Place, Role
from quarterdeck.providers.base import Capability, Observed, Session, SessionContext

CHECKOUT = TargetId("production", "checkout")
CART = TargetId("production", "cart")


def place(target: TargetId, connection: str = "azure", role: Role = "slots") -> Place:
    return Place(role, target, Address(connection, {"site": target.name}))


def fleet(*places: Place) -> Fleet:
    names = dict.fromkeys(one.address.connection for one in places)
    return Fleet(
        "shop",
        (Environment("production"),),
        ("checkout", "cart"),
        places,
        tuple(Connection(name, "post", {}) for name in names),
    )


def reading(version: str = "1.0") -> SlotsReading:
    return SlotsReading((SlotReading("production", Build(version)),))


@dataclass
class Post:
    """A capability. `look` is what `observe` does; it counts the looks that began."""

    look: Callable[[Sequence[Place]], Awaitable[Observed]]
    source: str = "watchpost"
    looks: int = 0

    async def observe(self, places: Sequence[Place]) -> Observed:
        self.looks += 1
        return await self.look(places)


def sees(version: str = "1.0") -> Callable[[Sequence[Place]], Awaitable[Observed]]:
    async def look(places: Sequence[Place]) -> Observed:
        return {one.subject: reading(version) for one in places}

    return look


def fails(error: BaseException) -> Callable[[Sequence[Place]], Awaitable[Observed]]:
    async def look(places: Sequence[Place]) -> Observed:
        raise error

    return look


@dataclass
class PostSession:
    post: Any
    context: SessionContext
    role: Role = "slots"
    closed: bool = False

    def capability(self, role: Role) -> Capability | None:
        found: Capability | None = self.post if role == self.role else None
        return found

    def gates(self) -> None:
        return None

    async def identity(self) -> str:
        return "ana@contoso.example"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        yield "nothing", None

    async def close(self) -> None:
        self.closed = True


@dataclass
class PostProvider:
    """Opens a session for each connection named in `posts`."""

    posts: Mapping[str, Any]
    names: Sequence[str] = ("post",)
    opened: list[PostSession] = field(default_factory=list)

    def schema(self, name: str) -> Mapping[str, type]:
        return {}

    def open(self, connection: Connection, context: SessionContext) -> Session:
        session = PostSession(self.posts[connection.name], context)
        self.opened.append(session)
        return session

    def sandboxed(self, connection: Connection, announcement: Mapping[str, Any]) -> Connection:
        return connection
