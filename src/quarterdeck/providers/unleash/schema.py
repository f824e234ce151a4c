"""What a connection to Unleash may say in a configuration, and where flags are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr, StringConstraints

from quarterdeck.providers.http.schema import Part, Text, Url
from quarterdeck.release.durations import seconds

LONGEST = 60.0
"""No answer is waited for longer than that, in seconds."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9~_.-]+$")]
"""As Unleash lets projects and environments be called: what fits into a URL."""


def _limit(text: str) -> str:
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


class UnleashConnection(Part):
    """Where Unleash is (without `/api`), and a token for its admin API: a personal access token or one of a service
    account. With an admin API token everything works too, but Unleash logs whoever uses it as the token."""

    url: Url
    token: SecretStr
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(_limit)] = "10s"


class EnvironmentAddress(Part):
    """The flags of a project in one environment of Unleash, and with names that begin so.

    `group_field` is the field of the context whose values are the names of groups (`ring`): a strategy that asks for
    one value of it is that group's. Without it there are no groups.
    """

    environment: Name
    project: Name = "default"
    prefix: str = ""
    group_field: Text | None = None
