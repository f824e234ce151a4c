"""What botocore gives back: documents as the API references have them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Document = dict[str, Any]


def listed(document: Document, name: str) -> Iterator[Document]:
    """The documents of a list in another one. Raises KeyError and TypeError for what isn't there, or isn't one."""
    for one in document[name]:
        if not isinstance(one, dict):
            raise TypeError(name)
        yield one
