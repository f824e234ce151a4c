"""A site or a slot as App Service writes it, to our own nouns. Pure.

The shape of the documents: Microsoft.Web 2025-05-01, and recordings of live traffic. `deploymentId` is not in the
specification, but on the wire; it names the storage that holds the content, and moves with it on a swap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from quarterdeck.fleet.readings import Build, Health, SlotReading, SlotsReading, SwapRecord

Document = Mapping[str, Any]

PRODUCTION = "production"


def slot_name(document: Document) -> str:
    """`staging` for the document of `checkout/staging`, `production` for that of the site itself."""
    _, slash, slot = str(document.get("name") or "").partition("/")
    return slot if slash else PRODUCTION


def properties(document: Document) -> Mapping[str, Any]:
    """The `properties` of a resource; empty if it has none."""
    inner = document.get("properties")
    return inner if isinstance(inner, Mapping) else {}


def slot_reading(document: Document, build: Build | None) -> SlotReading:
    """One slot. Health is unknown for a running one: the management plane doesn't watch the app itself."""
    about, running = properties(document), is_running(document)
    return SlotReading(
        name=slot_name(document),
        build=build,
        running=running,
        health=_health(about, running),
        host=str(about.get("defaultHostName") or ""),
        preview_from=str(about.get("targetSwapSlot") or ""),
        auto_swap_to=str(_site_config(about).get("autoSwapSlotName") or ""),
        last_swap=_swap_record(about.get("slotSwapStatus")),
        operation=str(about.get("inProgressOperationId") or ""),
    )


def slots_reading(slots: Iterable[SlotReading]) -> SlotsReading:
    """All slots of a site, production first, the others by name."""
    return SlotsReading(tuple(sorted(slots, key=lambda slot: (slot.name.lower() != PRODUCTION, slot.name.lower()))))


def is_running(document: Document) -> bool:
    """Whether the slot is started."""
    return str(properties(document).get("state") or "").lower() == "running"


def content_id(document: Document) -> str:
    """The name of the content, which moves with it on a swap; "" if the service doesn't say."""
    return str(properties(document).get("deploymentId") or "")


def modified(document: Document) -> str:
    """When the slot was last changed in any way, as the service writes it. Not the time of a swap."""
    return str(properties(document).get("lastModifiedTimeUtc") or "")


def image_of(config: Mapping[str, Any]) -> tuple[str, str]:
    """The container image in the properties of config/web, and the name of the property; ("", "") for code."""
    for name in ("linuxFxVersion", "windowsFxVersion"):
        kind, bar, image = str(config.get(name) or "").partition("|")
        if bar and kind.upper() == "DOCKER" and image:
            return image, name
    return "", ""


def image_tag(document: Document) -> str:
    """The tag (or the digest, shortened) of the container image a slot runs; "" for code."""
    image, _ = image_of(_site_config(properties(document)))
    if not image:
        return ""
    if "@" in image:
        return image.partition("@")[2].removeprefix("sha256:")[:12]
    name = image.rpartition("/")[2]
    return name.partition(":")[2] or "latest"


def is_container(document: Document) -> bool:
    """Whether the slot runs a container, whose image stands in its configuration."""
    return "container" in str(document.get("kind") or "").lower()


def with_site_config(document: Document, config: Mapping[str, Any]) -> Document:
    """The document with the configuration that a GET of a site leaves out."""
    return {**document, "properties": {**properties(document), "siteConfig": config}}


def seconds(text: object) -> float | None:
    """UNIX seconds of a time as Azure writes it, in UTC unless it says otherwise; None if it isn't one."""
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _health(about: Mapping[str, Any], running: bool) -> Health:
    limited = str(about.get("availabilityState") or "Normal") != "Normal"
    exceeded = str(about.get("usageState") or "Normal") != "Normal"
    return "unhealthy" if not running or limited or exceeded else "unknown"


def _site_config(about: Mapping[str, Any]) -> Mapping[str, Any]:
    config = about.get("siteConfig")
    return config if isinstance(config, Mapping) else {}


def _swap_record(status: object) -> SwapRecord | None:
    if not isinstance(status, Mapping) or not status.get("timestampUtc"):
        return None
    return SwapRecord(
        str(status["timestampUtc"]),
        str(status.get("sourceSlotName") or ""),
        str(status.get("destinationSlotName") or ""),
    )
