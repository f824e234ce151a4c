"""What a connection to Buildbot may say in a configuration, and where a builder is."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, SecretStr, model_validator

from quarterdeck.providers.http.schema import Part, Text, Url, within_limits


class BuildbotConnection(Part):
    """Where the web interface of a master is, and who we are there. Without a user it is only watched, as far as it
    lets anybody do that."""

    url: Url
    user: Text | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password belong together")
        return self


class BuilderAddress(Part):
    """The builds of a builder.

    `scheduler` names the ForceScheduler that starts them, where several could. `branch` is what a new build is of, if
    nothing else is said.
    """

    builder: Text
    scheduler: Text | None = None
    branch: Text | None = None
