"""The keys of a configuration's fleet, part by part. What a provider asks for is in the provider's own models; what
belongs to releases is beside the code that reads it (`gating`, `stepping`, `windows`, ...)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from quarterdeck.config.quantities import Budget, Name, Names, Part, Share, Span

LATER = dict.fromkeys(
    ("deliverables", "policies", "store"),
    "not supported by this version of Quarterdeck: remove it, nothing would act on it",
)
"""Keys that the design knows and this version can't act on. To accept one would be to promise what isn't kept."""


class Swap(Part):
    """The slots that a swap means when it names none."""

    source: Name = "staging"
    destination: Name = "production"


class Top(Part):
    """The whole file; the sections are checked one entry at a time, so that one fault doesn't hide others."""

    fleet: Name
    connections: dict[str, Any] | None = None
    environments: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    rings: list[Any] | None = None
    regions: list[Name] | None = None
    swap: Any = None
    groups: dict[str, Any] | None = None
    analyses: dict[str, Any] | None = None
    gates: dict[str, Any] | None = None
    indicators: dict[str, Any] | None = None
    schedules: dict[str, Any] | None = None
    freezes: list[Any] | None = None
    approvals: dict[str, Any] | None = None
    strategies: dict[str, Any] | None = None
    pipelines: dict[str, Any] | None = None
    notify: list[Any] | None = None
    overlap: Span = 3600


class ConnectionEntry(BaseModel):
    """A way to a system; all keys but `provider` are the provider's."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    provider: str


class EnvironmentEntry(Part):
    """A stage on the way to users.

    `accent` (see `fleet.accents`) colours it in the cockpit; `flags` says where its feature flags are. `strategy`,
    `hotfix`, `approvals` and `indicators` hold for its services that say nothing else.
    """

    protected: bool = False
    accent: str = ""
    flags: dict[str, Any] | None = None
    strategy: Any = None
    hotfix: Any = None
    approvals: Any = None
    freezes: list[Any] | None = None
    releases_only: list[Any] | None = None
    exposure: Budget | None = None
    indicators: Names = ()


class PlaceEntry(BaseModel):
    """Where something is; all keys but `connection` are the provider's."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    connection: str


class RegionEntry(Part):
    """What a service has in one region."""

    slots: dict[str, Any] | None = None
    traffic: dict[str, Any] | None = None


class ServiceEntry(RegionEntry):
    """What a service has in one environment, as a whole and in each region, and how it is released there."""

    regions: dict[str, Any] | None = None
    strategy: Any = None
    hotfix: Any = None
    approval: Any = None
    needs: Names = ()
    artifact: str = ""
    health: Names = ()
    database: Any = Field(default=None, alias="schema")
    truth: Any = None
    indicators: Names = ()


class RingEntry(Part):
    """A group that gets a release together; `weight` is the percent of users reached when it has got it."""

    name: Name
    weight: Share
    regions: Names = ()
    flag: str = ""
    group: str = ""
