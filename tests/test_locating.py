"""The launcher, which has no `pathlib`, must find the store where everybody else keeps it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from quarterdeck import locating, paths

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=60).filter(
    lambda name: name not in (".", "..")
)


@given(NAMES, st.booleans())
def test_a_fleets_folder_is_named_after_its_configuration(name: str, sandbox: bool) -> None:
    path = Path("/somewhere") / name
    told, _, digest = paths.fleet_dir(path, sandbox=sandbox).name.rpartition("-")
    assert told == re.sub(r"[^A-Za-z0-9._-]+", "-", path.stem)[:40]
    assert digest == hashlib.sha256(str(path).encode()).hexdigest()[:8]
    assert locating.store_path(str(path), sandbox=sandbox) == str(paths.store_path(path, sandbox=sandbox))
