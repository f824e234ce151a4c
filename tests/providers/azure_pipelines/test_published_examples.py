"""Microsoft's published examples: the provider reads them, and the sandbox's documents have what they have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.providers.azure_pipelines.conftest import ANA, DevOps

from quarterdeck.providers.azure_pipelines import organization
from quarterdeck.providers.azure_pipelines.api import in_the_cloud, release_url
from quarterdeck.providers.azure_pipelines.approvals import (
    Setting,
    reviews_of,
    settings_of,
    wait_for_a_machine,
    wait_for_people,
)
from quarterdeck.providers.azure_pipelines.builds import Check, Stage, moment, stages_of, with_stages
from quarterdeck.providers.azure_pipelines.people import name_of
from quarterdeck.providers.azure_pipelines.releases import release_of
from quarterdeck.providers.azure_pipelines.variables import about_group
from quarterdeck.providers.http.asking import Question

EXAMPLES = Path(__file__).parent / "examples"
STAGE = Stage("Production", "prod", 1, "waiting", 1)


def body(name: str) -> Any:
    """What an example is answered with."""
    return json.loads((EXAMPLES / f"{name}.json").read_text())["responses"]["200"]["body"]


def definitions() -> Any:
    return json.loads((EXAMPLES / "runs-stages-environments.contract.json").read_text())["definitions"]


async def asked(devops: DevOps, path: str) -> Any:
    """A document of the sandbox, as any client gets it."""
    from quarterdeck.providers.azure_pipelines.signing import BasicAsking

    asking = BasicAsking(ANA, timeout=2, ca_file=None)
    answer = await asking.ask(Question("GET", f"{devops.running.url}/devops/contoso/Shop/_apis/{path}"))
    await asking.close()
    return json.loads(answer.body)


def lacking(ours: Any, theirs: Any, without: frozenset[str], at: str = "") -> list[str]:
    """What a published document has and ours hasn't, by path; kinds of values included."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [
            missing
            for key, value in theirs.items()
            if key not in without
            for missing in (lacking(ours[key], value, without, f"{at}.{key}") if key in ours else [f"{at}.{key}"])
        ]
    if isinstance(theirs, list) and isinstance(ours, list):
        return lacking(ours[0], theirs[0], without, f"{at}[]") if theirs and ours else []
    same = type(ours) is type(theirs) or ours is None or theirs is None
    return [] if same else [f"{at} is {type(ours).__name__}"]


UNNEEDED = frozenset({"imageUrl", "avatar", "url", "isNotificationOn", "trialNumber", "descriptor"})
OF_A_RELEASE = frozenset({
    "variables", "variableGroups", "artifacts", "modifiedBy", "owner", "conditions", "demands", "schedules",
    "deployPhasesSnapshot", "workflowTasks", "environmentOptions", "keepForever", "logsContainerUrl", "tags",
    "releaseNameFormat", "definitionSnapshotRevision", "projectReference", "properties", "definitionEnvironmentId",
    "deploySteps", "approvals", "approvalOptions", "retentionPolicy", "self", "preDeployApprovals",
    "postDeployApprovals", "processParameters", "queueId", "_links",
    "releaseCreatedBy", "triggerReason", "preDeploymentGatesSnapshot", "postDeploymentGatesSnapshot",
})  # fmt: skip


