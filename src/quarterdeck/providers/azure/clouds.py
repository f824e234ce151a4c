"""Azure's clouds: where their management plane is, who signs people in, and for which audience a token must be.

Public facts of Microsoft's own tools: azure-cli-core 2.91 (cloud table), azure-mgmt-core 1.6.0
(`get_arm_endpoints`), azure-identity 1.27 (`AzureAuthorityHosts`), azure-appconfiguration 1.10.0 (audiences).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cloud:
    """The endpoints of one cloud.

    Attributes:
        resource_manager: base URL of the management plane, without a slash at the end.
        authority: base URL of the sign-in service.
        scope: what a token for the management plane is asked for. Not always the resource manager's host.
        app_configuration_audience: "" lets Microsoft's SDK infer it from the store's host name.
        known_authority: True if Microsoft's instance discovery knows the authority. Stamps that are cut off
            (Azure Stack Hub, ADFS) can't reach it and must not ask.
    """

    name: str
    resource_manager: str
    authority: str
    scope: str
    app_configuration_audience: str = ""
    known_authority: bool = True

    @property
    def app_configuration_scope(self) -> str:
        """What a token for App Configuration is asked for, where it can't be inferred from the store's host."""
        return f"{self.app_configuration_audience or 'https://appconfig.azure.com'}/.default"


PUBLIC = Cloud(
    "AzureCloud",
    "https://management.azure.com",
    "https://login.microsoftonline.com",
    "https://management.azure.com/.default",
    "https://azconfig.io",
)
US_GOVERNMENT = Cloud(
    "AzureUSGovernment",
    "https://management.usgovcloudapi.net",
    "https://login.microsoftonline.us",
    "https://management.core.usgovcloudapi.net/.default",
    "https://azconfig.azure.us",
)
CHINA = Cloud(
    "AzureChinaCloud",
    "https://management.chinacloudapi.cn",
    "https://login.chinacloudapi.cn",
    "https://management.chinacloudapi.cn/.default",
    "https://azconfig.azure.cn",
)

CLOUDS = {cloud.name: cloud for cloud in (PUBLIC, US_GOVERNMENT, CHINA)}
"""The clouds that can be asked for by name (the Azure CLI's names)."""


def custom_cloud(resource_manager: str, authority: str, scope: str = "", app_configuration_audience: str = "") -> Cloud:
    """A private or sovereign cloud by its endpoints.

    Without a `scope`, tokens are asked for the resource manager itself, as most clouds want it.
    """
    base = resource_manager.rstrip("/")
    return Cloud(
        "custom",
        base,
        authority.rstrip("/"),
        as_scope(scope or base),
        app_configuration_audience.rstrip("/"),
        known_authority=False,
    )


def as_scope(audience: str) -> str:
    """The scope that asks for everything an audience allows."""
    return audience if audience.endswith("/.default") else f"{audience.rstrip('/')}/.default"
