"""What goes wrong with a store, in words for people."""

from __future__ import annotations


class StoreError(Exception):
    """The store can't be used: message and hint are for people.

    Attributes:
        hint: what to do about it.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class LeaseLost(StoreError):
    """Somebody else holds the lease now: this process must write nothing more, neither here nor to the world."""
