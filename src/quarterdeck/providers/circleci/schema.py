"""What a connection to CircleCI may say in a configuration, and where a project is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from quarterdeck.providers.http.schema import Part, Text, Url, within_limits


class CircleCIConnection(Part):
    """CircleCI's API v2, and a personal API token for it. `url` is `https://HOST/api/v2` for CircleCI server."""

    token: SecretStr
    url: Url = "https://circleci.com/api/v2"
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"


class ProjectAddress(Part):
    """The workflows of a project, or those of one name, on one branch or on all.

    `project` is the slug that the project's page shows: `gh/ORG/REPO`, `bb/ORG/REPO`, or `circleci/ID/ID`. `ref` is the
    branch a new pipeline runs on: `branch`, if that is given, else the project's default branch. `definition` is the id
    of the pipeline to start, where a project has several (its settings show it); projects of the GitHub App need one.
    """

    project: Annotated[str, StringConstraints(pattern=r"^[A-Za-z]+/[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    workflow: Text | None = None
    branch: Text | None = None
    ref: Text | None = None
    definition: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F-]{36}$")] | None = None
