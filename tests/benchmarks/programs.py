"""The programs that are watched: the cockpit, what it is held against, and how to start them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Program:
    """A program for a terminal.

    Attributes:
        name: as the table calls it.
        words: what to run.
        environment: what it finds there besides.
        folder: where it runs.
    """

    name: str
    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    folder: Path = ROOT


def cockpit(store: Path) -> Program:
    """The cockpit on a store."""
    return Program("qd", (sys.executable, "-m", "quarterdeck", "--store", str(store)))


def stock(store: Path) -> Program:
    """The cockpit with frames as Textual itself writes them."""
    return Program("qd, output stock", cockpit(store).words, {"QUARTERDECK_OUTPUT": "stock"})


def bare(rows: int) -> Program:
    """A bare Textual app with a table of so many rows."""
    return Program("bare Textual app", (sys.executable, str(Path(__file__).with_name("bare.py")), str(rows)))


OTHERS = {"lazygit": (), "htop": (), "vim": ("-n", "-u", "NONE", "README.md")}
"""Programs known to be quick, and the words that they are started with; measured where they are installed."""


def other(name: str) -> Program | None:
    """One of `OTHERS`; None where it isn't installed."""
    found = shutil.which(name)
    return Program(name, (found, *OTHERS[name])) if found else None
