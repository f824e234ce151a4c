"""What a connection to Jenkins may say in a configuration, and where a job is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from quarterdeck.providers.http.schema import Part, Text, Url, within_limits


class JenkinsConnection(Part):
    """Where Jenkins is (with its context path, if it has one), and an API token of a user."""

    url: Url
    user: Text
    token: SecretStr
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"


def _names(text: str) -> str:
    if "job" in (names := text.split("/")) and "job" in names[::2]:
        raise ValueError("names only, without the `job/` of URLs: team/app, not job/team/job/app")
    return text


class JobAddress(Part):
    """The builds of a job, in folders or not: `team/app/deploy`.

    `branch` names the branch of a multibranch project, whose job has another name in URLs. `correlation_input` names a
    string parameter that a mark goes into: with it, a build that we have started is known for ours whatever becomes of
    the line.
    """

    job: Annotated[
        str,
        StringConstraints(pattern=r"^[^/?#\s][^/?#]*(/[^/?#]+)*$", strip_whitespace=True),
        AfterValidator(_names),
    ]
    branch: Text | None = None
    correlation_input: Text | None = None
