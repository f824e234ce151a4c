"""Deployments that fail on purpose: the content of the slot stays what it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from quarterdeck.sandbox.world.strictness import check, check_pattern


@dataclass(slots=True)
class DeployTrouble:
    """A fault of kind `deploy_fails`.

    Attributes:
        site: regular expression for the site's name; all when empty.
        skip, count: so many deployments pass first; so many are struck then, without end when None.
    """

    kind: str = "deploy_fails"
    site: str = ""
    skip: int = 0
    count: int | None = 1
    seen: int = 0
    struck: int = 0

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> DeployTrouble:
        """Read a fault.

        Raises:
            ValueError: naming what is wrong.
        """
        check(document, cls, "a deploy fault", without=("seen", "struck"))
        check_pattern(document, "site", "a deploy fault")
        return cls(**document)

    def strikes(self, site: str) -> bool:
        """Whether a deployment to this site fails, counted."""
        if not re.search(self.site, site, re.IGNORECASE):
            return False
        self.seen += 1
        if self.seen <= self.skip or self.struck == self.count:
            return False
        self.struck += 1
        return True

    def as_json(self) -> dict[str, Any]:
        """The fault with how often it was met and struck."""
        return asdict(self)
