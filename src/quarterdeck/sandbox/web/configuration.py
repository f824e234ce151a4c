"""Settings of sites and slots: config/web, app settings, connection strings, sticky names, authentication."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from quarterdeck.sandbox.paging import paged
from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.web.addressing import SITE, find, find_site, on_site_and_slot, properties_of
from quarterdeck.sandbox.web.refusals import app_service, conflicts_told
from quarterdeck.sandbox.wire import Refusal, Request, Response, Route
from quarterdeck.sandbox.world.sites import Site, Slot, StickyNames
from quarterdeck.sandbox.world.world import World

_READ_ONLY = frozenset({"routingRules", "publishingUsername", "publishingPassword", "machineKey"})
"""Properties that a client may send back but not change."""


class ConfigurationService:
    """Microsoft.Web/sites/config."""

    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> Iterable[Route]:
        """Every route it answers."""
        yield from on_site_and_slot("GET", "/config", self.list_config)
        yield from on_site_and_slot("GET", "/config/web", self.get_config)
        yield from on_site_and_slot("PATCH", "/config/web", self.patch_config)
        yield from on_site_and_slot("PUT", "/config/web", self.patch_config)
        yield from on_site_and_slot("POST", "/config/appsettings/list", self.list_app_settings)
        yield from on_site_and_slot("PUT", "/config/appsettings", self.put_app_settings)
        yield from on_site_and_slot("POST", "/config/connectionstrings/list", self.list_connection_strings)
        yield from on_site_and_slot("PUT", "/config/connectionstrings", self.put_connection_strings)
        yield from on_site_and_slot("GET", "/config/authsettingsV2", self.get_authentication)
        yield from on_site_and_slot("GET", "/config/authsettingsV2/list", self.get_authentication)
        yield from on_site_and_slot("PUT", "/config/authsettingsV2", self.put_authentication)
        yield from on_site_and_slot("POST", "/config/authsettings/list", self.list_classic_authentication)
        yield from on_site_and_slot("PUT", "/config/authsettings", self.put_classic_authentication)
        yield Route("GET", SITE + "/config/slotConfigNames", self.get_sticky_names)
        yield Route("PUT", SITE + "/config/slotConfigNames", conflicts_told(self.put_sticky_names))

    async def list_config(self, request: Request) -> Response:
        """The one-element list that the service gives for config."""
        site, slot = find(self._world, request)
        return paged(request, [slot], lambda one: render.config_body(self._world, site, one), 1)

    async def get_config(self, request: Request) -> Response:
        """config/web, whole."""
        return Response(body=render.config_body(self._world, *find(self._world, request)))

    async def patch_config(self, request: Request) -> Response:
        """PATCH or PUT: each property given replaces the stored one whole, so also the list of ramp-up rules."""
        site, slot = find(self._world, request)
        self._world.lifecycle.require_free(site, "UpdateSiteConfig")
        change_config(self._world, site, slot, properties_of(request))
        body = render.config_body(self._world, site, slot, of_site=True)
        return Response(body=body, headers={"ETag": render.etag(slot)})

    async def list_app_settings(self, request: Request) -> Response:
        """App settings with their values."""
        site, slot = find(self._world, request)
        return self._settings(site, slot, "appsettings", slot.app_settings)

    async def put_app_settings(self, request: Request) -> Response:
        """Replace all app settings."""
        site, slot = self._writable(request)
        slot.app_settings = {name: _text(name, value) for name, value in properties_of(request).items()}
        self._world.lifecycle.settings_changed(site, slot, "app_settings")
        return self._settings(site, slot, "appsettings", slot.app_settings)

    async def list_connection_strings(self, request: Request) -> Response:
        """Connection strings with their values."""
        site, slot = find(self._world, request)
        return self._settings(site, slot, "connectionstrings", slot.connection_strings)

    async def put_connection_strings(self, request: Request) -> Response:
        """Replace all connection strings."""
        site, slot = self._writable(request)
        given = properties_of(request)
        for name, value in given.items():
            if not isinstance(value, dict) or not {"value", "type"} <= value.keys():
                raise Refusal(400, "BadRequest", f"The connection string '{name}' needs a value and a type.")
        slot.connection_strings = {
            name: {"value": str(value["value"]), "type": str(value["type"])}
            for name, value in given.items()
            if isinstance(value, dict)
        }
        self._world.lifecycle.settings_changed(site, slot, "connection_strings")
        return self._settings(site, slot, "connectionstrings", slot.connection_strings)

    async def get_authentication(self, request: Request) -> Response:
        """Whether visitors must sign in."""
        return self._authentication(*find(self._world, request))

    async def put_authentication(self, request: Request) -> Response:
        """Switch authentication on or off."""
        site, slot = self._writable(request)
        platform = properties_of(request).get("platform")
        slot.authentication = isinstance(platform, dict) and bool(platform.get("enabled"))
        self._world.lifecycle.settings_changed(site, slot, "authentication")
        return self._authentication(site, slot)

    async def list_classic_authentication(self, request: Request) -> Response:
        """The same in the older shape, which the Azure CLI reads."""
        site, slot = find(self._world, request)
        return self._settings(site, slot, "authsettings", {"enabled": slot.authentication})

    async def put_classic_authentication(self, request: Request) -> Response:
        """Switch authentication on or off in the older shape."""
        site, slot = self._writable(request)
        slot.authentication = bool(properties_of(request).get("enabled"))
        self._world.lifecycle.settings_changed(site, slot, "authentication")
        return self._settings(site, slot, "authsettings", {"enabled": slot.authentication})

    async def get_sticky_names(self, request: Request) -> Response:
        """The names of settings that stay with their slot."""
        return self._sticky_names(find_site(self._world, request))

    async def put_sticky_names(self, request: Request) -> Response:
        """Replace the names; a list left out keeps what it was."""
        site = find_site(self._world, request)
        self._world.lifecycle.require_free(site, "UpdateSlotConfigNames")
        self._world.lifecycle.require_unprepared(site, site.production)
        given = properties_of(request)
        site.sticky = StickyNames(
            _names(given, "appSettingNames", site.sticky.app_settings),
            _names(given, "connectionStringNames", site.sticky.connection_strings),
            _names(given, "azureStorageConfigNames", site.sticky.storage),
        )
        self._world.log.add("settings.sticky_names", site.name, app_settings=site.sticky.app_settings)
        return self._sticky_names(site)

    def _writable(self, request: Request) -> tuple[Site, Slot]:
        site, slot = find(self._world, request)
        self._world.lifecycle.require_free(site, "UpdateSiteConfig")
        self._world.lifecycle.require_unprepared(site, slot)
        return site, slot

    def _settings(self, site: Site, slot: Slot, name: str, values: dict[str, Any]) -> Response:
        return Response(body=render.settings_body(self._world, site, slot, name, copy.deepcopy(values)))

    def _authentication(self, site: Site, slot: Slot) -> Response:
        properties = {
            "platform": {"enabled": slot.authentication, "runtimeVersion": "~1"},
            "globalValidation": {"requireAuthentication": slot.authentication},
            "identityProviders": {},
        }
        return Response(body=render.settings_body(self._world, site, slot, "authsettingsV2", properties))

    def _sticky_names(self, site: Site) -> Response:
        # id null and the site's type: as recorded.
        own = render.envelope(self._world, site, site.production)
        return Response(
            body={
                "id": None,
                "name": site.name,
                "type": "Microsoft.Web/sites",
                "location": own["location"],
                "properties": {
                    "connectionStringNames": list(site.sticky.connection_strings),
                    "appSettingNames": list(site.sticky.app_settings),
                    "azureStorageConfigNames": list(site.sticky.storage),
                },
            }
        )


def change_config(world: World, site: Site, slot: Slot, given: dict[str, Any]) -> None:
    """Put properties into config/web, with what that causes: other weights, another image, a restart.

    Raises:
        Refusal: 400 for ramp-up rules that cannot be; 409 for a property that belongs to the site.
    """
    now = world.clock.now()
    before = render.config_properties(site, slot)
    changed = {
        name: copy.deepcopy(value)
        for name, value in given.items()
        if name not in _READ_ONLY and before.get(name) != value
    }
    if changed.get("publicNetworkAccess") is not None:
        raise app_service(
            409,
            "Conflict",
            "There was a conflict. SiteConfig.PublicNetworkAccess cannot be modified. Please modify the "
            "Site.PublicNetworkAccess property.",
        )
    if "experiments" in given:
        _check_rules(site, slot, given["experiments"])
    other_than_rules = changed.keys() - {"experiments"}
    if other_than_rules:
        world.lifecycle.require_unprepared(site, slot)
    if "siteAuthEnabled" in changed:
        slot.authentication = bool(changed.pop("siteAuthEnabled"))
    slot.config.update(changed)
    slot.modified = now
    if "experiments" in changed:
        site.note(now)
        world.log.add("weights.changed", site.name, weights=site.weights())
    if "linuxFxVersion" in changed:
        kind, _, image = str(changed["linuxFxVersion"]).partition("|")
        if kind.upper() == "DOCKER":
            world.lifecycle.use_image(site, slot, image)
    if other_than_rules:
        world.lifecycle.settings_changed(site, slot, "config")


def _check_rules(site: Site, slot: Slot, experiments: Any) -> None:
    rules = (experiments or {}).get("rampUpRules") or [] if isinstance(experiments, dict) or not experiments else None
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise app_service(400, "BadRequest", "The parameter experiments has an invalid value.")
    if rules and not slot.is_production:
        raise app_service(400, "BadRequest", "Routing rules are only supported on the production slot.")
    total = 0.0
    for rule in rules:
        percent = rule.get("reroutePercentage")
        if not isinstance(percent, int | float) or isinstance(percent, bool) or not 0 <= percent <= 100:
            raise app_service(400, "BadRequest", "The parameter reroutePercentage has an invalid value.")
        total += percent
    if total > 100:
        raise app_service(400, "BadRequest", "The sum of reroutePercentage of all rules cannot exceed 100.")


def _names(given: dict[str, Any], key: str, before: list[str]) -> list[str]:
    value = given.get(key)
    if value is None:
        return list(before)
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Refusal(400, "BadRequest", f"{key} is a list of names.")
    return list(value)


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise Refusal(400, "BadRequest", f"The value of the app setting '{name}' is not a string.")
    return value
