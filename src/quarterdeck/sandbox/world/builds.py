"""Versions of the simulated software, and how they behave."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Build:
    """One version.

    Attributes:
        error_rate: part of its requests that fail, 0 to 1.
        latency_ms: how long a request takes it.
        warm_up: seconds from the start of the process to the first answer.
        starts: False when its process cannot be started at all.
        answers_ping: False when it starts but never answers the warm-up ping.
        ping_status: the HTTP status it answers the warm-up ping with.
        image: the container image it comes as; "" for code.
    """

    version: str
    error_rate: float = 0.0
    latency_ms: float = 40.0
    warm_up: float = 2.0
    starts: bool = True
    answers_ping: bool = True
    ping_status: int = 200
    image: str = ""

    def as_json(self) -> dict[str, Any]:
        """All attributes, as a world file writes them."""
        return asdict(self)

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Build:
        """Read a world file's build.

        Raises:
            ValueError: naming what is missing, unknown or out of range.
        """
        known = {field.name for field in fields(cls)}
        unknown = sorted(set(document) - known)
        if unknown:
            raise ValueError(f"a build has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        if not document.get("version"):
            raise ValueError("a build needs a version")
        build = cls(**document)
        if not 0 <= build.error_rate <= 1:
            raise ValueError(f"build {build.version}: error_rate is a part from 0 to 1, not {build.error_rate}")
        return build


class Catalogue:
    """The builds a world knows by version or image, so that deploying one brings its behaviour along."""

    def __init__(self) -> None:
        self._builds: dict[str, Build] = {}

    def add(self, build: Build) -> None:
        """Know a build from now on."""
        self._builds[build.image or build.version] = build

    def __iter__(self) -> Iterator[Build]:
        return iter(list(self._builds.values()))

    def of_version(self, version: str) -> Build:
        """The code build of that version; a healthy one when it was never heard of."""
        return self._builds.get(version) or Build(version)

    def of_image(self, image: str) -> Build:
        """The build that an image holds: by image, else by its tag, else a healthy one."""
        tag = image.rpartition(":")[2] if ":" in image.rpartition("/")[2] else "latest"
        known = self._builds.get(image) or self._builds.get(tag) or Build(tag)
        return replace(known, image=image)
