"""Which providers are installed. Packages offer them as entry points of the group `quarterdeck.providers`.

The name of an entry point is the first part of the `provider:` values that it serves: `azure` serves `azure` and
`azure.app_configuration`. Nothing is imported before a configuration asks for it, so that a broken package can't
hurt a fleet that doesn't use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from quarterdeck.providers.base import Provider, ProviderError

GROUP = "quarterdeck.providers"


def names() -> tuple[str, ...]:
    """The names of all entry points, sorted. Imports nothing."""
    return tuple(sorted(_installed()))


def load(provider: str) -> Provider:
    """The provider that serves a `provider:` value.

    Raises:
        ProviderError: misconfigured, if none does or it can't be imported.
    """
    entry = _installed().get(provider.partition(".")[0])
    if entry is None:
        raise ProviderError("misconfigured", f"no provider {provider} is installed", f"installed: {_listed()}")
    found = _import(entry)
    if isinstance(found, str):
        hint = f"reinstall {_package(entry)}, or remove the connection"
        raise ProviderError("misconfigured", f"the provider {entry.name} can't be used: {found}", hint)
    if provider not in found.names:
        serves = ", ".join(found.names)
        raise ProviderError("misconfigured", f"{entry.name} has no provider {provider}", f"it has: {serves}")
    return found


def schemas(provider: str) -> Mapping[str, type] | None:
    """The pydantic models of a `provider:` value by part; None if no usable provider serves it."""
    try:
        return load(provider).schema(provider)
    except ProviderError:
        return None


def broken() -> tuple[tuple[str, str], ...]:
    """Imports every provider and says which can't be used: entry point with package, and why. For `qd check`."""
    tried = [(entry, _import(entry)) for _, entry in sorted(_installed().items())]
    return tuple((f"{entry.name} ({_package(entry)})", found) for entry, found in tried if isinstance(found, str))


@cache
def _installed() -> Mapping[str, EntryPoint]:
    """By name. Where two packages claim a name, our own wins: a fleet must not change hands by an installation."""
    found: dict[str, EntryPoint] = {}
    for entry in entry_points(group=GROUP):
        if entry.name not in found or entry.value.startswith("quarterdeck."):
            found[entry.name] = entry
    return found


@cache
def _import(entry: EntryPoint) -> Provider | str:
    """The provider, or why there is none."""
    try:
        found: Provider = entry.load()
    except (Exception, SystemExit) as error:  # a package from elsewhere may do anything as it is imported
        return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
    lacking = [part for part in ("names", "schema", "open", "sandboxed") if not hasattr(found, part)]
    return f"it has no {', '.join(lacking)}" if lacking else found


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.value


def _listed() -> str:
    return ", ".join(names()) or "none"
