"""Sites and slots read from App Service itself: the truth, at two or more requests a site."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from quarterdeck.providers.azure.app_service.documents import (
    PRODUCTION,
    Document,
    image_tag,
    is_container,
    slot_name,
    with_site_config,
)
from quarterdeck.providers.azure.arm import Arm


class SiteReader:
    """Reads one site. All methods raise what the SDK raises: call them inside `faults.reading`."""

    def __init__(self, arm: Arm, resource_group: str, site: str) -> None:
        self._arm = arm
        self._at = (resource_group, site)

    async def slots(self) -> list[Document]:
        """The site and all its slots; containers with the image they run."""
        production, others = await asyncio.gather(self._arm.web.web_apps.get(*self._at), self._others())
        documents = [production.as_dict(), *others]
        return list(await asyncio.gather(*(self._with_image(document) for document in documents)))

    async def slot(self, name: str) -> Document:
        """One slot, or the site itself for `production`; a container with the image it runs."""
        apps = self._arm.web.web_apps
        found = await (apps.get(*self._at) if name.lower() == PRODUCTION else apps.get_slot(*self._at, name))
        return await self._with_image(found.as_dict())

    async def config(self, name: str) -> Mapping[str, Any]:
        """The properties of config/web of a slot."""
        apps = self._arm.web.web_apps
        if name.lower() == PRODUCTION:
            document = await apps.get_configuration(*self._at)
        else:
            document = await apps.get_configuration_slot(*self._at, name)
        return _properties(document.as_dict())

    async def authentication(self, name: str) -> bool:
        """Whether App Service authentication is on for a slot."""
        apps = self._arm.web.web_apps
        if name.lower() == PRODUCTION:
            document = await apps.get_auth_settings_v2_without_secrets(*self._at)
        else:
            document = await apps.get_auth_settings_v2_without_secrets_slot(*self._at, name)
        platform = _properties(document.as_dict()).get("platform")
        return bool(isinstance(platform, Mapping) and platform.get("enabled"))

    async def settings(self, name: str) -> Mapping[str, str]:
        """App settings of a slot with their values: secrets. Use the names, drop the rest."""
        apps = self._arm.web.web_apps
        if name.lower() == PRODUCTION:
            document = await apps.list_application_settings(*self._at)
        else:
            document = await apps.list_application_settings_slot(*self._at, name)
        return {str(key): str(value) for key, value in _properties(document.as_dict()).items()}

    async def connection_strings(self, name: str) -> frozenset[str]:
        """The names of a slot's connection strings."""
        apps = self._arm.web.web_apps
        if name.lower() == PRODUCTION:
            document = await apps.list_connection_strings(*self._at)
        else:
            document = await apps.list_connection_strings_slot(*self._at, name)
        return frozenset(str(key) for key in _properties(document.as_dict()))

    async def sticky(self) -> Mapping[str, frozenset[str]]:
        """The names that stay with their slot, by kind: `app setting`, `connection string`."""
        document = (await self._arm.web.web_apps.list_slot_configuration_names(*self._at)).as_dict()
        names = _properties(document)
        return {
            "app setting": frozenset(names.get("appSettingNames") or ()),
            "connection string": frozenset(names.get("connectionStringNames") or ()),
        }

    async def differences(self, source: str, destination: str) -> list[Mapping[str, Any]]:
        """What App Service says would differ between two slots."""
        from azure.mgmt.web.models import CsmSlotEntity

        apps = self._arm.web.web_apps
        entity = CsmSlotEntity(target_slot=destination, preserve_vnet=True)
        if source.lower() == PRODUCTION:
            pages = apps.list_slot_differences_from_production(*self._at, entity)
        else:
            pages = apps.list_slot_differences_slot(*self._at, source, entity)
        return [_properties(difference.as_dict()) async for difference in pages]

    async def deployments(self, name: str) -> list[Mapping[str, Any]]:
        """The deployments of a slot, each with `id` and its properties."""
        apps = self._arm.web.web_apps
        if name.lower() == PRODUCTION:
            pages = apps.list_deployments(*self._at)
        else:
            pages = apps.list_deployments_slot(*self._at, name)
        return [{"name": item.name, **_properties(item.as_dict())} async for item in pages]

    async def _others(self) -> list[Document]:
        return [slot.as_dict() async for slot in self._arm.web.web_apps.list_slots(*self._at)]

    async def _with_image(self, document: Document) -> Document:
        if not is_container(document) or image_tag(document):
            return document
        return with_site_config(document, await self.config(slot_name(document)))


def _properties(document: Mapping[str, Any]) -> Mapping[str, Any]:
    inner = document.get("properties")
    return inner if isinstance(inner, Mapping) else {}
