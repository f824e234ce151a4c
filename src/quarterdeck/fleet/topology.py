"""What a fleet consists of, as its configuration declares it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass, field

Role = Literal["slots", "slot_traffic", "traffic", "flags", "pipelines"]
"""What a place is for: slots that swap, traffic between those slots, traffic between endpoints, flags, runs."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a provider finds something: a connection's name and the provider's own coordinates.

    `parts` is what the provider's schema asks for, for example
    `{"resource_group": "shop", "site": "checkout"}`.
    """

    connection: str
    parts: Mapping[str, str]

    @property
    def key(self) -> str:
        """One text per physical resource; operations on the same resource share it as a lock."""
        inner = ",".join(f"{k}={v}" for k, v in sorted(self.parts.items()))
        return f"{self.connection}({inner})".lower()


@dataclass(frozen=True, slots=True)
class Place:
    """A role that some address plays for a target, for example the slots of production/checkout@westeurope.

    For `role == "flags"` the target is `ENV/flags`: the flag store of a whole environment. For `role == "pipelines"` it
    is `pipeline:NAME`.
    """

    role: Role
    target: TargetId
    address: Address

    @property
    def subject(self) -> str:
        """The key under which observations of this place are stored, for example `slots/production/checkout`."""
        return f"{self.role}/{self.target}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A stage of the route to users. A protected one asks for its name to be typed."""

    name: str
    protected: bool = False
    accent: str = ""


@dataclass(frozen=True, slots=True)
class Ring:
    """A group of users or targets that get a release together; `weight` is its share in percent.

    Who is in it: the users of `regions` (their slots are swapped), or the `group` of the `flag` (without a group: as
    many percent of its users as the weight says), or, if neither is given, `weight` percent of new clients.
    """

    name: str
    weight: float
    regions: tuple[str, ...] = ()
    flag: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Connection:
    """A named way to a system. `options` holds what its provider needs; secrets are references, never values.

    Options (and the parts of an `Address`) are flat texts: a nested option `cloud: {authority: X}` is
    `cloud.authority`, a list is JSON, true and false are `true` and `false`, and what has no value is left out.
    """

    name: str
    provider: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Automation that runs elsewhere.

    Attributes:
        environment: the environment of ours that a run changes as a whole ("" none: only its approvals say what).
        environments: our environments by the host's names for them; what isn't named here is called the same.
    """

    name: str
    environment: str = ""
    environments: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Everything one configuration declares. Order is the order of the file.

    `swap_source` and `swap_destination` are the slots that a swap means when it names none.
    """

    name: str
    environments: tuple[Environment, ...] = ()
    services: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    connections: tuple[Connection, ...] = ()
    rings: tuple[Ring, ...] = ()
    swap_source: str = "staging"
    swap_destination: str = "production"
    pipelines: tuple[Pipeline, ...] = ()

    def environment(self, name: str) -> Environment:
        """The environment of that name.

        Raises:
            KeyError: if there is none.
        """
        for environment in self.environments:
            if environment.name == name:
                return environment
        raise KeyError(name)

    def places_of(self, target: TargetId, role: Role | None = None) -> tuple[Place, ...]:
        """The places of a target; a target without a region means those of all its regions."""
        wanted = TargetId(target.environment, "flags") if target.flag else target
        if target.pipeline:
            wanted = TargetId("", target.name, pipeline=True)
        return tuple(
            place
            for place in self.places
            if (place.target == wanted or (not wanted.region and place.target.whole == wanted))
            and (role is None or place.role == role)
        )

    def environment_of(self, pipeline: str, theirs: str) -> str:
        """Our environment that a pipeline's host means by a name; "" if it is none of ours."""
        known = {environment.name.lower(): environment.name for environment in self.environments}
        declared = next((one for one in self.pipelines if one.name == pipeline), Pipeline(pipeline))
        ours = {name.lower(): ours for name, ours in declared.environments.items()}.get(theirs.lower(), theirs)
        return known.get(ours.lower(), "")
