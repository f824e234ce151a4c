"""What a report consists of, whatever it is written as: `markdown.py` and `html.py` both write a `Document`.

Texts are plain: each writer keeps them from becoming markup of its own kind, in one place.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from quarterdeck.records import dataclass

Tone = Literal["plain", "good", "warning", "bad"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of a section (level 2) or of a part of one (3)."""

    text: str
    level: Literal[2, 3] = 2


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or more. The tone is only said again by colour: the words alone must do."""

    text: str
    tone: Tone = "plain"


@dataclass(frozen=True, slots=True)
class Facts:
    """Names with their values, in order; empty values are left out."""

    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a head; each row is as long as the head. Empty cells are nothing to tell.

    `named` are the columns whose cells need their name where a row stands alone.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """Something to look at: as SVG, and as lines of text in at most 76 columns. The title says what it shows."""

    title: str
    svg: str
    text: tuple[str, ...]


Block: TypeAlias = Heading | Paragraph | Facts | Table | Picture


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report; `about` is one line under its title."""

    title: str
    about: str
    blocks: tuple[Block, ...]
