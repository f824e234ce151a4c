"""Buildbot's JSON, in our nouns. Pure.

What Buildbot calls a build request is a run here, known by the request's id: it is there as soon as somebody has asked,
before any worker has taken it, and it stays where a build is retried. A request that came by rebuilding one of its
builds is another attempt of the same run. Shapes are those of the manual ("REST API": buildrequest, buildset, build,
step) and of a 4.3.0; results are numbered as in its section "Build results".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.buildbot.api import Document

_RESULT: Mapping[int, RunState] = {
    0: "succeeded",
    1: "succeeded",  # with warnings
    2: "failed",
    3: "skipped",
    4: "failed",  # exception
    5: "queued",  # retry: the request gets another build
    6: "cancelled",
}
_FORCED = re.compile(r"A build was forced by '([^']*)'")
_LOCKED = "acquiring locks"
"""A build's `state_string` while it waits for a lock that another one has. That is seldom seen: where a builder's lock
is taken already, its requests aren't begun (seen with 4.3.0)."""

QUEUED = "waits for a worker or a lock"
"""Buildbot doesn't tell which."""


@dataclass(frozen=True, slots=True)
class Books:
    """What was read together: requests with the sets that they are in, and the builds that came of them."""

    requests: Mapping[int, Document]
    sets: Mapping[int, Document]
    builds: Mapping[int, Document]

    def builds_of(self, request: int) -> list[Document]:
        """Oldest first."""
        found = [one for one in self.builds.values() if one.get("buildrequestid") == request]
        return sorted(found, key=lambda one: number(one, "buildid"))

    def root(self, request: int) -> int:
        """The request that this one, as the last of a row of rebuilds, goes back to, as far as it was read."""
        seen = {request}
        while True:
            its_set = self.sets.get(number(self.requests[request], "buildsetid"), {})
            rebuilt = self.builds.get(number(its_set, "rebuilt_buildid"), {})
            earlier = number(rebuilt, "buildrequestid")
            if earlier not in self.requests or earlier in seen:
                return request
            request = earlier
            seen.add(request)

    def runs(self, builder: int, url: str) -> list[PipelineRun]:
        """The runs of a builder, newest first."""
        rows: dict[int, list[int]] = {}
        for request in sorted(self.requests):
            if self.requests[request].get("builderid") == builder:
                rows.setdefault(self.root(request), []).append(request)
        return [self._run(row, url) for _, row in sorted(rows.items(), reverse=True)]

    def last_build(self, run: int) -> Document | None:
        """The newest build of a run, if it has any."""
        row = [request for request in self.requests if self.root(request) == run]
        found = [build for request in sorted(row) for build in self.builds_of(request)]
        return found[-1] if found else None

    def last_request(self, run: int) -> int:
        """The request of its newest attempt."""
        return max(request for request in self.requests if self.root(request) == run)

    def _run(self, row: Sequence[int], url: str) -> PipelineRun:
        first, last = self.requests[row[0]], self.requests[row[-1]]
        each = [self.builds_of(request) for request in row]
        build = each[-1][-1] if each[-1] else None
        its_set = self.sets.get(number(first, "buildsetid"), {})
        stamps = its_set.get("sourcestamps")
        stamp = stamps[0] if isinstance(stamps, list) and stamps and isinstance(stamps[0], Mapping) else {}
        reason = text(its_set, "reason", 200)
        forced = _FORCED.match(reason)
        state, status = _state(last, build)
        builder = number(first, "builderid")
        where = f"builders/{builder}/builds/{number(build, 'number')}" if build else f"buildrequests/{row[-1]}"
        return PipelineRun(
            id=str(row[0]),
            name=text(its_set, "reason", 60) or "build",
            number=str(number(build, "number")) if build else f"request {row[-1]}",
            state=state,
            title=reason,
            ref=text(stamp, "branch", 100),
            commit=text(stamp, "revision", 64),
            actor=clean(forced[1], 60) if forced else "",
            event="force" if forced else "",
            created_at=moment(first, "submitted_at"),
            started_at=moment(build, "started_at") if build else None,
            ended_at=moment(build or last, "complete_at"),
            url=f"{url}/#/{where}",
            attempt=sum(max(1, len(builds)) for builds in each),
            status=status,
            waits=(PendingApproval("locks", kind="lock", blocks="its build", note=status),) if _held(build) else (),
        )


def parts_of(steps: Sequence[Document]) -> Iterator[RunPart]:
    """The steps of a build that it shows."""
    for step in sorted(steps, key=lambda one: number(one, "number")):
        if step.get("hidden") is True:
            continue
        if step.get("complete") is True:
            state = _RESULT.get(number(step, "results", -1), "unknown")
        else:
            state = "running" if moment(step, "started_at") is not None else "queued"
        yield RunPart(text(step, "name", 60), state, moment(step, "started_at"), moment(step, "complete_at"))


def number(document: Document | None, key: str, otherwise: int = 0) -> int:
    """A whole number of a document."""
    found = document.get(key) if document else None
    return found if isinstance(found, int) and not isinstance(found, bool) else otherwise


def text(document: Document, key: str, most: int = 120) -> str:
    """A text of a document, clean."""
    found = document.get(key)
    return clean(found, most) if isinstance(found, str) else ""


def moment(document: Document, key: str) -> float | None:
    """A time of a document, in UNIX seconds."""
    found = document.get(key)
    return float(found) if isinstance(found, (int, float)) and not isinstance(found, bool) else None


def _held(build: Document | None) -> bool:
    return build is not None and build.get("complete") is False and text(build, "state_string") == _LOCKED


def _state(request: Document, build: Document | None) -> tuple[RunState, str]:
    if build is not None and build.get("complete") is False:
        return ("waiting" if _held(build) else "running"), text(build, "state_string")
    if build is not None:
        return _RESULT.get(number(build, "results", -1), "unknown"), text(build, "state_string")
    if request.get("complete") is True:
        result = number(request, "results", -1)
        status = "joined with another request for the same" if result == 3 else ""
        return _RESULT.get(result, "unknown"), status
    return "queued", QUEUED
