"""What a connection over plain HTTP may say in a configuration, and a gate that is asked over it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    model_validator,
)

from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.durations import seconds

LONGEST = 60.0
"""No answer is waited for longer than that, in seconds."""


def _base_url(text: str) -> str:
    if not urlsplit(text).hostname:
        raise ValueError("must begin with https://HOST or http://HOST")
    return text.rstrip("/")


def within_limits(text: str) -> str:
    """A length of time that may be waited for an answer. Raises ValueError for any other."""
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


Text = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]
Url = Annotated[
    str,
    StringConstraints(pattern=r"^https?://[^/\s@?#]+(/[^\s@?#]*)?$", strip_whitespace=True),
    AfterValidator(_base_url),
]
"""Without a user, a query or a fragment: what is secret is an option of its own."""
Timeout = Annotated[str, AfterValidator(within_limits)]
"""How long an answer may take: a duration such as `10s`, at most `LONGEST`."""


class Part(BaseModel):
    """A section of a configuration that belongs to a provider."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Access(Part):
    """How to reach a server and prove who we are: a bearer token, a user with a password, or neither."""

    bearer_token: SecretStr | None = None
    username: Text | None = None
    password: SecretStr | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"

    @model_validator(mode="after")
    def _one_credential(self) -> Self:
        if (self.username is None) != (self.password is None):
            raise ValueError("username and password belong together")
        if self.username is not None and self.bearer_token is not None:
            raise ValueError("give either bearer_token or username and password")
        return self


class HttpConnection(Access):
    """A server that is asked over HTTP. Credentials are sent to `url` only, so they need one."""

    url: Url | None = None
    api_key: SecretStr | None = None
    api_key_header: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")] = "X-Api-Key"
    accept: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e ]+$")] = "application/json"

    @model_validator(mode="after")
    def _somewhere_to_send_it(self) -> Self:
        if self.url is None and (self.bearer_token or self.username or self.api_key):
            raise ValueError("a credential needs a `url`: it is sent nowhere else")
        return self


class HttpGate(Part):
    """A number in the JSON answer of a request below the connection's `url`.

    `count` says where: `total`, `data.0.value`; of a list its length is taken. A `query` that is a JSON object is
    sent as the body of a POST, any other as the query of the URL.
    """

    path: Text
    count: Text
    query: Text | None = None


Options = TypeVar("Options", bound=BaseModel)


def options_of(connection: Connection, kind: type[Options]) -> Options:
    """The options of a connection, checked.

    Raises:
        ProviderError: misconfigured.
    """
    try:
        return kind.model_validate(dict(connection.options))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join([connection.name, *(str(part) for part in first["loc"])])
        raise ProviderError("misconfigured", f"connection {where}: {first['msg']}") from None
