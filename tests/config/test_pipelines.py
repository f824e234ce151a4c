"""The section `pipelines`: what it declares, and what is told about what is wrong with it."""

from __future__ import annotations

import pytest
from pydantic import BaseModel
from tests.config.conftest import PARTS, Folder

from quarterdeck import config
from quarterdeck.fleet.targets import TargetId

HEAD = """\
fleet: shop
connections:
  harbour: {provider: harbour, account: main}
  runs: {provider: harbour.runs, account: main}
environments:
  staging: {}
  production: {protected: true}
services:
  checkout:
    staging: {slots: {connection: harbour, pier: one, site: a}}
    production: {slots: {connection: harbour, pier: one, site: b}}
pipelines:
"""


class Job(BaseModel, extra="forbid"):
    job: str
    branch: str = "main"


@pytest.fixture(autouse=True)
def runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PARTS, "harbour.runs", {"connection": PARTS["harbour"]["connection"], "pipelines": Job})


def test_a_pipeline_is_a_place_of_no_environment(folder: Folder) -> None:
    text = HEAD + "  deploy: {connection: runs, job: d, environment: production, environments: {live: production}}\n"
    fleet = folder.load(text).fleet
    place = fleet.places[-1]
    assert (place.role, place.target, place.subject) == (
        "pipelines",
        TargetId("", "deploy", pipeline=True),
        "pipelines/pipeline:deploy",
    )
    assert place.address.parts == {"job": "d", "branch": "main"}
    (pipeline,) = fleet.pipelines
    assert (pipeline.name, pipeline.environment, dict(pipeline.environments)) == (
        "deploy",
        "production",
        {"live": "production"},
    )


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "  deploy: {connection: harbour, job: d}",
            "13:24 pipelines.deploy.connection: the connection harbour has no pipelines",
        ),
        ("  deploy: {connection: runs}", "pipelines.deploy.job: is missing"),
        ("  deploy: {job: d}", "pipelines.deploy.connection: is missing"),
        ("  deploy: {connection: runs, job: d, branches: x}", "pipelines.deploy.branches: unknown key"),
        (
            "  deploy: {connection: runs, job: d, environment: prod}",
            "deploy.environment: there is no environment prod",
        ),
        (
            "  deploy: {connection: runs, job: d, environments: {live: prod}}",
            "live: there is no environment prod",
        ),
        ("  de ploy: {connection: runs, job: d}", "this name can't be used"),
        ("  deploy: []", "pipelines.deploy"),
    ],
)
def test_what_is_wrong_is_told_where_it_stands(folder: Folder, entry: str, told: str) -> None:
    problems = folder.told(HEAD + entry + "\n")
    assert len(problems) == 1, problems
    assert told in problems[0]
    assert problems[0].startswith("quarterdeck.yaml:13:")


def test_the_sample_declares_one(folder: Folder) -> None:
    from quarterdeck import paths
    from quarterdeck.providers import registry

    sample = paths.shared_dir("sample-configs") / "contoso-shop.yaml"
    fleet = config.load(sample, registry.schemas, {}).fleet
    assert [one.name for one in fleet.pipelines] == ["shop"]
    assert fleet.environment_of("shop", "live") == "production"
