"""Every screen and dialog has been looked at: there is a picture of each."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCREENS = ROOT / "src" / "quarterdeck" / "ui" / "screens"
PICTURES = ROOT / "tests" / "ui" / "__snapshots__"

BASES = {"Deck", "Dialog", "Consent", "Screen"}
SHOWN_BY: dict[str, str] = {
    "Bridge": "test_screen[bridge-80x24]",
    "Service": "test_screen[service-80x24]",
    "Releases": "test_state[releases-baking-80x24]",
    "Release": "test_release_screen[steps-80x24]",
    "Gates": "test_inbox[waiting-80x24]",
    "Flags": "test_screen[flags-80x24]",
    "Pipelines": "test_screen[pipelines-80x24]",
    "Log": "test_screen[log-80x24]",
    "PlanDialog": "test_plan[80x24]",
    "ProposalDialog": "test_plan_of_a_release[80x24]",
    "BulkDialog": "test_bulk_plan[80x24]",
    "OrderDialog": "test_release_screen[abort-80x24]",
    "Progress": "test_screen[progress-80x24]",
    "ChainProgress": "test_bulk_progress[80x24]",
    "Menu": "test_screen[swap-menu-80x24]",
    "Prompt": "test_screen[shares-80x24]",
    "Finder": "test_screen[palette-80x24]",
    "ViewMenu": "test_menus[view-80x24]",
    "PlainText": "test_plain_text[80x24]",
    "AsItWas": "test_journal[past-80x24]",
    "Compared": "test_journal[compared-80x24]",
    "Reader": "test_release_screen[evidence-80x24]",
}
"""By class, the picture that shows it. Whoever writes a new one takes its picture, looks at it, and says so here.
There is the same one at 120x36."""

WITHOUT_COLOUR: dict[str, str] = {
    "Bridge": "test_bridge/test_ascii_without_colours",
    "Service": "test_snapshots/test_ascii",
    "Releases": "test_release_snapshots/test_state_without_colour_and_in_ascii[releases]",
    "Release": "test_series_snapshots/test_a_release_without_colour_and_in_ascii",
    "Gates": "test_journal_snapshots/test_in_ascii[inbox]",
    "Flags": "test_pictures_without_colour/test_of_the_fleet[flags]",
    "Pipelines": "test_pipeline_snapshots/test_ascii",
    "Log": "test_pictures_without_colour/test_of_the_fleet[log]",
    "PlanDialog": "test_pictures_without_colour/test_plan",
    "ProposalDialog": "test_pictures_without_colour/test_plan_of_a_release",
    "BulkDialog": "test_bridge/test_in_bulk_in_ascii[plan]",
    "OrderDialog": "test_pictures_without_colour/test_of_releases[abort]",
    "Progress": "test_pictures_without_colour/test_of_the_fleet[progress]",
    "ChainProgress": "test_bridge/test_in_bulk_in_ascii[progress]",
    "Menu": "test_pictures_without_colour/test_of_the_fleet[swap-menu]",
    "Prompt": "test_pictures_without_colour/test_of_the_fleet[shares]",
    "Finder": "test_pictures_without_colour/test_of_the_fleet[palette]",
    "ViewMenu": "test_pictures_without_colour/test_of_the_fleet[view]",
    "PlainText": "test_pictures_without_colour/test_plain_text",
    "AsItWas": "test_journal_snapshots/test_in_ascii[past]",
    "Compared": "test_pictures_without_colour/test_of_the_fleet[compared]",
    "Reader": "test_pictures_without_colour/test_of_releases[evidence]",
}
"""By class, the picture of it for a terminal that knows neither colours nor Unicode."""


def test_there_is_a_picture_of_every_screen_and_dialog() -> None:
    found = set()
    for path in SCREENS.glob("*.py"):
        classes = re.findall(
            r"^class (\w+)\((?:Deck|Dialog|Consent|_Looking)\b", path.read_text(encoding="utf-8"), re.M
        )
        found |= {name for name in classes if not name.startswith("_")}
    assert found - BASES == set(SHOWN_BY) == set(WITHOUT_COLOUR)
    pictures = {path.stem for path in PICTURES.rglob("*.svg")}
    sizes = {name.replace("80x24", size) for name in SHOWN_BY.values() for size in ("80x24", "120x36")}
    assert sizes - pictures == set()


def test_pictures_without_colour_know_no_unicode_either() -> None:
    for name in WITHOUT_COLOUR.values():
        picture = (PICTURES / f"{name}.svg").read_text(encoding="utf-8")
        words = "".join(re.findall(r"<text [^>]*>([^<]*)</text>", picture)).replace("&#160;", "")
        assert len(words) > 100, name
        assert words.isascii(), name
