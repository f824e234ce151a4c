"""What a connection to HAProxy may say in a configuration, and where its backends and maps are."""

from __future__ import annotations

import json
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from quarterdeck.providers.haproxy.runtime import endpoint_of
from quarterdeck.providers.http.schema import Part
from quarterdeck.release.durations import seconds

LONGEST = 30.0
"""No answer is waited for longer than that, in seconds: the runtime API answers in less than a millisecond."""


def _limit(text: str) -> str:
    if not 0 < seconds(text) <= LONGEST:
        raise ValueError(f"must be more than nothing and at most {LONGEST:g}s")
    return text


def _reachable(text: str) -> str:
    endpoint_of(text)
    return text


def _listed(value: Any) -> Any:
    """One instance may stand there without a list. Lists come back from a connection's options as JSON."""
    if isinstance(value, str):
        return json.loads(value) if value.startswith('["') else [value]
    return value


Socket = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_reachable)]

Word = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_.:-]+$")]
"""What HAProxy takes as the name of a backend or a server (its configuration manual, section 2.2). Names go into
commands, where a semicolon would begin another one."""

Argument = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^\s;\\#<>\"'\x00-\x1f\x7f]+$")]
"""One argument of a command, as it stands."""


class HAProxyConnection(Part):
    """The runtime API of one load balancer, or of several that do the same: all get every change, and must agree.

    `socket` is the path of a `stats socket`, or `host:port` of one that listens there. Changes need one with
    `level admin`.
    """

    socket: Annotated[list[Socket], BeforeValidator(_listed), Field(min_length=1)]
    timeout: Annotated[str, AfterValidator(_limit)] = "5s"

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len(set(self.socket)) < len(self.socket):
            raise ValueError("a socket stands there twice")
        return self


class BackendAddress(Part):
    """A backend, between whose servers the clients are divided."""

    backend: Word


class MapAddress(Part):
    """A map that says which of two backends is live: the entry `key` names it, and a swap names the other one.

    `map` is the file as the configuration of HAProxy has it (`show map` lists them). `versions` is another map, from
    backends to the versions that they hold, kept by whoever deploys; without it versions are unknown.
    """

    map: Argument
    key: Argument
    backends: list[Word] = Field(min_length=2, max_length=2)
    versions: Argument | None = None

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.backends[0] == self.backends[1]:
            raise ValueError("backends must be two different ones: the blue and the green")
        return self
