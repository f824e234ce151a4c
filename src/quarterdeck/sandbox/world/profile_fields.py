"""Values of a JSON document, checked for type and range. Each raises InvalidProfile, naming the field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quarterdeck.sandbox.world.profile import InvalidProfile

_TOGGLE = {"enabled": True, "disabled": False}


def object_at(holder: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object at `name`; empty when it is missing."""
    value = holder.get(name)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InvalidProfile(f"'{name}' must be an object.")
    return value


def list_at(holder: Mapping[str, Any], name: str) -> list[Any]:
    """The list at `name`; empty when it is missing."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidProfile(f"'{name}' must be a list.")
    return value


def objects_at(holder: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    """The list of objects at `name`."""
    items = list_at(holder, name)
    if not all(isinstance(item, Mapping) for item in items):
        raise InvalidProfile(f"'{name}' must be a list of objects.")
    return items


def strings_at(holder: Mapping[str, Any], name: str) -> list[str]:
    """The list of strings at `name`."""
    items = list_at(holder, name)
    if not all(isinstance(item, str) for item in items):
        raise InvalidProfile(f"'{name}' must be a list of strings.")
    return items


def text_at(holder: Mapping[str, Any], name: str, default: str = "") -> str:
    """The string at `name`."""
    value = holder.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise InvalidProfile(f"'{name}' must be a string.")
    return value


def integer_at(holder: Mapping[str, Any], name: str, least: int, most: int, default: int) -> int:
    """The whole number at `name`, within bounds."""
    value = optional_integer_at(holder, name, least, most)
    return default if value is None else value


def optional_integer_at(holder: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    """The whole number at `name`, within bounds, or None when it is missing."""
    value = holder.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidProfile(f"'{name}' must be a whole number.")
    if not least <= value <= most:
        raise InvalidProfile(f"'{name}' is {value}; it must be from {least} to {most}.")
    return value


def choice_at(holder: Mapping[str, Any], name: str, allowed: Iterable[str], default: str | None = None) -> str:
    """The one of `allowed` that stands at `name` in any letter case."""
    value = text_at(holder, name)
    if not value and default is not None:
        return default
    found = next((item for item in allowed if item.lower() == value.lower()), None)
    if found is None:
        raise InvalidProfile(f"'{name}' is '{value}'; it must be one of {', '.join(allowed)}.")
    return found


def toggle_at(holder: Mapping[str, Any], name: str, default: bool) -> bool:
    """Whether `Enabled` rather than `Disabled` stands at `name`."""
    value = text_at(holder, name)
    if not value:
        return default
    if value.lower() not in _TOGGLE:
        raise InvalidProfile(f"'{name}' is '{value}'; it must be Enabled or Disabled.")
    return _TOGGLE[value.lower()]
