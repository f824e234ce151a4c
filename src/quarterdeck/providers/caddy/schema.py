"""What a connection to Caddy may say in a configuration, and where its reverse proxies are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from quarterdeck.providers.http.schema import Access, Part, Text, Url
from quarterdeck.providers.shares import each_once

DEFAULT_URL = "http://localhost:2019"
"""Where Caddy's admin endpoint is unless it is told otherwise (its documentation, "API")."""


def _config_path(text: str) -> str:
    path = text.removeprefix("/").removeprefix("config/").strip("/")
    if not re.fullmatch(r"[A-Za-z0-9_.~-]+(/[A-Za-z0-9_.~-]+)*", path) or ".." in path:
        raise ValueError("must be a path in Caddy's config, such as apps/http/servers/srv0/routes/0/handle/0")
    return path


Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\[\]-]+$")]
"""What stands before `=` in a shift: without blanks and `=`."""


class CaddyConnection(Access):
    """The admin endpoint of one Caddy: `url`, or the path of a `socket`.

    `origin` is sent as the header of that name, which `enforce_origin` asks for. A credential is for a proxy in front
    of the endpoint: Caddy itself asks for none.
    """

    url: Url | None = None
    socket: Path | None = None
    origin: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]+$")] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.url is not None and self.socket is not None:
            raise ValueError("give either url or socket")
        return self


class HandlerAddress(Part):
    """A `reverse_proxy` handler, between whose upstreams requests are divided: its `@id` (better: it moves along with
    the handler), or its path in the config. `names` gives upstreams names; without, they are called by their `dial`.
    """

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:~-]+$")] | None = None
    path: Annotated[str, AfterValidator(_config_path)] | None = None
    names: Annotated[dict[Name, Text], AfterValidator(each_once)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if (self.id is None) == (self.path is None):
            raise ValueError("give either id or path")
        return self
