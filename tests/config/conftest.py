"""A small provider's models, and configurations written to a folder of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from quarterdeck import config


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Door(Part):
    host: str
    port: int = Field(default=443, ge=1, le=65535)


class HarbourConnection(Part):
    account: str
    door: str | Door = "front"
    key: SecretStr | None = None
    certificate: Path | None = None
    verify: bool = True
    tags: list[str] = []


class Berth(Part):
    pier: str
    site: str


class Signals(Part):
    label: str = ""


class Question(Part):
    query: str
    window: int = 5


def schemas(name: str) -> Mapping[str, type[BaseModel]] | None:
    """`harbour` has slots with traffic between them, and traffic; `harbour.signals` has flags only, and
    `harbour.gauges` answers for gates."""
    return PARTS.get(name)


PARTS: dict[str, dict[str, type[BaseModel]]] = {
    "harbour": {"connection": HarbourConnection, "slots": Berth, "slot_traffic": Berth, "traffic": Berth},
    "harbour.signals": {"connection": HarbourConnection, "flags": Signals},
    "harbour.gauges": {"connection": HarbourConnection, "gates": Question},
}


class Folder:
    """Where a test's configuration files are; problems name files relative to it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environment: dict[str, str] = {}

    def write(self, name: str, text: str | bytes) -> Path:
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def load(self, text: str | bytes, name: str = "quarterdeck.yaml") -> config.Loaded:
        """Load that text as the configuration."""
        return config.load(self.write(name, text), schemas, self.environment)

    def problems(self, text: str | bytes, name: str = "quarterdeck.yaml") -> list[config.Problem]:
        """What is wrong with that text; at least one thing."""
        with pytest.raises(config.ConfigError) as caught:
            self.load(text, name)
        return list(caught.value.problems)

    def told(self, text: str | bytes) -> list[str]:
        """Each problem as `FILE:LINE:COLUMN PATH: MESSAGE`, with file names relative to the folder."""
        return [
            f"{Path(p.file).relative_to(self.path)}:{p.line}:{p.column} {p.path}: {p.message}"
            for p in self.problems(text)
        ]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


@pytest.fixture
def minimal() -> Callable[[str], str]:
    """A good configuration with some more lines at its end."""
    return MINIMAL.__add__


MINIMAL = """\
fleet: shop
connections:
  azure: {provider: harbour, account: main}
environments:
  production: {}
services:
  checkout:
    production: {slots: {connection: azure, pier: one, site: checkout}}
"""
