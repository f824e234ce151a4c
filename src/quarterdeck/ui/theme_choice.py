"""The theme that was last chosen in a cockpit, for each kind of terminal: what is easy on the eyes in a window may be
unreadable on a console.

`cockpit.toml` is the user's own file and is never written; what it asks for wins over what is kept here.
"""

from __future__ import annotations

import os

_NAME = "themes"
_MOST_BYTES = 10_000


def chosen(state: str, kind: str) -> str:
    """The name of the theme chosen last on terminals of that kind (`colours.fitting_theme`), "" if none was."""
    return _read(state).get(kind, "")


def keep(state: str, kind: str, name: str) -> None:
    """Remember a choice. Where the state folder can't be written, it lasts as long as the cockpit."""
    from quarterdeck import private_files  # the first frame only reads

    choices = {**_read(state), kind: name}
    try:
        os.makedirs(state, mode=0o700, exist_ok=True)
        private_files.put(os.path.join(state, _NAME), "".join(f"{one}\t{theme}\n" for one, theme in choices.items()))
    except OSError:
        pass


def _read(state: str) -> dict[str, str]:
    try:
        with open(os.path.join(state, _NAME), encoding="utf-8") as file:
            lines = file.read(_MOST_BYTES).splitlines()
    except (OSError, ValueError):
        return {}
    return {
        kind: name for kind, found, name in (line.partition("\t") for line in lines) if found and name.isprintable()
    }