async def test_the_sandbox_answers_in_the_published_shapes(devops: DevOps) -> None:
    approvals = await asked(devops, "pipelines/approvals?state=pending")
    assert lacking(approvals, body("approvalsAndChecks__approvals__GET__QueryApproval"), UNNEEDED) == []
    run = devops.newest()
    timeline = await asked(devops, f"build/builds/{run.id}/timeline")
    checkpoint = next(one for one in timeline["records"] if one["type"] == "Checkpoint")
    suite = await asked(devops, f"pipelines/checks/runs/{checkpoint['id']}")
    published = body("approvalsAndChecks__runs__GET__CheckSuite")
    apart = UNNEEDED | {"completedDate", "resultMessage", "_links", "context"}
    assert lacking(suite, published, apart) == []
    number = suite["checkRuns"][0]["checkConfigurationRef"]["id"]
    configuration = await asked(devops, f"pipelines/checks/configurations/{number}")
    listed = body("approvalsAndChecks__configurations__GET__CheckConfigurationsOnResource")["value"][0]
    apart = UNNEEDED | {"createdBy", "createdOn", "modifiedBy", "modifiedOn", "_links"}
    assert lacking(configuration, listed, apart) == []
    groups = await asked(devops, "distributedtask/variablegroups")
    group = body("distributedTask__variablegroups__GET_VariableGroup")
    assert lacking(groups["value"][0], group, UNNEEDED | {"createdBy", "createdOn", "key1", "key2"}) == []
    pending = await asked(devops, "release/approvals?statusFilter=pending")
    assert lacking(pending, body("release__approvals__GET__ListAllPendingApprovals"), UNNEEDED) == ([
        ".value[].release._links", ".value[].releaseDefinition._links", ".value[].releaseEnvironment._links",
    ])  # fmt: skip
    release = await asked(devops, f"release/releases/{devops.release().id}")
    found = lacking(release, body("release__releases__GET__GetARelease"), UNNEEDED | OF_A_RELEASE)
    assert not found, found


async def test_the_sandbox_knows_no_value_that_the_contracts_do_not(devops: DevOps) -> None:
    kinds = definitions()["TimelineRecord"]
    for run in devops.project.runs:
        for record in (await asked(devops, f"build/builds/{run.id}/timeline"))["records"]:
            assert record["state"] in kinds["state"]["enum"]
            assert record["result"] in (None, *kinds["result"]["enum"])
            assert set(record) <= {*kinds, "type"}
        number = run.workflow.id
        known = definitions()["Run"]
        document = await asked(devops, f"pipelines/{number}/runs/{run.id}")
        assert set(document) - {"id", "name"} <= set(known)
        assert document["state"] in known["state"]["enum"]


def test_published_approvals_are_read() -> None:
    pending = wait_for_people(body("approvalsAndChecks__approvals__GET__Approval"), STAGE, Setting(), "me")
    assert (pending.environment, pending.needed, pending.may_decide) == ("Production", 1, None)
    assert pending.since == pytest.approx(moment("2020-11-19T08:14:49.58Z"))
    (approved,) = body("approvalsAndChecks__approvals__PATCH__UpdateApproval")["value"]
    (review,) = reviews_of(approved, STAGE)
    assert (review.decision, review.by, review.comment) == ("approve", "uniqueName", "Approving")
    mine = approved["steps"][0]["actualApprover"]["id"]
    assert wait_for_people(approved, STAGE, Setting(), mine).may_decide is False


def test_published_checks_are_read() -> None:
    suite = body("approvalsAndChecks__runs__PATCH__UpdateCheckSuiteRun")
    configuration = body("approvalsAndChecks__configurations__GET__CheckConfigurationsOnResource")["value"][1]
    (setting,) = settings_of(suite, {"1": configuration}).values()
    since = moment("2023-08-17T15:07:35.2155888Z")
    assert since is not None
    assert (setting.name, setting.resource, setting.since) == ("Task Check", "queue Default", since)
    assert setting.expires_at == since + 43200 * 60
    check = Check("1", "TaskCheck", "x", "s")
    wait = wait_for_a_machine(check, STAGE, setting, None)
    assert (wait.kind, wait.blocks, wait.note) == ("check", "Production (queue Default)", "the check is Task Check")


def test_a_published_release_is_read() -> None:
    run = release_of(body("release__releases__GET__GetARelease"), "host", "me")
    assert (run.number, run.state, run.title) == ("Release-18", "cancelled", "Creating Sample release")
    assert [part.name for part in run.parts] == ["Dev", "QA", "PPE", "PROD"]


def test_a_published_variable_group_tells_no_secret() -> None:
    told = about_group("TestVariableGroup1", [body("distributedTask__variablegroups__GET_VariableGroup")])
    assert (
        told.text
        == "variable group TestVariableGroup1 (changed 2017-12-12 by fabfiber@outlook.com): key1=value1; 1 secret"
    )


