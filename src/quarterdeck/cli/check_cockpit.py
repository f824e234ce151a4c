"""The part of `qd check` that looks at what this user wants of the cockpit: preferences, and themes of their own."""

from __future__ import annotations

from collections.abc import Iterator

from quarterdeck import paths
from quarterdeck.ui import preferences


def faults() -> Iterator[tuple[str, str, str]]:
    """What is wrong, and how to mend it: a part (`cockpit`, `theme NAME`), what is wrong with file and line, a hint."""
    folder = paths.config_dir()
    wanted = ""
    try:
        wanted = preferences.read(folder).theme
    except preferences.BadPreferences as error:
        yield "cockpit", str(error), "the cockpit doesn't open until this is corrected"
    from quarterdeck.ui import terminal, theme_file, theming  # not quick to load

    among = theming.folders()
    for path in sorted((folder / "themes").glob("*.toml")):
        try:
            theme_file.read(path, among)
        except theme_file.BadTheme as error:
            yield f"theme {path.stem}", str(error), "the cockpit uses another theme until this is corrected"
    for source, name in (("QUARTERDECK_THEME", terminal.asked_theme()), (preferences.FILE_NAME, wanted)):
        if name and theming.find(name, among) is None:
            there = f"there are {', '.join(theming.names(among))}"
            yield f"theme {name}", f"{source} asks for a theme that doesn't exist", there
