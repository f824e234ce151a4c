"""What a connection to flagd's definition files may say in a configuration, and where flags are."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, StringConstraints, model_validator

from quarterdeck.providers.http.schema import Part, Text, Timeout

ENDINGS = (".json", ".yaml", ".yml")

GitName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")]
"""Of a branch or a remote: nothing that git could take for an option."""


def _definition(path: Path) -> Path:
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"must end in {', '.join(ENDINGS)}: by that flagd knows what is in it")
    return path


class FlagdConnection(Part):
    """Definition files in a folder, which need nothing here; or in a git checkout, where each write is a commit.

    `repository` is a folder of the checkout, `branch` the branch that has to be checked out there. With `push`, the
    name of a remote, a commit counts only once that remote has taken it.
    """

    repository: Path | None = None
    branch: GitName | None = None
    push: GitName | None = None
    timeout: Timeout = "20s"

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.repository is None) != (self.branch is None):
            raise ValueError("repository and branch belong together")
        if self.push is not None and self.repository is None:
            raise ValueError("push needs a repository")
        return self


class FileAddress(Part):
    """The flags of a definition file whose names begin so.

    `group_field` is the field of the context whose values are the names of groups (`ring`): a rule that asks for one
    value of it is that group's. Without it there are no groups.
    """

    file: Annotated[Path, AfterValidator(_definition)]
    prefix: str = ""
    group_field: Text | None = None
