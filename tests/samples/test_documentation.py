"""Configurations shown in the documentation are good ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.config.model import Top
from quarterdeck.providers import registry
from quarterdeck.records import names
from quarterdeck.ui import keymap, preferences
from quarterdeck.ui.preferences import Attention, Preferences

TOP = Path(__file__).parents[2]
SHOWN = [
    pytest.param(block, id=f"{page.name}-{number}")
    for page in (TOP / "README.md", TOP / "sample-configs" / "configuration.md")
    for number, block in enumerate(re.findall(r"(?ms)^```yaml\n(.*?)^```", page.read_text()))
]


@pytest.mark.parametrize("text", SHOWN)
def test_what_is_shown_can_be_loaded(text: str, tmp_path: Path) -> None:
    for name in ("connections.yaml", "services/cart.yaml"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("regions: [westeurope, northeurope]\n")
    (tmp_path / "names.yaml").write_text("suffix: eu\n")
    file = tmp_path / "quarterdeck.yaml"
    file.write_text(text)
    loaded = config.load(file, registry.schemas, {"AZURE_SUBSCRIPTION_ID": "s"})
    assert loaded.fleet.name


def test_the_example_of_templates_gives_what_the_page_says(tmp_path: Path) -> None:
    (text,) = [block.values[0] for block in SHOWN if "templates:" in str(block.values[0])]
    file = tmp_path / "quarterdeck.yaml"
    file.write_text(str(text))
    fleet = config.load(file, registry.schemas, {"AZURE_SUBSCRIPTION_ID": "s"}).fleet
    sites = {place.subject: place.address.parts["site"] for place in fleet.places if place.role == "slots"}
    assert sites == {
        "slots/staging/cart": "cart",
        "slots/production/cart": "cart-live",
        "slots/production/cart@westeurope": "cart-westeurope",
    }


def test_the_table_of_keys_in_the_readme_leaves_none_out() -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    _, _, section = readme.partition("\n## Configuration\n")
    first = [row.split("|")[1] for row in section.partition("\n## ")[0].splitlines() if row.startswith("| `")]
    assert set(Top.model_fields) <= {name for cell in first for name in re.findall(r"`(\w+)", cell)}


def test_the_preferences_in_the_readme_can_be_used_and_leave_none_out(tmp_path: Path) -> None:
    readme = (TOP / "README.md").read_text(encoding="utf-8")
    (text,) = [block for block in re.findall(r"(?ms)^```toml\n(.*?)^```", readme) if "[keys]" in block]
    (tmp_path / preferences.FILE_NAME).write_text(text, encoding="utf-8")
    read = preferences.read(tmp_path)
    keymap.read(read.keys)
    known = [*(names(Preferences) or ()), *(names(Attention) or ())]
    assert [name for name in known if not re.search(rf"\b{name}\b", text)] == []
