"""What a connection to Azure DevOps may say in a configuration, and where a pipeline is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from quarterdeck.providers.http.schema import Part, Text, Url
from quarterdeck.release.durations import seconds

LONGEST = 60.0
"""No answer is waited for longer than that, in seconds."""

Named = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True, pattern=r"^[^/?#&]+$")]


def _limit(text: str) -> str:
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


class DevOpsConnection(Part):
    """An organization of Azure DevOps Services, or a collection of Azure DevOps Server, and how to sign in.

    `url` is `https://dev.azure.com/ORGANIZATION`, or `https://SERVER/tfs/COLLECTION`. `release_url` is where classic
    releases are asked for; it follows from `url`. Either a personal access token, or a credential of Microsoft Entra.
    """

    url: Url
    token: SecretStr | None = None
    credential: Literal["default", "cli", "environment", "managed_identity"] | None = None
    release_url: Url | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(_limit)] = "10s"

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.token is None) == (self.credential is None):
            raise ValueError("give either token or credential")
        return self


class PipelineAddress(Part):
    """The runs of a YAML pipeline, or the releases of a classic release definition; by name or by number.

    `branch` shows runs of one branch only. `ref` is what a new run runs on: `branch`, if that is given, else the
    default branch of the pipeline. `correlation_parameter` names a template parameter that takes a mark of ours: with
    it, a run that we have started is known for ours whatever becomes of the line. `variable_groups` are shown to
    whoever starts a run.
    """

    project: Named
    pipeline: Named | None = None
    release_definition: Named | None = None
    branch: Text | None = None
    ref: Text | None = None
    correlation_parameter: Text | None = None
    variable_groups: tuple[Named, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.pipeline is None) == (self.release_definition is None):
            raise ValueError("give either pipeline or release_definition")
        if self.release_definition is not None and (self.branch or self.ref or self.correlation_parameter):
            raise ValueError("branch, ref and correlation_parameter are for YAML pipelines")
        return self
