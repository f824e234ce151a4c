"""Sites and slots as Microsoft.Web writes them. Shapes from recordings of the live service (api-version 2024-11-01)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from quarterdeck.sandbox.world.clock import utc
from quarterdeck.sandbox.world.sites import Site, Slot, SwapRecord
from quarterdeck.sandbox.world.world import World

LOCATIONS: Mapping[str, str] = {
    "westeurope": "West Europe",
    "northeurope": "North Europe",
    "eastus": "East US",
    "westus": "West US",
    "japanwest": "Japan West",
}
"""Microsoft.Web answers with display names; a region that is not listed here is shown as it was given."""


def site_id(world: World, site: Site) -> str:
    """The ARM id of a site."""
    return f"/subscriptions/{world.subscription}/resourceGroups/{site.group}/providers/Microsoft.Web/sites/{site.name}"


def slot_id(world: World, site: Site, slot: Slot) -> str:
    """The ARM id of a slot; that of the site for production."""
    own = site_id(world, site)
    return own if slot.is_production else f"{own}/slots/{slot.name}"


def plan_id(world: World, site: Site) -> str:
    """The ARM id of the plan a site lies in."""
    group = f"/subscriptions/{world.subscription}/resourceGroups/{site.group}"
    return f"{group}/providers/Microsoft.Web/serverfarms/{site.plan}"


def kind(site: Site) -> str:
    """`app` for Windows; for Linux `app,linux`, with `,container` when images run there."""
    if not site.linux:
        return "app"
    image = str(site.production.config.get("linuxFxVersion", ""))
    return "app,linux,container" if image.upper().startswith("DOCKER|") else "app,linux"


def envelope(world: World, site: Site, slot: Slot) -> dict[str, Any]:
    """id, name, type, kind, location and tags of a site or slot."""
    return {
        "id": slot_id(world, site, slot),
        "name": site.name if slot.is_production else f"{site.name}/{slot.name}",
        "type": "Microsoft.Web/sites" if slot.is_production else "Microsoft.Web/sites/slots",
        "kind": kind(site),
        "location": LOCATIONS.get(site.location.replace(" ", "").lower(), site.location),
        "tags": dict(slot.tags),
    }


def site_body(world: World, site: Site, slot: Slot) -> dict[str, Any]:
    """The whole resource. `siteConfig` is nearly empty, as the service leaves it: read config/web for that."""
    return {**envelope(world, site, slot), "properties": site_properties(world, site, slot)}


def site_properties(world: World, site: Site, slot: Slot) -> dict[str, Any]:
    """The properties of a site or slot."""
    scm = slot.host.replace(".", ".scm.", 1)
    involved = site.operation_id and world.swaps.involves(site.operation_id, slot)
    image = str(slot.config.get("linuxFxVersion", ""))
    return {
        "name": site.name if slot.is_production else f"{site.name}({slot.name})",
        "state": "Running" if slot.running else "Stopped",
        "hostNames": [slot.host],
        "webSpace": f"{site.group}-{site.location.replace(' ', '')}webspace",
        "repositorySiteName": site.name,
        "usageState": "Normal",
        "enabled": slot.running,
        "adminEnabled": True,
        "availabilityState": "Normal",
        "serverFarmId": plan_id(world, site),
        "reserved": site.linux,
        "siteProperties": {
            "metadata": None,
            "properties": [
                {"name": "LinuxFxVersion", "value": image},
                {"name": "WindowsFxVersion", "value": None},
            ],
            "appSettings": None,
        },
        "hostNameSslStates": [_ssl_state(slot.host, "Standard"), _ssl_state(scm, "Repository")],
        "enabledHostNames": [slot.host, scm],
        "lastModifiedTimeUtc": utc(slot.modified).removesuffix("Z"),
        "storageRecoveryDefaultState": "Running",
        "contentAvailabilityState": "Normal",
        "runtimeAvailabilityState": "Normal",
        "siteConfig": _site_config(slot),
        "deploymentId": slot.content.deployment_id,
        "slotName": None,
        "scmSiteAlsoStopped": False,
        "targetSwapSlot": slot.preview_from,
        "hostingEnvironment": None,
        "clientCertEnabled": False,
        "clientCertMode": "Required",
        "hostNamesDisabled": False,
        "customDomainVerificationId": hashlib.sha256(world.subscription.encode()).hexdigest().upper(),
        "suspendedTill": None,
        "maxNumberOfWorkers": None,
        "homeStamp": "waws-prod-sandbox-001",
        "tags": None,
        "slotSwapStatus": swap_status(slot.last_swap),
        "httpsOnly": slot.https_only,
        "redundancyMode": "None",
        "privateEndpointConnections": [],
        "storageAccountRequired": False,
        "virtualNetworkSubnetId": None,
        "keyVaultReferenceIdentity": "SystemAssigned",
        "trafficManagerHostNames": None,
        "sku": site.sku,
        "clientAffinityEnabled": slot.client_affinity,
        "kind": kind(site),
        "resourceGroup": site.group,
        "defaultHostName": slot.host,
        "inProgressOperationId": site.operation_id if involved else None,
        "buildVersion": None,
        "targetBuildVersion": None,
        "publicNetworkAccess": "Enabled",
    }


def swap_status(record: SwapRecord | None) -> dict[str, str] | None:
    """`slotSwapStatus`, null before the first swap."""
    if record is None:
        return None
    return {
        "timestampUtc": utc(record.time),
        "sourceSlotName": record.source,
        "destinationSlotName": record.destination,
    }


def config_body(world: World, site: Site, slot: Slot, *, of_site: bool = False) -> dict[str, Any]:
    """config/web. The answer to a PATCH has id and type of the site (`of_site`), as recorded."""
    own = envelope(world, site, slot)
    return {
        "id": own["id"] if of_site else f"{own['id']}/config/web",
        "name": own["name"],
        "type": own["type"] if of_site else f"{own['type']}/config",
        "location": own["location"],
        "properties": config_properties(site, slot),
    }


def config_properties(site: Site, slot: Slot) -> dict[str, Any]:
    """Every property of config/web: what was set, over the defaults of a recorded site."""
    properties: dict[str, Any] = {
        **_CONFIG_DEFAULTS,
        "publishingUsername": f"${site.name}" if slot.is_production else f"${site.name}__{slot.name}",
        "siteAuthEnabled": slot.authentication,
        **slot.config,
    }
    experiments = properties.get("experiments") or {"rampUpRules": []}
    rules = [{**_NO_RULE, **rule} for rule in experiments.get("rampUpRules") or []]
    properties["experiments"] = {**experiments, "rampUpRules": rules}
    properties["routingRules"] = rules
    return properties


def settings_body(world: World, site: Site, slot: Slot, name: str, properties: Any) -> dict[str, Any]:
    """An answer about app settings or connection strings. Slots too carry the type of the site's config here."""
    own = envelope(world, site, slot)
    return {
        "id": f"{own['id']}/config/{name}",
        "name": name,
        "type": "Microsoft.Web/sites/config",
        "location": own["location"],
        "properties": properties,
    }