def test_of_approvers_in_a_sequence_those_are_told_who_are_asked_now_and_who_comes_then() -> None:
    names = ("ana", "ben", "chen")
    states = ("approved", "pending", "uninitiated")
    steps = [
        {"assignedApprover": {"displayName": name}, "status": state, "order": n}
        for n, (name, state) in enumerate(zip(names, states, strict=True))
    ]
    document = {"id": "a", "status": "pending", "steps": steps, "executionOrder": "inSequence", "permissions": "view"}
    wait = wait_for_people({**document, "minRequiredApprovers": 0}, STAGE, Setting(), "")
    assert (wait.given, wait.reviewers, wait.needed, wait.may_decide) == (("ana",), ("ben",), 3, False)
    assert wait.note == "one after the other, then chen"


def test_an_approval_that_is_deferred_is_a_clock_that_runs() -> None:
    document = {"id": "a", "status": "deferred", "deferredTo": "2026-11-23T18:00:00Z", "steps": [], "createdOn": "x"}
    wait = wait_for_people(document, STAGE, Setting(), "")
    assert (wait.kind, wait.for_people, wait.opens_at) == ("timer", False, moment("2026-11-23T18:00:00Z"))


def test_a_run_without_stages_shows_its_jobs_and_a_task_that_asks_is_a_wait_without_an_answer_here() -> None:
    records = [
        {"id": "s", "type": "Stage", "name": "__default", "state": "inProgress", "order": 1, "identifier": "__default"},
        {"id": "p", "parentId": "s", "type": "Phase", "name": "Job", "state": "inProgress"},
        {"id": "j", "parentId": "p", "type": "Job", "name": "Job", "state": "inProgress", "order": 1},
        {"id": "t", "parentId": "j", "type": "Task", "name": "Look", "state": "inProgress",
         "task": {"name": "ManualValidation"}},
    ]  # fmt: skip
    (stage,) = stages_of({"records": records})
    assert (stage.called, stage.asks, [job.name for job in stage.jobs]) == ("__default", "Look", ["Job"])
    from quarterdeck.fleet.pipelines import PipelineRun

    run = with_stages(PipelineRun("1", "n", "1", "running"), [stage])
    assert [(part.name, part.state) for part in run.parts] == [("Job", "running")]


def test_gates_of_a_release_wait_for_no_person() -> None:
    stage = {"id": 1, "name": "Prod", "rank": 1, "status": "inProgress",
             "deploySteps": [{"attempt": 1, "preDeploymentGates": {"id": 7, "status": "inProgress"}}]}  # fmt: skip
    (wait,) = release_of({"id": 5, "environments": [stage]}, "host", "").waits
    assert (wait.kind, wait.for_people, wait.note) == ("check", False, "the gates before Prod")


@pytest.mark.parametrize(
    ("url", "there", "cloud", "name"),
    [
        ("https://dev.azure.com/contoso", "https://vsrm.dev.azure.com/contoso", True, "contoso"),
        ("https://contoso.visualstudio.com", "https://contoso.vsrm.visualstudio.com", True, "contoso"),
        ("https://tfs.contoso.com/tfs/Shop", "https://tfs.contoso.com/tfs/Shop", False, "Shop"),
    ],
)
def test_the_service_has_a_host_of_its_own_for_releases_and_a_server_has_not(
    url: str, there: str, cloud: bool, name: str
) -> None:
    assert (release_url(url), in_the_cloud(url), organization(url)) == (there, cloud, name)


def test_times_have_up_to_seven_digits_and_some_are_never() -> None:
    assert moment("2026-09-01T06:35:52.0166667Z") == pytest.approx(1788244552.016666)
    assert [moment(one) for one in ("0001-01-01T00:00:00", None, "soon", "2026-09-01T06:35:52")] == [None] * 4


def test_a_group_is_told_apart_from_a_person() -> None:
    assert name_of({"displayName": "[Shop]\\SRE", "isContainer": True}) == "team:SRE"
    assert name_of({"displayName": "Ana", "uniqueName": "ana@contoso.com"}) == "ana@contoso.com"
