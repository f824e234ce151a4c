"""What a glance keeps, what of it is refused, and how it is laid out on a terminal of any size."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck.records import replace
from quarterdeck.ui.glance import keeping
from quarterdeck.ui.glance.keeping import Glance, decoded, encoded
from quarterdeck.ui.glance.painting import painted
from quarterdeck.ui.output.cells import Grid
from quarterdeck.ui.output.reading import Reader
from quarterdeck.ui.spans import WORDS, Line, width

NOW = 1_800_000_000.0
LOOKS = {
    "quarterdeck-dark": {
        "true": {"text": "38;2;200;200;200;48;2;17;22;29", "ok": "38;2;1;2;3;48;2;17;22;29"},
        "256": {"text": "38;5;188;48;5;16"},
        "16": {"text": "37;40"},
        "none": {"text": "", "title": "1", "ok": ""},
    }
}

SPANS = st.lists(
    st.tuples(
        st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]).filter(str.isprintable)), st.sampled_from(WORDS)
    )
)
PLAIN_LINES = st.lists(
    st.tuples(st.text(st.sampled_from("ab1  ●▸✓│é中…")), st.sampled_from(WORDS)),
).map(tuple)
LINES = SPANS.map(lambda spans: keeping.trimmed(tuple((text, word) for text, word in spans if text)))


def glance(**changes: Any) -> Glance:
    body: tuple[Line, ...] = (
        (("  ", "text"), ("● nothing needs you", "ok")),
        (("SERVICE   PRODUCTION", "heading"),),
        (("checkout  ", "title"), ("● ", "ok"), ("2.14.3 ok  north 50% south 50%  read 3m ago by azure", "text")),
    )
    made = Glance(
        made_at=NOW - 200,
        seq=7,
        hash="abc",
        columns=80,
        rows=24,
        theme="",
        ascii=None,
        twins="●*○o·-…~",
        looks=LOOKS,
        title=((" Quarterdeck  contoso-shop  ", "title"), ("1 Bridge", "heading")),
        foot=(("s", "key"), (" swap", "text")),
        body=body,
    )
    return replace(made, **changes)


def shown(of: Glance, columns: int = 80, rows: int = 24, **changes: Any) -> tuple[list[str], str]:
    """The rows of a terminal that it is painted on, and what was sent."""
    told: dict[str, Any] = {
        "columns": columns, "rows": rows, "now": NOW, "new_lines": 0, "read_only": False, "ascii": False,
        "theme": "quarterdeck-dark", "depth": "true", "erases": True,
    }  # fmt: skip
    text = painted(of, **{**told, **changes})
    screen = pyte.Screen(columns, rows)
    pyte.Stream(screen).feed(text)
    return screen.display, text


@settings(max_examples=40, deadline=None)
@given(LINES, LINES, st.lists(LINES, max_size=5), st.sampled_from([None, True, False]))
def test_what_is_kept_is_read_back(title: Line, foot: Line, body: list[Line], ascii: bool | None) -> None:  # noqa: A002
    one = glance(title=title, foot=foot, body=tuple(body), ascii=ascii)
    assert decoded(encoded(one)) == one


@settings(max_examples=40, deadline=None)
@given(
    st.binary(max_size=300) | st.text(max_size=300).map(lambda text: encoded(glance())[:-40].encode() + text.encode())
)
def test_a_garbled_file_is_no_glance(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    store = str(tmp_path_factory.getbasetemp() / "garbled.db")
    Path(keeping.path_of(store)).write_bytes(data)
    found = keeping.read(store)
    assert found is None or shown(found)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_file_with_one_thing_changed_in_it_never_ends_in_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    text = encoded(glance())
    at = data.draw(st.integers(0, len(text) - 1))
    store = str(tmp_path_factory.getbasetemp() / "changed.db")
    changed = text[:at] + data.draw(st.text(max_size=3)) + text[at + data.draw(st.integers(0, 3)) :]
    Path(keeping.path_of(store)).write_text(changed, encoding="utf-8", errors="replace", newline="")
    found = keeping.read(store)
    if found is not None:
        _, sent = shown(found)
        assert not set("\x07\x0b\x9b") & set(sent)


@pytest.mark.parametrize("evil", ["\x1b[2J", "\x9b2J", "a\x07b", "a\rb", "a\u202eb"])
def test_nothing_that_moves_a_cursor_comes_through(evil: str) -> None:
    text = encoded(glance())
    for place in ("contoso-shop", "38;2;200", "checkout", "●*"):
        with pytest.raises(ValueError, match=r"."):
            decoded(text.replace(place, evil))


@pytest.mark.parametrize(("columns", "rows"), [(60, 20), (80, 24), (200, 50), (40, 8)])
def test_it_fills_the_terminal_and_no_more(columns: int, rows: int) -> None:
    display, _ = shown(glance(), columns, rows)
    assert display[0].rstrip().endswith("○ last known, 3m ago")
    assert display[3].startswith("checkout  ● 2.14.3 ok")
    assert display[-2].startswith("  this is how it was 3m ago")
    assert display[-1].rstrip() == "s swap"
    assert len(display) == rows


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "just now"), (20, "15s ago"), (200, "3m ago"), (3 * 86400, "3d ago"), (-500, "ahead")]
)
def test_its_age_is_told(seconds: float, said: str) -> None:
    display, _ = shown(glance(made_at=NOW - seconds))
    assert said in display[0]
    assert said in display[-2]


def test_it_is_told_that_the_journal_went_on() -> None:
    assert "1 new entry in the journal since" in shown(glance(), new_lines=1)[0][-2]
    assert "12 new entries in the journal since" in shown(glance(), new_lines=12)[0][-2]
    assert "journal" not in shown(glance())[0][-2]


def test_a_read_only_cockpit_says_so_from_the_beginning() -> None:
    assert "READ-ONLY" in shown(glance(), read_only=True)[0][0]


def test_without_colours_there_are_none() -> None:
    for theme in ("quarterdeck-dark", "never-seen"):
        _, sent = shown(glance(), depth="none", theme=theme)
        assert "38;" not in sent
        assert "48;" not in sent
        assert "\x1b[1m" in sent


def test_a_theme_that_was_never_worn_here_has_attributes_alone() -> None:
    assert "38;" not in shown(glance(), theme="never-seen")[1]


def test_ascii_means_ascii() -> None:
    display, _ = shown(glance(title=((" café ● \u4e2d", "title"),)), ascii=True)
    assert "\n".join(display).isascii()
    assert display[3].startswith("checkout  * 2.14.3")
    assert display[0].startswith(" caf? * ??")


def test_a_terminal_that_does_not_fill_what_it_erases_gets_blanks() -> None:
    assert "\x1b[K" not in shown(glance(), erases=False)[1]
    assert shown(glance(), erases=False)[0] == shown(glance())[0]


def test_what_is_too_wide_is_cut_and_says_so() -> None:
    wide = glance(body=((("\u4e2d" * 100, "text"),), (("e\u0301" * 300, "ok"),)))
    display, _ = shown(wide, 60, 20)
    assert display[1].replace("\u4e2d", "").strip().startswith("…")
    assert width(((display[1].rstrip(), "text"),)) <= 60


@settings(max_examples=60, deadline=None)
@given(PLAIN_LINES, PLAIN_LINES, st.lists(PLAIN_LINES, max_size=8), st.sampled_from([(80, 24), (60, 20), (120, 9)]))
def test_however_it_is_written_the_same_cells_stand_there(
    title: Line, foot: Line, body: list[Line], size: tuple[int, int]
) -> None:
    one = glance(title=title, foot=foot, body=tuple(body))
    ways = zip(cells(one, size, erases=True), cells(one, size, erases=False), strict=True)
    assert not [y for y, (one_way, other_way) in enumerate(ways) if one_way != other_way]


def cells(of: Glance, size: tuple[int, int], **changes: Any) -> list[list[tuple[str, object]]]:
    """What stands in each cell, and its look; of a blank what shows on blanks."""
    _, sent = shown(of, *size, **changes)
    reader = Reader(Grid.filled(*size))
    reader.feed(sent)
    assert not reader.lost
    grid = reader.grid
    return [
        [(text, look.blank if text == " " else look) for text, look in zip(*row, strict=True)]
        for row in zip(grid.text, grid.style, strict=True)
    ]


def test_a_frame_of_forty_rows_costs_half_of_what_it_costs_row_by_row() -> None:
    looks = {"true": {word: f"38;2;{n};200;200;48;2;17;22;29" for n, word in enumerate(WORDS)}}
    row: Line = (("checkout  ", "title"), ("● ", "ok"), ("2.14.3", "text"), (" ok" + " " * 30, "ok"), ("now", "dim"))
    one = glance(body=(row,) * 36, looks={"quarterdeck-dark": looks})
    changes_of_colour = sum(len(look) + 3 for look in (looks["true"][word] for _, word in row)) * 36
    assert len(shown(one, 120, 40)[1]) * 2 < changes_of_colour + sum(len(text) for text, _ in row) * 36


def test_the_head_comes_first_and_rows_in_portions_from_top_to_bottom() -> None:
    row: Line = (("checkout  ", "title"), ("● ", "ok"), ("2.14.3", "text"))
    _, sent = shown(glance(body=(row,) * 36), 120, 40)
    places = [int(row) for row in re.findall(r"\x1b\[(\d+)(?:;\d+)?H", sent)]
    assert all(later > earlier - 12 for earlier, later in pairwise(places))
    assert sent.index("last known") < sent.index("2.14.3")


def test_a_table_fits_a_narrower_terminal_with_all_its_columns() -> None:
    rows: tuple[Line, ...] = (
        (("SERVICE     STAGING", "heading"), (" " * 53, "text"), ("PRODUCTION", "heading")),
        (("payments, which somebody pins, over all the columns of the table, to their end", "dim"),),
        (("checkout    ", "title"), ("●", "ok"), (" 1.0  " + "é中" * 16 + " " * 5, "text"), ("2.0 ok", "ok")),
    )
    one = glance(columns=200, body=rows, table=(0, 3), edges=(12, 72, 132))
    assert decoded(encoded(one)) == one
    display, _ = shown(one, 60)
    assert display[1].split() == ["SERVICE", "STAGING", "PRODUCTION"]
    assert display[2].startswith("payments, which somebody pins, over all the columns of the")
    assert display[3].startswith("checkout  ● 1.0")
    assert "…" in display[3]
    assert display[3].replace("中 ", "中").index("2.0 ok") <= display[1].index("PRODUCTION")
    assert shown(one, 200)[0][3].rstrip().endswith("2.0 ok"), "as it was where there is room"
