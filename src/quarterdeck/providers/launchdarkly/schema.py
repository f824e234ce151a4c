"""What a connection to LaunchDarkly may say in a configuration, and where flags are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr, StringConstraints

from quarterdeck.providers.http.schema import Part, Text, Timeout, Url

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")]
"""Of a project, an environment or a kind of context: LaunchDarkly takes letters, digits, `.`, `_` and `-`."""


class LaunchDarklyConnection(Part):
    """An access token for LaunchDarkly's REST API: of a person, or a service token. An SDK key won't do."""

    token: SecretStr
    url: Url = "https://app.launchdarkly.com"
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Timeout = "10s"


class EnvironmentAddress(Part):
    """The flags of a project in one environment of LaunchDarkly, and with keys that begin so.

    Groups are segments; with `group_attribute` they are the values of that attribute of a context (`ring`).
    `context_kind` is whom percentages of new rules are of, and whose the attribute is.
    """

    project: Key
    environment: Key
    prefix: str = ""
    group_attribute: Text | None = None
    context_kind: Key = "user"
