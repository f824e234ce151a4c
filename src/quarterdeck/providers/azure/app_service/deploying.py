"""Putting a build into a slot: a container image by its configuration, a package by OneDeploy. One write each.

- An image is the property linuxFxVersion (windowsFxVersion) of config/web, `DOCKER|image:tag`. The PATCH is complete
  with its answer and absolute: sent twice it is the same, and read back it says what is there. Whether the container
  starts isn't told by the management plane: that is for gates and probes.
- A package is `PUT .../extensions/onedeploy` with its packageUri (the request that `az webapp deploy --src-url` sends;
  the SDK's operation takes no body). It goes on by itself, and a second one deploys again: it is never repeated. What
  it did stands in the list of deployments (status 4 succeeded, 3 failed, below that under way: Kudu's DeployStatus):
  the record in force before is part of the plan, so after a lost answer a new record in force is the write, and a
  list as before leaves it in doubt. The list doesn't say which package it was: there is no artifact to go back to.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.azure.app_service.documents import (
    PRODUCTION,
    Document,
    image_of,
    properties,
    slot_name,
    slot_reading,
    with_site_config,
)
from quarterdeck.providers.azure.app_service.ramp_rules import Rule, rules_of
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.surveying import with_automation
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import reading, writing
from quarterdeck.providers.azure.noting import Noted
from quarterdeck.providers.base import DeploySurvey, Progress, ProviderError, Receipt
from quarterdeck.release.deploy import kind_of
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_deploy

API_VERSION = "2024-04-01"
"""Of `extensions/onedeploy`."""

USUAL_SECONDS = 60.0
LOOK_SECONDS = 5.0

_FAILED = 3
_RECORD = "deployments/"

_Deployment = Mapping[str, Any]


class Deploying:
    """The deployments of one subscription's slots."""

    def __init__(self, arm: Arm, versions: Versions) -> None:
        self._arm = arm
        self._versions = versions

    async def survey(self, address: Address, slot: str) -> DeploySurvey:
        """Read a slot, what it holds, and whether users reach it. Raises ProviderError."""
        group, site = _site(address)
        reader = SiteReader(self._arm, group, site)
        with reading(site):
            documents = await reader.slots()
        document = next((one for one in documents if slot_name(one).lower() == slot.lower()), None)
        if document is None:
            known = ", ".join(sorted(map(slot_name, documents)))
            raise ProviderError("not_found", f"{site} has no slot {slot}", f"there are: {known}")
        with reading(f"{site}: configuration"):
            config, production = await asyncio.gather(reader.config(slot), reader.config(PRODUCTION))
        image, setting = image_of(config)
        found = await self._with_version(reader, address, with_site_config(document, config))
        return DeploySurvey(
            slot=with_automation(found, config),
            artifact=clean(image, 300),
            live=_is_live(document, rules_of(production)),
            seconds=USUAL_SECONDS,
            facts={
                "takes": "image" if image else "package",
                "setting": setting,
                "prepared_for": _prepared_for(slot, documents),
                "record": "" if image else _in_force(await self._deployments(reader, slot)),
            },
        )

    async def send(self, step: Step) -> Receipt:
        """Perform the step. Raises Refused or InDoubt."""
        slot, artifact = str(step.change["slot"]), str(step.change["artifact"])
        with writing(step.summary):
            await self._arm.token_for_a_write()
            if kind_of(artifact) == "image":
                return await self._set_image(step.address, slot, str(step.change["setting"]), artifact)
            return await self._publish(step.address, slot, artifact)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Look at a deployment under way. Raises ProviderError if the look itself failed."""
        if not receipt.token:
            return Progress("finished")
        found = await self._deployments(SiteReader(self._arm, *_site(step.address)), str(step.change["slot"]))
        record = next((one for one in found if _name(one) == receipt.token.removeprefix(_RECORD)), None)
        if record is None or _under_way(record):
            return Progress("running", wait=LOOK_SECONDS)
        if record.get("status") == _FAILED:
            said = clean(str(record.get("status_text") or record.get("message") or ""), 200)
            return Progress("failed", f"deployment {_name(record)} failed" + (f": {said}" if said else ""))
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        """Compare what the slot holds, read from App Service itself, with what the step was to put there."""
        slot = str(step.change["slot"])
        reader = SiteReader(self._arm, *_site(step.address))
        with reading(f"{step.address.parts['site']}/{slot}"):
            document, config = await asyncio.gather(reader.slot(slot), reader.config(slot))
        image, _ = image_of(config)
        if image:
            return settle_deploy(step, slot_reading(document, None), image, "")
        deployments = await self._deployments(reader, slot)
        under_way = next((_name(one) for one in deployments if _under_way(one)), "")
        if under_way:
            return Settlement("running", f"deployment {under_way} is under way")
        record = _in_force(deployments)
        newest = deployments[0] if deployments else {}
        if record == step.before["record"] and newest.get("status") == _FAILED and _name(newest) != record:
            return Settlement("not_done", f"deployment {_name(newest)} failed, what was there before still is")
        found = await self._with_version(reader, step.address, document)
        return settle_deploy(step, found, "", record)

    async def _set_image(self, address: Address, slot: str, setting: str, image: str) -> Receipt:
        from azure.mgmt.web.models import SiteConfig, SiteConfigResource

        value = f"DOCKER|{image}"
        config = (
            SiteConfig(windows_fx_version=value)
            if setting == "windowsFxVersion"
            else SiteConfig(linux_fx_version=value)
        )
        apps, body, noted = self._arm.web.web_apps, SiteConfigResource(properties=config), Noted()
        if slot.lower() == PRODUCTION:
            await apps.update_configuration(*_site(address), body, retry_total=0, raw_response_hook=noted)
        else:
            await apps.update_configuration_slot(*_site(address), slot, body, retry_total=0, raw_response_hook=noted)
        return Receipt(noted.reference)

    async def _publish(self, address: Address, slot: str, package: str) -> Receipt:
        group, site = _site(address)
        path = f"/subscriptions/{self._arm.subscription}/resourceGroups/{group}/providers/Microsoft.Web/sites/{site}"
        path += "" if slot.lower() == PRODUCTION else f"/slots/{slot}"
        body = {"properties": {"packageUri": package, "type": "zip"}}
        answer = await self._arm.put(f"{path}/extensions/onedeploy", API_VERSION, body)
        name = str(answer.json()["name"])
        return Receipt(name, f"{_RECORD}{name}")

    async def _deployments(self, reader: SiteReader, slot: str) -> list[_Deployment]:
        """Newest first."""
        with reading(f"deployments of {slot}"):
            found = await reader.deployments(slot)
        return sorted(found, key=lambda one: str(one.get("start_time") or ""), reverse=True)

    async def _with_version(self, reader: SiteReader, address: Address, document: Document) -> SlotReading:
        """The slot with the version it holds now, or the last one known; none where the version is a setting of the
        slot: a deployment doesn't change settings."""
        site, how = address.parts["site"], address.parts.get("version") or "auto"
        if how.startswith("setting:"):
            return slot_reading(document, None)
        if self._versions.needs_look_up(document, how):
            with suppress(ProviderError), reading(site):
                await self._versions.look_up(reader, site, document, how)
        return slot_reading(document, self._versions.build(site, document, how))


