"""The rules of a fleet: how its services are released, what has to hold, who may say yes, and when.

The configuration declares them, the runner publishes them in the store beside the fleet, viewers show them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field
from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.indicator import Indicator
from quarterdeck.release.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Window:
    """A time span, once or again and again.

    Attributes:
        name: for people and for gates of the kind `schedule`.
        kind: `freeze`: nothing is released within it. `open`: releases only within (the union of all open windows of
            an environment). `named`: only for gates.
        environments: where it holds; () everywhere.
        cron: when it begins, five fields, in `tz`; "" for a window that happens once.
        seconds: how long it lasts from there.
        since, until: UNIX seconds; the one span of a window without `cron`, or the limits of one with (0: none).
        tz: an IANA name.
        reason: why, for people.
        rollback_too: whether going back is forbidden as well. Almost never right, so False.
    """

    name: str
    kind: Literal["freeze", "open", "named"] = "freeze"
    environments: tuple[str, ...] = ()
    cron: str = ""
    seconds: float = 0
    since: float = 0
    until: float = 0
    tz: str = "UTC"
    reason: str = ""
    rollback_too: bool = False


@dataclass(frozen=True, slots=True)
class SchemaRange:
    """Which versions of the database schema a build accepts. `version` may hold `*`."""

    version: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class SchemaRule:
    """The interlock between a service and its database.

    Attributes:
        current: the gate whose value is the schema version the database is at now.
        accepts: the first range whose `version` matches a build is the build's; a build without one isn't judged.
    """

    current: str
    accepts: tuple[SchemaRange, ...]


@dataclass(frozen=True, slots=True)
class Truth:
    """How to find out which version users really get: probes without a cookie, as new clients are.

    Attributes:
        url: what to ask for (`$host` is the public host of the target as it was observed).
        header: the response header that names the version or the slot; "" means the routing cookie in the answer.
        json: the path of the version in a JSON answer (`build.version`), instead of a header.
        probes: how many fresh requests make one observation.
        tolerance: by how many percentage points observed and intended may differ, beyond what chance explains.
        resolvers: `ip:port` of the DNS servers to ask for the public name; () means the system's.
    """

    url: str
    header: str = ""
    json: str = ""
    probes: int = 50
    tolerance: float = 5
    resolvers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """How one service is released in one environment.

    Attributes:
        target: `ENV/SERVICE`.
        strategy: the name of its usual strategy; "" if it has none.
        hotfix: the strategy of its hotfixes; "": the usual one, with what may be skipped left out.
        needs: services of the same environment that have to be released before it.
        approval: the name of the approval that is asked for before the first write; "" for none.
        artifact: what a deploy step puts into a slot, with `$version` in it: a container image, or a package's URL.
        health: gates that say whether what serves users is well; asked before a rollback chooses its side, and as
            background analysis of every release.
        indicators: names of what is measured of it all the time, in the order in which it is shown.
    """

    target: TargetId
    strategy: str = ""
    hotfix: str = ""
    needs: tuple[str, ...] = ()
    approval: str = ""
    artifact: str = ""
    health: tuple[str, ...] = ()
    schema: SchemaRule | None = None
    truth: Truth | None = None
    indicators: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rulebook:
    """All rules of a fleet. Names are unique in their list.

    Attributes:
        groups: who belongs to a group: `user`, `user@host`, or the identity that a credential proves.
        exposure: by environment, the percent of new clients, summed over all its services, that may be on versions
            that haven't finished their release (100: as much as one whole service).
        overlap: for so many seconds after a release its effects can still show; another one that touches the same
            environment or its dependencies within is pointed out.
        train: environments in the order in which a version travels; a hotfix takes the shortest part of it.
    """

    strategies: tuple[Strategy, ...] = ()
    gates: tuple[GateSpec, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    windows: tuple[Window, ...] = ()
    routes: tuple[Route, ...] = ()
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exposure: Mapping[str, float] = field(default_factory=dict)
    overlap: float = 3600
    train: tuple[str, ...] = ()
    indicators: tuple[Indicator, ...] = ()

    def strategy(self, name: str) -> Strategy | None:
        """The strategy of that name."""
        return next((one for one in self.strategies if one.name == name), None)

    def gate(self, name: str) -> GateSpec | None:
        """The gate of that name."""
        return next((one for one in self.gates if one.name == name), None)

    def indicator(self, name: str) -> Indicator | None:
        """The indicator of that name."""
        return next((one for one in self.indicators if one.name == name), None)

    def approval(self, name: str) -> ApprovalRule | None:
        """The approval rule of that name."""
        return next((one for one in self.approvals if one.name == name), None)

    def route(self, target: TargetId) -> Route:
        """How a target's service is released; an empty route if nothing is said about it."""
        whole = target.whole
        return next((one for one in self.routes if one.target == whole), Route(whole))

    def groups_of(self, person: str) -> frozenset[str]:
        """The groups somebody belongs to. `ana@jump-1` is in a group that holds `ana@jump-1` or `ana`."""
        names = {person.lower(), person.partition("@")[0].lower()}
        return frozenset(group for group, people in self.groups.items() if names & {one.lower() for one in people})
