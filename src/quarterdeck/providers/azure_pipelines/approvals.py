"""Approvals and checks of YAML pipelines, in our nouns. Shapes: Microsoft's published examples of approvals and checks.

An approval has a step for each person or group that it was given to, and says who may not give it (`blockedApprovers`:
whoever began the run, where the check says so). `permissions` tells what our credential may do with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.pipelines import PendingApproval, PipelineRun
from quarterdeck.providers.azure_pipelines.api import Document, minutes, part, parts, text, whole
from quarterdeck.providers.azure_pipelines.builds import Check, Stage, moment
from quarterdeck.providers.azure_pipelines.people import id_of, name_of
from quarterdeck.release.run_action import Decision
from quarterdeck.release.run_survey import Review

_DECISIONS: Mapping[str, Decision] = {"approved": "approve", "rejected": "reject"}
_LATER = "uninitiated"
"""The status of a step whose turn hasn't come, where people are asked in a sequence."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a check is set up, and since when it runs for a stage.

    Attributes:
        resource: what it protects, for example `environment production`; "" if that isn't told.
        name: what whoever set it up calls it.
        expires_at: when it is given up, in UNIX seconds.
    """

    resource: str = ""
    name: str = ""
    since: float | None = None
    expires_at: float | None = None


def wait_for_people(document: Document, stage: Stage, setting: Setting, me: str) -> PendingApproval:
    """An approval that a stage waits for. `me` is the id of our identity ("" unknown)."""
    steps = parts(document, "steps")
    said = [step for step in steps if text(step, "status") in _DECISIONS]
    asked = [step for step in steps if text(step, "status") not in (*_DECISIONS, _LATER)]
    given = tuple(name_of(_actual(step)) for step in said if text(step, "status") == "approved")
    deferred = moment(document.get("deferredTo")) if document.get("status") == "deferred" else None
    needed = whole(document, "minRequiredApprovers")
    created = moment(document.get("createdOn"))
    return PendingApproval(
        id=text(document, "id", 64).lower(),
        environment=stage.called,
        kind="approval" if deferred is None else "timer",
        blocks=_blocks(stage, setting),
        reviewers=tuple(dict.fromkeys(name_of(part(step, "assignedApprover")) for step in asked)),
        may_decide=_may(document, said, me),
        since=created or setting.since,
        expires_at=setting.expires_at,
        opens_at=deferred,
        given=given,
        needed=needed if needed > 0 else max(1, len(steps)),
        note=_note(document),
    )


def wait_for_a_machine(check: Check, stage: Stage, setting: Setting, holder: PipelineRun | None) -> PendingApproval:
    """A check that people can't end: another system, a clock, a lock that another run has."""
    lock = "lock" in check.kind.lower()
    name = setting.name or check.name or check.kind
    note = f"the check is {name}"
    if lock:
        note = f"#{holder.number} has the lock" if holder is not None else "another run has the lock"
    elif check.kind == "Authorization":
        note = "somebody has to permit what it uses, on the run's page"
    return PendingApproval(
        id=check.id,
        environment=stage.called,
        kind="lock" if lock else "check",
        blocks=_blocks(stage, setting),
        since=setting.since,
        expires_at=setting.expires_at,
        note=note,
    )


def wait_for_an_answer(stage: Stage) -> PendingApproval:
    """A task at which somebody has to look: there is no interface to answer it."""
    note = f"{stage.asks} asks somebody: answer it on the run's page, there is no other way"
    return PendingApproval(f"{stage.ref}/validation", stage.called, "check", stage.name, note=note)


def reviews_of(document: Document, stage: Stage) -> Iterator[Review]:
    """What was said to an approval, oldest first."""
    said = [step for step in parts(document, "steps") if text(step, "status") in _DECISIONS]
    for step in sorted(said, key=lambda step: str(step.get("lastModifiedOn") or "")):
        yield Review(
            wait=text(document, "id", 64).lower(),
            decision=_DECISIONS[str(step["status"])],
            environment=stage.called,
            by=name_of(_actual(step)),
            comment=text(step, "comment", 300),
        )


def decided_by(document: Document, me: str) -> bool:
    """Whether we have said something to an approval."""
    return any(id_of(_actual(step)) == me for step in parts(document, "steps") if text(step, "status") in _DECISIONS)


def settings_of(suite: Document, configurations: Mapping[str, Document]) -> dict[str, Setting]:
    """How the checks of a suite are set up, by the ids of their runs. What isn't known of them stays empty."""
    found: dict[str, Setting] = {}
    for run in parts(suite, "checkRuns"):
        reference = part(run, "checkConfigurationRef")
        known = configurations.get(str(reference.get("id")), {})
        since, limit = moment(run.get("createdDate")), minutes(known, "timeout")
        resource = part(known, "resource") or part(reference, "resource")
        found[text(run, "id", 64).lower()] = Setting(
            resource=f"{text(resource, 'type', 40)} {text(resource, 'name', 60)}".strip(),
            name=text(part(known, "settings"), "displayName", 60) or text(part(reference, "type"), "name", 60),
            since=since,
            expires_at=since + limit if since is not None and limit is not None else None,
        )
    return found


def configurations_in(suite: Document) -> Sequence[str]:
    """The numbers of the checks that a suite is of."""
    references = (part(run, "checkConfigurationRef") for run in parts(suite, "checkRuns"))
    return [str(reference["id"]) for reference in references if "id" in reference]


def _may(document: Document, said: Sequence[Document], me: str) -> bool | None:
    if me and any(id_of(_actual(step)) == me for step in said):
        return False
    if me and any(id_of(one) == me for one in parts(document, "blockedApprovers")):
        return False
    permissions = document.get("permissions")
    if not isinstance(permissions, str):
        return None
    return "update" in {word.strip().lower() for word in permissions.split(",")}


def _note(document: Document) -> str:
    blocked = ", ".join(name_of(one) for one in parts(document, "blockedApprovers"))
    later = [name_of(part(it, "assignedApprover")) for it in parts(document, "steps") if text(it, "status") == _LATER]
    order = "one after the other" if document.get("executionOrder") == "inSequence" else ""
    order += f", then {', '.join(later)}" if later else ""
    told = (text(document, "instructions", 160), f"not by {blocked}" if blocked else "", order)
    return "; ".join(one for one in told if one)


def _blocks(stage: Stage, setting: Setting) -> str:
    name = stage.name or "the run"
    return f"{name} ({setting.resource})" if setting.resource and setting.resource.split()[-1] != name else name


def _actual(step: Document) -> Document:
    return part(step, "actualApprover") or part(step, "assignedApprover")
