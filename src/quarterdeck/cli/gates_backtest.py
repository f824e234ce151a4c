"""`qd gates backtest GATE`: what a gate with another threshold would have said of the releases on record."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any


def configure_backtest(deeds: Any) -> None:
    """STUB: waits for release/backtest.py."""
    parser: ArgumentParser = deeds.add_parser("backtest", help="what another threshold would have done")
    parser.add_argument("gate", metavar="GATE")
