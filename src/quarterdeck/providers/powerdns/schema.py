"""What a connection to PowerDNS may say in a configuration, and where its weighted records are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from quarterdeck.providers.http.schema import Part, Text, Url, within_limits
from quarterdeck.providers.powerdns.asking_dns import endpoint_of
from quarterdeck.providers.shares import each_once

Kind = Literal["A", "AAAA", "CNAME"]


_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_/-]{0,61}[a-z0-9_])?")


def canonical(text: str) -> str:
    """A name of DNS as the API wants it: in small letters, with a dot at its end. Raises ValueError if it is none."""
    name = text.strip().lower().removesuffix(".")
    labels = name.removeprefix("*.").split(".")
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError("must be a name of DNS, such as shop.example")
    return f"{name}."


def _reachable(text: str) -> str:
    endpoint_of(text)
    return text


DnsName = Annotated[str, AfterValidator(canonical)]

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.:\[\]-]+$")]
"""What stands before `=` in a shift: without blanks and `=`."""


class PowerDNSConnection(Part):
    """The HTTP API of an authoritative server, and its key.

    `dns` is where the same server answers DNS (`host` or `host:port`): with it, a changed record is asked for once, and
    found out if it can't be answered.
    """

    url: Url
    api_key: SecretStr
    server: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]+$")] = "localhost"
    dns: Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_reachable)] | None = None
    ca_file: Path | None = Field(None, description="certificates in PEM form to trust beside the system's")
    timeout: Annotated[str, AfterValidator(within_limits)] = "10s"


class RecordAddress(Part):
    """A Lua record that answers with one of several addresses, by weight: `pickwrandom` or `pickwhashed`.

    `names` gives the addresses names; without, they are called as they are.
    """

    zone: DnsName
    name: DnsName
    type: Kind = "A"
    names: Annotated[dict[Name, Text], AfterValidator(each_once)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _in_the_zone(self) -> Self:
        if self.name != self.zone and not self.name.endswith(f".{self.zone}"):
            raise ValueError(f"name is not in the zone {self.zone}")
        return self
