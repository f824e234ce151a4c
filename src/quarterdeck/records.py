"""Dataclasses that cost next to nothing until they are used.

`dataclasses.dataclass` writes, compiles and runs the text of six methods for each class: about a millisecond, while a
viewer loads more than a hundred classes and makes instances of a third of them before its first frame. This module's
`dataclass` gives a class with the same behaviour whose methods are shared, and whose `__init__` is compiled when the
first instance is made. `dataclasses.fields`, `replace`, `asdict`, `astuple` and `is_dataclass` take such a class for
what it is. To a type checker it *is* `dataclasses.dataclass`.

Loads nothing: also `dataclasses` itself (and with it `inspect`) is loaded when somebody asks it about a class.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from dataclasses import asdict as asdict
    from dataclasses import astuple as astuple
    from dataclasses import dataclass as dataclass
    from dataclasses import field as field
    from dataclasses import replace as replace
    from typing import Any


class _Nothing:
    """No default."""

    def __repr__(self) -> str:
        return "<given by a factory>"


_NOTHING: Any = _Nothing()


class _Factory:
    """A default that is made anew for each instance."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[], Any]) -> None:
        self.make = make


class _Record:
    """What a class was made from: annotation and default of each field, those of its bases first."""

    __slots__ = ("frozen", "key", "kinds", "names")

    def __init__(self, kinds: Mapping[str, tuple[Any, Any]], frozen: bool) -> None:
        self.kinds, self.frozen = kinds, frozen
        self.names = tuple(kinds)
        self.key = _key(self.names)


def names(kind: Any) -> tuple[str, ...] | None:
    """The names of a class's fields, without loading `dataclasses`; None if the class is none of ours."""
    record: _Record | None = getattr(kind, "__record__", None)
    return None if record is None else record.names


if not TYPE_CHECKING:

    def field(*, default_factory: Callable[[], Any]) -> Any:
        """A field whose default is made anew for each instance."""
        return _Factory(default_factory)

    def replace(instance: Any, /, **changes: Any) -> Any:
        """As `dataclasses.replace`."""
        known = names(type(instance))
        if known is None:
            import dataclasses

            return dataclasses.replace(instance, **changes)
        for name in known:
            if name not in changes:
                changes[name] = getattr(instance, name)
        return type(instance)(**changes)

    def asdict(instance: Any) -> dict[str, Any]:
        """As `dataclasses.asdict`, but what is no record, list, tuple or dict is not copied."""
        return {name: _plain(getattr(instance, name), asdict) for name in instance.__record__.names}

    def astuple(instance: Any) -> tuple[Any, ...]:
        """As `dataclasses.astuple`, with the same exception."""
        return tuple(_plain(getattr(instance, name), astuple) for name in instance.__record__.names)

    def dataclass(cls: Any = None, /, *, frozen: bool = False, slots: bool = False, order: bool = False) -> Any:
        """As `dataclasses.dataclass`, for classes with slots; others are handed on to it."""

        def made(cls: Any) -> Any:
            if slots:
                return _recorded(cls, frozen, order)
            import dataclasses

            return dataclasses.dataclass(frozen=frozen, order=order)(cls)

        return made if cls is None else made(cls)


def _plain(value: Any, taken_apart: Callable[[Any], Any]) -> Any:
    if names(type(value)) is not None:
        return taken_apart(value)
    if isinstance(value, (list, tuple)):
        return type(value)(_plain(item, taken_apart) for item in value)
    if isinstance(value, dict):
        return {key: _plain(item, taken_apart) for key, item in value.items()}
    return value


def _recorded(cls: Any, frozen: bool, order: bool) -> Any:
    kinds: dict[str, tuple[Any, Any]] = {}
    for base in reversed(cls.__mro__[1:]):
        if (record := base.__dict__.get("__record__")) is not None:
            kinds.update(record.kinds)
    namespace = dict(cls.__dict__)
    inherited = frozenset(kinds)
    for name, annotation in namespace.get("__annotations__", {}).items():
        if not str(annotation).startswith(("ClassVar", "typing.ClassVar")):
            kinds[name] = (annotation, namespace.pop(name, _NOTHING))
    _refuse_gaps(cls, kinds)
    record = _Record(kinds, frozen)
    for name in ("__dict__", "__weakref__"):
        namespace.pop(name, None)
    namespace["__slots__"] = tuple(name for name in kinds if name not in inherited)
    namespace["__record__"] = record
    namespace["__match_args__"] = record.names
    for name, method in _SHARED.items():
        namespace.setdefault(name, method)
    namespace.setdefault("__init__", _Init())
    namespace |= {"__dataclass_fields__": _Described(), "__dataclass_params__": _Described()}
    if order:
        namespace |= _ORDER
    if frozen:
        namespace |= _FROZEN
        if namespace.get("__hash__") is None:
            namespace["__hash__"] = _hash
    else:
        namespace.setdefault("__hash__", None)
    made = type(cls)(cls.__name__, cls.__bases__, namespace)
    made.__qualname__ = cls.__qualname__
    return made


