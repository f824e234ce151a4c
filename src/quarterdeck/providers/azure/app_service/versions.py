"""Which version runs in a slot: from the image, from the record of its deployment, or from a setting.

The image stands in the document of the slot; the others cost a request a slot. So what was found is remembered
by the content's own name, which moves with it on a swap, and looked up again when the slot has been modified.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.readings import Build
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.app_service.documents import (
    Document,
    content_id,
    image_tag,
    modified,
    seconds,
    slot_name,
)
from quarterdeck.providers.azure.app_service.reading import SiteReader

RECHECK_SECONDS = 900.0
"""A version is looked up again after this long even if nothing says that the slot was modified: that a deployment
touches `lastModifiedTimeUtc` is seen, not promised."""

_NUMBERED = re.compile(r"\bv?\d+(?:\.\d+)+(?:[-+.][0-9A-Za-z.-]+)?\b")
_SUCCEEDED = 4


@dataclass(frozen=True, slots=True)
class _Found:
    version: str
    deployed_at: float | None
    stamp: str
    at: float


class Versions:
    """What is known about the content of slots."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: dict[tuple[str, str], _Found] = {}

    def build(self, site: str, document: Document, how: str) -> Build | None:
        """The build in a slot as far as it is known without asking; its version is "" while nobody has looked."""
        name = content_id(document)
        tag = image_tag(document) if how in ("auto", "image") else ""
        if tag:
            return Build(tag, name or tag)
        found = self._found.get(_key(site, document))
        if found is not None:
            return Build(found.version, name, found.deployed_at)
        return Build("", name) if name else None

    def needs_look_up(self, document: Document, how: str) -> bool:
        """Whether the version of this slot costs a request of its own."""
        return not (how == "image" or (how == "auto" and image_tag(document)))

    def is_due(self, site: str, document: Document, how: str) -> bool:
        """Whether a look-up would tell more than is known."""
        if not self.needs_look_up(document, how):
            return False
        found = self._found.get(_key(site, document))
        if found is None:
            return True
        return found.stamp != modified(document) or self._clock.now() - found.at > RECHECK_SECONDS

    async def look_up(self, reader: SiteReader, site: str, document: Document, how: str) -> None:
        """Ask what runs in a slot, and remember it. Raises what the SDK raises."""
        slot = slot_name(document)
        if how.startswith("setting:"):
            settings = await reader.settings(slot)
            version, deployed_at = clean(settings.get(how.removeprefix("setting:"), "")), None
        else:
            version, deployed_at = deployed(await reader.deployments(slot))
        self._found[_key(site, document)] = _Found(version, deployed_at, modified(document), self._clock.now())

    def put_off(self, site: str, document: Document) -> None:
        """Don't ask again before the slot is modified or its time has come: the last attempt failed."""
        key = _key(site, document)
        known = self._found.get(key) or _Found("", None, "", 0)
        self._found[key] = replace(known, stamp=modified(document), at=self._clock.now())


def deployed(deployments: Iterable[Mapping[str, Any]]) -> tuple[str, float | None]:
    """Version and time of the deployment that is active (else of the newest that succeeded); ("", None) without one."""
    succeeded = [item for item in deployments if item.get("status") in (_SUCCEEDED, None) or item.get("active")]
    if not succeeded:
        return "", None
    newest = max(succeeded, key=lambda item: (bool(item.get("active")), str(item.get("end_time") or "")))
    return version_of(newest), seconds(newest.get("end_time"))


def version_of(deployment: Mapping[str, Any]) -> str:
    """What a deployment calls itself.

    Pipelines write JSON into the message (`buildNumber`, `releaseName`, `commitId`, `sha`: azure-pipelines-tasks and
    the Azure web app action); people write a version; Kudu's own id is left as the last resort.
    """
    message = str(deployment.get("message") or "")
    try:
        fields = json.loads(message)
    except ValueError:
        fields = None
    if isinstance(fields, Mapping):
        for key in ("version", "buildNumber", "releaseName"):
            if fields.get(key):
                return clean(str(fields[key]), 40)
        for key in ("commitId", "sha"):
            if fields.get(key):
                return clean(str(fields[key]))[:12]
    numbered = _NUMBERED.search(message)
    if numbered:
        return numbered.group()
    return clean(str(deployment.get("name") or deployment.get("id") or ""), 200).rpartition("/")[2][:12]


def _key(site: str, document: Document) -> tuple[str, str]:
    return site.lower(), content_id(document) or f"/{slot_name(document).lower()}"
