"""Jenkins' JSON, in our nouns. Shapes: its remote access API (`Run`, `CauseAction`, `InterruptedBuildAction`, git's
`BuildData`) and the published examples of the plugin Pipeline: REST API (`wfapi`).

Everything a person may have named is cleaned here; a document that isn't what it should be is garbage, never a crash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from quarterdeck.fleet.pipelines import PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError

BUILD = (
    "number,result,building,timestamp,duration,displayName,description,url,"
    "actions[causes[shortDescription,userId,user[id]],parameters[name,value],lastBuiltRevision[SHA1,branch[name]]]"
)
"""What is asked for of a build. `_class` comes with everything."""

PIPELINE = "org.jenkinsci.plugins.workflow.job.WorkflowRun"
"""The class of builds that have stages and may wait for an input."""

_REJECTION = ".Rejection"
_RESULT: Mapping[str, RunState] = {
    "SUCCESS": "succeeded",
    "UNSTABLE": "failed",
    "FAILURE": "failed",
    "NOT_BUILT": "skipped",
    "ABORTED": "cancelled",
}
_STATUS: Mapping[str, RunState] = {
    "NOT_EXECUTED": "skipped",
    "ABORTED": "cancelled",
    "SUCCESS": "succeeded",
    "IN_PROGRESS": "running",
    "PAUSED_PENDING_INPUT": "waiting",
    "FAILED": "failed",
    "UNSTABLE": "failed",
    "SKIPPED": "skipped",
}
PAUSED = "PAUSED_PENDING_INPUT"

Document = Mapping[str, Any]


def documents(body: Any, key: str, host: str) -> Sequence[Document]:
    """The list under a key, or the body itself where the key is "". Raises ProviderError (garbage)."""
    found = body.get(key) if key and isinstance(body, Mapping) else body if not key else None
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ProviderError("garbage", f"{host} didn't answer as Jenkins does", "check url: is that Jenkins?")
    return found


def run_of(document: Document, host: str, *, ref: str = "", mark_in: str = "") -> PipelineRun:
    """A build, without its stages.

    Args:
        ref: what it runs on, if the job says so (a branch's job).
        mark_in: a parameter whose value belongs into the title, as that tells runs apart.

    Raises:
        ProviderError: garbage.
    """
    number = document.get("number")
    if not isinstance(number, int):
        raise ProviderError("garbage", f"{host} spoke of a build without a number", "check url: is that Jenkins?")
    building, result = document.get("building") is True, text(document, "result", 40)
    state: RunState = "running" if building else _RESULT.get(result, "unknown")
    began, took = seconds_of(document.get("timestamp")), seconds_of(document.get("duration"))
    causes = [one for one in _actions(document, "causes") if not _interrupts(one)]
    first: Document = causes[0] if causes else {}
    revision = next(_actions(document, "lastBuiltRevision"), {})
    branches = revision.get("branch") or ()
    named = next((text(one, "name", 100) for one in branches if isinstance(one, Mapping)), "")
    title = text(document, "displayName")
    marks = [text(one, "value", 100) for one in _actions(document, "parameters") if mark_in and one["name"] == mark_in]
    words = [*([title] if title != f"#{number}" else []), text(document, "description"), *marks]
    return PipelineRun(
        id=str(number),
        name="",
        number=str(number),
        state=state,
        title=" ".join(word for word in words if word),
        ref=ref or re.sub(r"^(refs/remotes/|origin/)+", "", named),
        commit=text(revision, "SHA1", 64),
        actor=text(first, "userId", 60),
        event=text(first, "shortDescription", 60),
        created_at=began,
        started_at=began,
        ended_at=None if building or began is None else began + (took or 0.0),
        url=text(document, "url", 300),
        status="running" if building else result.lower(),
    )


def with_stages(run: PipelineRun, status: str, stages: Sequence[Document]) -> PipelineRun:
    """A build with its stages; one that is paused waits. `status` is that of the whole."""
    state: RunState = "waiting" if run.open and status == PAUSED else run.state
    return replace(run, state=state, parts=tuple(_part(one) for one in stages))


def rejected_by(document: Document) -> str:
    """Who has said no to an input of this build ("" nobody has). A build that is stopped also ends its inputs, as if
    nobody had rejected them."""
    for cause in _actions(document, "causes"):
        if str(cause.get("_class") or "").endswith(_REJECTION):
            user = cause.get("user")
            return text(user, "id", 60) if isinstance(user, Mapping) else ""
    return ""


def was_stopped(document: Document) -> bool:
    """Whether a build has ended because of something else than a no to one of its inputs."""
    causes = list(_actions(document, "causes"))
    return any(_interrupts(cause) for cause in causes) and not rejected_by(document)


def belongs(url: Any, path: str) -> int | None:
    """The number of a build, if its URL is one below a job's path."""
    found = re.fullmatch(rf"(.*?){re.escape(path)}/(\d+)/?", urlsplit(str(url or "")).path)
    return int(found.group(2)) if found and "/job/" not in f"{found.group(1)}/" else None


def text(document: Document, key: str, limit: int = 200) -> str:
    """A text in a document, clean; "" if it isn't there."""
    value = document.get(key)
    return clean(value, limit) if isinstance(value, str) else ""


def seconds_of(milliseconds: Any) -> float | None:
    """A time or a length as Jenkins writes it; None if it isn't there."""
    return milliseconds / 1000 if isinstance(milliseconds, int | float) and milliseconds > 0 else None


def _part(document: Document) -> RunPart:
    state = _STATUS.get(text(document, "status", 40), "unknown")
    began, took = seconds_of(document.get("startTimeMillis")), seconds_of(document.get("durationMillis"))
    over = began is not None and state not in ("running", "waiting", "skipped")
    return RunPart(text(document, "name", 100), state, began, (began or 0.0) + (took or 0.0) if over else None)


def _actions(document: Document, key: str) -> Iterator[Document]:
    """What the actions of a build hold under a key."""
    found = document.get("actions")
    for action in found if isinstance(found, list) else ():
        held = action.get(key) if isinstance(action, Mapping) else None
        for one in held if isinstance(held, list) else (held,):
            if isinstance(one, Mapping):
                yield one


def _interrupts(cause: Document) -> bool:
    """Whether a cause is why a build ended, and not why it began."""
    return "Interruption" in str(cause.get("_class") or "") or str(cause.get("_class") or "").endswith(_REJECTION)
