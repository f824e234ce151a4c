"""What a connection to AWS may say in a configuration, and where traffic is divided there."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from quarterdeck.providers.aws.arns import forwarding_of
from quarterdeck.providers.http.schema import Part, Text, Url, within_limits

RecordType = Literal["A", "AAAA", "CNAME"]
"""The types by which clients are sent somewhere."""


def _forwarding(text: str) -> str:
    forwarding_of(text)
    return text


def _zone(text: str) -> str:
    bare = text.removeprefix("/hostedzone/")
    if not re.fullmatch(r"[A-Z0-9]{1,32}", bare):
        raise ValueError("must be the id of a hosted zone, such as Z0123456789ABCDEFGHIJ")
    return bare


def _name(text: str) -> str:
    bare = text.lower().rstrip(".")
    if not re.fullmatch(r"(\*\.)?[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})+", bare):
        raise ValueError("must be the whole name of a record, such as www.example.com")
    return bare


def _listed(value: Any) -> Any:
    """One type may stand there without a list. Lists come back from an address as JSON."""
    if isinstance(value, str):
        return json.loads(value) if value.startswith("[") else [value]
    return value


def _each_once(names: list[RecordType]) -> list[RecordType]:
    if len(set(names)) < len(names):
        raise ValueError("the same stands there twice")
    return names


class AwsConnection(Part):
    """How to sign in. Credentials come from where every tool of AWS has them: the environment, `profile`, a role.

    `role_arn` is assumed with them. `region` is where to sign in, and whose partition it is; what is changed says its
    own region. `endpoint_url` leads elsewhere, to an emulator for instance.
    """

    profile: Text | None = None
    region: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,}(-[a-z]+)+-\d+$", strip_whitespace=True)] | None = None
    role_arn: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")] | None = None
    external_id: Text | None = Field(None, description="what the role's owner wants to be told by whom assumes it")
    endpoint_url: Url | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust instead of botocore's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"


class ForwardAddress(Part):
    """The target groups that a listener forwards to by default, or that a rule of a listener forwards to."""

    arn: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_forwarding)]


class RecordAddress(Part):
    """Weighted records of one name. `type` may be a list (`[A, AAAA]`): all of them get the same weights, in one go."""

    zone: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_zone)]
    name: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_name)]
    type: Annotated[list[RecordType], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_each_once)] = (
        Field(default=["A"])
    )
