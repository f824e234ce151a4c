"""Theme files: whole, or built on another one; a bad one is named with file and line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.theme import Theme

from quarterdeck import paths
from quarterdeck.ui import colours, theme_choice, theme_file, theming
from quarterdeck.ui.spans import WORDS
from quarterdeck.ui.theme_file import BadTheme, Look
from quarterdeck.ui.theme_watching import ThemeWatch

SHIPPED = paths.shared_dir("themes")
DARK = SHIPPED / "quarterdeck-dark.toml"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a theme of the user's."""

    def written(text: str, name: str = "mine") -> Path:
        path = tmp_path / f"{name}.toml"
        path.write_text(text)
        return path

    return written


@pytest.fixture
def among(tmp_path: Path) -> tuple[Path, Path]:
    """The folders in which themes lie."""
    return SHIPPED, tmp_path


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('ok = "#7bd88f"', 'okay = "#7bd88f"', "unknown key words.okay"),
        ('ok = "#7bd88f"', 'ok = "greenish"', "'greenish' is not a colour"),
        ('ok = "#7bd88f"', 'ok = ""', "'' is not a colour"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f on"', "'' is not a colour"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f80"', "is not a colour by itself"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f shiny"', "'shiny' is none of"),
        ('ok = "#7bd88f"', "ok = 5", "words.ok must be a text"),
        ('ok = "#7bd88f"', 'ok = "ansi_green"', "a colour like"),
        ('ok = "#7bd88f"', 'ok = "#7bd88f', "Illegal character"),
        ("dark = true", 'dark = "yes"', "dark must be true or false"),
        ("[words]", "[words", "Expected"),
        ('text = "#d5dbe3"', 'text = "no"', "screen.text"),
        ('red = "#ffffff on #c42b2b bold"', 'pink = "#ffffff"', "unknown key accents.pink"),
        ("[screen]", "[windows]\n[screen]", "unknown key windows"),
    ],
)
def test_a_bad_theme_is_named_with_file_and_line(write: Write, old: str, new: str, says: str) -> None:
    text = DARK.read_text()
    lines = text.splitlines()
    number = next(n for n, one in enumerate(lines, 1) if one.startswith(old))
    lines[number - 1] = lines[number - 1].replace(old, new, 1)
    path = write("\n".join(lines))
    with pytest.raises(BadTheme) as caught:
        theme_file.read(path)
    assert says in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{number}: ")


def test_what_is_missing_is_told_where_it_belongs(write: Write) -> None:
    path = write(DARK.read_text().replace("danger = ", "# danger = "))
    with pytest.raises(BadTheme, match=r"words\.danger is missing; extends =") as caught:
        theme_file.read(path)
    assert DARK.read_text().splitlines()[caught.value.fault.line - 1] == "[words]"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe", b"\x00", b"a = " + b"[" * 5000], ids=["empty", "not utf-8", "a null", "depths"]
)
def test_rubbish_is_a_bad_theme_too(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(BadTheme, match=r"mine\.toml"):
        theme_file.read(path)


# --- themes that build on others -----------------------------------------------------------------------------------
def test_a_theme_may_change_a_few_words_of_another(write: Write, among: tuple[Path, Path]) -> None:
    base = theme_file.read(DARK)
    path = write('extends = "quarterdeck-dark"\n[screen]\nbackground = "#000000"\n[words]\nok = "#00d75f bold"\n')
    theme = theme_file.read(path, among)
    assert (theme.name, theme.background, theme.text, theme.dark) == ("mine", "#000000", base.text, True)
    assert theme.words == {**base.words, "ok": Look("#00d75f", "", ("bold",))}
    assert theming.made(theme).variables["qd-danger-on"] == "#000000"


def test_a_theme_may_change_the_one_that_it_is_called_after(write: Write, among: tuple[Path, Path]) -> None:
    write('extends = "quarterdeck-dark"\n[accents]\nred = "#ffffff on #ff0000"\n', "quarterdeck-dark")
    theme, problem = theming.choose("quarterdeck-dark", among)
    assert (theme.variables["qd-accent_red-line"], problem) == ("#ff0000", "")
    assert theme.variables["qd-ok"] == theme_file.read(DARK).words["ok"].colour


def test_themes_that_build_on_each_other_are_refused(write: Write, among: tuple[Path, Path]) -> None:
    write('extends = "mine"\n', "other")
    path = write('# of my own\nextends = "other"\n')
    with pytest.raises(BadTheme, match=r"other\.toml:1: 'mine' builds on this theme"):
        theme_file.read(path, among)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('\nextends = "nowhere"', ":2: there is no theme 'nowhere' to build on"),
        ('\nextends = "../x"', ":2: there is no theme '../x'"),
        ("\nextends = 5", ":2: extends must be a name in quotes"),
        ('extends = "quarterdeck-dark"\nansi = true', ":2: ansi can't differ from quarterdeck-dark"),
        ('extends = "quarterdeck-mono"\n[words]\nok = "#00ff00"', ":3: words.ok must be a colour of the terminal"),
    ],
)
def test_a_bad_base_is_told_with_its_line(write: Write, among: tuple[Path, Path], text: str, says: str) -> None:
    path = write(text)
    with pytest.raises(BadTheme) as caught:
        theme_file.read(path, among)
    assert f"{path}{says}" in str(caught.value)