def etag(slot: Slot) -> str:
    """Looks like the service's; changes with every modification."""
    return f'"{int(slot.modified * 10_000_000) + 621_355_968_000_000_000:X}"'


def _site_config(slot: Slot) -> dict[str, Any]:
    return {
        "numberOfWorkers": 1,
        "linuxFxVersion": str(slot.config.get("linuxFxVersion", "")),
        "alwaysOn": bool(slot.config.get("alwaysOn", False)),
        "experiments": None,
        "routingRules": None,
        "autoSwapSlotName": None,
        "healthCheckPath": None,
        "http20Enabled": True,
        "functionAppScaleLimit": 0,
        "minimumElasticInstanceCount": 0,
    }


def _ssl_state(host: str, host_type: str) -> dict[str, Any]:
    return {
        "name": host,
        "sslState": "Disabled",
        "virtualIP": None,
        "thumbprint": None,
        "toUpdate": None,
        "ipBasedSslState": "NotConfigured",
        "hostType": host_type,
    }


_NO_RULE: Mapping[str, Any] = {
    "actionHostName": None,
    "reroutePercentage": 0.0,
    "changeStep": None,
    "changeIntervalInMinutes": None,
    "minReroutePercentage": None,
    "maxReroutePercentage": None,
    "changeDecisionCallbackUrl": None,
    "name": None,
}

_ALLOW_ALL = {
    "ipAddress": "Any",
    "action": "Allow",
    "priority": 1,
    "name": "Allow all",
    "description": "Allow all access",
}

_CONFIG_DEFAULTS: Mapping[str, Any] = {
    "numberOfWorkers": 1,
    "defaultDocuments": ["index.htm", "index.html", "default.aspx", "index.php", "hostingstart.html"],
    "netFrameworkVersion": "v4.0",
    "phpVersion": "",
    "pythonVersion": "",
    "nodeVersion": "",
    "powerShellVersion": "",
    "linuxFxVersion": "",
    "windowsFxVersion": None,
    "requestTracingEnabled": False,
    "remoteDebuggingEnabled": False,
    "httpLoggingEnabled": False,
    "logsDirectorySizeLimit": 35,
    "detailedErrorLoggingEnabled": False,
    "publishingPassword": None,
    "appSettings": None,
    "metadata": None,
    "connectionStrings": None,
    "machineKey": None,
    "handlerMappings": None,
    "documentRoot": None,
    "scmType": "None",
    "use32BitWorkerProcess": True,
    "webSocketsEnabled": False,
    "alwaysOn": False,
    "javaVersion": None,
    "javaContainer": None,
    "javaContainerVersion": None,
    "appCommandLine": "",
    "managedPipelineMode": "Integrated",
    "virtualApplications": [
        {
            "virtualPath": "/",
            "physicalPath": "site\\wwwroot",
            "preloadEnabled": True,
            "virtualDirectories": None,
        }
    ],
    "loadBalancing": "LeastRequests",
    "limits": None,
    "autoHealEnabled": False,
    "autoHealRules": None,
    "tracingOptions": None,
    "vnetName": "",
    "vnetRouteAllEnabled": False,
    "vnetPrivatePortsCount": 0,
    "publicNetworkAccess": None,
    "cors": None,
    "push": None,
    "apiDefinition": None,
    "apiManagementConfig": None,
    "autoSwapSlotName": None,
    "localMySqlEnabled": False,
    "managedServiceIdentityId": None,
    "xManagedServiceIdentityId": None,
    "keyVaultReferenceIdentity": None,
    "ipSecurityRestrictions": [_ALLOW_ALL],
    "scmIpSecurityRestrictions": [_ALLOW_ALL],
    "scmIpSecurityRestrictionsUseMain": False,
    "http20Enabled": True,
    "minTlsVersion": "1.2",
    "scmMinTlsVersion": "1.2",
    "ftpsState": "FtpsOnly",
    "preWarmedInstanceCount": 0,
    "functionAppScaleLimit": 0,
    "healthCheckPath": None,
    "functionsRuntimeScaleMonitoringEnabled": False,
    "websiteTimeZone": None,
    "minimumElasticInstanceCount": 0,
    "azureStorageAccounts": {},
}
