"""Reading builders, requests, builds: all that is watched in few questions, and one run completely."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.buildbot.api import Buildbot, Document
from quarterdeck.providers.buildbot.documents import Books, number, text

NEWEST = 200
"""Requests that are read together of all builders that are watched."""

MOST_RUNS = 20
"""Requests shown of one builder, beside those that are open."""

MOST_TURNS = 8
"""Builders that are asked about alone in a round: those of which nothing is among the newest, each once."""

AT_ONCE = 150
"""Ids that fit into one URL."""

MOST_ATTEMPTS = 20
"""Rebuilds of rebuilds that are followed."""


class Ledger:
    """Raises ProviderError wherever something can't be read."""

    def __init__(self, api: Buildbot) -> None:
        self._api = api
        self._quiet: dict[int, list[Document]] = {}
        """Builders that nobody has asked for long: what was last asked of each. A newer request would be among the
        newest, so that this needn't be read again."""

    async def builders(self, *, watching: bool = False) -> dict[str, int]:
        """Their ids by name."""
        found = await self._api.find("builders", (("field", "builderid"), ("field", "name")), watching=watching)
        return {str(one.get("name")): number(one, "builderid") for one in found}

    async def builder(self, address: Address) -> int:
        """The id of one."""
        name = address.parts["builder"]
        known = await self.builders()
        if name not in known:
            raise self.missing(name, known)
        return known[name]

    def missing(self, name: str, known: Iterable[str]) -> ProviderError:
        """That there is no such builder, and which there are."""
        others = ", ".join(clean(one, 40) for one in islice(sorted(known), 5))
        message = f"{self._api.host} has no builder {clean(name, 60)}"
        return ProviderError("not_found", message, f"it may have been renamed; there are: {others or 'none'}")

    async def watched(self, builders: Sequence[int]) -> tuple[Books, set[int]]:
        """The newest of these builders, all that is open, and of which of them something was read by now."""
        ours = [("builderid__eq", str(one)) for one in builders]
        newest = (*ours, ("order", "-buildrequestid"), ("limit", str(NEWEST)))
        requests = list(await self._api.find("buildrequests", newest, watching=True))
        whole = len(requests) < NEWEST
        requests += await self._api.find("buildrequests", (*ours, ("complete", "false")), watching=True)
        heard = {number(one, "builderid") for one in requests}
        for builder in heard:
            self._quiet.pop(builder, None)
        if not whole:
            silent = [one for one in builders if one not in heard and one not in self._quiet]
            for builder in silent[:MOST_TURNS]:
                self._quiet[builder] = list(await self._of_builder(builder, watching=True))
        for builder in builders:
            requests += self._quiet.get(builder, ())
        read = set(builders) if whole else heard | self._quiet.keys()
        return await self._books(requests, watching=True), read

    async def of_builder(self, builder: int) -> Books:
        """The newest of one builder."""
        return await self._books(await self._of_builder(builder, watching=False), watching=False)

    async def of_run(self, builder: int, run: str) -> Books:
        """A run with all its attempts."""
        if not run.isdecimal():
            raise ProviderError("not_found", f"{clean(run, 40)!r} is not the number of a request", "see qd pipelines")
        try:
            requests = list(await self._api.find("buildrequests", path=f"buildrequests/{run}"))
        except ProviderError as error:
            if error.trouble.code != "not_found":
                raise
            raise ProviderError("not_found", f"there is no request {run} (any more)", "see qd pipelines") from None
        if not requests or number(requests[0], "builderid") != builder:
            raise ProviderError("not_found", f"request {run} is one of another builder", "see qd pipelines")
        found = await self._books(requests, watching=False)
        for _ in range(MOST_ATTEMPTS):
            rebuilt = [one for one in await self._by("buildsets", "rebuilt_buildid", found.builds) if one]
            new = {number(one, "bsid") for one in rebuilt} - found.sets.keys()
            if not new:
                return found
            requests += [
                one for one in await self._by("buildrequests", "buildsetid", new) if number(one, "builderid") == builder
            ]
            found = await self._books(requests, watching=False)
        return found

    async def steps(self, build: int, *, watching: bool = False) -> Sequence[Document]:
        """The steps of a build."""
        return await self._api.find("steps", path=f"builds/{build}/steps", watching=watching)

    async def schedulers(self, name: str) -> list[Document]:
        """The ForceSchedulers that may start builds of a builder, and are enabled."""
        found = await self._api.find("forceschedulers")
        return [one for one in found if name in (one.get("builder_names") or ()) and one.get("enabled") is not False]

    async def _of_builder(self, builder: int, *, watching: bool) -> Sequence[Document]:
        newest = (("builderid__eq", str(builder)), ("order", "-buildrequestid"), ("limit", str(MOST_RUNS)))
        return await self._api.find("buildrequests", newest, watching=watching)

    async def _books(self, requests: Iterable[Document], *, watching: bool) -> Books:
        asked = {number(one, "buildrequestid"): one for one in requests}
        its_sets = {number(one, "buildsetid") for one in asked.values()}
        sets = await self._by("buildsets", "bsid", its_sets, watching=watching)
        builds = await self._by("builds", "buildrequestid", asked, watching=watching)
        return Books(
            asked,
            {number(one, "bsid"): one for one in sets},
            {number(one, "buildid"): one for one in builds},
        )

    async def _by(self, what: str, key: str, values: Iterable[int], *, watching: bool = False) -> list[Document]:
        """All documents of a kind whose key has one of these values."""
        wanted = sorted(set(values))
        found: list[Document] = []
        for begin in range(0, len(wanted), AT_ONCE):
            some = [(f"{key}__eq", str(value)) for value in wanted[begin : begin + AT_ONCE]]
            found += await self._api.find(what, some, watching=watching)
        return found


def field_names(scheduler: Document) -> set[str]:
    """The names of all parameters that a ForceScheduler takes; they may stand in groups."""
    found: set[str] = set()
    waiting = [one for one in scheduler.get("all_fields") or () if isinstance(one, dict)]
    while waiting:
        field = waiting.pop()
        inner = field.get("fields")
        if isinstance(inner, list):
            waiting += [one for one in inner if isinstance(one, dict)]
        elif name := text(field, "fullName", 100):
            found.add(name)
    return found
