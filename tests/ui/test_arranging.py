"""How the Bridge is arranged: nobody is lost, nothing that wants a look is hidden, what is hidden is counted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.freshness import Knowledge
from quarterdeck.release.picture import Cell, CellState, Region, Row
from quarterdeck.ui import keeping
from quarterdeck.ui.pages.arranging import Arranged, Arranger, Group, Hidden, Since, Sort, View
from quarterdeck.ui.pages.bridge import told_line
from quarterdeck.ui.spans import plain

NOW = 1_000_000.0
FRESH = Knowledge("fresh", "azure", NOW, "now")
OLD = Knowledge("stale", "azure", NOW - 900, "15m")
KEYS = {"hide-healthy": "-", "view": "v", "back": "Esc", "swap": "s", "traffic": "t", "undo": "u"}


def cell(service: str, state: CellState = "ok", known: Knowledge = FRESH, region: str = "", changed: float = 0) -> Cell:
    target = TargetId("production", service)
    regions = (Region(region, target, (), known),) if region else ()
    return Cell(target, state, ("1.0",), regions, (), known, changed_at=changed)


def row(service: str, *states: CellState, changed: float = 0, region: str = "") -> Row:
    return Row(service, tuple(cell(service, state, region=region, changed=changed) for state in states or ("ok",)))


def names(arranged: Arranged) -> list[str]:
    return [one.service for one in arranged.rows]


def arranged(rows: Sequence[Row], **view: object) -> Arranged:
    return Arranger().arrange(rows, View(**view))  # type: ignore[arg-type]


states = st.sampled_from(get_args(CellState))
cells = st.one_of(
    st.none(),
    st.builds(
        cell, st.just("x"), states, st.sampled_from([FRESH, OLD, Knowledge()]), st.sampled_from(["", "west"]),
        st.floats(0, NOW),
    ),
)  # fmt: skip
fleets = st.lists(
    st.tuples(st.sampled_from(["shop-", "pay.", "", "x_"]), st.lists(cells, min_size=1, max_size=3)), max_size=12
).map(lambda found: [Row(f"{prefix}s{number}", tuple(each)) for number, (prefix, each) in enumerate(found)])
views = st.builds(
    View,
    st.sampled_from(get_args(Group)),
    st.sampled_from(get_args(Sort)),
    st.booleans(),
    st.sampled_from(get_args(Since)),
    st.lists(st.sampled_from(["s0", "shop-s1", "gone"]), unique=True).map(tuple),
)


@given(fleets, views, st.floats(0, NOW), st.sampled_from([None, "s1", "shop"]))
def test_every_service_is_shown_or_counted(rows: list[Row], view: View, after: float, letters: str | None) -> None:
    matches = None if letters is None else lambda text: letters in text
    found = Arranger().arrange(rows, view, changed_after=after, matches=matches)
    hidden = found.hidden
    assert len(set(names(found))) == len(names(found))
    counted = hidden.healthy + hidden.untold + hidden.unchanged + hidden.unlike
    assert len(found.rows) + counted == len(rows)
    assert set(names(found)) <= {one.service for one in rows}


@given(fleets, views, st.floats(0, NOW))
def test_what_wants_a_look_is_never_hidden(rows: list[Row], view: View, after: float) -> None:
    shown = names(Arranger().arrange(rows, view, changed_after=after))
    for one in rows:
        present = [each for each in one.cells if each is not None]
        if any(each.state not in ("ok", "unknown") or each.known.state != "fresh" for each in present):
            assert one.service in shown


def test_a_service_that_becomes_sick_while_it_is_hidden_appears_at_once() -> None:
    arranger, view = Arranger(), View(hide_healthy=True)
    well = [row("cart"), row("checkout")]
    assert names(arranger.arrange(well, view)) == []
    sick = [well[0], row("checkout", "trouble")]
    assert names(arranger.arrange(sick, view)) == ["checkout"]
    assert arranger.arrange(sick, view).hidden == Hidden(healthy=1)


def test_what_nobody_tells_the_health_of_is_not_counted_as_healthy() -> None:
    hidden = arranged([row("a", "ok"), row("b", "ok", "unknown")], hide_healthy=True).hidden
    assert (hidden.healthy, hidden.untold) == (1, 1)


def test_pinned_and_marked_services_stay() -> None:
    rows = [row("a"), row("b"), row("c")]
    view = View(hide_healthy=True, pins=("c",))
    assert names(Arranger().arrange(rows, view, keep={"b"})) == ["c", "b"]


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("configured", ["b", "c", "a"]),
        ("name", ["a", "b", "c"]),
        ("worst", ["a", "c", "b"]),
        ("changed", ["c", "b", "a"]),
    ],
)
def test_orders(sort: str, order: list[str]) -> None:
    rows = [row("b", "ok", changed=2), row("c", "drift", changed=3), row("a", "ok", "trouble", changed=1)]
    assert names(arranged(rows, sort=sort)) == order


def test_groups_have_titles_and_say_how_many_want_a_look() -> None:
    rows = [row("shop-a"), row("pay.a", "drift"), row("shop-b", "trouble"), row("lonely-one"), row("plain")]

    def titles(group: str) -> list[tuple[str, list[str], int]]:
        parts = arranged(rows, group=group).parts
        return [(part.title, [one.service for one in part.rows], part.wanting) for part in parts]

    assert titles("prefix") == [("shop", ["shop-a", "shop-b"], 1), ("others", ["pay.a", "lonely-one", "plain"], 1)]
    assert titles("state") == [
        ("trouble", ["shop-b"], 1),
        ("drift", ["pay.a"], 1),
        ("ok", ["shop-a", "lonely-one", "plain"], 0),
    ]
    west = [row("a", region="west"), row("b"), row("c", region="west")]
    assert [(part.title, len(part.rows)) for part in arranged(west, group="region").parts] == [
        ("west", 2),
        ("others", 1),
    ]


def test_only_what_changed_lately() -> None:
    rows = [row("old", changed=NOW - 5000), row("new", changed=NOW - 10), row("sick", "trouble"), row("unknown")]
    found = Arranger().arrange(rows, View(since="1h"), changed_after=NOW - 3600)
    assert names(found) == ["new", "sick"]
    assert found.hidden.unchanged == 2


def test_what_is_hidden_is_told_with_the_key_that_shows_it() -> None:
    hidden = Hidden(healthy=10, untold=2, unchanged=3, unlike=4, unlike_wanting=1)
    told = plain(told_line(View(hide_healthy=True, since="10m", sort="worst"), hidden, 2, "pay", KEYS.__getitem__))
    for words in (
        "■ 2 marked: s t u act on all, Esc unmarks",
        "10 healthy and 2 of unknown health hidden; - shows them",
        "3 unchanged for 10m hidden; v shows them",
        "4 without 'pay' hidden, 1 of them wants a look; Esc shows them",
        "worst first",
    ):
        assert words in told
    assert told_line(View(), Hidden(), 0, "", KEYS.__getitem__) == ()


def test_a_filter_that_hides_nothing_yet_says_that_it_is_on() -> None:
    assert "- shows all" in plain(told_line(View(hide_healthy=True), Hidden(), 0, "", KEYS.__getitem__))


# --- over sessions ------------------------------------------------------------------------------------------------
def test_pins_and_order_outlive_the_session_and_filters_do_not(tmp_path: Path) -> None:
    store = tmp_path / "store.db"
    keeping.keep(store, View("state", "worst", hide_healthy=True, since="1h", pins=("cart", "変更")))
    assert keeping.recall(store) == View("state", "worst", pins=("cart", "変更"))
    assert (tmp_path / "store.db.bridge").stat().st_mode & 0o077 == 0
    assert [path.name for path in tmp_path.iterdir()] == ["store.db.bridge"]


@pytest.mark.parametrize("text", ["", "nonsense", "[]", '{"group": 3, "sort": "up", "pins": {"a": 1}}', "\x00"])
def test_a_file_that_cannot_be_read_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "store.db.bridge").write_text(text)
    assert keeping.recall(tmp_path / "store.db") == View()


def test_where_nothing_can_be_kept_nothing_is(tmp_path: Path) -> None:
    keeping.keep(tmp_path / "gone" / "store.db", View(pins=("a",)))
    keeping.keep(None, View(pins=("a",)))
    assert keeping.recall(None) == View()
