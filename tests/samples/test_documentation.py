"""Configurations shown in the documentation are good ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from quarterdeck import config
from quarterdeck.providers import registry

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
