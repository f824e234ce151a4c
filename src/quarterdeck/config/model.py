"""The keys of a configuration, part by part. What a provider asks for is in the provider's own models."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from quarterdeck.fleet.targets import NAME

LATER = dict.fromkeys(
    (
        "analyses",
        "approvals",
        "deliverables",
        "freezes",
        "gates",
        "pipelines",
        "policies",
        "schedules",
        "store",
        "strategies",
        "strategy",
    ),
    "not supported by this version of Quarterdeck: remove it, nothing would act on it",
)
"""Keys that the design knows and this version can't act on. To accept one would be to promise what isn't kept."""


def _named(name: str) -> str:
    if not NAME.fullmatch(name):
        raise ValueError("must be letters, digits, `.`, `_` and `-`, with a letter or digit first and last")
    return name


Name = Annotated[str, AfterValidator(_named)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class Swap(_Part):
    """The slots that a swap means when it names none."""

    source: Name = "staging"
    destination: Name = "production"


class Top(_Part):
    """The whole file; the sections are checked one entry at a time, so that one fault doesn't hide others."""

    fleet: Name
    connections: dict[str, Any] | None = None
    environments: dict[str, Any] | None = None
    services: dict[str, Any] | None = None
    rings: list[Any] | None = None
    regions: list[Name] | None = None
    swap: Any = None


class ConnectionEntry(BaseModel):
    """A way to a system; all keys but `provider` are the provider's."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    provider: str


class EnvironmentEntry(_Part):
    """A stage on the way to users.

    `accent` colours it in the cockpit; `flags` says where its feature flags are.
    """

    protected: bool = False
    accent: str = Field(default="", pattern=r"^(#[0-9a-fA-F]{6}|[a-z][a-z_-]*)?$")
    flags: dict[str, Any] | None = None


class PlaceEntry(BaseModel):
    """Where something is; all keys but `connection` are the provider's."""

    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    connection: str


class RegionEntry(_Part):
    """What a service has in one region."""

    slots: dict[str, Any] | None = None
    traffic: dict[str, Any] | None = None


class ServiceEntry(RegionEntry):
    """What a service has in one environment: as a whole, and in each region."""

    regions: dict[str, Any] | None = None


class RingEntry(_Part):
    """A group that gets a release together; `weight` is the percent of users reached when it has got it."""

    name: Name
    weight: float = Field(gt=0, le=100, allow_inf_nan=False)
