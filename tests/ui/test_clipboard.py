"""What is run or sent so that text reaches a clipboard."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.ui.clipboard import MOST, native_tool, sequence

PLAIN = "\x1b]52;c;cHJvZHVjdGlvbi9jaGVja291dA==\x07"


@pytest.mark.parametrize(
    ("environment", "tools", "command"),
    [
        ({}, ("pbcopy",), ("/usr/bin/pbcopy",)),
        ({"WAYLAND_DISPLAY": "wayland-0", "DISPLAY": ":0"}, ("wl-copy", "xclip"), ("/usr/bin/wl-copy",)),
        ({"DISPLAY": ":0"}, ("wl-copy", "xclip"), ("/usr/bin/xclip", "-selection", "clipboard")),
        ({"WSL_DISTRO_NAME": "Debian"}, ("clip.exe",), ("/usr/bin/clip.exe",)),
        ({"DISPLAY": ":0"}, (), ()),
        ({}, ("xclip", "wl-copy"), ()),
        ({"DISPLAY": ":10", "SSH_CONNECTION": "10.0.0.1 2 10.0.0.2 22"}, ("xclip", "pbcopy"), ()),
    ],
)
def test_a_tool_of_this_machine_is_used_only_where_its_screen_is_looked_at(
    environment: dict[str, str], tools: tuple[str, ...], command: tuple[str, ...]
) -> None:
    assert tuple(native_tool(environment, lambda tool: f"/usr/bin/{tool}" if tool in tools else None)) == command


def test_a_terminal_is_asked_by_its_sequence() -> None:
    assert sequence("production/checkout", {"TERM": "xterm-256color"}) == PLAIN


@pytest.mark.parametrize("environment", [{"TMUX": "/run/tmux,1,0", "TERM": "screen-256color"}, {"TERM": "tmux"}])
def test_tmux_gets_it_plain_and_wrapped(environment: dict[str, str]) -> None:
    wrapped = "\x1bPtmux;\x1b\x1b]52;c;cHJvZHVjdGlvbi9jaGVja291dA==\x07\x1b\\"
    assert sequence("production/checkout", environment) == PLAIN + wrapped


@pytest.mark.parametrize("environment", [{"STY": "1.pts-0"}, {"TERM": "screen-256color"}])
def test_screen_passes_it_on_in_short_pieces(environment: dict[str, str]) -> None:
    sent = sequence("x" * 3000, environment)
    pieces = re.findall(r"\x1bP(.*?)\x1b\\", sent, re.DOTALL)
    assert max(map(len, pieces)) <= 252
    assert "".join(f"\x1bP{piece}\x1b\\" for piece in pieces) == sent
    assert "".join(pieces) == sequence("x" * 3000, {})


def test_more_than_a_terminal_takes_is_not_sent() -> None:
    most = MOST // 4 * 3
    assert len(sequence("x" * most, {})) > MOST - 4
    assert sequence("x" * (most + 3), {}) == ""


@given(st.text(max_size=200))
def test_any_text_comes_out_of_the_sequence_as_it_went_in(text: str) -> None:
    sent = sequence(text.encode(errors="replace").decode(), {})
    encoded = sent.removeprefix("\x1b]52;c;").removesuffix("\x07")
    assert base64.b64decode(encoded).decode() == text.encode(errors="replace").decode()