def test_what_is_wrong_with_a_base_is_told_of_the_base(write: Write, among: tuple[Path, Path]) -> None:
    base = write('extends = "quarterdeck-dark"\n[words]\nok = "no"\n', "base")
    path = write('extends = "base"\n')
    with pytest.raises(BadTheme) as caught:
        theme_file.read(path, among)
    assert (caught.value.fault.path, caught.value.fault.line) == (base, 3)


def test_without_accents_of_its_own_a_theme_shows_them_as_protected(write: Write) -> None:
    path = write(DARK.read_text().partition("# What an environment wears")[0])
    theme = theme_file.read(path)
    assert theme.words["accent_teal"] == theme.words["protected"]


# --- choosing ------------------------------------------------------------------------------------------------------
def test_the_users_own_theme_wins(write: Write, among: tuple[Path, Path]) -> None:
    write(DARK.read_text().replace("#7bd88f", "#00ff00"), "quarterdeck-dark")
    theme, problem = theming.choose("quarterdeck-dark", among)
    assert (theme.variables["qd-ok"], problem) == ("#00ff00", "")


@pytest.mark.parametrize("name", ["nowhere", "../../etc/passwd", "", "mine"])
def test_without_a_usable_theme_another_is_used_and_the_reason_told(
    write: Write, among: tuple[Path, Path], name: str
) -> None:
    write("name = 5\n[x]")
    theme, problem = theming.choose(name, among, otherwise="quarterdeck-ansi")
    assert isinstance(theme, Theme)
    assert (theme.name, theme.ansi) == ("quarterdeck-ansi", True)
    assert problem.endswith("using quarterdeck-ansi")


def test_a_broken_file_called_as_the_default_is_does_not_take_the_default_away(
    write: Write, among: tuple[Path, Path]
) -> None:
    write("[", "quarterdeck-dark")
    theme, problem = theming.choose("quarterdeck-dark", among)
    assert theme.name == "quarterdeck-dark"
    assert problem.startswith("quarterdeck-dark.toml:1: ")


def test_every_word_becomes_variables_of_textual() -> None:
    theme = theming.made(theme_file.read(DARK))
    for word in WORDS:
        assert {f"qd-{word}{part}" for part in ("", "-on", "-style", "-line")} <= set(theme.variables)


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.toml")), ids=lambda path: path.stem)
def test_without_colour_every_theme_keeps_its_attributes_only(path: Path) -> None:
    variables = theming.made(theme_file.read(path), colourless=True).variables
    ours = {name: value for name, value in variables.items() if name.startswith("qd-")}
    assert {value for name, value in ours.items() if not name.endswith("-style")} == {"ansi_default"}
    assert "reverse" in ours["qd-cursor-style"]
    assert "reverse" in ours["qd-accent_red-style"]


