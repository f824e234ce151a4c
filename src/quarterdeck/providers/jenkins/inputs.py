"""The input steps of a build: those that wait, and what was said to those that don't any more.

Facts are from the published source of the plugins Pipeline: Input Step and Pipeline: REST API:

- An input's id is written in the pipeline, or made of its message: a pipeline that asks twice with the same words has
  two inputs of one id, one after the other. The step's node in the flow is its own. It is what a wait is known by
  here, and looked for again right before an answer is sent.
- Whoever says yes is written into the log of the step ("Approved by NAME"), whoever says no is a cause of the
  interruption of the build. Neither can be given a comment, and who may answer isn't told.
- Of a stage, its first hundred steps are told. An input outside of all stages isn't found there; it is known by its id
  then, and an answer to it by that it waits no more.
"""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import Sequence
from dataclasses import dataclass

from quarterdeck.fleet.pipelines import PendingApproval
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.jenkins.api import Jenkins
from quarterdeck.providers.jenkins.documents import (
    PAUSED,
    Document,
    documents,
    rejected_by,
    seconds_of,
    text,
    was_stopped,
)
from quarterdeck.release.run_survey import Review

NODELESS = "input:"
"""Begins the id of a wait whose step isn't told, before the id of its input."""

_APPROVED = re.compile(r"^Approved by (.+)$", re.MULTILINE)
_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a build that was paused, or is."""

    node: str
    stage: str
    status: str
    message: str
    since: float | None


class Inputs:
    """Reads the inputs of one build. `path` is that of the build, below Jenkins' URL."""

    def __init__(self, api: Jenkins, path: str, *, watching: bool) -> None:
        self._api = api
        self._path = path
        self._watching = watching

    async def waits(self, stages: Sequence[Document]) -> tuple[tuple[PendingApproval, str], ...]:
        """What it waits for, each with the id of its input. Raises ProviderError."""
        body = await self._api.get(f"{self._path}/wfapi/pendingInputActions", watching=self._watching)
        pending = documents(body, "", self._api.host)
        if not pending:
            return ()
        paused = [stage for stage in stages if stage.get("status") in (PAUSED, "IN_PROGRESS")]
        steps = [step for step in await self._steps(paused) if step.status == PAUSED]
        return matched(pending, steps)

    async def reviews(self, stages: Sequence[Document], build: Document, wanted: str = "") -> tuple[Review, ...]:
        """What was said to inputs that don't wait any more, oldest first.

        Args:
            wanted: the node of a step that is an input for sure. Where Jenkins knows no users, it went on by a yes that
                nobody's name is written to; and a build that was told no tells by whom when it has cleaned up after
                itself, or never if its pipeline catches that.

        Raises:
            ProviderError: they can't be read.
        """
        paused = [stage for stage in stages if stage.get("pauseDurationMillis") != 0]
        told = [step for step in await self._steps(paused) if step.status != PAUSED]
        found = await asyncio.gather(*(self._review(step, build, wanted) for step in told))
        return tuple(review for review in found if review is not None)

    async def _steps(self, stages: Sequence[Document]) -> list[Step]:
        """The steps of stages that are or were paused, in the order of their beginning."""
        found = await asyncio.gather(*(self._of_stage(stage) for stage in stages))
        return sorted((step for steps in found for step in steps), key=lambda step: (len(step.node), step.node))

    async def _of_stage(self, stage: Document) -> list[Step]:
        node = text(stage, "id", 40)
        if not node.isalnum():
            raise ProviderError("garbage", f"{self._api.host} spoke of a stage without an id", "check url")
        path = f"{self._path}/execution/node/{node}/wfapi/describe"
        found = documents(await self._api.get(path, watching=self._watching), "stageFlowNodes", self._api.host)
        return [
            Step(
                text(one, "id", 40),
                text(stage, "name", 100),
                text(one, "status", 40),
                text(one, "parameterDescription"),
                seconds_of(one.get("startTimeMillis")),
            )
            for one in found
            if text(one, "id", 40).isalnum()
            and (text(one, "status", 40) == PAUSED or one.get("pauseDurationMillis") != 0)
        ]

    async def _review(self, step: Step, build: Document, wanted: str) -> Review | None:
        if step.status == "ABORTED":
            who = rejected_by(build)
            sure = step.node == wanted and not was_stopped(build)
            return Review(step.node, "reject", step.stage, who) if who or sure else None
        log = await self._api.get(f"{self._path}/execution/node/{step.node}/wfapi/log", watching=self._watching)
        said = html.unescape(_TAG.sub("", str(log.get("text") or ""))) if isinstance(log, dict) else ""
        found = _APPROVED.search(said.replace("\r", ""))
        if found is None and (step.node != wanted or step.status != "SUCCESS"):
            return None
        return Review(step.node, "approve", step.stage, clean(found.group(1), 60) if found else "")


def matched(pending: Sequence[Document], steps: Sequence[Step]) -> tuple[tuple[PendingApproval, str], ...]:
    """Which step each input is: the one that shows its message, else the next one, as both are told in the order of
    their beginning."""
    left = list(steps)
    found = []
    for document in pending:
        message = text(document, "message")
        step = next((one for one in left if one.message and one.message == message), None)
        step = step or next((one for one in left if not one.message), None)
        if step is not None:
            left.remove(step)
        found.append((document, step))
    return tuple((_wait(document, step), text(document, "id", 200)) for document, step in found)


def _wait(document: Document, step: Step | None) -> PendingApproval:
    asked = document.get("inputs")
    asks = tuple(text(one, "name", 60) or "?" for one in asked if isinstance(one, dict)) if asked else ()
    stage = step.stage if step else ""
    return PendingApproval(
        id=step.node if step else NODELESS + text(document, "id", 200),
        environment=stage,
        kind="input",
        blocks=f"the rest of {stage}" if stage else "",
        since=step.since if step else None,
        note=text(document, "message") + (f" (it asks for: {', '.join(asks)})" if asks else ""),
        asks=asks,
    )
