"""What a connection to GitHub may say in a configuration, and where a workflow is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from quarterdeck.providers.http.schema import Part, Text, Url
from quarterdeck.release.durations import seconds

LONGEST = 60.0
"""No answer is waited for longer than that, in seconds."""


def _limit(text: str) -> str:
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


class GitHubConnection(Part):
    """Where GitHub's REST interface is, and a token for it.

    `url` is `https://HOST/api/v3` for GitHub Enterprise Server, `https://api.SUBDOMAIN.ghe.com` with data residency.
    """

    token: SecretStr
    url: Url = "https://api.github.com"
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(_limit)] = "10s"


class WorkflowAddress(Part):
    """The runs of a repository, or of one workflow in it (`deploy.yml`), on one branch or on all.

    `ref` is what a new run runs on: `branch`, if that is given, else the repository's default branch.
    `correlation_input` names an input of the workflow that its `run-name` shows: with it, a run that we have started is
    known for ours whatever becomes of the line.
    """

    repository: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$")]
    workflow: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9_. -]+\.ya?ml|\d+)?$")] = ""
    branch: Text | None = None
    ref: Text | None = None
    correlation_input: Text | None = None
