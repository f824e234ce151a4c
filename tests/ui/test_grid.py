"""A large table: headings are passed over, only what is in sight is made, and only what differs is repainted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from tests.ui.test_lines import Shown
from textual.geometry import Region

from quarterdeck.ui.spans import Line, line, plain
from quarterdeck.ui.widgets.grid import AnyRow, Column, Grid, GridRow, Heading
from quarterdeck.ui.widgets.lines import Lines

COLUMNS = [Column("NAME"), Column("A", selectable=True), Column("B", selectable=True)]


class Lazy:
    """A row that remembers whether it was ever made into lines."""

    def __init__(self, key: str, value: str = "1") -> None:
        self.key, self.value, self.made = key, value, 0

    @property
    def cells(self) -> tuple[Line, ...]:
        self.made += 1
        return line(self.key), line(self.value), line("2")


def rows(*names: str) -> list[AnyRow]:
    """A name in capitals is a heading."""
    return [
        Heading(line((name, "heading"))) if name.isupper() else GridRow(name, (line(name), line("1"), line("2")))
        for name in names
    ]


@pytest.fixture
def repainted(monkeypatch: pytest.MonkeyPatch) -> list[Region]:
    """The regions that line widgets asked to be repainted."""
    regions: list[Region] = []
    real = Lines.refresh

    def refresh(self: Lines, *asked: Region, **options: Any) -> Lines:
        regions.extend(asked)
        return real(self, *asked, **options)

    monkeypatch.setattr(Lines, "refresh", refresh)
    return regions


def stands(grid: Grid) -> Sequence[str]:
    return [plain(row).strip() for row in grid.painted]


async def test_the_cursor_passes_over_headings_both_ways() -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, rows("ONE", "a", "b", "TWO", "c", "THREE"))
        assert grid.cursor_key == "a"
        await pilot.press("down", "down")
        assert grid.cursor_key == "c"
        await pilot.press("down")
        assert grid.cursor_key == "c"
        await pilot.press("up")
        assert grid.cursor_key == "b"
        await pilot.press("home")
        assert grid.cursor_key == "a"
        await pilot.press("end")
        assert grid.cursor_key == "c"
        grid.fill(COLUMNS, rows("ONE"))
        await pilot.press("up", "down", "enter")
        assert grid.cursor_key == ""


async def test_a_heading_above_the_first_row_in_sight_stays_in_sight() -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 6)) as pilot:
        grid.fill(COLUMNS, rows("ONE", *(f"s{i}" for i in range(20))))
        await pilot.press("end", "home")
        assert stands(grid)[1:3] == ["ONE", "s0    1  2"]


async def test_the_cursor_stays_on_its_row_when_groups_are_made_and_undone() -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, rows("a", "b", "c"))
        await pilot.press("down", "right")
        grid.fill(COLUMNS, rows("ONE", "c", "TWO", "a", "b"))
        assert (grid.cursor_key, grid.cursor_column) == ("b", 2)
        grid.fill(COLUMNS, rows("ONE", "c", "TWO", "a"))
        assert grid.cursor_key == "a"


async def test_of_thousands_only_those_in_sight_are_made() -> None:
    grid = Grid()
    many = [Lazy(f"s{i:05}") for i in range(5000)]
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, many)
        await pilot.press("end")
        await pilot.pause()
        assert sum(row.made > 0 for row in many) <= 20


async def test_a_row_out_of_sight_costs_nothing_on_the_wire(repainted: list[Region]) -> None:
    grid = Grid()
    many: list[AnyRow] = [Lazy(f"s{i:05}") for i in range(5000)]
    async with Shown(grid).run_test(size=(200, 50)) as pilot:
        grid.fill(COLUMNS, many)
        await pilot.pause()
        repainted.clear()
        grid.fill(COLUMNS, [*many[:4000], Lazy("s04000", "something much wider than before"), *many[4001:]])
        assert repainted == []
        grid.fill(COLUMNS, [*many[:7], Lazy("s00007", "2"), *many[8:]])
        assert repainted == [Region(8, 8, 1, 1)]


async def test_columns_grow_when_something_wider_comes_into_sight_and_stay() -> None:
    grid = Grid()
    many: list[AnyRow] = [Lazy(f"s{i:05}", "wide enough" if i == 4999 else "1") for i in range(5000)]
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, many)
        await pilot.pause()
        assert stands(grid)[0] == "NAME    A  B"
        await pilot.press("end")
        assert stands(grid)[0] == "NAME    A            B"
        await pilot.press("home")
        assert stands(grid)[0] == "NAME    A            B"


async def test_a_click_chooses_the_cell_and_a_second_one_opens_it() -> None:
    opened = []

    class Opening(Shown):
        def on_grid_opened(self) -> None:
            opened.append(1)

    grid = Grid()
    async with Opening(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, rows("ONE", "a", "b"))
        await pilot.pause()
        await pilot.click(Grid, offset=(9, 3))
        assert (grid.cursor_key, grid.cursor_column, opened) == ("b", 2, [])
        await pilot.click(Grid, offset=(9, 1))  # a heading
        assert (grid.cursor_key, opened) == ("b", [])
        await pilot.click(Grid, offset=(9, 3))
        assert opened == [1]
