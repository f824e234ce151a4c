"""What an Azure connection and an Azure address may say in a configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
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

    subscription: Text


class AppConfigurationConnection(_SignIn):
    """An App Configuration store: by endpoint and credential, or by connection string."""

    endpoint: Url | None = None
    connection_string: SecretStr | None = None

    @model_validator(mode="after")
    def _one_way_in(self) -> AppConfigurationConnection:
        if (self.endpoint is None) == (self.connection_string is None):
            raise ValueError("give either endpoint or connection_string")
        return self


class SlotsAddress(_Part):
    """An App Service site with its deployment slots.

    `version` says where the version of a build is read: `image` (tag of the container image), `deployment` (record
    of the last deployment), `setting:NAME` (an app setting), `auto` (the image of containers, else the deployment).
    """

    resource_group: Text
    site: Text
    version: Annotated[str, StringConstraints(pattern=r"^(auto|image|deployment|setting:.+)$")] = "auto"


class TrafficAddress(_Part):
    """A Traffic Manager profile."""

    resource_group: Text
    profile: Text


class FlagsAddress(_Part):
    """Feature flags of a store: under one label (none: the flags without a label), and with names that begin so."""

    label: str = ""
    prefix: str = ""
