"""Files that aren't what they should be: each gets its place and a way out."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from quarterdeck import config
from quarterdeck.config import ConfigError


def test_a_missing_file_is_named(folder: Any, tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError) as caught:
        config.load(tmp_path / "nowhere.yaml", lambda name: None)
    assert str(caught.value).startswith(f"{tmp_path}/nowhere.yaml: there is no such file")


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match="this is not a file"):
        config.load(tmp_path, lambda name: None)


@pytest.mark.parametrize("text", ["", "\n# only a comment\n", "~\n"])
def test_an_empty_file_is_called_empty(folder: Any, text: str) -> None:
    assert folder.told(text) == ["quarterdeck.yaml:0:0 : the file is empty"]


@pytest.mark.parametrize("text", ["- a\n- b\n", "just words\n"])
def test_a_file_without_keys_is_refused(folder: Any, text: str) -> None:
    assert folder.told(text) == ["quarterdeck.yaml:1:1 : the file must hold keys with values"]


def test_a_tab_is_called_a_tab_and_found(folder: Any) -> None:
    text = "fleet: shop\nenvironments:\n  staging: {}\n\tproduction: {}\n"
    (problem,) = folder.problems(text)
    assert (problem.line, problem.column) == (4, 1)
    assert problem.message == "a tab is used to indent"
    assert "spaces" in problem.hint


def test_a_tab_after_spaces_is_found_too(folder: Any) -> None:
    assert folder.told("fleet: shop\nenvironments:\n  \tstaging: {}\n") == [
        "quarterdeck.yaml:3:3 : a tab is used to indent"
    ]


def test_a_file_that_is_not_utf8_is_told_by_byte_and_line(folder: Any) -> None:
    (problem,) = folder.problems(b"fleet: shop\n# caf" + b"\xe9\n")
    assert (problem.line, problem.column) == (2, 6)
    assert problem.message == "not UTF-8: byte 0xe9 at offset 17"
    assert problem.hint == "save the file as UTF-8"


def test_utf16_is_recognised(folder: Any) -> None:
    (problem,) = folder.problems("fleet: shop\n".encode("utf-16"))
    assert problem.hint == "it is UTF-16; save it as UTF-8"


def test_a_byte_order_mark_does_no_harm(folder: Any, minimal: Any) -> None:
    assert folder.load(b"\xef\xbb\xbf" + minimal("").encode()).fleet.name == "shop"


def test_ten_megabytes_are_refused_before_they_are_read(folder: Any, minimal: Any) -> None:
    text = minimal("") + "# padding\n" * 1_000_000
    began = time.process_time()
    (problem,) = folder.problems(text)
    assert "the file is too big" in problem.message
    assert "at most 1,000,000" in problem.message
    assert "include:" in problem.hint
    assert time.process_time() - began < 0.5


def test_control_characters_are_found(folder: Any) -> None:
    assert folder.told("fleet: shop\nrings: \x07[]\n") == [
        "quarterdeck.yaml:2:8 : a control character is in the file: \\x07"
    ]


def test_broken_yaml_is_told_where_it_breaks(folder: Any) -> None:
    (problem,) = folder.problems("fleet: shop\nservices: [checkout\nrings: []\n")
    assert problem.line == 3
    assert problem.message.startswith("not valid YAML")


def test_a_reference_without_quotes_between_braces_gets_its_own_hint(folder: Any) -> None:
    (problem,) = folder.problems("fleet: shop\nconnections: {azure: {account: ${NAME}}}\n")
    assert problem.line == 2
    assert problem.hint == 'within { } and [ ] a reference needs quotes: "${NAME}"'


def test_the_same_key_twice_names_both_lines(folder: Any) -> None:
    told = folder.told("fleet: shop\nenvironments:\n  staging: {}\n  staging: {}\n")
    assert told == ["quarterdeck.yaml:4:3 : the key staging stands here twice, first in line 3"]


def test_all_duplicates_are_told_at_once(folder: Any) -> None:
    assert len(folder.told("fleet: a\nfleet: b\nrings: []\nrings: []\n")) == 2


def test_a_second_document_is_refused(folder: Any, minimal: Any) -> None:
    (problem,) = folder.problems(minimal("---\nfleet: other\n"))
    assert (problem.line, problem.message) == (9, "a second document begins here")


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!secret", "!!binary"])
def test_tags_are_refused_and_nothing_is_built_of_them(folder: Any, tag: str) -> None:
    (problem,) = folder.problems(f"fleet: {tag} echo\n")
    assert problem.line == 1
    assert "is not supported" in problem.message


def test_anchors_and_merge_keys_work(folder: Any) -> None:
    fleet = folder.load(
        """\
