"""A document that isn't what it should be is garbage, never a crash: every value of it in turn is something else."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.providers.azure_pipelines.test_published_examples import STAGE, body

from quarterdeck.fleet.pipelines import PipelineRun
from quarterdeck.providers.azure_pipelines.approvals import Setting, reviews_of, settings_of, wait_for_people
from quarterdeck.providers.azure_pipelines.builds import definition_of, run_of, stages_of, with_stages
from quarterdeck.providers.azure_pipelines.releases import attempt_of, release_of
from quarterdeck.providers.azure_pipelines.releases import reviews_of as reviews_of_release
from quarterdeck.providers.azure_pipelines.releases import stages_of as stages_of_release
from quarterdeck.providers.azure_pipelines.variables import about_group
from quarterdeck.providers.base import ProviderError
from quarterdeck.testing.conformance import require_printable

JUNK: tuple[Any, ...] = (None, "\x1b[31mx\n", -7, 1e300, True, [], [None, "x"], {}, {"id": {}})

BUILD = {
    "id": 7, "buildNumber": "7", "status": "inProgress", "queueTime": "2026-11-23T10:00:00.1234567Z",
    "definition": {"id": 3, "name": "deploy"}, "sourceBranch": "refs/heads/main", "sourceVersion": "abc",
    "requestedFor": {"displayName": "Ana", "uniqueName": "ana"}, "triggerInfo": {"ci.message": "x"},
    "_links": {"web": {"href": "https://x"}},
}  # fmt: skip
TIMELINE = {
    "records": [
        {
            "id": "s",
            "type": "Stage",
            "name": "Prod",
            "identifier": "prod",
            "order": 1,
            "attempt": 1,
            "state": "pending",
        },
        {"id": "c", "parentId": "s", "type": "Checkpoint", "state": "inProgress"},
        {"id": "a", "parentId": "c", "type": "Checkpoint.Approval", "name": "Approval", "state": "inProgress"},
        {
            "id": "j",
            "parentId": "s",
            "type": "Job",
            "name": "Job",
            "order": 1,
            "state": "completed",
            "result": "failed",
        },
        {"id": "t", "parentId": "j", "type": "Task", "state": "inProgress", "task": {"name": "ManualValidation"}},
    ]
}


def spoilt(document: Any) -> Iterator[Any]:
    """The document with one value after the other replaced by each piece of junk."""
    text = json.dumps(document)
    for path in _paths(document):
        for junk in JUNK:
            copy = json.loads(text)
            at = copy
            for step in path[:-1]:
                at = at[step]
            at[path[-1]] = junk
            yield copy


def _paths(document: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = (
        document.items() if isinstance(document, dict) else enumerate(document) if isinstance(document, list) else ()
    )
    for key, value in inner:
        yield (*at, key)
        yield from _paths(value, (*at, key))


def a_release(document: Any) -> Any:
    stages = stages_of_release(document)
    told = [attempt_of(stage) for stage in stages]
    return release_of(document, "host", "me"), list(reviews_of_release(document, [])), told


def an_approval(document: Any) -> Any:
    return wait_for_people(document, STAGE, Setting(), "me"), list(reviews_of(document, STAGE))


RELEASE = {
    "id": 5, "name": "Release-5", "status": "active", "description": "x", "createdOn": "2026-11-23T10:00:00Z",
    "createdBy": {"displayName": "Ana"}, "releaseDefinition": {"id": 1, "name": "d"},
    "artifacts": [{"definitionReference": {"branch": {"name": "refs/heads/main"}, "sourceVersion": {"id": "a"}}}],
    "environments": [
        {"id": 1, "name": "Prod", "rank": 1, "status": "inProgress",
         "deploySteps": [{"attempt": 1, "queuedOn": "2026-11-23T10:00:00Z",
                          "preDeploymentGates": {"status": "pending"}}],
         "preApprovalsSnapshot": {"approvalOptions": {"requiredApproverCount": 1, "timeoutInMinutes": 60}},
         "preDeployApprovals": [
             {"id": 9, "status": "pending", "attempt": 1, "createdOn": "2026-11-23T10:00:00Z",
              "approver": {"id": "me", "displayName": "Ana"}},
             {"id": 8, "status": "approved", "attempt": 1, "approvedBy": {"displayName": "Ben"}, "comments": "x"}]}],
}  # fmt: skip


@pytest.mark.parametrize(
    ("document", "read"),
    [
        (BUILD, lambda one: (run_of(one, "host"), definition_of(one))),
        (TIMELINE, lambda one: with_stages(PipelineRun("1", "n", "1", "running"), stages_of(one))),
        (body("approvalsAndChecks__approvals__PATCH__UpdateApproval")["value"][0], an_approval),
        (body("approvalsAndChecks__runs__PATCH__UpdateCheckSuiteRun"), lambda one: settings_of(one, {"1": one})),
        (body("approvalsAndChecks__configurations__GET__CheckConfigurationsOnResource")["value"][0],
         lambda one: settings_of(body("approvalsAndChecks__runs__PATCH__UpdateCheckSuiteRun"), {"1": one})),
        (body("distributedTask__variablegroups__GET_VariableGroup"),
         lambda one: about_group("TestVariableGroup1", [one])),
        (RELEASE, a_release),
    ],
    ids=["build", "timeline", "approval", "suite", "check", "variables", "release"],
)  # fmt: skip
def test_garbage_is_told_or_left_out_and_nothing_of_it_reaches_the_screen(
    document: Any, read: Callable[[Any], Any]
) -> None:
    for one in spoilt(document):
        try:
            found = read(one)
        except ProviderError:
            continue
        require_printable(found, "what was made of it")
