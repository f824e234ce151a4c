"""What a swap would change: the answer of slotsdiffs.

Levels and setting types are those of the SDK's model; the service publishes no example, so the choice of rows and
their wording are ours: what moves is Information, a sticky setting that only one side has is a Warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.sandbox.web import render
from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.stickiness import moving_config, stays
from quarterdeck.sandbox.world.world import World


def differences(world: World, site: Site, source: Slot, target: Slot) -> list[dict[str, Any]]:
    """A row for each setting that differs. Values of settings are not given out, only whether they are set."""
    rows = [
        *_settings("AppSetting", source.app_settings, target.app_settings, site.sticky.app_settings),
        *_settings(
            "ConnectionString",
            source.connection_strings,
            target.connection_strings,
            site.sticky.connection_strings,
        ),
        *_general(site, source, target),
    ]
    owner = render.slot_id(world, site, source)
    return [
        {
            "id": f"{owner}/slotsdiffs/{row['settingName']}",
            "name": row["settingName"],
            "type": "Microsoft.Web/sites/slotsdiffs",
            "properties": row,
        }
        for row in rows
    ]


def _settings(kind: str, here: Mapping[str, Any], there: Mapping[str, Any], sticky: list[str]) -> list[dict[str, Any]]:
    named = {name.lower() for name in sticky}
    rows = []
    for name in sorted(here.keys() | there.keys()):
        if here.get(name) == there.get(name):
            continue
        is_sticky = name.lower() in named
        if stays(name, sticky) and not (is_sticky and (name in here) != (name in there)):
            continue
        rows.append(
            {
                "level": "Warning" if is_sticky else "Information",
                "settingType": kind,
                "diffRule": "SlotSettingsMissing" if is_sticky else "SettingsWillBeSwapped",
                "settingName": name,
                "valueInCurrentSlot": _shown(here, name),
                "valueInTargetSlot": _shown(there, name),
                "description": (
                    f"The slot setting '{name}' exists on one side only."
                    if is_sticky
                    else f"The setting '{name}' differs and is going to be swapped."
                ),
            }
        )
    return rows


def _general(site: Site, source: Slot, target: Slot) -> list[dict[str, Any]]:
    rows = []
    for name in sorted(moving_config(site) & (source.config.keys() | target.config.keys())):
        here, there = source.config.get(name), target.config.get(name)
        if here == there:
            continue
        rows.append(
            {
                "level": "Information",
                "settingType": "General",
                "diffRule": "SettingsWillBeSwapped",
                "settingName": name,
                "valueInCurrentSlot": "" if here is None else str(here),
                "valueInTargetSlot": "" if there is None else str(there),
                "description": f"The setting '{name}' differs and is going to be swapped.",
            }
        )
    return rows


def _shown(values: Mapping[str, Any], name: str) -> str:
    return "Set" if name in values else "Not set"
