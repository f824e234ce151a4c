"""What of the Bridge outlives a session: pinned services, grouping and order. A small file beside the store.

Filters don't: whoever comes back at night sees everything first.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar, get_args

from quarterdeck import private_files
from quarterdeck.ui.pages.arranging import Group, Sort, View

_MOST_PINS = 200

T = TypeVar("T")


def recall(store: Path | None) -> View:
    """How the Bridge of this store was left. A file that can't be read is as good as none."""
    if store is None:
        return View()
    try:
        kept = json.loads(_path(store).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return View()
    if not isinstance(kept, dict):
        return View()
    pins = kept.get("pins")
    return View(
        group=_one_of(get_args(Group), kept.get("group"), "none"),
        sort=_one_of(get_args(Sort), kept.get("sort"), "configured"),
        pins=tuple(pin for pin in pins if isinstance(pin, str))[:_MOST_PINS] if isinstance(pins, list) else (),
    )


def keep(store: Path | None, view: View) -> None:
    """Note how it is arranged; where the folder can't be written, only this session knows."""
    if store is None:
        return
    text = json.dumps({"group": view.group, "sort": view.sort, "pins": view.pins[:_MOST_PINS]}, indent=1)
    with suppress(OSError):
        private_files.put(_path(store), text + "\n")


def _one_of(known: tuple[T, ...], value: Any, otherwise: T) -> T:
    return value if value in known else otherwise


def _path(store: Path) -> Path:
    return store.with_name(store.name + ".bridge")
