"""Swaps that fail or hang: by the build they move, or on purpose."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quarterdeck.sandbox.world.sites import Site, Slot
from quarterdeck.sandbox.world.strictness import check, check_pattern

FIRST_PHASE, LAST_PHASE = 1, 6


@dataclass(frozen=True, slots=True)
class Failure:
    """How a failed swap ends on the wire. Statuses and messages as users report them (azure-cli 27820, 27474,
    azure-pipelines-tasks 12835); that of phase 6 is not published and a plain 500 here."""

    status: int
    code: str
    message: str


@dataclass(slots=True)
class Trouble:
    """A fault of kind `swap_fails` or `swap_hangs`.

    Attributes:
        site: regular expression for the site's name; all when empty.
        phase: 1 to 6, as numbered in `swapping`.
        skip, count: so many swaps pass first; so many are struck then, without end when None.
    """

    kind: str
    phase: int
    site: str = ""
    skip: int = 0
    count: int | None = 1
    seen: int = 0
    struck: int = 0

    @property
    def hangs(self) -> bool:
        return self.kind == "swap_hangs"

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Trouble:
        """Read a fault.

        Raises:
            ValueError: naming what is wrong.
        """
        check(document, cls, "a swap fault", without=("seen", "struck"))
        check_pattern(document, "site", "a swap fault")
        if document.get("kind") not in ("swap_fails", "swap_hangs"):
            raise ValueError(f"a swap fault's kind is swap_fails or swap_hangs, not {document.get('kind')!r}")
        phase = document.get("phase")
        if not isinstance(phase, int) or not FIRST_PHASE <= phase <= LAST_PHASE:
            raise ValueError(f"a swap fault needs a phase from {FIRST_PHASE} to {LAST_PHASE}, not {phase!r}")
        return cls(**document)

    def as_json(self) -> dict[str, Any]:
        """The fault with how often it was met and struck."""
        return asdict(self)


class Troubles:
    """The swap faults in force."""

    def __init__(self) -> None:
        self._troubles: list[Trouble] = []

    def add(self, trouble: Trouble) -> None:
        """Put one in force."""
        self._troubles.append(trouble)

    def clear(self) -> None:
        """Lift them all; a swap that hangs stays hung until it is released."""
        self._troubles.clear()

    def strike(self, site: str, phase: int) -> Trouble | None:
        """The fault that strikes a swap of this site entering this phase, counted."""
        for trouble in self._troubles:
            if trouble.phase != phase or not re.search(trouble.site, site, re.IGNORECASE):
                continue
            trouble.seen += 1
            if trouble.seen <= trouble.skip or trouble.struck == trouble.count:
                continue
            trouble.struck += 1
            return trouble
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """All of them."""
        return [trouble.as_json() for trouble in self._troubles]


def failure_of(site: Site, source: Slot, phase: int, ordered: bool) -> Failure | None:
    """Whether a swap of `source` fails at the end of a phase: for what is in the slot, or because it is ordered."""
    build = source.content.build
    if phase in (1, 2) and (ordered or (phase == 2 and not (source.running and build.starts))):
        return Failure(
            400,
            "BadRequest",
            f"Cannot swap slots for site '{site.name}' because the worker process for '{source.name}' slot could "
            "not be started.",
        )
    if phase in (3, 4) and (ordered or (phase == 4 and not _warms_up(source))):
        return Failure(
            417,
            "ExpectationFailed",
            f"Cannot swap site slots for site '{site.name}' because the '{source.name}' slot did not respond to "
            "http ping.",
        )
    if phase == 5 and ordered:
        return Failure(
            400,
            "BadRequest",
            f"Cannot swap slots for site '{site.name}' because the allocation of VM instances for "
            f"'{source.name}' slot has changed during the swap process. Please retry the swap operation.",
        )
    if phase == 6 and ordered:
        return Failure(500, "InternalServerError", "There was an unexpected InternalServerError.")
    return None


def _warms_up(slot: Slot) -> bool:
    """Any answer counts, unless WEBSITE_SWAP_WARMUP_PING_STATUSES narrows it (Microsoft's documentation)."""
    build = slot.content.build
    wanted = slot.app_settings.get("WEBSITE_SWAP_WARMUP_PING_STATUSES", "")
    statuses = {status.strip() for status in wanted.split(",") if status.strip()}
    return build.answers_ping and (not statuses or str(build.ping_status) in statuses)
