"""What a line after `:` means, and what it may become."""

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.targets import TargetId
from quarterdeck.release.action import Swap
from quarterdeck.release.command import Misread
from quarterdeck.release.release_command import FORMS, Guard
from quarterdeck.ui import command_history
from quarterdeck.ui.command_words import Do, Find, Meant, Show, Wear, understand
from quarterdeck.ui.completing import Known, Offer, common, offers
from quarterdeck.ui.deeds import DEEDS, Deed
from quarterdeck.ui.trail import Place

KNOWN = Known(
    words=[Offer("bridge"), Offer("theme")],
    forms={"theme": "theme THEME"},
    names={
        "ENV/SERVICE": [Offer("production/checkout"), Offer("production/cart"), Offer("staging/cart")],
        "flag:ENV/FLAG": [Offer("flag:staging/beta")],
        "ENV/FLAG": [Offer("staging/beta")],
        "SCOPE": [Offer("all"), Offer("production")],
        "ID": [Offer("k7f2")],
        "unlock ID": [Offer("lock-1")],
        "--strategy NAME": [Offer("careful")],
        "THEME": [Offer("quarterdeck-dark"), Offer("quarterdeck-light")],
    },
    of_target={
        "SLOT": {"production/cart": [Offer("blue"), Offer("staging")]},
        "NAME=PERCENT": {"production/cart": [Offer("westeurope=")]},
    },
)


@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.id)
def test_every_deed_goes_by_its_name(deed: Deed) -> None:
    assert understand(deed.id) == Do(deed.id)
    assert understand(f"  :qd {deed.id} ") == Do(deed.id)


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("qd swap production/cart", Swap(TargetId("production", "cart"))),
        ("freeze all --reason 'the sale'", Guard("freeze", "*", reason="the sale")),
        ("filter ben !ok", Find("ben !ok")),
        ("theme quarterdeck-light", Wear("quarterdeck-light")),
        ("service production/cart@westeurope", Place("service", "production/cart")),
        ("qd status production/cart", Place("service", "production/cart")),
        ("release show k7", Show("k7")),
        ("qd release list", Do("releases")),
        ("qd history", Do("log")),
        ("status", Do("bridge")),
    ],
)
def test_words_mean_what_they_do_on_the_command_line(line: str, meant: Meant) -> None:
    assert understand(line) == meant


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("", "type a command"),
        ("fly", "there is no 'fly'"),
        ("bridge now", "bridge doesn't take 'now'"),
        ("swap 'production/cart", "can't read that"),
        ("service nowhere", "is not a target"),
    ],
)
def test_wrong_words_are_named(line: str, complaint: str) -> None:
    with pytest.raises(Misread, match=complaint):
        understand(line)


@given(st.text(max_size=60))
def test_nothing_that_can_be_typed_breaks_it(line: str) -> None:
    offers(line, KNOWN)
    with suppress(Misread):
        understand(line)


@pytest.mark.parametrize(
    ("line", "texts"),
    [
        ("sw", ["swap"]),
        ("qd br", ["bridge"]),
        ("swap pr", ["production/checkout", "production/cart"]),
        ("swap cart", ["production/cart", "staging/cart"]),
        ("swap production/cart --from ", ["blue", "staging"]),
        ("swap production/cart --c", ["--complete", "--cancel"]),
        ("shift production/cart w", ["westeurope="]),
        ("flag o", ["on", "off"]),
        ("flag off s", ["staging/beta"]),
        ("rollback fl", ["flag:staging/beta"]),
        ("release p", ["promote", "pause"]),
        ("release promote k", ["k7f2"]),
        ("freeze ", ["all", "production", "lift", "--for", "--reason"]),
        ("release start production/cart --strategy ", ["careful"]),
        ("unlock ", ["lock-1"]),
        ("conn take a", ["all"]),
        ("theme quarterdeck-l", ["quarterdeck-light"]),
        ("swap production/cart production/ca", []),
        ("fly ", []),
    ],
)  # fmt: skip
def test_a_line_is_completed_by_its_form_and_by_the_names_there_are(line: str, texts: list[str]) -> None:
    assert [offer.text for offer in offers(line, KNOWN)] == texts


def test_all_commands_and_deeds_are_offered_at_first() -> None:
    assert {"bridge", "theme", *FORMS} == {offer.text for offer in offers("", KNOWN)}


def test_what_offers_have_in_common_is_certain() -> None:
    assert common(offers("swap pr", KNOWN)) == "production/c"
    assert common([]) == ""


def test_lines_are_kept_once_the_newest_last_for_their_owner_only(tmp_path: Path) -> None:
    state = tmp_path / "state"
    lines: list[str] = []
    for line in ("swap a/b", "flag on a/c", "swap a/b", "  "):
        lines = command_history.add(state, lines, line)
    assert lines == command_history.read(state) == ["flag on a/c", "swap a/b"]
    assert (state / "commands").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


def test_a_line_with_a_secret_in_it_is_forgotten(tmp_path: Path) -> None:
    assert command_history.add(tmp_path, [], "freeze all --reason password=hunter22") == []
    assert command_history.read(tmp_path) == []


def test_only_so_many_lines_are_kept_and_a_folder_that_takes_none_is_no_matter(tmp_path: Path) -> None:
    lines = [f"filter {i}" for i in range(command_history.MOST)]
    assert command_history.add(tmp_path, lines, "filter x")[0] == "filter 1"
    (tmp_path / "file").write_text("")
    assert command_history.add(tmp_path / "file", [], "filter x") == ["filter x"]
