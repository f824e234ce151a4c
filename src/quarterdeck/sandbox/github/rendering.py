"""GitHub's documents, as its published REST description has them (workflow runs, jobs, environments)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zlib import crc32

from quarterdeck.sandbox.world.workflows import (
    Account,
    Job,
    ProtectedEnvironment,
    Repository,
    Reviewed,
    Run,
    Workflow,
)


def when(moment: float | None) -> str | None:
    """A time as GitHub writes it: to the second, with Z."""
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def user(login: str) -> dict[str, Any]:
    """A simple user."""
    number = crc32(login.encode()) % 10**7
    return {
        "login": login,
        "id": number,
        "node_id": f"U_{number}",
        "html_url": f"https://github.com/{login}",
        "type": "User",
        "site_admin": False,
    }


def repository(repo: Repository, url: str, *, may_push: bool) -> dict[str, Any]:
    """A repository, as far as anybody here looks."""
    owner, _, name = repo.name.partition("/")
    return {
        "id": crc32(repo.name.encode()) % 10**8,
        "name": name,
        "full_name": repo.name,
        "private": True,
        "owner": user(owner),
        "html_url": f"https://github.com/{repo.name}",
        "url": f"{url}/repos/{repo.name}",
        "archived": False,
        "default_branch": repo.branch,
        "permissions": {"admin": False, "maintain": False, "push": may_push, "triage": may_push, "pull": True},
    }


def workflow(repo: Repository, one: Workflow, url: str) -> dict[str, Any]:
    """A workflow."""
    return {
        "id": one.id,
        "node_id": f"W_{one.id}",
        "name": one.name,
        "path": f".github/workflows/{one.file}",
        "state": "active" if one.enabled else "disabled_manually",
        "url": f"{url}/repos/{repo.name}/actions/workflows/{one.id}",
        "html_url": f"https://github.com/{repo.name}/blob/{repo.branch}/.github/workflows/{one.file}",
    }


def run(repo: Repository, one: Run, url: str) -> dict[str, Any]:
    """A workflow run."""
    here = f"{url}/repos/{repo.name}/actions/runs/{one.id}"
    return {
        "id": one.id,
        "name": one.workflow.name,
        "node_id": f"WFR_{one.id}",
        "head_branch": one.branch,
        "head_sha": one.commit,
        "path": f".github/workflows/{one.workflow.file}",
        "display_title": one.title,
        "run_number": one.number,
        "event": one.event,
        "status": one.status,
        "conclusion": one.conclusion,
        "workflow_id": one.workflow.id,
        "url": here,
        "html_url": f"https://github.com/{repo.name}/actions/runs/{one.id}",
        "pull_requests": [],
        "created_at": when(one.created),
        "updated_at": when(one.changed),
        "actor": user(one.actor),
        "run_attempt": one.attempt,
        "referenced_workflows": [],
        "run_started_at": when(one.started),
        "triggering_actor": user(one.actor),
        "jobs_url": f"{here}/jobs",
        "logs_url": f"{here}/logs",
        "cancel_url": f"{here}/cancel",
        "rerun_url": f"{here}/rerun",
        "workflow_url": f"{url}/repos/{repo.name}/actions/workflows/{one.workflow.id}",
    }


def job(repo: Repository, one: Run, its: Job, url: str) -> dict[str, Any]:
    """A job of a run."""
    return {
        "id": its.id,
        "run_id": one.id,
        "run_attempt": one.attempt,
        "head_sha": one.commit,
        "name": its.plan.name,
        "status": its.status,
        "conclusion": its.conclusion,
        "created_at": when(one.started),
        "started_at": when(its.started or one.started),
        "completed_at": when(its.ended),
        "url": f"{url}/repos/{repo.name}/actions/jobs/{its.id}",
        "html_url": f"https://github.com/{repo.name}/actions/runs/{one.id}/job/{its.id}",
        "steps": [],
    }


def environment(repo: Repository, one: ProtectedEnvironment, url: str) -> dict[str, Any]:
    """An environment, as it is named in other documents."""
    return {
        "id": one.id,
        "node_id": f"EN_{one.id}",
        "name": one.name,
        "url": f"{url}/repos/{repo.name}/environments/{one.name}",
        "html_url": f"https://github.com/{repo.name}/deployments/activity_log?environments_filter={one.name}",
    }


def pending(repo: Repository, one: Run, waits: ProtectedEnvironment, account: Account, url: str) -> dict[str, Any]:
    """A pending deployment."""
    return {
        "environment": environment(repo, waits, url),
        "wait_timer": round(waits.wait_minutes),
        "wait_timer_started_at": when(one.since),
        "current_user_can_approve": account.reviews(waits),
        "reviewers": [_reviewer(name) for name in waits.reviewers],
    }


def review(repo: Repository, one: Reviewed, url: str) -> dict[str, Any]:
    """An approval or a rejection."""
    return {
        "state": one.state,
        "comment": one.comment,
        "environments": [environment(repo, one.environment, url)],
        "user": user(one.by),
    }


def deployment(repo: Repository, one: Run, to: ProtectedEnvironment, url: str) -> dict[str, Any]:
    """The deployment that a job makes which names an environment; it has the number of the job."""
    job = next((job for job in one.jobs if job.plan.environment == to.name), None)
    number, at = (job.id, job.started) if job else (one.id, None)
    return {
        "url": f"{url}/repos/{repo.name}/deployments/{number}",
        "id": number,
        "sha": one.commit,
        "ref": one.branch,
        "task": "deploy",
        "payload": {},
        "original_environment": to.name,
        "environment": to.name,
        "description": None,
        "creator": user(one.actor),
        "created_at": when(at or one.changed),
        "updated_at": when(one.changed),
    }


def deployment_status(repo: Repository, one: Run, job: Job, url: str) -> dict[str, Any]:
    """How the deployment of a job stands."""
    state = {None: "in_progress", "success": "success"}.get(job.conclusion, "failure")
    return {
        "url": f"{url}/repos/{repo.name}/deployments/{job.id}/statuses/1",
        "id": 1,
        "state": state,
        "creator": user(one.actor),
        "description": "",
        "environment": job.plan.environment,
        "created_at": when(job.ended or job.started),
        "updated_at": when(job.ended or job.started),
        "deployment_url": f"{url}/repos/{repo.name}/deployments/{job.id}",
    }


def _reviewer(name: str) -> dict[str, Any]:
    if not name.startswith("team:"):
        return {"type": "User", "reviewer": user(name)}
    slug = name.removeprefix("team:")
    return {"type": "Team", "reviewer": {"id": crc32(slug.encode()) % 10**6, "name": slug.upper(), "slug": slug}}