# --- the terminal, and what was chosen on it -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("environment", "depth", "theme"),
    [
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, "true", "quarterdeck-dark"),
        ({"TERM": "xterm-256color"}, "256", "quarterdeck-dark"),
        ({"TERM": "tmux-256color", "TMUX": "x"}, "256", "quarterdeck-dark"),
        ({"TERM": "screen-256color", "COLORTERM": "truecolor"}, "256", "quarterdeck-dark"),
        ({"TERM": "xterm"}, "16", "quarterdeck-ansi"),
        ({"TERM": "screen"}, "16", "quarterdeck-ansi"),
        ({"TERM": "linux"}, "16", "quarterdeck-ansi"),
        ({"TERM": "linux", "COLORTERM": "truecolor"}, "true", "quarterdeck-ansi"),
        ({"TERM": "xterm-256color", "NO_COLOR": ""}, "none", "quarterdeck-mono"),
    ],
)
def test_the_theme_fits_the_colours_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], depth: str, theme: str
) -> None:
    for name in ("TERM", "COLORTERM", "NO_COLOR", "TMUX"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert (colours.depth(), colours.fitting_theme()) == (depth, theme)


def test_a_choice_is_kept_for_each_kind_of_terminal(tmp_path: Path) -> None:
    state = str(tmp_path / "state")
    assert theme_choice.chosen(state, "quarterdeck-dark") == ""
    theme_choice.keep(state, "quarterdeck-dark", "quarterdeck-light")
    theme_choice.keep(state, "quarterdeck-ansi", "mine")
    assert theme_choice.chosen(state, "quarterdeck-dark") == "quarterdeck-light"
    assert theme_choice.chosen(state, "quarterdeck-ansi") == "mine"
    assert theme_choice.chosen(state, "quarterdeck-mono") == ""
    assert [(path.name, path.stat().st_mode & 0o777) for path in (tmp_path / "state").iterdir()] == [("themes", 0o600)]


@pytest.mark.parametrize("content", [b"\xff\xfe", b"quarterdeck-dark", b"quarterdeck-dark\t\x1b[31m\n"])
def test_rubbish_in_the_state_folder_is_no_choice(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "themes").write_bytes(content)
    assert theme_choice.chosen(str(tmp_path), "quarterdeck-dark") == ""


# --- files that are written while they are worn --------------------------------------------------------------------
def test_a_file_that_nobody_writes_is_not_read_again(write: Write, among: tuple[Path, Path]) -> None:
    write('extends = "quarterdeck-dark"\n')
    watch = ThemeWatch("mine", among)
    assert watch.look() is None


def test_a_written_file_and_a_written_base_are_seen_once(write: Write, among: tuple[Path, Path]) -> None:
    write('extends = "quarterdeck-dark"\n', "base")
    write('extends = "base"\n')
    watch = ThemeWatch("mine", among)
    write('extends = "base"\n[words]\nok = "#010203"\n')
    theme = watch.look()
    assert isinstance(theme, theme_file.ThemeFile)
    assert theme.words["ok"].colour == "#010203"
    write('extends = "quarterdeck-dark"\n[words]\ndanger = "#040506"\n', "base")
    theme = watch.look()
    assert isinstance(theme, theme_file.ThemeFile)
    assert theme.words["danger"].colour == "#040506"
    assert watch.look() is None


def test_a_broken_file_is_told_once_and_its_mending_is_seen(write: Write, among: tuple[Path, Path]) -> None:
    write('extends = "quarterdeck-dark"\n')
    watch = ThemeWatch("mine", among)
    path = write('extends = "quarterdeck-dark"\n[words]\nok = "#0')
    found = watch.look()
    assert isinstance(found, BadTheme)
    assert found.fault.path == path
    assert found.fault.line == 3
    assert watch.look() is None
    write('extends = "quarterdeck-dark"\n[words]\nok = "#010203"\n')
    assert isinstance(watch.look(), theme_file.ThemeFile)


def test_a_file_that_is_away_for_a_moment_changes_nothing(write: Write, among: tuple[Path, Path]) -> None:
    path = write('extends = "quarterdeck-dark"\n')
    watch = ThemeWatch("mine", among)
    path.unlink()
    assert watch.look() is None
    write('extends = "quarterdeck-light"\n')
    theme = watch.look()
    assert isinstance(theme, theme_file.ThemeFile)
    assert not theme.dark


def test_a_theme_of_the_users_own_that_comes_to_hide_a_shipped_one_is_seen(
    write: Write, among: tuple[Path, Path]
) -> None:
    watch = ThemeWatch("quarterdeck-dark", among)
    write('extends = "quarterdeck-dark"\n[words]\nok = "#010203"\n', "quarterdeck-dark")
    theme = watch.look()
    assert isinstance(theme, theme_file.ThemeFile)
    assert theme.words["ok"].colour == "#010203"
