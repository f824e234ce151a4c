"""Reading pipelines and their workflows with few requests.

CircleCI lists a project's pipelines in one request, and the workflows of each pipeline in one more. What has ended
stays as it was, unless somebody runs it again; so the workflows of ended pipelines are remembered, and looked at again
in turns: the newest and the one that was looked at longest ago, once a minute. What isn't known yet is read a few
pipelines in a round, the newest first. What is under way is followed, also when it isn't among the newest any more.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from quarterdeck.clock import Clock
from quarterdeck.fleet.pipelines import OPEN
from quarterdeck.providers.circleci.api import Pages
from quarterdeck.providers.circleci.documents import Document, branch_of, number_of, runs_of, text
from quarterdeck.providers.http.rest import Params

NEW_IN_A_ROUND = 5
"""Pipelines of one project whose workflows are read for the first time in a round."""

AGAIN_SECONDS = 60.0
"""Between looks at what has ended."""

MOST_REMEMBERED = 5000
"""Pipelines; beyond that everything is forgotten, and read anew in turns."""


@dataclass(slots=True)
class Known:
    """A pipeline with its workflows, when they were read (monotonic), and as of which change of it."""

    pipeline: Document
    workflows: Sequence[Document]
    read_at: float
    updated_at: str
    open: bool


class Pipelines:
    """Raises ProviderError wherever something can't be read."""

    def __init__(self, pages: Pages, clock: Clock, host: str) -> None:
        self._pages = pages
        self._clock = clock
        self._host = host
        self._known: dict[str, Known] = {}
        self._looked: dict[str, float] = {}

    async def newest(self, project: str, branch: str = "", *, watching: bool = False) -> list[Document]:
        """The newest pipelines of a project, newest first: a page of them."""
        params: Params = (("branch", branch),) if branch else ()
        return await self._pages.first(f"/project/{quote(project)}/pipeline", params, watching=watching)

    async def workflows(self, pipeline: Document, *, watching: bool = False) -> Sequence[Document]:
        """The workflows of a pipeline, read now."""
        identity = text(pipeline, "id", 60)
        found = await self._pages.all(f"/pipeline/{quote(identity)}/workflow", watching=watching)
        runs = runs_of(pipeline, found, self._host)
        if len(self._known) > MOST_REMEMBERED:
            self._known.clear()
        self._known[identity] = Known(
            pipeline,
            found,
            self._clock.monotonic(),
            text(pipeline, "updated_at", 60),
            any(run.state in OPEN for run in runs),
        )
        return found

    async def jobs(self, workflow: str, *, watching: bool = False) -> list[Document]:
        """The jobs of a workflow."""
        return await self._pages.all(f"/workflow/{quote(workflow)}/job", watching=watching)

    async def watched(self, project: str, branch: str) -> list[tuple[Document, Sequence[Document]]]:
        """The newest pipelines with their workflows, as far as they are known after this round."""
        pipelines = await self.newest(project, branch, watching=True)
        pipelines += self._older(project, branch, {text(one, "id", 60) for one in pipelines})
        await asyncio.gather(*(self.workflows(one, watching=True) for one in self._chosen(project, branch, pipelines)))
        known = ((one, self._known.get(text(one, "id", 60))) for one in pipelines)
        return [(one, found.workflows) for one, found in known if found is not None]

    def _older(self, project: str, branch: str, listed: set[str]) -> list[Document]:
        """What is under way and isn't listed any more, newest first."""
        older = [
            known.pipeline
            for identity, known in self._known.items()
            if known.open
            and identity not in listed
            and known.pipeline.get("project_slug") == project
            and branch in ("", branch_of(known.pipeline))
        ]
        return sorted(older, key=lambda one: -number_of(one, self._host))

    def _chosen(self, project: str, branch: str, pipelines: Sequence[Document]) -> list[Document]:
        """Whose workflows to read in this round."""
        unknown: list[Document] = []
        changing: list[Document] = []
        ended: list[tuple[float, Document]] = []
        for pipeline in pipelines:
            known = self._known.get(text(pipeline, "id", 60))
            if known is None:
                unknown.append(pipeline)
            elif known.open or known.updated_at != text(pipeline, "updated_at", 60):
                changing.append(pipeline)
            else:
                ended.append((known.read_at, pipeline))
        again: list[Document] = []
        key, now = f"{project} {branch}", self._clock.monotonic()
        if ended and now - self._looked.get(key, now - AGAIN_SECONDS) >= AGAIN_SECONDS:
            due = [one for one in ended if now - one[0] >= AGAIN_SECONDS]
            oldest = min(due, key=lambda one: one[0])[1] if due else None
            again = [one for one in (due[0][1] if due else None, oldest) if one is not None]
            self._looked[key] = now
        picked = {text(one, "id", 60): one for one in (*changing, *unknown[:NEW_IN_A_ROUND], *again)}
        return list(picked.values())
