"""GitHub's JSON, in our nouns. Shapes: the published REST description (workflow runs, jobs, pending deployments).

Everything a person may have named is cleaned here; a document that isn't what it should be is garbage, never a crash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun, RunPart, RunState
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.run_action import Decision
from quarterdeck.release.run_survey import Review

LONGEST_WAIT = 30 * 86_400.0
"""Seconds after which GitHub fails a job that nobody has approved (its documentation, "Reviewing deployments")."""

_STATUS: Mapping[str, RunState] = {
    "queued": "queued",
    "requested": "queued",
    "pending": "queued",
    "in_progress": "running",
    "waiting": "waiting",
    "action_required": "waiting",
}
_CONCLUSION: Mapping[str, RunState] = {
    "success": "succeeded",
    "neutral": "succeeded",
    "failure": "failed",
    "timed_out": "failed",
    "startup_failure": "failed",
    "cancelled": "cancelled",
    "stale": "cancelled",
    "skipped": "skipped",
    "action_required": "waiting",
}
_DECISIONS: Mapping[str, Decision] = {"approved": "approve", "rejected": "reject"}


def items(body: Any, key: str, host: str) -> Sequence[Mapping[str, Any]]:
    """The list under a key, or the body itself where the key is "". Raises ProviderError (garbage)."""
    found = body.get(key) if key and isinstance(body, Mapping) else body if not key else None
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        raise ProviderError("garbage", f"{host} didn't answer as GitHub does", "check url: is that GitHub's interface?")
    return found


def run_of(document: Mapping[str, Any], host: str) -> PipelineRun:
    """A workflow run, without what it waits for. Raises ProviderError (garbage)."""
    number = document.get("id")
    if not isinstance(number, int):
        raise ProviderError("garbage", f"{host} spoke of a run without an id", "check url")
    status, conclusion = _text(document, "status"), _text(document, "conclusion")
    state = _CONCLUSION.get(conclusion, "unknown") if status == "completed" else _STATUS.get(status, "unknown")
    return PipelineRun(
        id=str(number),
        name=_text(document, "name", 100),
        number=str(document.get("run_number") or number),
        state=state,
        title=_text(document, "display_title"),
        ref=_text(document, "head_branch", 100),
        commit=_text(document, "head_sha", 64),
        actor=_login(document.get("triggering_actor")) or _login(document.get("actor")),
        event=_text(document, "event", 40),
        created_at=moment(document.get("created_at")),
        started_at=moment(document.get("run_started_at")),
        ended_at=moment(document.get("updated_at")) if status == "completed" else None,
        url=_text(document, "html_url", 300),
        attempt=int(document.get("run_attempt") or 1),
        status=conclusion or status,
    )


def part_of(document: Mapping[str, Any]) -> RunPart:
    """A job."""
    status, conclusion = _text(document, "status"), _text(document, "conclusion")
    state = _CONCLUSION.get(conclusion, "unknown") if status == "completed" else _STATUS.get(status, "unknown")
    started = moment(document.get("started_at")) if state not in ("waiting", "queued", "skipped") else None
    return RunPart(_text(document, "name", 100), state, started, moment(document.get("completed_at")))


def with_waits(run: PipelineRun, documents: Sequence[Mapping[str, Any]]) -> PipelineRun:
    """A run with its pending deployments."""
    waiting = [part.name for part in run.parts if part.state == "waiting"]
    blocks = ", ".join(waiting)
    return replace(run, waits=tuple(_wait(one, run, blocks) for one in documents))


def reviews_of(documents: Sequence[Mapping[str, Any]]) -> Iterator[Review]:
    """What has been decided about a run, one entry per environment. GitHub gives no times; it lists the newest last."""
    for document in documents:
        decision = _DECISIONS.get(_text(document, "state"))
        environments = document.get("environments")
        for environment in environments if decision and isinstance(environments, list) else ():
            if decision and isinstance(environment, Mapping):
                who, comment = _login(document.get("user")), _text(document, "comment", 300)
                yield Review(str(environment.get("id")), decision, _text(environment, "name", 100), who, comment)


def moment(text: Any) -> float | None:
    """A time as GitHub writes it, in UNIX seconds."""
    try:
        return datetime.fromisoformat(str(text)).timestamp() if text else None
    except (ValueError, OverflowError):
        return None


def _wait(document: Mapping[str, Any], run: PipelineRun, blocks: str) -> PendingApproval:
    environment = document.get("environment")
    environment = environment if isinstance(environment, Mapping) else {}
    minutes, began = document.get("wait_timer"), moment(document.get("wait_timer_started_at"))
    opens = began + 60 * float(minutes) if began is not None and isinstance(minutes, int | float) and minutes else None
    reviewers = tuple(_reviewers(document.get("reviewers")))
    may = document.get("current_user_can_approve")
    since = began or run.started_at or run.created_at
    return PendingApproval(
        id=str(environment.get("id", "")),
        environment=_text(environment, "name", 100),
        kind="approval" if reviewers or opens is None else "timer",
        blocks=blocks,
        reviewers=reviewers,
        may_decide=may if isinstance(may, bool) else None,
        since=since,
        expires_at=None if since is None else since + LONGEST_WAIT,
        opens_at=opens,
    )


def _reviewers(documents: Any) -> Iterator[str]:
    for one in documents if isinstance(documents, list) else ():
        reviewer = one.get("reviewer") if isinstance(one, Mapping) else None
        if not isinstance(reviewer, Mapping):
            continue
        if one.get("type") == "Team":
            yield f"team:{_text(reviewer, 'slug', 60) or _text(reviewer, 'name', 60)}"
        else:
            yield _login(reviewer)


def _login(document: Any) -> str:
    return _text(document, "login", 60) if isinstance(document, Mapping) else ""


def _text(document: Mapping[str, Any], key: str, limit: int = 200) -> str:
    value = document.get(key)
    return clean(value, limit) if isinstance(value, str) else ""
