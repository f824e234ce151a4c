"""Both sides of a swap, read from App Service itself just before a plan."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from quarterdeck.fleet.readings import SlotReading
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure.app_service.documents import PRODUCTION, Document, properties, slot_reading
from quarterdeck.providers.azure.app_service.lints import SwapFacts, risks
from quarterdeck.providers.azure.app_service.ramp_rules import rules_of
from quarterdeck.providers.azure.app_service.reading import SiteReader
from quarterdeck.providers.azure.app_service.settings import Names, moves
from quarterdeck.providers.azure.app_service.versions import Versions
from quarterdeck.providers.azure.faults import reading
from quarterdeck.providers.base import ProviderError, SwapSurvey

USUAL_SECONDS = 90.0
"""About a minute for an empty app (recorded); real apps warm up longer, and some fail only after 20 minutes."""

Result = TypeVar("Result")
_APP_SETTING, _CONNECTION_STRING = "app setting", "connection string"


async def survey(
    reader: SiteReader, versions: Versions, site: str, how: str, source: str, destination: str
) -> SwapSurvey:
    """Read everything a plan needs to know of a swap.

    Raises:
        ProviderError: a side doesn't exist or can't be read. What only the settings' lists would tell may be
            missing: that is a risk of the survey, not an error.
    """
    documents = await _both(reader, source, destination)
    readings = await asyncio.gather(*(_fresh(reader, versions, site, how, document) for document in documents))
    with reading(f"{site}: configuration"):
        here, there, production = await asyncio.gather(
            reader.config(source), reader.config(destination), reader.config(PRODUCTION)
        )
    authentication = await _if_allowed(lambda: _authentication(reader, source, destination))
    names = await _if_allowed(lambda: _names(reader, source, destination))
    differences = await _if_allowed(lambda: reader.differences(source, destination)) or []
    sides = [with_automation(side, config) for side, config in zip(readings, (here, there), strict=True)]
    facts = SwapFacts(
        source=sides[0],
        destination=sides[1],
        source_settings=names[0].source if names else None,
        names=names or (),
        https_only=bool(properties(documents[0]).get("httpsOnly")),
        authentication=authentication,
        rules=rules_of(production),
        differences=differences,
    )
    return SwapSurvey(
        source=sides[0],
        destination=sides[1],
        settings=moves(names or (), differences),
        risks=risks(facts),
        seconds=USUAL_SECONDS,
    )


async def _both(reader: SiteReader, source: str, destination: str) -> tuple[Document, Document]:
    async def one(name: str) -> Document:
        with reading(name):
            return await reader.slot(name)

    return await asyncio.gather(one(source), one(destination))


async def _fresh(reader: SiteReader, versions: Versions, site: str, how: str, document: Document) -> SlotReading:
    if versions.needs_look_up(document, how):
        await _if_allowed(lambda: versions.look_up(reader, site, document, how))
    return slot_reading(document, versions.build(site, document, how))


async def _authentication(reader: SiteReader, source: str, destination: str) -> bool:
    return any(await asyncio.gather(reader.authentication(source), reader.authentication(destination)))


async def _names(reader: SiteReader, source: str, destination: str) -> tuple[Names, ...]:
    sticky, here, there, strings_here, strings_there = await asyncio.gather(
        reader.sticky(),
        reader.settings(source),
        reader.settings(destination),
        reader.connection_strings(source),
        reader.connection_strings(destination),
    )
    return (
        Names(_APP_SETTING, frozenset(here), frozenset(there), sticky[_APP_SETTING]),
        Names(_CONNECTION_STRING, strings_here, strings_there, sticky[_CONNECTION_STRING]),
    )


async def _if_allowed(read: Callable[[], Awaitable[Result]]) -> Result | None:
    """The result, or None where this credential may not look."""
    try:
        with reading("settings"):
            return await read()
    except ProviderError as error:
        if error.trouble.code == "forbidden":
            return None
        raise


_BY_HAND = ("", "None", "LocalGit")
"""Values of `scmType` (ARM's SiteConfig) that deploy nothing by themselves."""


def with_automation(slot: SlotReading, config: Mapping[str, Any]) -> SlotReading:
    """What only the slot's own configuration tells: what happens there without anybody asking."""
    source = str(config.get("scmType") or "")
    return replace(
        slot,
        auto_swap_to=str(config.get("autoSwapSlotName") or ""),
        deploys_from="" if source in _BY_HAND else clean(source, 40),
    )
