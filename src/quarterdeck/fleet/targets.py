"""Names of the things an operator acts on."""

from __future__ import annotations

import re

from quarterdeck.records import dataclass

NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9])?")
"""What an environment, service, region or ring may be called."""

_FLAG_PREFIX = "flag:"
PIPELINE_PREFIX = "pipeline:"


@dataclass(frozen=True, slots=True, order=True)
class TargetId:
    """One thing that is released: a service in an environment, in one region or in all of them.

    Written `ENV/SERVICE` or `ENV/SERVICE@REGION`; `region == ""` means the service as a whole.
    A feature flag is `flag:ENV/NAME`; its name may hold any character but a line break. A pipeline is `pipeline:NAME`;
    where something is done to what it changes in an environment of ours, `pipeline:ENV/NAME`.
    """

    environment: str
    name: str
    region: str = ""
    flag: bool = False
    pipeline: bool = False

    def __str__(self) -> str:
        if self.flag:
            return f"{_FLAG_PREFIX}{self.environment}/{self.name}"
        if self.pipeline:
            return PIPELINE_PREFIX + (f"{self.environment}/{self.name}" if self.environment else self.name)
        return f"{self.environment}/{self.name}" + (f"@{self.region}" if self.region else "")

    @property
    def whole(self) -> TargetId:
        """The same service, in all of its regions."""
        return TargetId(self.environment, self.name, "", self.flag, self.pipeline)

    @classmethod
    def parse(cls, text: str) -> TargetId:
        """Read a target as an operator types it.

        Raises:
            ValueError: naming what is wrong and the form that is right.
        """
        if text.startswith(PIPELINE_PREFIX):
            return cls._of_pipeline(text)
        flag = text.startswith(_FLAG_PREFIX)
        environment, slash, rest = text.removeprefix(_FLAG_PREFIX).partition("/")
        if not slash or not NAME.fullmatch(environment):
            raise ValueError(f"{text!r} is not a target: write ENV/SERVICE, for example production/checkout")
        if flag:
            if not rest or "\n" in rest:
                raise ValueError(f"{text!r} is not a flag: write flag:ENV/NAME")
            return cls(environment, rest, flag=True)
        service, at, region = rest.partition("@")
        if not NAME.fullmatch(service) or (at and not NAME.fullmatch(region)):
            raise ValueError(f"{text!r} is not a target: write ENV/SERVICE or ENV/SERVICE@REGION")
        return cls(environment, service, region)

    @classmethod
    def _of_pipeline(cls, text: str) -> TargetId:
        environment, slash, name = text.removeprefix(PIPELINE_PREFIX).rpartition("/")
        if not NAME.fullmatch(name) or (slash and not NAME.fullmatch(environment)):
            raise ValueError(f"{text!r} is not a pipeline: write pipeline:NAME or pipeline:ENV/NAME")
        return cls(environment, name, pipeline=True)
