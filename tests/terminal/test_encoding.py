"""From what stands on a terminal to what shall stand there: right on a terminal emulator, and short."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.terminal.screens import Emulator

from quarterdeck.ui.output import scrolling
from quarterdeck.ui.output.cells import BLANK, REST, Grid
from quarterdeck.ui.output.encoding import Encoder, Terminal
from quarterdeck.ui.output.reading import Reader
from quarterdeck.ui.output.style import PLAIN, Style, change, style, styled

COLUMNS, ROWS = 24, 5
XTERM, SCREEN, VT100 = Terminal(), Terminal(fills=False), Terminal(relative=False, fills=False)

COLOURS = st.sampled_from(["", "31", "94", "38;5;200", "38;2;1;2;3"])
GROUNDS = st.sampled_from(["", "", "44", "103", "48;5;17", "48;2;17;22;29"])
# pyte knows neither dim, conceal nor hyperlinks: those are tested on their own.
ATTRIBUTES = st.lists(st.sampled_from(["1", "3", "4", "5", "7", "9"]), unique=True, max_size=3).map(
    lambda some: tuple(sorted(some, key=int))
)
STYLES = st.one_of(
    st.just(PLAIN),
    st.builds(style, ATTRIBUTES, COLOURS, GROUNDS, st.just("")),
    st.builds(style, st.just(()), st.just(""), GROUNDS, st.just("")),
)
WORDS = st.one_of(
    st.text("ab │─●漢é", min_size=1, max_size=9), st.integers(1, COLUMNS).map(lambda n: " " * n), st.just("checkout")
)
PIECES = st.lists(st.tuples(st.integers(0, COLUMNS - 1), st.integers(0, ROWS - 1), WORDS, STYLES), max_size=12)


def written(pieces: list[tuple[int, int, str, Style]]) -> str:
    """The pieces as Textual writes them: position, look, text, reset."""
    return "".join(
        f"\x1b[{y + 1};{x + 1}H{change(PLAIN, look, relative=False)}{text}\x1b[0m" for x, y, text, look in pieces
    )


def grid_of(text: str) -> Grid:
    reader = Reader(Grid.filled(COLUMNS, ROWS))
    reader.feed(text)
    return reader.grid


def painted(grid: Grid) -> str:
    """The grid, cell by cell, each at its place: too simple to be wrong."""
    return "".join(
        f"\x1b[{y + 1};{x + 1}H{change(PLAIN, grid.style[y][x], relative=False)}{cell}\x1b[m"
        for y, row in enumerate(grid.text)
        for x, cell in enumerate(row)
        if cell != REST
    )


def sent(encoder: Encoder, wanted: Grid) -> str:
    shift = scrolling.find(encoder.shown, wanted, range(wanted.rows))
    rows = (encoder.scroll(shift) if shift else "") + "".join(encoder.row(wanted, y) for y in range(wanted.rows))
    return rows + (encoder.park(len(rows) % wanted.columns, len(rows) % wanted.rows) if rows else "")


def terminal_with(grid: Grid) -> Emulator:
    emulator = Emulator(COLUMNS, ROWS)
    emulator.feed(painted(grid))
    return emulator


@settings(max_examples=250, deadline=None)
@given(PIECES, st.lists(PIECES, min_size=1, max_size=3), st.sampled_from([XTERM, SCREEN, VT100]))
def test_what_is_sent_turns_one_picture_into_the_next(
    first: list[tuple[int, int, str, Style]],
    changes: list[list[tuple[int, int, str, Style]]],
    terminal: Terminal,
) -> None:
    reader = Reader(Grid.filled(COLUMNS, ROWS))
    reader.feed(written(first))
    emulator = Emulator(COLUMNS, ROWS)
    encoder = Encoder(Grid.filled(COLUMNS, ROWS), terminal)
    emulator.feed(sent(encoder, reader.grid))
    for pieces in changes:
        reader.feed(written(pieces))
        emulator.feed(sent(encoder, reader.grid))
        assert emulator.rows() == terminal_with(reader.grid).rows()
        assert sent(encoder, reader.grid) == ""


@settings(max_examples=100, deadline=None)
@given(PIECES, PIECES)
def test_what_nobody_knows_is_painted_whole_and_never_cleared_first(
    rubbish: list[tuple[int, int, str, Style]], wanted: list[tuple[int, int, str, Style]]
) -> None:
    emulator = Emulator(COLUMNS, ROWS)
    emulator.feed(written(rubbish))
    encoder = Encoder(Grid.filled(COLUMNS, ROWS), XTERM)
    encoder.forget()
    told = sent(encoder, grid_of(written(wanted)))
    emulator.feed(told)
    assert emulator.rows() == terminal_with(grid_of(written(wanted))).rows()
    assert "J" not in told.replace("\x1b[", "")


def page(top: int, rows: int, cursor: int) -> str:
    """A window on a long list, between a head and a foot."""
    lines = [f"head, {top} above", *(f"service-{top + i:03} 1.{top + i}.0" for i in range(rows)), "foot"]
    looks = {cursor + 1: style(("7",), "", "", "")}
    return written([(0, y, f"{line:24}", looks.get(y, PLAIN)) for y, line in enumerate(lines)])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), min_size=1, max_size=5))
def test_a_list_that_scrolls_is_right_wherever_it_goes(steps: list[tuple[int, int]]) -> None:
    emulator, encoder = Emulator(24, 12), Encoder(Grid.filled(24, 12), XTERM)
    for top, cursor in steps:
        reader = Reader(Grid.filled(24, 12))
        reader.feed(page(top, 10, cursor))
        emulator.feed(sent(encoder, reader.grid))
        fresh = Emulator(24, 12)
        fresh.feed(page(top, 10, cursor))
        assert emulator.rows() == fresh.rows()


def test_rows_that_only_moved_are_not_sent_again() -> None:
    encoder = Encoder(Grid.filled(24, 12), XTERM)
    for top, most in ((0, 400), (1, 110), (0, 110), (3, 160)):
        reader = Reader(Grid.filled(24, 12))
        reader.feed(page(top, 10, 9))
        assert len(sent(encoder, reader.grid)) < most


@given(STYLES, STYLES)
def test_going_from_one_look_to_another_ends_at_it(before: Style, after: Style) -> None:
    for relative in (True, False):
        codes = change(before, after, relative=relative)
        assert (styled(before, codes[2:-1]) if codes else before) is after
    assert len(change(before, after, relative=True)) <= len(change(before, after, relative=False))


def encoded(before: str, after: str, terminal: Terminal = XTERM, columns: int = 80) -> str:
    """What is sent for one row that stood there as `before`, cursor at its start and pen plain."""
    shown = Reader(Grid.filled(columns, 1))
    shown.feed(before)
    wanted = Reader(Grid.filled(columns, 1))
    wanted.feed(after)
    encoder = Encoder(shown.grid, terminal)
    encoder.park(0, 0)
    return encoder.row(wanted.grid, 0)


def test_one_changed_cell_costs_a_move_and_the_cell() -> None:
    assert encoded("version 1.9.1", "version 1.9.2") == "\x1b[12C2"


def test_a_style_is_sent_once_for_all_that_wears_it() -> None:
    assert encoded("", "\x1b[1;32mok\x1b[0m\x1b[1;32m fine\x1b[0m") == "\x1b[1;32mok fine"


def test_colours_that_take_turns_are_written_one_after_the_other_where_that_is_shorter() -> None:
    cell = "\x1b[38;2;1;2;3mok\x1b[0m \x1b[38;2;200;200;200m1.9.2\x1b[0m "
    assert encoded("", cell * 2) == "\x1b[38;2;1;2;3mok\x1b[7Cok\x1b[4G\x1b[38;2;200;200;200m1.9.2\x1b[4C1.9.2"


def test_an_attribute_is_switched_off_alone_where_that_is_shorter() -> None:
    after = "\x1b[1;38;2;10;20;30mA\x1b[0m\x1b[38;2;10;20;30mB\x1b[0m"
    assert encoded("", after) == "\x1b[1;38;2;10;20;30mA\x1b[22mB"
    assert encoded("", after, VT100) == "\x1b[;1;38;2;10;20;30mA\x1b[;38;2;10;20;30mB"


def test_the_rest_of_a_row_is_erased_rather_than_written_over() -> None:
    assert encoded("a long word", "a") == "a\x1b[K"


def test_a_coloured_rest_is_erased_only_where_erasing_takes_the_colour() -> None:
    after = "\x1b[44m" + " " * 80 + "\x1b[0m"
    assert encoded("", after) == "\x1b[44m\x1b[K"
    assert encoded("", after, SCREEN) == "\x1b[44m" + " " * 80


def test_many_blanks_between_words_are_erased() -> None:
    assert encoded("x" * 80, "x" + " " * 60 + "x" * 19) == "x\x1b[60X"


def test_a_blank_with_another_colour_of_ink_is_no_change() -> None:
    assert encoded("\x1b[31m   \x1b[0m", "\x1b[1;32m   \x1b[0m") == ""
    assert encoded("\x1b[31;4m \x1b[0m", "\x1b[32;4m \x1b[0m") != ""


def test_after_a_character_whose_width_terminals_dispute_the_cursor_is_placed_anew() -> None:
    assert encoded("", "漢ab") == "漢\x1b[3Gab"
    assert encoded("", "é\u0301ab") == "é\u0301\x1b[2Gab"


def test_a_hyperlink_is_part_of_the_look() -> None:
    link = "\x1b]8;id=4;https://example.com\x1b\\{}\x1b]8;;\x1b\\"
    assert encoded("", link.format("here") + "!") == "\x1b]8;id=4;https://example.com\x1b\\here\x1b]8;;\x1b\\!"
    assert encoded(link.format("here"), link.format("here")) == ""


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("\x1b[3;1Hab\x1b]0;title\x07cd", "\x1b]0;title\x07"),
        ("a\x07b", "\x07"),
        ("\x1b]52;c;YWJj\x07", "\x1b]52;c;YWJj\x07"),
        ("\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\", "\x1bPtmux;\x1b\x1b]52;c;YWJj\x07\x1b\\"),
        ("\x1bPtmux;\x1b\x1b]52;c;YWJj\x1b\x1b\\\x1b\\", "\x1bPtmux;\x1b\x1b]52;c;YWJj\x1b\x1b\\\x1b\\"),
        ("\x1b[?1000h\x1b[>25u", "\x1b[?1000h\x1b[>25u"),
    ],
    ids=["title", "bell", "clipboard", "clipboard through tmux", "the same, other end", "modes"],
)
def test_what_is_not_about_cells_goes_through_as_it_is(text: str, left: str) -> None:
    reader = Reader(Grid.filled(COLUMNS, ROWS))
    assert reader.feed(text) == left
    assert not reader.lost


def test_what_nobody_understands_goes_through_and_is_told() -> None:
    reader = Reader(Grid.filled(COLUMNS, ROWS))
    assert reader.feed("ab\x1b[2Scd") == "\x1b[2S"
    assert reader.lost


def test_half_of_a_wide_character_is_never_left_standing() -> None:
    grid = grid_of("漢漢漢\x1b[1;2Hx")
    assert grid.text[0][:6] == [BLANK, "x", "漢", REST, "漢", REST]
    assert grid_of("\x1b[1;24H漢").text[0][-1] == BLANK
    assert grid_of("漢").resized(1, 1, BLANK).text == [[BLANK]]


def test_control_characters_do_not_move_anything() -> None:
    assert "".join(grid_of("a\x08\x0b\x0c\x9bb\tc").text[0][:3]) == "abc"
