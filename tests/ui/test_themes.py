"""The themes that come with the program can be read by everybody, on every terminal."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from tests.ui.seeing import SIGHTS, contrast, difference, with_256_colours

from quarterdeck import paths
from quarterdeck.ui import theme_file
from quarterdeck.ui.spans import WORDS
from quarterdeck.ui.theme_file import Look, ThemeFile

FOLDER = paths.shared_dir("themes")
SHIPPED = {path.stem: theme_file.read(path, (FOLDER,)) for path in sorted(FOLDER.glob("*.toml"))}
COLOURED = [theme for theme in SHIPPED.values() if not theme.ansi]
TERMINAL = [theme for theme in SHIPPED.values() if theme.ansi]

LEAST = 4.5
"""What the WCAG asks of normal text (1.4.3, level AA)."""
LEAST_ENHANCED = 7.0
"""The same at level AAA (1.4.6)."""
LEAST_SHAPE = 3.0
"""What it asks of whatever is no text: frames, blocks of colour (1.4.11)."""
APART = 12.0
"""A distance of two colours that is seen also where they don't stand side by side."""

STATES = ("ok", "moving", "attention", "danger")

each_coloured = pytest.mark.parametrize("theme", COLOURED, ids=lambda theme: theme.name)
each_of_the_terminal = pytest.mark.parametrize("theme", TERMINAL, ids=lambda theme: theme.name)
each = pytest.mark.parametrize("theme", SHIPPED.values(), ids=lambda theme: theme.name)


def looks(theme: ThemeFile) -> dict[str, Look]:
    return {"text": Look(theme.text), **theme.words}


def behind(theme: ThemeFile, look: Look) -> str:
    return look.behind or theme.background


def shape(look: Look) -> str:
    """The colour in which a word is seen from afar: that of its block, if it stands on one."""
    return look.behind or look.colour


def test_there_is_one_for_every_need() -> None:
    assert set(SHIPPED) == {
        f"quarterdeck-{name}" for name in ("dark", "light", "contrast", "colour-blind", "ansi", "mono")
    }


@each
def test_every_word_has_a_look(theme: ThemeFile) -> None:
    assert set(looks(theme)) == set(WORDS)


@each_coloured
def test_every_word_can_be_read(theme: ThemeFile) -> None:
    least = LEAST_ENHANCED if theme.name == "quarterdeck-contrast" else LEAST
    found = {word: contrast(look.colour, behind(theme, look)) for word, look in looks(theme).items()}
    assert {word: round(ratio, 1) for word, ratio in found.items() if ratio < least} == {}


@each_coloured
def test_every_word_can_be_read_with_256_colours(theme: ThemeFile) -> None:
    least = LEAST_ENHANCED if theme.name == "quarterdeck-contrast" else LEAST
    found = {
        word: contrast(with_256_colours(look.colour), with_256_colours(behind(theme, look)))
        for word, look in looks(theme).items()
    }
    assert {word: round(ratio, 1) for word, ratio in found.items() if ratio < least} == {}


@each_coloured
def test_cursor_accents_and_frames_stand_out_from_the_screen(theme: ThemeFile) -> None:
    blocks = {word: look.behind for word, look in theme.words.items() if look.behind} | {"border": theme.border}
    assert "cursor" in blocks
    for word, block in blocks.items():
        assert contrast(block, theme.background) >= LEAST_SHAPE, word
        assert contrast(with_256_colours(block), with_256_colours(theme.background)) >= LEAST_SHAPE, word


@each_coloured
@pytest.mark.parametrize("sight", SIGHTS)
def test_states_are_told_apart_by_colour_or_attribute(theme: ThemeFile, sight: str) -> None:
    for one, other in combinations(STATES, 2):
        first, second = theme.words[one], theme.words[other]
        far = difference(shape(first), shape(second), sight)  # type: ignore[arg-type]
        assert far >= APART or first.attributes != second.attributes, (one, other, round(far))


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_colour_blind_theme_needs_no_cone_in_particular(sight: str) -> None:
    """Apart in colour for such eyes, and in lightness or by an attribute for eyes without any colour."""
    theme = SHIPPED["quarterdeck-colour-blind"]
    for one, other in combinations(STATES, 2):
        first, second = theme.words[one], theme.words[other]
        assert difference(shape(first), shape(second), sight) >= 1.4 * APART, (one, other)  # type: ignore[arg-type]
        lightness = contrast(shape(first), shape(second))
        as_block = bool(first.behind) != bool(second.behind)
        assert lightness >= 1.25 or as_block or first.attributes != second.attributes, (one, other)


@each_of_the_terminal
def test_in_the_terminals_own_colours_nothing_stands_on_a_colour(theme: ThemeFile) -> None:
    """Nobody knows what they look like there: only its own background is certain to differ from its text."""
    assert {theme.background, theme.text, theme.border} == {"ansi_default"}
    assert [word for word, look in theme.words.items() if look.behind] == []


@each_of_the_terminal
def test_in_the_terminals_own_colours_none_is_used_that_some_palettes_hide(theme: ThemeFile) -> None:
    """Dark blue on black, white on white, yellow's bright twin on white; `bright` is the background in Solarized."""
    seen = {"ansi_default", "ansi_red", "ansi_green", "ansi_yellow", "ansi_magenta", "ansi_cyan"}
    assert {look.colour for look in theme.words.values()} <= seen
    assert all("dim" not in look.attributes for look in theme.words.values())


@each_of_the_terminal
def test_in_the_terminals_own_colours_the_cursor_is_reversed(theme: ThemeFile) -> None:
    assert theme.words["cursor"] == Look("ansi_default", "", ("reverse",))


def test_without_colour_states_differ_by_attributes() -> None:
    mono = SHIPPED["quarterdeck-mono"]
    assert {look.colour for look in looks(mono).values()} == {"ansi_default"}
    assert len({mono.words[state].attributes for state in STATES}) == len(STATES)
    assert all("reverse" in mono.words[word].attributes for word in WORDS if word.startswith("accent_"))


def test_every_theme_points_to_what_the_names_mean() -> None:
    for path in FOLDER.glob("*.toml"):
        text = path.read_text()
        assert text.startswith("#")
        assert "quarterdeck-dark.toml tells what the names mean" in text or path.stem == "quarterdeck-dark"


def test_the_default_tells_of_every_word() -> None:
    lines = Path(FOLDER / "quarterdeck-dark.toml").read_text().splitlines()
    for word in theme_file.STATES:
        (line,) = (line for line in lines if line.startswith(f"{word} = "))
        assert line.rpartition('"')[2].strip().startswith("#") or word == "cursor"
