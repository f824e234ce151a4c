"""What a report says, in which order: the whole page of one release and of a period, beside what was looked at.

After a change that is meant: `.venv/bin/python -m tests.reporting.test_pages` writes the pages anew; look at them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.release.diary import ANA, Diary, finished

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.deliveries import Delivery
from quarterdeck.release.dora import measured
from quarterdeck.release.report import Report
from quarterdeck.reporting import html, markdown
from quarterdeck.reporting.document import Document
from quarterdeck.reporting.dora_page import dora_document
from quarterdeck.reporting.release_page import release_document

HERE = Path(__file__).parent
DAY = 86_400.0
CHECKOUT, CART = TargetId("production", "checkout"), TargetId("production", "cart")


def failing() -> Report:
    """A bake that fails at 5%, and the way back."""
    diary = Diary().start().step("1", 100, 105).step("2", 105)
    diary.sample(135, "pass", 0.004).sample(165, "no_data", None).sample(195, "fail", 0.031)
    diary(195, "release.step_failed", step="2", detail="errors 0.031, wanted result < 0.01")
    diary(196, "release.recovering", why="step 2 (bake 10m) failed", steps=["1"])
    diary(197, "release.step_undoing", step="1", operation="op1-undo")
    diary(206, "release.step_undone", step="1", detail="read back").end(207, "rolled_back", "step 2 failed")
    return diary.told(300)


def period() -> Document:
    """A month: six releases went well, one went back, one needed a hotfix."""
    good = [
        Delivery(
            f"g{n}", "release", f"checkout 1.{n}", (CHECKOUT,), n * DAY, n * DAY + 600 * (n + 1), "succeeded", True
        )
        for n in range(6)
    ]
    bad = Delivery(
        "b1", "release", "cart 2.0", (CART,), 3 * DAY, 3 * DAY + 500, "rolled back", True, 3 * DAY + 400, "errors rose"
    )
    fixed = Delivery(
        "b2", "release", "cart 2.1", (CART,), 8 * DAY, 8 * DAY + 900, "succeeded", True,
        why="fix", remedy="hotfix h1", remedy_asked=9 * DAY, remedied=9 * DAY + 1200,
    )  # fmt: skip
    fix = Delivery("h1", "hotfix", "cart 2.1.1", (CART,), 9 * DAY, 9 * DAY + 1200, "succeeded", True)
    return dora_document(measured([*good, bad, fixed, fix], "shop", "production", "", 0, 30 * DAY))


PAGES = {"release.md": lambda: release_document(failing()), "period.md": period}


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_as_it_was_looked_at(name: str) -> None:
    assert markdown.written(PAGES[name]()) == (HERE / name).read_text(encoding="utf-8")


def test_a_page_of_html_has_the_same_sections_and_a_drawing_for_each_picture() -> None:
    document = release_document(failing())
    page, text = html.written(document), markdown.written(document)
    assert re.findall(r"<h[23]>(.*?)</h", page) == re.findall(r"(?m)^###? (.*)$", text)
    assert page.count("<svg ") == text.count("```text") == 3


def test_a_gate_is_drawn_on_its_scale_with_its_limit_and_a_sign_for_each_verdict() -> None:
    page = html.written(release_document(failing()))
    plot = page[page.index("<title>errors, step 2") :]
    plot = plot[: plot.index("</svg>")]
    assert re.findall(r">([0-9.]+)</text>", plot)[:3] == ["0", "0.02", "0.01"], "the scale, then the limit"
    assert plot.count("stroke-dasharray") == 1
    assert (plot.count('r="3"'), plot.count('r="3.2"'), plot.count("<path")) == (1, 1, 1), "pass, no data, fail"
    assert "0.031</text>" in plot, "what lies beyond the scale is told in figures"


def test_of_many_samples_the_failed_ones_are_drawn() -> None:
    diary = Diary().start().step("1", 100, 105).step("2", 105)
    for number in range(5000):
        diary.sample(110 + number, "fail" if number % 1000 == 7 else "pass", 0.02 if number % 1000 == 7 else 0.001)
    page = html.written(release_document(diary.told()))
    plot = page[page.index("<title>errors, step 2") :]
    assert plot[: plot.index("</svg>")].count("<path") == 5
    assert len(page) < 100_000


def test_a_running_release_says_so_first() -> None:
    diary = Diary().start().step("1", 100, 105).step("2", 105)
    text = markdown.written(release_document(diary.told(165)))
    assert "while it still runs: more will follow" in text.replace("\n", " ")
    assert "\nStill running: at step 2, bake 10m\n" in text
    diary(170, "release.ordered", ANA, order="pause", reason="lunch")
    assert "Still running: paused by ana@jump: lunch" in markdown.written(release_document(diary.told(180)))


def test_a_period_without_releases_says_just_that() -> None:
    document = dora_document(measured([], "shop", "", "", 0, 30 * DAY))
    text = markdown.written(document)
    assert "Nothing was released in this period" in text
    assert "Deployment frequency:** Releases" in text, "what would be counted is told all the same"


def test_the_time_of_people_is_told_apart_from_the_time_of_bakes() -> None:
    text = markdown.written(release_document(finished().told()))
    assert "- **Watching:** 10m (62%)" in text
    assert "- **Waiting for people:** 6m (37%)" in text


if __name__ == "__main__":
    for name, document in PAGES.items():
        (HERE / name).write_text(markdown.written(document()), encoding="utf-8")
