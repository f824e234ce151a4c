"""How a cursor is told where to go. Plain Python without imports: the launcher needs it before its first frame."""

from __future__ import annotations


def place(x: int, y: int) -> str:
    """To that cell, counted from 0 (CUP)."""
    if x:
        return f"\x1b[{y + 1};{x + 1}H"
    return f"\x1b[{y + 1}H" if y else "\x1b[H"


def forward(cells: int) -> str:
    """So many cells to the right (CUF)."""
    return "" if cells == 0 else "\x1b[C" if cells == 1 else f"\x1b[{cells}C"