def _refuse_gaps(cls: Any, kinds: Mapping[str, tuple[Any, Any]]) -> None:
    optional = ""
    for name, (_, default) in kinds.items():
        if isinstance(default, (list, dict, set)):
            raise ValueError(
                f"{cls.__qualname__}.{name}: one {type(default).__name__} for all instances: use a factory"
            )
        if default is _NOTHING and optional:
            raise TypeError(f"{cls.__qualname__}.{name} has no default, but {optional} before it has")
        optional = name if default is not _NOTHING else optional


def _key(names: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What instances are compared by."""
    if len(names) < 2:
        return lambda instance: tuple(getattr(instance, name) for name in names)
    from _operator import attrgetter  # the part of `operator` that is always there

    return attrgetter(*names)


# --- the methods that all classes share ------------------------------------------------------------------------------
def _repr(self: Any) -> str:
    told = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__record__.names)
    return f"{type(self).__qualname__}({told})"


def _eq(self: Any, other: Any) -> Any:
    if other.__class__ is not self.__class__:
        return NotImplemented
    key = self.__record__.key
    return key(self) == key(other)


def _compares(name: str) -> Callable[[Any, Any], Any]:
    """The method of that name, by the fields in their order."""

    def compare(self: Any, other: Any) -> Any:
        if other.__class__ is not self.__class__:
            return NotImplemented
        key = self.__record__.key
        return getattr(key(self), name)(key(other))

    return compare


def _hash(self: Any) -> int:
    return hash(self.__record__.key(self))


def _setattr(self: Any, name: str, value: Any) -> None:
    _refuse_change(self, name, "assign to")
    object.__setattr__(self, name, value)


def _delattr(self: Any, name: str) -> None:
    _refuse_change(self, name, "delete")
    object.__delattr__(self, name)


def _refuse_change(instance: Any, name: str, what: str) -> None:
    if "__record__" in type(instance).__dict__ or name in instance.__record__.names:
        from dataclasses import FrozenInstanceError

        raise FrozenInstanceError(f"cannot {what} field {name!r}")


def _getstate(self: Any) -> list[Any]:
    return [getattr(self, name) for name in self.__record__.names]


def _setstate(self: Any, state: list[Any]) -> None:
    for name, value in zip(self.__record__.names, state, strict=True):
        object.__setattr__(self, name, value)


# --- what is made on first use ---------------------------------------------------------------------------------------
class _Init:
    """Stands where `__init__` will be."""

    __slots__ = ("_owner",)

    def __set_name__(self, owner: Any, _: str) -> None:
        self._owner = owner

    def __get__(self, instance: Any, kind: Any) -> Any:
        init = _init_of(self._owner)
        self._owner.__init__ = init
        return init.__get__(instance, kind)


class _Described:
    """Stands where `dataclasses` looks for what it has noted about a class."""

    __slots__ = ("_attribute", "_owner")

    def __set_name__(self, owner: Any, name: str) -> None:
        self._owner, self._attribute = owner, name

    def __get__(self, instance: Any, kind: Any) -> Any:
        import dataclasses

        owner = self._owner
        record: _Record = owner.__record__
        body: dict[str, Any] = {"__annotations__": {name: kind for name, (kind, _) in record.kinds.items()}}
        for name, (_, default) in record.kinds.items():
            if isinstance(default, _Factory):
                body[name] = dataclasses.field(default_factory=default.make)
            elif default is not _NOTHING:
                body[name] = default
        described: Any = dataclasses.dataclass(frozen=record.frozen)(type(owner.__name__, (), body))
        for attribute in ("__dataclass_fields__", "__dataclass_params__"):
            setattr(owner, attribute, getattr(described, attribute))
        return getattr(owner, self._attribute)


def _init_of(owner: Any) -> Any:
    record: _Record = owner.__record__
    known: dict[str, Any] = {"_set": object.__setattr__, "_nothing": _NOTHING}
    parameters, lines = [], []
    for name, (_, default) in record.kinds.items():
        value = name
        if isinstance(default, _Factory):
            known[f"_make_{name}"] = default.make
            parameters.append(f"{name}=_nothing")
            value = f"_make_{name}() if {name} is _nothing else {name}"
        elif default is not _NOTHING:
            known[f"_default_{name}"] = default
            parameters.append(f"{name}=_default_{name}")
        else:
            parameters.append(name)
        lines.append(f"_set(self, {name!r}, {value})" if record.frozen else f"self.{name} = {value}")
    if hasattr(owner, "__post_init__"):
        lines.append("self.__post_init__()")
    text = (
        f"def make({', '.join(known)}):\n def __init__({', '.join(('self', *parameters))}):\n"
        + "".join(f"  {line}\n" for line in lines or ["pass"])
        + " return __init__"
    )
    # The text holds names of fields and nothing else that comes from elsewhere; `dataclasses` does the same.
    made: dict[str, Any] = {}
    exec(text, vars(sys.modules[owner.__module__]), made)  # noqa: S102
    init = made["make"](**known)
    init.__qualname__ = f"{owner.__qualname__}.__init__"
    init.__annotations__ = {**{name: kind for name, (kind, _) in record.kinds.items()}, "return": None}
    return init


_SHARED = {"__repr__": _repr, "__eq__": _eq}
_ORDER = {name: _compares(name) for name in ("__lt__", "__le__", "__gt__", "__ge__")}
_FROZEN = {"__setattr__": _setattr, "__delattr__": _delattr, "__getstate__": _getstate, "__setstate__": _setstate}
