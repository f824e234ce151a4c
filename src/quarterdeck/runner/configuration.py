"""The runner's configuration: read once, and known to be outdated when a file of it changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from quarterdeck.config.loading import load
from quarterdeck.fleet.topology import Connection, Fleet
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.hooks import Hook
from quarterdeck.release.rules import Rulebook
from quarterdeck.runner.unplayed import unplayed

_Stamp = tuple[int, int]


class Configuration:
    """A fleet and its rules as their files declare them at the moment of reading."""

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            ConfigError: with everything that is wrong with it.
        """
        loaded = load(path, registry.schemas)
        self.fleet: Fleet = loaded.fleet
        self.rules: Rulebook = loaded.rules
        self.hooks: tuple[Hook, ...] = loaded.hooks
        self.warnings = tuple(map(str, loaded.warnings))
        self._stamps: Mapping[Path, _Stamp | None] = {file: _stamp(file) for file in loaded.files}

    def accept_change(self) -> None:
        """Take the files as they are now for known, without reading them: they can't be used."""
        self._stamps = {file: _stamp(file) for file in self._stamps}

    def outdated(self) -> bool:
        """Whether a file has changed since."""
        return any(_stamp(file) != stamp for file, stamp in self._stamps.items())


def sandboxed(fleet: Fleet, announcement: Mapping[str, Any]) -> Fleet:
    """The same fleet, every connection pointed at a sandbox. Those to systems that it doesn't play lead nowhere and say
    so: `runner.unplayed` finds the providers of the result.

    Raises:
        ProviderError: the sandbox plays nothing of what would be watched; the trouble of the first connection.
    """
    played: dict[str, Connection] = {}
    troubles: dict[str, ProviderError] = {}
    for one in fleet.connections:
        try:
            played[one.name] = registry.load(one.provider).sandboxed(one, announcement)
        except ProviderError as error:
            troubles[one.name] = error
        except Exception as error:  # a provider from elsewhere may raise anything
            message = f"the provider {one.provider} can't be pointed at the sandbox: {type(error).__name__}"
            troubles[one.name] = ProviderError("misconfigured", message, "ask whoever makes that provider")
    watched = {place.address.connection for place in fleet.places} or {*played, *troubles}
    if troubles and not watched & played.keys():
        raise next(iter(troubles.values()))
    connections = (
        played[one.name] if one.name in played else unplayed(one, troubles[one.name].trouble)
        for one in fleet.connections
    )
    return replace(fleet, connections=tuple(connections))


IN_A_SANDBOX = 5.0
"""Seconds between two values of an indicator in a sandbox, whose world is measured that often: nobody watches it for
long."""


def quickened(rules: Rulebook) -> Rulebook:
    """The same rules, with indicators measured as often as a sandbox has something new to tell."""
    quick = (
        replace(one, question=replace(one.question, interval=min(one.question.interval, IN_A_SANDBOX)))
        for one in rules.indicators
    )
    return replace(rules, indicators=tuple(quick))


def _stamp(file: Path) -> _Stamp | None:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size