def _site(address: Address) -> tuple[str, str]:
    return address.parts["resource_group"], address.parts["site"]


def _name(deployment: _Deployment) -> str:
    return clean(str(deployment.get("name") or ""), 200).rpartition("/")[2]


def _under_way(deployment: _Deployment) -> bool:
    status = deployment.get("status")
    return isinstance(status, int) and status < _FAILED


def _in_force(deployments: Sequence[_Deployment]) -> str:
    """The name of the deployment whose content is in the slot: the active one; "" when there is none."""
    return next((_name(one) for one in deployments if one.get("active")), "")


def _is_live(document: Document, rules: Sequence[Rule]) -> bool:
    """Whether users reach the slot: it is production, or a routing rule leads new clients there."""
    if slot_name(document) == PRODUCTION:
        return True
    host = str(properties(document).get("defaultHostName") or "").lower()
    return any(
        str(rule.get("actionHostName") or "").lower() == host and float(rule.get("reroutePercentage") or 0) > 0
        for rule in rules
    )


def _prepared_for(slot: str, documents: Sequence[Document]) -> str:
    """The slot that a swap prepared from this one would go to; "" when none is prepared."""
    prepared = (one for one in documents if str(properties(one).get("targetSwapSlot") or "").lower() == slot.lower())
    return next(map(slot_name, prepared), "")
