"""Lines and grids: what fits, what is repainted, where the cursor stays."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.geometry import Region

from quarterdeck.ui.sharing import share_out
from quarterdeck.ui.spans import Line, fit, line, plain, printable, spread, to_ascii, width, wrap
from quarterdeck.ui.widgets.grid import Column, Grid, GridRow
from quarterdeck.ui.widgets.lines import Lines

texts = st.text("ab 変é█→\u0301", max_size=30)


@given(st.lists(texts, max_size=4), st.integers(1, 60))
def test_a_fitted_line_takes_exactly_its_cells(parts: list[str], cells: int) -> None:
    fitted = fit(line(*parts), cells)
    assert cell_len(plain(fitted)) == width(fitted) == cells


@given(texts, texts, st.integers(2, 60))
def test_spreading_keeps_both_ends_within_the_width(left: str, right: str, cells: int) -> None:
    assert width(spread(line(left), line(right), cells)) == cells


@given(st.text(max_size=40))
def test_ascii_is_ascii_cell_for_cell(text: str) -> None:
    shown = printable(line(text))
    assert plain(to_ascii(shown)).isascii()
    assert width(to_ascii(shown)) == width(shown)


@given(st.text(max_size=60))
def test_nothing_unprintable_passes_the_last_gate(text: str) -> None:
    assert plain(printable(line(text))).isprintable()


@given(st.text("ab c", max_size=200), st.integers(12, 40))
def test_wrapped_lines_fit_and_lose_no_word(text: str, cells: int) -> None:
    lines = wrap(text, cells)
    assert all(width(one) <= cells for one in lines)
    assert "".join(plain(one) for one in lines).replace(" ", "") == text.replace(" ", "")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(1, 200))
def test_columns_share_the_width(wanted: list[int], room: int) -> None:
    given_ = share_out(wanted, room)
    assert sum(given_) <= room
    assert all(have <= want for have, want in zip(given_, wanted, strict=True))
    if sum(wanted) <= room:
        assert given_ == wanted
    squeezed = [have for have, want in zip(given_, wanted, strict=True) if have < want]
    assert all(have <= least + 1 for least in squeezed for have in given_)


class Shown(App[None]):
    """One widget, and a record of the regions it had repainted."""

    def __init__(self, widget: Lines) -> None:
        super().__init__()
        self.widget = widget

    def get_theme_variable_defaults(self) -> dict[str, str]:
        from quarterdeck.ui.cockpit import THEME_DEFAULTS

        return dict(THEME_DEFAULTS)

    def compose(self) -> ComposeResult:
        yield self.widget


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


async def test_only_cells_that_differ_are_repainted(repainted: list[Region]) -> None:
    lines: list[Line] = [line(f"row {i:03} value {i}") for i in range(200)]
    widget = Lines(lines)
    async with Shown(widget).run_test(size=(200, 50)) as pilot:
        await pilot.pause()
        repainted.clear()
        widget.show(lines)
        assert repainted == []
        widget.show([*lines[:7], line("row 007 value 8"), *lines[8:]])
        assert repainted == [Region(14, 7, 1, 1)]
        repainted.clear()
        widget.show([*lines[:7], line("row 007 value 8"), *lines[8:150], line("changed"), *lines[151:]])
        assert repainted == []  # off screen


async def test_a_cell_behind_wide_and_combining_characters_is_found(repainted: list[Region]) -> None:
    widget = Lines([line("変更e\u0301 a")])
    async with Shown(widget).run_test(size=(40, 3)) as pilot:
        await pilot.pause()
        repainted.clear()
        widget.show([line("変更e\u0301 b")])
        assert repainted == [Region(6, 0, 1, 1)]


def grid_rows(*names: str) -> list[GridRow]:
    return [GridRow(name, (line(name), line("1"), line("2"))) for name in names]


COLUMNS = [Column("NAME"), Column("A", selectable=True), Column("B", selectable=True)]


async def test_the_cursor_stays_on_its_row_when_others_come_and_go() -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, grid_rows("a", "b", "c"))
        await pilot.press("down", "right")
        assert (grid.cursor_key, grid.cursor_column) == ("b", 2)
        grid.fill(COLUMNS, grid_rows("0", "a", "b", "c"))
        assert grid.cursor_key == "b"
        grid.fill(COLUMNS, grid_rows("0", "a"))
        assert grid.cursor_key == "a"
        grid.fill(COLUMNS, [])
        assert grid.cursor_key == ""
        await pilot.press("down", "enter", "end")
        assert grid.cursor_key == ""


async def test_moving_the_cursor_repaints_two_cells(repainted: list[Region]) -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, grid_rows("a", "b", "c"))
        await pilot.pause()
        repainted.clear()
        await pilot.press("down")
        await pilot.pause()
        assert sum(region.width for region in repainted) <= 6


async def test_a_long_grid_keeps_heads_and_cursor_in_sight() -> None:
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 10)) as pilot:
        grid.fill(COLUMNS, grid_rows(*(f"s{i:04}" for i in range(5000))))
        await pilot.press("end")
        assert plain(grid.painted[0]).startswith("NAME")
        assert plain(grid.painted[-1]).startswith("s4999")
        await pilot.press("pageup")
        assert grid.cursor_key == "s4991"
        await pilot.press("home")
        assert plain(grid.painted[1]).startswith("s0000")


async def test_columns_that_do_not_fit_are_counted_and_scrolled_to() -> None:
    columns = [Column("NAME"), *(Column(f"ENVIRONMENT-{i}", selectable=True, least=16) for i in range(8))]
    grid = Grid()
    async with Shown(grid).run_test(size=(60, 6)) as pilot:
        grid.fill(columns, [GridRow("a", (line("a"), *(line(f"value-{i}-of-this-one") for i in range(8))))])
        await pilot.pause()
        assert "< 5 more" in plain(grid.painted[0])
        assert "value-7" in plain(grid.painted[1])
        await pilot.press(*["left"] * 7)
        assert "ENVIRONMENT-0" in plain(grid.painted[0])
        assert "5 more >" in plain(grid.painted[0])
