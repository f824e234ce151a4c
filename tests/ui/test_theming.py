"""Theme files: those that come with the program hold, and a bad one is named with file and line."""

from pathlib import Path

import pytest
from textual.color import Color
from textual.theme import Theme

from quarterdeck import paths
from quarterdeck.ui import theming
from quarterdeck.ui.spans import WORDS

SHIPPED = sorted(paths.shared_dir("themes").glob("*.toml"))
DARK = paths.shared_dir("themes") / "quarterdeck-dark.toml"
LEAST_CONTRAST = 4.5
"""What the WCAG asks of normal text (level AA)."""


def luminance(colour: Color) -> float:
    channels = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_shipped_theme_gives_each_word_a_look(path: Path) -> None:
    theme = theming.read(path)
    assert theme.name == path.stem
    for word in WORDS:
        assert {f"qd-{word}", f"qd-{word}-on", f"qd-{word}-style"} <= set(theme.variables)


@pytest.mark.parametrize("path", [path for path in SHIPPED if not theming.read(path).ansi], ids=lambda path: path.stem)
def test_every_word_can_be_read(path: Path) -> None:
    looks = theming.read(path).variables
    faint = {
        word: round(contrast(looks[f"qd-{word}"], looks[f"qd-{word}-on"]), 1)
        for word in WORDS
        if contrast(looks[f"qd-{word}"], looks[f"qd-{word}-on"]) < LEAST_CONTRAST
    }
    assert faint == {}


def test_there_are_a_dark_a_light_a_terminal_and_a_colourless_one() -> None:
    assert {"quarterdeck-dark", "quarterdeck-light", "quarterdeck-ansi", "quarterdeck-mono"} <= {
        p.stem for p in SHIPPED
    }
    mono = theming.read(DARK.with_name("quarterdeck-mono.toml"))
    assert {mono.variables[f"qd-{word}"] for word in WORDS} == {"ansi_default"}


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('ok = "#7bd88f"', 'okay = "#7bd88f"', "unknown key words.okay"),
        ('ok = "#7bd88f"', 'ok = "greenish"', "'greenish' is not a colour"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f shiny"', "'shiny' is none of"),
        ('ok = "#7bd88f"', "ok = 5", "words.ok must be a text"),
        ('ok = "#7bd88f"', 'ok = "ansi_green"', "a colour like"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f', "Illegal character"),
        ("dark = true", 'dark = "yes"', "dark must be true or false"),
        ("[words]", "[words", "Expected"),
    ],
)
def test_a_bad_theme_is_named_with_file_and_line(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    text = DARK.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(theming.BadTheme) as caught:
        theming.read(path)
    assert says in str(caught.value)
    assert str(path) in str(caught.value)
    number = next(n for n, one in enumerate(text.splitlines(), 1) if one.startswith(old))
    assert caught.value.fault.line == number


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"\x00"], ids=["empty", "not utf-8", "a null"])
def test_rubbish_is_a_bad_theme_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(theming.BadTheme, match=r"mine\.toml"):
        theming.read(path)


def folders(tmp_path: Path) -> tuple[Path, Path]:
    return paths.shared_dir("themes"), tmp_path


def test_the_users_own_theme_wins(tmp_path: Path) -> None:
    (tmp_path / "quarterdeck-dark.toml").write_text(DARK.read_text().replace("#7bd88f", "#00ff00"))
    theme, problem = theming.choose("quarterdeck-dark", folders(tmp_path))
    assert (theme.variables["qd-ok"], problem) == ("#00ff00", "")


@pytest.mark.parametrize("name", ["nowhere", "../../etc/passwd", "", "mine"])
def test_without_a_usable_theme_the_default_is_used_and_the_reason_told(tmp_path: Path, name: str) -> None:
    (tmp_path / "mine.toml").write_text("name = 5\n[x]")
    theme, problem = theming.choose(name, folders(tmp_path))
    assert isinstance(theme, Theme)
    assert theme.name == "quarterdeck-dark"
    assert problem.endswith("using quarterdeck-dark")
