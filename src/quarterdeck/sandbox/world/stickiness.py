"""What a swap moves and what stays with its slot (Microsoft's documentation, "Which settings are swapped?")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

from quarterdeck.sandbox.world.sites import Site

_Value = TypeVar("_Value")

OVERRIDE = "WEBSITE_OVERRIDE_PRESERVE_DEFAULT_STICKY_SLOT_SETTINGS"
"""An app setting that, when it is 0 in every slot, makes the configuration that stays by default move too."""

_EXTENSION_VERSION = "_extension_version"

_SWAPPED = frozenset(
    {
        "netFrameworkVersion",
        "phpVersion",
        "pythonVersion",
        "nodeVersion",
        "powerShellVersion",
        "linuxFxVersion",
        "windowsFxVersion",
        "javaVersion",
        "javaContainer",
        "javaContainerVersion",
        "appCommandLine",
        "use32BitWorkerProcess",
        "webSocketsEnabled",
        "managedPipelineMode",
        "defaultDocuments",
        "handlerMappings",
        "virtualApplications",
        "azureStorageAccounts",
    }
)

_STICKY_BY_DEFAULT = frozenset(
    {
        "alwaysOn",
        "cors",
        "detailedErrorLoggingEnabled",
        "httpLoggingEnabled",
        "ipSecurityRestrictions",
        "logsDirectorySizeLimit",
        "minTlsVersion",
        "numberOfWorkers",
        "requestTracingEnabled",
        "scmIpSecurityRestrictions",
        "scmIpSecurityRestrictionsUseMain",
        "scmMinTlsVersion",
        "vnetName",
        "vnetRouteAllEnabled",
    }
)


def moving_config(site: Site) -> frozenset[str]:
    """The properties of config/web that move with the content; all others stay."""
    overridden = all(slot.app_settings.get(OVERRIDE) in ("0", "false") for slot in site.slots.values())
    return _SWAPPED | _STICKY_BY_DEFAULT if overridden else _SWAPPED


def stays(name: str, sticky: Iterable[str]) -> bool:
    """Whether a setting stays with its slot: named as sticky, or the version of an extension."""
    return name.lower().endswith(_EXTENSION_VERSION) or name.lower() in (one.lower() for one in sticky)


def mixed(content: Mapping[str, _Value], slot: Mapping[str, _Value], sticky: Iterable[str]) -> dict[str, _Value]:
    """The settings of a slot that gets `content` moved in: what stays keeps the values of `slot`."""
    names = tuple(sticky)
    return {
        **{name: value for name, value in content.items() if not stays(name, names)},
        **{name: value for name, value in slot.items() if stays(name, names)},
    }
