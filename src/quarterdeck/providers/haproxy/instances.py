"""All load balancers of a connection: read together, written one after the other, and watched for reloads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.haproxy.answers import STATE, Backend, Process, code_of, complaint, entries_of, process_of
from quarterdeck.providers.haproxy.reloads import Reloads
from quarterdeck.providers.haproxy.runtime import Runtime, Silent

LEVELS_THAT_WRITE = frozenset({"admin"})


class Instances:
    """The runtime APIs of one connection, in the order of the configuration."""

    def __init__(self, runtimes: Sequence[Runtime], reloads: Reloads, may_write: Callable[[], None]) -> None:
        self.runtimes = runtimes
        self.reloads = reloads
        self._may_write = may_write

    async def processes(self) -> dict[str, Process]:
        """What each of them is now, by the name of its socket. Raises ProviderError if one can't be read."""
        found = await asyncio.gather(*map(self._process, self.runtimes))
        for host, process in found:
            self.reloads.note(host, process)
        return dict(found)

    async def maps(self, name: str) -> dict[str, dict[str, str]]:
        """What each of them has in a map. Raises ProviderError if one can't be read, or has no such map."""
        found = await asyncio.gather(*(self._entries(runtime, name) for runtime in self.runtimes))
        return dict(found)

    async def levels(self) -> dict[str, str]:
        """What each socket allows: `user`, `operator` or `admin`. Raises ProviderError."""
        said = await asyncio.gather(*(runtime.ask("show cli level") for runtime in self.runtimes))
        return {runtime.name: clean(its, 40) for runtime, its in zip(self.runtimes, said, strict=True)}

    async def require_admin(self) -> None:
        """Raises Refused unless every socket takes changes; better asked of all before the first is changed."""
        try:
            levels = await self.levels()
        except ProviderError as error:
            raise error.before_sending() from None
        for host, level in levels.items():
            if level not in LEVELS_THAT_WRITE:
                raise Refused("forbidden", f"{host} has level {level or '?'}: it takes no changes", ADMIN_HINT)

    async def write(self, plans: Mapping[str, Sequence[str]]) -> None:
        """Give commands to each instance, one line per command, so that none follows one that was turned down.

        Args:
            plans: by the name of a socket; nothing is sent to an instance that has no commands.

        Raises:
            Refused: no instance was changed.
            InDoubt: some may have been, some not.
        """
        self._may_write()
        changed: list[str] = []
        for runtime in self.runtimes:
            for command in plans.get(runtime.name, ()):
                await self._give(runtime, command, changed)
                changed.append(runtime.name)

    async def _give(self, runtime: Runtime, command: str, changed: Sequence[str]) -> None:
        so_far = f"; already changed: {', '.join(dict.fromkeys(changed))}" if changed else ""
        try:
            said = complaint(await runtime.ask(command))
        except Silent as error:
            trouble = error.trouble
            if error.unsent and not changed:
                raise Refused(trouble.code, f"nothing was sent: {trouble.message}", trouble.hint) from None
            raise InDoubt(trouble.code, f"{trouble.message}{so_far}", trouble.hint) from None
        if not said:
            return
        code = code_of(said)
        hint = ADMIN_HINT if code == "forbidden" else ""
        kind = InDoubt if changed else Refused
        raise kind(code, f"HAProxy at {runtime.name} says no to `{command}`: {said}{so_far}", hint)

    async def _process(self, runtime: Runtime) -> tuple[str, Process]:
        return runtime.name, process_of(await runtime.ask(*STATE), runtime.name)

    async def _entries(self, runtime: Runtime, name: str) -> tuple[str, dict[str, str]]:
        return runtime.name, entries_of(await runtime.ask(f"show map {name}"), name, runtime.name)


ADMIN_HINT = "give the `stats socket` line of HAProxy's configuration `level admin`"


def views(processes: Mapping[str, Process], backend: str) -> dict[str, Backend]:
    """One backend as each instance has it.

    Raises:
        ProviderError: not_found, if one of them hasn't.
    """
    found = {host: process.backends.get(backend) for host, process in processes.items()}
    lacking = [host for host, its in found.items() if its is None]
    if lacking:
        known = sorted({name for process in processes.values() for name in process.backends})
        hint = f"backends there: {', '.join(known[:8])}{', ...' if len(known) > 8 else ''}" if known else ""
        raise ProviderError("not_found", f"{', '.join(lacking)} has no backend {backend}", hint)
    return {host: its for host, its in found.items() if its is not None}