fleet: shop
connections: {azure: {provider: harbour, account: main}}
environments: {staging: {}, production: {}}
services:
  checkout:
    staging: {slots: &base {connection: azure, pier: one, site: test}}
    production: {slots: {<<: *base, site: live}}
"""
    ).fleet
    assert [place.address.parts["site"] for place in fleet.places if place.role == "slots"] == ["test", "live"]
    assert {place.address.parts["pier"] for place in fleet.places} == {"one"}


def test_aliases_that_multiply_are_stopped(folder: Any) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    began = time.process_time()
    (problem,) = folder.problems("\n".join(lines))
    assert "aliases make this more than" in problem.message
    assert time.process_time() - began < 1


def test_an_anchor_that_contains_itself_is_refused(folder: Any) -> None:
    assert folder.told("fleet: shop\nrings: &r [*r]\n") == ["quarterdeck.yaml:2:12 : the anchor r contains itself"]


def test_an_alias_without_an_anchor_is_refused(folder: Any) -> None:
    assert folder.told("fleet: shop\nrings: *r\n") == ["quarterdeck.yaml:2:8 : there is no anchor r before this"]


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_bottomless_nesting_is_stopped(folder: Any, opening: str) -> None:
    began = time.process_time()
    (problem,) = folder.problems(opening * 100_000)
    assert "levels deep" in problem.message
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "text",
    [
        "-eyJ" * 240_000,
        "://a:b" * 160_000,
        "secret =" * 120_000,
        "$${" * 320_000,
        "?sig=a" * 160_000,
        "-----BEGIN A" * 80_000,
        " " * 900_000 + "x",
    ],
    ids=lambda text: text[:12],
)
def test_one_endless_value_takes_no_endless_time(folder: Any, minimal: Any, text: str) -> None:
    began = time.process_time()
    with suppress(ConfigError):
        folder.load(minimal("").replace("account: main", f"account: '{text}'"))
    assert time.process_time() - began < 3


def test_a_key_must_be_a_word(folder: Any) -> None:
    assert folder.told("fleet: shop\n? [a, b]\n: c\n") == ["quarterdeck.yaml:2:3 : a key must be a word"]


def test_values_mean_what_their_field_means(folder: Any) -> None:
    """YAML would make a boolean of NO, a float of 1.10 and a number of 0123; names are names."""
    fleet = folder.load(
        """\
fleet: 1.10
connections: {NO: {provider: harbour, account: 0123}}
environments: {on: {protected: yes}}
services: {null: {on: {slots: {connection: NO, pier: 1e3, site: 12:30}}}}
"""
    ).fleet
    assert fleet.name == "1.10"
    assert fleet.connections[0].options["account"] == "0123"
    assert fleet.environments[0].protected
    assert dict(fleet.places[0].address.parts) == {"pier": "1e3", "site": "12:30"}
    assert fleet.services == ("null",)


def test_a_file_of_nothing_but_faults_is_told_of_the_first_hundred_soon(folder: Any) -> None:
    began = time.process_time()
    problems = folder.problems("fleet: shop\n" + "".join(f"k{n}: x\n" for n in range(20_000)))
    assert len(problems) == 101
    assert problems[-1].message == "more than 100 things are wrong"
    assert time.process_time() - began < 10
