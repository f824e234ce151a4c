"""Which pipelines a project has, so that they can be declared by name."""

from __future__ import annotations

import asyncio

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.azure_pipelines.api import Document, below, everything, text
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.providers.http.rest import Rest
from quarterdeck.release.plan import Step

LOOK_AGAIN = 300.0
"""Seconds for which watching relies on a list. Names are given anew: `deploy` may be another pipeline tomorrow."""


class Definitions:
    """Numbers of pipelines (or release definitions) by name: one list of a project tells all of them. Whoever doesn't
    just watch gets them as they are now."""

    def __init__(self, api: Rest, clock: Clock, path: str, kind: str) -> None:
        """`path` of the list, below a project; `kind` as people call one of them."""
        self._api = api
        self._clock = clock
        self._path = path
        self._kind = kind
        self._known: dict[str, tuple[float, dict[str, set[str]]]] = {}
        self._one_at_a_time = asyncio.Lock()

    async def number(self, project: str, name: str, *, watching: bool) -> str:
        """The number of a pipeline, declared by that, by its name or by FOLDER\\NAME.

        Raises:
            ProviderError: not_found; misconfigured, if several have that name.
        """
        name = name.strip("\\")
        async with self._one_at_a_time:  # whoever comes second finds what the first one has read
            known = self._known.get(project)
            if known is None or not watching or self._clock.monotonic() - known[0] >= LOOK_AGAIN:
                found = await everything(self._api, below(project, self._path), watching=watching)
                names: dict[str, set[str]] = {}
                for key, number in (pair for one in found for pair in _names(one)):
                    names.setdefault(key, set()).add(number)
                known = self._known[project] = (self._clock.monotonic(), names)
        numbers = known[1].get(name.lower(), set())
        if len(numbers) > 1:
            message = f"{clean(project, 60)} has {len(numbers)} of the name {clean(name, 60)}"
            raise ProviderError("misconfigured", message, f"write FOLDER\\NAME, or one of {', '.join(sorted(numbers))}")
        if not numbers:
            message = f"{clean(project, 60)} has no {self._kind} {clean(name, 60)}"
            hint = "check its name; a token sees only what its owner may see"
            raise ProviderError("not_found", message, hint)
        return next(iter(numbers))

    async def planned(self, step: Step) -> str:
        """The number of the pipeline that a step was planned for, if its name still means that one. Raises Refused."""
        parts, number = step.address.parts, str(step.change["number"])
        name = parts.get("pipeline") or parts["release_definition"]
        try:
            now = await self.number(parts["project"], name, watching=False)
        except ProviderError as error:
            raise error.before_sending() from None
        if now != number:
            message = f"not sent: {clean(name, 60)} is another {self._kind} than it was when this was planned"
            raise Refused("provider_error", message, "plan again")
        return number


def _names(document: Document) -> list[tuple[str, str]]:
    number, name = str(document.get("id", "")), text(document, "name", 200).lower()
    folder = text(document, "path", 300).strip("\\").lower()
    return [(number, number), (name, number), (f"{folder}\\{name}".lstrip("\\"), number)]
