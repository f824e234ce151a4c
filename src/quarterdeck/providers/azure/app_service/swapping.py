"""Swap, preview, complete and cancel: one write each, followed one look at a time.

A second swap is not a repetition: it swaps back. So nothing here is ever sent twice, and whatever the answer leaves
open is in doubt until it is read back.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.polling.base_polling import BadResponse, BadStatus, OperationFailed
from azure.mgmt.core.polling.async_arm_polling import AsyncARMPolling

from quarterdeck.fleet.readings import Build, SlotReading
from quarterdeck.providers.azure.app_service.documents import PRODUCTION, Document, content_id, slot_reading
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import in_app_service_words, reading, said, trouble_of, writing
from quarterdeck.providers.azure.noting import Noted
from quarterdeck.providers.base import Progress, ProviderError, Receipt, Refused
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_slots

FIRST_WAIT, LONGEST_WAIT = 2.0, 15.0
"""Seconds between looks where the service doesn't say: soon at first, then as its own client did in the recording."""

_NOT_THE_OPERATIONS = frozenset({401, 403, 404, 408, 429})
"""Answers to a look that say something about the look, not about the swap."""


class OneLook(AsyncARMPolling):
    """The SDK's polling, cut down to a single look per `run`. Keeps the newest signed URL between looks."""

    _waits = 0

    async def run(self) -> None:
        """Look once.

        Raises:
            HttpResponseError: the service answered with an error; `response` tells whose it is.
        """
        try:
            if not self.finished():
                await self.update_status()
        except (BadStatus, BadResponse, OperationFailed) as error:
            raise HttpResponseError(response=self._pipeline_response.http_response, error=error) from error

    def next_wait(self) -> float:
        """Seconds to the next look: as the newest answer says, else half as long again as the last time."""
        text = self._pipeline_response.http_response.headers.get("Retry-After", "")
        if text.isdigit() and int(text) > 0:
            return float(text)
        self._waits += 1
        return min(LONGEST_WAIT, FIRST_WAIT * 1.5 ** (self._waits - 1))


class Swapping:
    """The writes of one subscription's slots."""

    def __init__(self, arm: Arm, versions: Versions) -> None:
        self._arm = arm
        self._versions = versions
        self._looks: dict[str, OneLook] = {}

    async def send(self, step: Step) -> Receipt:
        """Perform the step. Raises Refused or InDoubt."""
        source, destination = str(step.change["source"]), str(step.change["destination"])
        what = f"{step.verb} of {source} into {destination}"
        if source.lower() == PRODUCTION:
            raise Refused("misconfigured", f"{what}: production must be the destination, its warm-up is the source's")
        with writing(what):
            await self._arm.token_for_a_write()
            match step.verb:
                case "swap" | "complete":
                    return await self._swap(step, source, destination)
                case "preview":
                    return await self._preview(step, source, destination)
                case "cancel":
                    return await self._cancel(step, destination)
        raise Refused("misconfigured", f"App Service slots can't {step.verb}")

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """Look once at a swap under way. Raises ProviderError if the look itself failed."""
        if not receipt.token:
            return Progress("finished")
        with reading("progress of the swap"):
            look = self._looks.get(receipt.token) or await self._resumed(step, receipt.token)
            try:
                await look.run()
            except HttpResponseError as error:
                if not is_the_operations(error):
                    raise
                self._looks.pop(receipt.token, None)
                return Progress("failed", trouble_of(error).message)
            if not look.finished():
                return Progress("running", wait=look.next_wait())
        self._looks.pop(receipt.token, None)
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        """Compare both slots, read from App Service itself, with what the step was to change."""
        group, site = _site(step)
        reader = SiteReader(self._arm, group, site)
        documents = []
        for name in (str(step.change["source"]), str(step.change["destination"])):
            with reading(f"{site}/{name}"):
                documents.append(await reader.slot(name))
        by_name = [slot_reading(document, Build("", content_id(document))) for document in documents]
        settled = settle_slots(step, *by_name)
        if settled.state != "unclear":
            return settled
        # Nothing has moved. A deployment leaves the content its name, so only versions tell whether there was one.
        how = step.address.parts.get("version") or "auto"
        return settle_slots(step, *[await self._with_version(reader, site, how, document) for document in documents])

    async def _with_version(self, reader: SiteReader, site: str, how: str, document: Document) -> SlotReading:
        """The slot with the version it holds now, or the last one known: a slot that restarts can't be asked."""
        if self._versions.needs_look_up(document, how):
            with suppress(ProviderError), reading(site):
                await self._versions.look_up(reader, site, document, how)
        return slot_reading(document, self._versions.build(site, document, how))

    async def _swap(self, step: Step, source: str, destination: str) -> Receipt:
        look, noted = OneLook(), Noted()
        poller = await self._begin(step, source, destination, polling=look, raw_response_hook=noted)
        if look.finished():
            return Receipt(noted.reference)
        token = poller.continuation_token()
        self._looks[token] = look
        return Receipt(noted.reference, token)

    async def _resumed(self, step: Step, token: str) -> OneLook:
        look = OneLook()
        source, destination = str(step.change["source"]), str(step.change["destination"])
        await self._begin(step, source, destination, polling=look, continuation_token=token)
        self._looks[token] = look
        return look

    async def _begin(self, step: Step, source: str, destination: str, **options: Any) -> Any:
        # With a continuation token the SDK sends nothing; without one it sends exactly one POST.
        return await self._arm.web.web_apps.begin_swap_slot(
            *_site(step), source, _entity(destination), retry_total=0, **options
        )

    async def _preview(self, step: Step, source: str, destination: str) -> Receipt:
        noted = Noted()
        await self._arm.web.web_apps.apply_slot_configuration_slot(
            *_site(step), source, _entity(destination), retry_total=0, raw_response_hook=noted
        )
        return Receipt(noted.reference)

    async def _cancel(self, step: Step, destination: str) -> Receipt:
        apps, noted = self._arm.web.web_apps, Noted()
        if destination.lower() == PRODUCTION:
            await apps.reset_production_slot_config(*_site(step), retry_total=0, raw_response_hook=noted)
        else:
            await apps.reset_slot_configuration_slot(*_site(step), destination, retry_total=0, raw_response_hook=noted)
        return Receipt(noted.reference)


def is_the_operations(error: HttpResponseError) -> bool:
    """Whether an error that a look got is how the swap ended, and not that the look failed.

    With a Location to poll, the answer of a finished operation is the operation's own, also when that is a 4xx
    (Microsoft's documentation), and then says why; a proxy's page doesn't. A 5xx is the operation's own only in App
    Service's own words: ARM and the things in between have another envelope.
    """
    status = error.status_code or 0
    if 400 <= status < 500:
        return status not in _NOT_THE_OPERATIONS and said(error) != ("", "")
    return status == 500 and in_app_service_words(error)


def _site(step: Step) -> tuple[str, str]:
    return step.address.parts["resource_group"], step.address.parts["site"]


def _entity(destination: str) -> Any:
    from azure.mgmt.web.models import CsmSlotEntity

    return CsmSlotEntity(target_slot=destination, preserve_vnet=True)
