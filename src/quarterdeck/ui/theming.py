"""Which theme is worn: finding its file, and making of it what Textual wants."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.theme import BUILTIN_THEMES, Theme

from quarterdeck import paths
from quarterdeck.records import replace
from quarterdeck.ui import theme_file
from quarterdeck.ui.theme_file import BadTheme, Look, ThemeFault, ThemeFile

DEFAULT = "quarterdeck-dark"
_OWN = "ansi_default"
"""The colour that a terminal has by itself, before and behind."""


def folders() -> Sequence[Path]:
    """Where themes lie: those that come with the program, then the user's own, which win."""
    return (paths.shared_dir("themes"), paths.config_dir() / "themes")


def find(name: str, among: Sequence[Path]) -> Path | None:
    """The file of a theme; the last folder wins."""
    return next((file for file in theme_file.candidates(name, among) if file.is_file()), None)


def names(among: Sequence[Path]) -> list[str]:
    """The names of all themes, sorted."""
    return sorted({file.stem for folder in among for file in folder.glob("*.toml") if find(file.stem, among)})


def load(name: str, among: Sequence[Path]) -> ThemeFile:
    """The theme of that name, as its file says.

    Raises:
        BadTheme: if there is none, or it can't be used.
    """
    path = find(name, among)
    if path is None:
        wanted = f"there is no theme {name!r}; there are {', '.join(names(among))}"
        raise BadTheme(ThemeFault(among[-1], 0, wanted))
    return theme_file.read(path, among)


def choose(
    name: str, among: Sequence[Path], *, otherwise: str = DEFAULT, colourless: bool = False
) -> tuple[Theme, str]:
    """The theme of that name, and "" or a line saying why it is another one.

    Args:
        otherwise: a theme that comes with the program, for when that one can't be used.
        colourless: take all colour from it; its attributes stay.

    Raises:
        BadTheme: if not even the other one can be used.
    """
    try:
        return made(load(name, among), colourless=colourless), ""
    except BadTheme as error:
        # Not from the user's folder: the file that can't be used may be called as the other one is.
        shipped = theme_file.read(among[0] / f"{otherwise}.toml", among[:1])
        return made(shipped, colourless=colourless), f"{error.fault.short}; using {otherwise}"


def made(theme: ThemeFile, *, colourless: bool = False) -> Theme:
    """A theme as Textual knows themes. Each word becomes four variables: `qd-WORD` (its colour), `-on` (behind it),
    `-style` (attributes) and `-line` (a line drawn in its colour)."""
    theme = _without_colour(theme) if colourless else theme
    variables = {"qd-border": theme.border, "qd-background": theme.background}
    if theme.ansi:
        # Textual's own widgets ask an ANSI theme for more names; its built-in one knows them all.
        variables = {**BUILTIN_THEMES["ansi-dark"].variables, **variables}
    for word, look in {"text": Look(theme.text), **theme.words}.items():
        variables |= {
            f"qd-{word}": look.colour,
            f"qd-{word}-on": look.behind or theme.background,
            f"qd-{word}-style": " ".join(look.attributes) or "none",
            f"qd-{word}-line": look.behind or look.colour,
        }
    return Theme(
        name=theme.name,
        primary=variables["qd-key"],
        secondary=variables["qd-heading"],
        warning=variables["qd-attention"],
        error=variables["qd-danger"],
        success=variables["qd-ok"],
        accent=variables["qd-protected"],
        foreground=theme.text,
        background=theme.background,
        surface=theme.background,
        panel=theme.background,
        boost=theme.background,
        dark=theme.dark,
        variables=variables,
        ansi=theme.ansi,
    )


def _without_colour(theme: ThemeFile) -> ThemeFile:
    """What stands on a colour of its own is told by swapped colours instead."""
    words = {
        word: Look(_OWN, "", tuple(dict.fromkeys((*look.attributes, *(["reverse"] if look.behind else [])))))
        for word, look in theme.words.items()
    }
    return replace(theme, ansi=True, background=_OWN, text=_OWN, border=_OWN, words=words)
