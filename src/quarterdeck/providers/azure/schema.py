"""What an Azure connection and an Azure address may say in a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


def _no_way_up(name: str) -> str:
    if not name.strip("."):
        raise ValueError("is no name")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^[^/\\?#%\x00-\x1f]+$"),
    AfterValidator(_no_way_up),
]
"""Of a resource, as it stands in the path of its id: what ends a name there would lead to another resource."""

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+", strip_whitespace=True)]

CloudName = Literal["AzureCloud", "AzureUSGovernment", "AzureChinaCloud"]
CredentialKind = Literal[
    "default",
    "cli",
    "device_code",
    "managed_identity",
    "workload_identity",
    "environment",
    "certificate",
    "client_secret",
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CloudEndpoints(_Part):
    """A private or sovereign cloud."""

    resource_manager: Url
    authority: Url
    scope: Text | None = Field(None, description="what tokens are asked for; resource_manager itself if left out")
    app_configuration_audience: Url | None = None


class _SignIn(_Part):
    """How to sign in, the same for every Azure connection."""

    cloud: CloudName | CloudEndpoints = "AzureCloud"
    tenant: Text | None = None
    credential: CredentialKind = "default"
    client_id: Text | None = None
    client_secret: SecretStr | None = None
    certificate_path: Path | None = None
    certificate_password: SecretStr | None = None
    token_file: Path | None = Field(None, description="of a workload identity; the environment names it as a rule")
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")

    @model_validator(mode="after")
    def _complete(self) -> _SignIn:
        needed = {
            "certificate": ("tenant", "client_id", "certificate_path"),
            "client_secret": ("tenant", "client_id", "client_secret"),
        }.get(self.credential, ())
        missing = [name for name in needed if getattr(self, name) is None]
        if missing:
            raise ValueError(f"credential: {self.credential} also needs {', '.join(missing)}")
        return self


class ArmConnection(_SignIn):
    """A subscription, reached through Azure Resource Manager."""

    subscription: Name


class AppConfigurationConnection(_SignIn):
    """An App Configuration store: by endpoint and credential, or by connection string."""

    endpoint: Url | None = None
    connection_string: SecretStr | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> AppConfigurationConnection:
        if (self.endpoint is None) == (self.connection_string is None):
            raise ValueError("give either endpoint or connection_string")
        return self


Version = Annotated[str, StringConstraints(pattern=r"^(auto|image|deployment|setting:.+)$")]


class SlotTrafficAddress(_Part):
    """What has slots between which traffic is divided: an App Service site, or a container app with its labels.

    `version` says where the version of a site's build is read: `image` (tag of the container image), `deployment`
    (record of the last deployment), `setting:NAME` (an app setting), `auto` (the image of containers, else the
    deployment; this if left out).
    """

    resource_group: Name
    site: Name | None = None
    container_app: Name | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SlotTrafficAddress:
        _one_of(self, "site", "container_app")
        _only_with(self, "version", "site")
        return self


class SlotsAddress(_Part):
    """What has slots that swap: an App Service site, a container app with its labels, or one of the two cloud services
    (extended support) that trade their addresses. For `version` see `SlotTrafficAddress`."""

    resource_group: Name
    site: Name | None = None
    container_app: Name | None = None
    cloud_service: Name | None = None
    version: Version | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> SlotsAddress:
        _one_of(self, "site", "container_app", "cloud_service")
        _only_with(self, "version", "site")
        return self


class TrafficAddress(_Part):
    """What divides traffic: a Traffic Manager profile, the revisions of a container app, or the origins of an origin
    group of a Front Door profile (Standard or Premium)."""

    resource_group: Name
    profile: Name | None = None
    container_app: Name | None = None
    front_door: Name | None = None
    origin_group: Name | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> TrafficAddress:
        _one_of(self, "profile", "container_app", "front_door")
        _only_with(self, "origin_group", "front_door")
        if self.front_door is not None and self.origin_group is None:
            raise ValueError("front_door also needs origin_group")
        return self


class FlagsAddress(_Part):
    """Feature flags of a store: under one label (none: the flags without a label), and with names that begin so."""

    label: str = ""
    prefix: str = ""


def _one_of(address: BaseModel, *kinds: str) -> None:
    given = [kind for kind in kinds if getattr(address, kind) is not None]
    if len(given) != 1:
        raise ValueError(f"name one of {', '.join(kinds)}" + (f", not {' and '.join(given)}" if given else ""))


def _only_with(address: BaseModel, option: str, kind: str) -> None:
    if getattr(address, option) is not None and getattr(address, kind) is None:
        raise ValueError(f"{option} is only for a {kind}")
