"""Releases as pictures: steps on a rail, rings, clocks, shares, samples against a limit. Signs carry the meaning."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ui.release_scenes import SCENES, govern
from tests.ui.scenes import FLEET, NOW, Scene

from quarterdeck.fleet.series import Point
from quarterdeck.release.guards import Guards
from quarterdeck.release.indicator import Scale
from quarterdeck.release.paint_releases import view_releases
from quarterdeck.release.release_view import MeasureView, ReleaseView, StepView
from quarterdeck.ui.pages.graphs import clock_bar, rings_graph, samples_line, share_graph, steps_graph
from quarterdeck.ui.spans import Line, plain, to_ascii


def view(scene: Scene, state: str, now: float = NOW) -> ReleaseView:
    govern(scene)
    SCENES[state](scene)
    releases = scene.store.releases()
    return view_releases(releases, scene.store.operations(), FLEET, scene.store.rules(), Guards(), now)[0]


def text(lines: list[Line]) -> str:
    return "\n".join(plain(line) for line in lines)


def test_steps_stand_on_a_rail_each_with_its_mark_and_a_word(scene: Scene) -> None:
    shown = text(list(steps_graph(view(scene, "baking"), 80)))
    assert shown == "PATH       ✓5%─✓bake─✓25%─▸bake 6:12─·yes─·swap─·wait"


def test_a_rail_that_is_too_long_goes_on_in_the_next_line(scene: Scene) -> None:
    rows = [plain(line) for line in steps_graph(view(scene, "baking"), 40)]
    assert len(rows) == 2
    assert all(len(row) <= 40 for row in rows)
    assert rows[1].startswith(" " * 11 + "─·")


def test_a_step_that_failed_and_those_taken_back_look_different_without_colour(scene: Scene) -> None:
    shown = text([to_ascii(line) for line in steps_graph(view(scene, "recovering"), 100)])
    assert "<5%" in shown
    assert "o25%" in shown
    assert "xbake" in shown


def test_rings_have_mark_name_and_word(scene: Scene) -> None:
    shown = text(list(rings_graph(view(scene, "baking"), 80)))
    assert shown == "RINGS      ✓canary done─▸early running─·broad waiting"


def test_a_bake_has_a_bar_and_its_clock_in_words(scene: Scene) -> None:
    step = view(scene, "baking").current
    assert step is not None
    (bar,) = clock_bar(step)
    assert plain(bar) == "BAKE       █████████░░░░░░░░░░░░░░░  6:12 left of 10m"
    over: StepView = replace(step, passed=900)
    assert "its time is over" in text(list(clock_bar(over)))
    assert list(clock_bar(replace(step, lasts=0))) == []


def test_the_share_is_drawn_from_nothing_to_everybody_however_small_it_stays(scene: Scene) -> None:
    release = replace(
        view(scene, "baking"), started_at=NOW - 300, course=(Point(NOW - 300, 0), Point(NOW - 200, 5), Point(NOW, 25))
    )
    (row,) = share_graph(release, NOW)
    assert plain(row) == "SHARE      ______▁▁▁▁▁▁▁▁▁▁▁▁▁▃▃  0 to 100%, 15s a column, most 25%"
    assert list(share_graph(replace(release, course=()), NOW)) == []


@pytest.mark.parametrize("lasted", [10.0, 299.0, 4000.0, 90_000.0, 9e6])
def test_the_share_of_a_release_of_any_length_fits(scene: Scene, lasted: float) -> None:
    release = replace(
        view(scene, "baking"), started_at=NOW - lasted, course=(Point(NOW - lasted, 0), Point(NOW - lasted / 2, 50))
    )
    (row,) = share_graph(release, NOW)
    assert len(plain(row)) < 80
    assert "▅" in plain(row)


def test_samples_stand_against_their_limit_and_gaps_stay() -> None:
    seen = MeasureView(
        "errors",
        "fail",
        samples=(("pass", 0.1), ("no_data", None), ("stale", 0.2), ("pass", 0.9), ("fail", 1.9), ("fail", 7)),
        scale=Scale(0, 2, bad_above=1),
    )
    row = plain(samples_line(seen, 80)).strip()
    assert row == "▁?○▄█▲  6 samples  ▅ is the limit 1"
    assert plain(samples_line(replace(seen, scale=None), 80)).strip() == "✓?○✓✗✗  6 samples"
    assert samples_line(replace(seen, samples=seen.samples[:1]), 80) == ()
