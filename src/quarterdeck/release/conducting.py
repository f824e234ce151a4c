"""STUB: what a release does next; its owner replaces it."""

from __future__ import annotations

from quarterdeck.release.moves import Move, Outside, Recover, Rest
from quarterdeck.release.plan import Refusal
from quarterdeck.release.rollout import Order, Release


def decide(release: Release, now: float, outside: Outside) -> Move:
    """Nothing."""
    return Rest(None, "nobody decides yet")


def refuse_order(release: Release, order: Order, step: str, now: float) -> Refusal | None:
    """Nothing is refused."""
    return None


def exposed(release: Release) -> float:
    """Nobody."""
    return 0.0


def recovery_of(release: Release, why: str, to: str = "") -> Recover:
    """Nothing is taken back."""
    return Recover(why, (), to)
