"""What a connection to HAProxy may say in a configuration, and where its backends and maps are."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

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


def _each_once(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("the same stands there twice")
    return names


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_.:-]+", text):
        raise ValueError("HAProxy knows no such name: letters, digits and - _ . : only")
    return text


def _argument(text: str) -> str:
    if not re.fullmatch(r"[^\s;\\#<>\"'\x00-\x1f\x7f]+", text):
        raise ValueError("must be one word without ; # < > quotes and backslashes, as HAProxy's own files have it")
    return text


Word = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_name)]
"""What HAProxy takes as the name of a backend or a server (its configuration manual, section 2.2). Names go into
commands, where a semicolon would begin another one."""

Argument = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_argument)]
"""One argument of a command, as it stands."""


class HAProxyConnection(Part):
    """The runtime API of one load balancer, or of several that do the same: all get every change, and must agree.

    `socket` is the path of a `stats socket`, or `host:port` of one that listens there. Changes need one with
    `level admin`.
    """

    socket: Annotated[list[Socket], BeforeValidator(_listed), Field(min_length=1), AfterValidator(_each_once)]
    timeout: Annotated[str, AfterValidator(_limit)] = "5s"


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
    backends: Annotated[list[Word], Field(min_length=2, max_length=2), AfterValidator(_each_once)]
    versions: Argument | None = None
