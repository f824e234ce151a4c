"""What a provider's model holds, as the flat texts that a connection and an address carry."""

from __future__ import annotations

import json
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from quarterdeck.config.nodes import Path as NodePath


def flatten(model: BaseModel, folder: Path) -> dict[str, str]:
    """Options by name (see `quarterdeck.fleet.topology.Connection`); relative paths are taken from `folder`."""
    return dict(_flatten(model, folder, ""))


def _flatten(value: Any, folder: Path, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        for field, inner in value:
            alias = fields[field].alias if field in fields else None
            yield from _flatten(inner, folder, _below(name, alias or field))
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _flatten(inner, folder, _below(name, str(key)))
    elif value is not None:
        yield name, _text(value, folder)


def _below(name: str, key: str) -> str:
    return f"{name}.{key}" if name else key


def _text(value: Any, folder: Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (list, tuple, set, frozenset)):
        items = sorted(value) if isinstance(value, (set, frozenset)) else value
        return json.dumps([item if isinstance(item, (int, float)) else _text(item, folder) for item in items])
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, Path):
        return str((folder / value.expanduser()).absolute())
    return str(value)


def secret_fields(model: type[BaseModel], at: NodePath = ()) -> Iterator[NodePath]:
    """The paths of all fields that take a secret, below `at`."""
    for name, field in model.model_fields.items():
        here = (*at, field.alias or name)
        for kind in _kinds(field.annotation):
            if issubclass(kind, SecretStr):
                yield here
            elif issubclass(kind, BaseModel):
                yield from secret_fields(kind, here)


def _kinds(annotation: Any) -> list[type]:
    if isinstance(annotation, type) and not get_args(annotation):
        return [annotation]
    return [kind for part in get_args(annotation) for kind in _kinds(part)]
