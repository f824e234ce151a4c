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
    "ChainProgress": "test_bulk_progress",
    "Menu": "test_screen[swap-menu-80x24]",
    "Prompt": "test_screen[shares-80x24]",
    "Finder": "test_screen[palette-80x24]",
    "ViewMenu": "test_menus[view-80x24]",
    "PlainText": "test_plain_text",
    "AsItWas": "test_journal[past-80x24]",
    "Compared": "test_journal[compared-80x24]",
    "Reader": "test_release_screen[evidence-80x24]",
}
"""By class, the picture that shows it. Whoever writes a new one takes its picture, looks at it, and says so here."""


def test_there_is_a_picture_of_every_screen_and_dialog() -> None:
    found = set()
    for path in SCREENS.glob("*.py"):
        classes = re.findall(
            r"^class (\w+)\((?:Deck|Dialog|Consent|_Looking)\b", path.read_text(encoding="utf-8"), re.M
        )
        found |= {name for name in classes if not name.startswith("_")}
    assert found - BASES == set(SHOWN_BY)
    pictures = {path.stem for path in PICTURES.rglob("*.svg")}
    assert {name for name in SHOWN_BY.values() if name not in pictures} == set()
