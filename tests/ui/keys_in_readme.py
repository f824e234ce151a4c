"""The README's table of keys, from the registry.

`.venv/bin/python -m tests.ui.keys_in_readme` writes it anew.
"""

from __future__ import annotations

from pathlib import Path

from quarterdeck.ui.deeds import DEEDS, EVERYWHERE, MOVING, Deed
from quarterdeck.ui.pages.frame import TITLES

README = Path(__file__).parents[2] / "README.md"
BEGIN, END = "<!-- keys: from the registry -->", "<!-- /keys -->"


def table() -> str:
    """One row for each key, in the order of the registry."""
    rows = ["| key | name | screens | does |", "|---|---|---|---|"]
    rows += [_row(deed) for deed in DEEDS]
    moving = [f"| {keys} | | all | {meaning} |" for keys, meaning in MOVING]
    return "\n".join([*rows, *moving])


def written(readme: str) -> str:
    """The README with the table as it has to be."""
    before, _, rest = readme.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{table()}\n{END}{after}"


def _row(deed: Deed) -> str:
    where = "all" if deed.places == EVERYWHERE else " ".join(dict.fromkeys(map(_number, deed.places)))
    asks = "; asks first" if deed.hazard else ""
    cells = (f"`{deed.shown}`", f"`{deed.id}`", where, f"{deed.explanation}{asks}")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _number(place: str) -> str:
    return next(title for where, title in TITLES.items() if where == place).split()[0]


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
