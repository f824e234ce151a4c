"""Which providers are installed. Packages offer them as entry points of the group `quarterdeck.providers`.

The name of an entry point is the first part of the `provider:` values that it serves: `azure` serves `azure` and
`azure.app_configuration`. Nothing is imported before a configuration asks for it, so that a broken package can't
hurt a fleet that doesn't use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from quarterdeck.providers.base import Provider, ProviderError

GROUP = "quarterdeck.providers"

OURS = "quarterdeck"
"""The name of our own package."""


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
    except Exception:  # a package from elsewhere may raise anything; `qd check` says what is wrong with it
        return None


@dataclass(frozen=True, slots=True)
class Installed:
    """An entry point as it stands: the package that offers it, what it serves, and why it can't be used ("" it can)."""

    name: str
    package: str
    serves: tuple[str, ...] = ()
    fault: str = ""

    @property
    def ours(self) -> bool:
        """Whether it came with this program."""
        return self.package.partition(" ")[0] == OURS


def installed() -> tuple[Installed, ...]:
    """Imports every provider there is, by name, and says how it stands. For `qd check`."""
    used = _installed()
    told = [_standing(entry) for _, entry in sorted(used.items())]
    passed_over = [entry for entry in entry_points(group=GROUP) if entry.value != used[entry.name].value]
    for entry in passed_over:
        why = f"its name is that of {_package(used[entry.name])}, which is used instead"
        told.append(Installed(entry.name, _package(entry), fault=why))
    return tuple(told)


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
        return _said(error)
    lacking = [part for part in ("names", "schema", "open", "sandboxed") if not hasattr(found, part)]
    return f"it has no {', '.join(lacking)}" if lacking else found


def _standing(entry: EntryPoint) -> Installed:
    found = _import(entry)
    if isinstance(found, str):
        return Installed(entry.name, _package(entry), fault=found)
    for served in found.names:
        try:
            found.schema(served)
        except Exception as error:  # a package from elsewhere may raise anything
            why = f"{served} can't say what it needs: {_said(error)}"
            return Installed(entry.name, _package(entry), tuple(found.names), why)
    return Installed(entry.name, _package(entry), tuple(found.names))


def _package(entry: EntryPoint) -> str:
    """The name and version of the package that offers an entry point."""
    return f"{entry.dist.name} {entry.dist.version}" if entry.dist else entry.value


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _listed() -> str:
    return ", ".join(names()) or "none"
