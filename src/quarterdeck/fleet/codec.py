"""Frozen dataclasses to JSON and back, by their type hints.

The viewer reads the store with this, so it costs no third-party import. Unknown keys are ignored (an older viewer
reads a newer runner's store); missing keys take the field's default.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from quarterdeck import records

Json = Any
"""What `json.dumps` takes: None, bool, int, float, str, list, dict with text keys."""

_AS_IT_IS = frozenset({type(None), bool, int, float, str})

TAG = "$"
"""The key that names the class where a field may hold one of several."""


def to_json(value: Any) -> Json:
    """Turn a dataclass (or a tuple, mapping or plain value) into what `json.dumps` takes."""
    kind: Any = type(value)
    if kind in _AS_IT_IS:
        return value
    if (names := _field_names(kind)) is not None:
        return {TAG: kind.__name__, **{name: to_json(getattr(value, name)) for name in names}}
    if isinstance(value, (tuple, list, frozenset)):
        return [to_json(item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (int, float, str)):
        return value
    raise TypeError(f"{type(value).__name__} has no JSON form")


@cache
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """None for what is no dataclass. Kept, because a round of a large fleet asks ten thousand times."""
    if (names := records.names(kind)) is not None:
        return names
    if not hasattr(kind, "__dataclass_fields__"):
        return None
    import dataclasses  # slow to load, and what the store keeps are records

    return tuple(field.name for field in dataclasses.fields(kind))


def from_json(kind: Any, data: Json) -> Any:
    """Build a `kind` (a dataclass, a union of dataclasses, a tuple of them ...) from what `to_json` made.

    Raises:
        ValueError: if the data doesn't have the shape of `kind`.
    """
    try:
        return _decoder(kind)(data)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a {getattr(kind, '__name__', kind)}: {error}") from error


@cache
def _decoder(kind: Any) -> Callable[[Json], Any]:
    origin, args = get_origin(kind), get_args(kind)
    if (names := _field_names(kind)) is not None:
        return _dataclass_decoder(kind, names)
    if origin in (Union, types.UnionType):
        return _union_decoder(args)
    if origin is tuple:
        item = _decoder(args[0])
        return lambda data: tuple(item(part) for part in data)
    if origin is not None and isinstance(origin, type) and issubclass(origin, Mapping):
        value = _decoder(args[1])
        return lambda data: {key: value(part) for key, part in data.items()}
    if origin is Literal:
        return _literal_decoder(args)
    return _shared if kind is str else lambda data: data


def _shared(data: Json) -> Any:
    """The one copy of a text: a large fleet has thousands of slots with a handful of names, states and sources."""
    return sys.intern(data) if type(data) is str else data


def _literal_decoder(allowed: tuple[Any, ...]) -> Callable[[Json], Any]:
    def decode(data: Json) -> Any:
        if data not in allowed:
            raise ValueError(f"{data!r} is none of {', '.join(map(str, allowed))}")
        return _shared(data)

    return decode


def _dataclass_decoder(kind: Any, names: Sequence[str]) -> Callable[[Json], Any]:
    hints = get_type_hints(kind)
    fields = [(name, _LazyDecoder(hints[name])) for name in names]

    def decode(data: Json) -> Any:
        if not isinstance(data, Mapping):
            raise ValueError(f"not a {kind.__name__}: {data!r}")
        return kind(**{field: decoder(data[field]) for field, decoder in fields if field in data})

    return decode


class _LazyDecoder:
    """Looks its decoder up on first use, so that dataclasses may refer to each other."""

    __slots__ = ("_decode", "_kind")

    def __init__(self, kind: Any) -> None:
        self._kind = kind
        self._decode: Callable[[Json], Any] | None = None

    def __call__(self, data: Json) -> Any:
        if self._decode is None:
            self._decode = _decoder(self._kind)
        return self._decode(data)


def _union_decoder(args: tuple[Any, ...]) -> Callable[[Json], Any]:
    classes: dict[str, Any] = {_name(arg): arg for arg in args if _field_names(arg) is not None}
    plain = [arg for arg in args if arg is not type(None) and _field_names(arg) is None]

    def decode(data: Json) -> Any:
        if data is None:
            return None
        if isinstance(data, Mapping) and data.get(TAG) in classes:
            return _decoder(classes[data[TAG]])(data)
        if plain:
            return _decoder(plain[0])(data)
        raise ValueError(f"none of {', '.join(classes)}: {data!r}")

    return decode


def _name(kind: Any) -> str:
    return str(kind.__name__)
