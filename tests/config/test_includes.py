"""Configurations divided over files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def test_included_files_add_to_each_other(folder: Any, minimal: Any) -> None:
    folder.write(
        "parts/cart.yaml", "services: {cart: {production: {slots: {connection: azure, pier: two, site: c}}}}\n"
    )
    folder.write(
        "parts/more.yaml",
        "include: deep/rings.yaml\nservices: {checkout: {staging: {slots: {connection: azure, pier: t, site: s}}}}\n",
    )
    folder.write("parts/deep/rings.yaml", "rings: [{name: all, weight: 100}]\nenvironments: {staging: {}}\n")
    loaded = folder.load(minimal("include: [parts/cart.yaml, parts/more.yaml]\n"))
    assert loaded.fleet.services == ("checkout", "cart")
    assert [ring.name for ring in loaded.fleet.rings] == ["all"]
    assert [file.relative_to(folder.path).as_posix() for file in loaded.files] == [
        "quarterdeck.yaml",
        "parts/cart.yaml",
        "parts/more.yaml",
        "parts/deep/rings.yaml",
    ]


def test_a_circle_is_shown_as_a_chain(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", "include: [b.yaml]\n")
    folder.write("b.yaml", "fleet: shop\ninclude: [a.yaml]\n")
    (problem,) = folder.problems(minimal("include: [a.yaml]\n"))
    assert (Path(problem.file).name, problem.line, problem.column, problem.path) == ("b.yaml", 2, 11, "include")
    chain = problem.message.removeprefix("files include each other: ").split(" -> ")
    assert [Path(link).name for link in chain] == ["a.yaml", "b.yaml", "a.yaml"]


def test_a_file_that_includes_itself_is_a_circle_of_one(folder: Any, minimal: Any) -> None:
    (problem,) = folder.problems(minimal("include: quarterdeck.yaml\n"))
    assert (problem.line, problem.column) == (9, 10)
    assert "include each other" in problem.message


def test_a_circle_through_a_link_is_found(folder: Any, minimal: Any) -> None:
    (folder.path / "other.yaml").symlink_to(folder.path / "quarterdeck.yaml")
    (problem,) = folder.problems(minimal("include: other.yaml\n"))
    assert "include each other" in problem.message


def test_a_file_reached_on_two_ways_is_read_once(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", "include: common.yaml\n")
    folder.write("b.yaml", "include: common.yaml\n")
    folder.write("common.yaml", "rings: [{name: all, weight: 100}]\n")
    assert len(folder.load(minimal("include: [a.yaml, b.yaml]\n")).fleet.rings) == 1


def test_what_two_files_say_differently_names_both(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", "fleet: shop\nenvironments:\n  production: {protected: true}\nswap:\n  source: blue\n")
    (problem,) = folder.problems(minimal("swap: {source: green}\ninclude: a.yaml\n"))
    assert (Path(problem.file).name, problem.line, problem.path) == ("a.yaml", 5, "swap.source")
    assert problem.message == f"already given in {folder.path}/quarterdeck.yaml:9:8"


def test_a_missing_file_is_told_where_it_is_included(folder: Any, minimal: Any) -> None:
    (problem,) = folder.problems(minimal("include: [parts/nowhere.yaml]\n"))
    assert (problem.line, problem.column, problem.path) == (9, 11, "include")
    assert problem.message == f"there is no file {folder.path}/parts/nowhere.yaml"
    assert "relative" in problem.hint


def test_what_is_wrong_in_an_included_file_is_told_there(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", "rings:\n- {name: all, wieght: 100}\n")
    problems = folder.problems(minimal("include: a.yaml\n"))
    assert [(Path(p.file).name, p.line, p.column, p.path) for p in problems] == [
        ("a.yaml", 2, 3, "rings[0].weight"),
        ("a.yaml", 2, 15, "rings[0].wieght"),
    ]


def test_an_included_file_has_the_same_limits(folder: Any, minimal: Any) -> None:
    folder.write("a.yaml", b"# \xff\n")
    folder.write("b.yaml", "# x\n" * 500_000)
    folder.write("c.yaml", "rings:\n\t- x\n")
    problems = folder.problems(minimal("include: [a.yaml, b.yaml, c.yaml]\n"))
    assert [p.message.split(":")[0] for p in problems] == [
        "not UTF-8",
        "the file is too big",
        "a tab is used to indent",
    ]


def test_files_that_can_not_be_reached_are_told_where_they_are_included(folder: Any, minimal: Any) -> None:
    (folder.path / "loop.yaml").symlink_to("loop.yaml")
    (folder.path / "folder").mkdir()
    problems = folder.problems(minimal(f"include: [loop.yaml, {'x' * 300}.yaml, folder, quarterdeck.yaml/a]\n"))
    assert [(p.line, p.message.rpartition(": ")[2]) for p in problems if p.line] == [
        (9, "Too many levels of symbolic links"),
        (9, "File name too long"),
        (9, "Not a directory"),
    ]
    assert [p.message for p in problems if not p.line] == ["this is not a file"]


def test_names_that_are_no_files(folder: Any, minimal: Any) -> None:
    folder.write("ok.yaml", "rings: []\n")
    problems = folder.problems(minimal('include: [{a: b}, "x\\0y", ok.yaml]\n'))
    assert [(p.line, p.message) for p in problems] == [(9, "not the name of a file")] * 2


def test_hundreds_of_files_are_too_many(folder: Any, minimal: Any) -> None:
    for number in range(250):
        folder.write(f"{number}.yaml", "rings: []\n")
    problems = folder.problems(minimal(f"include: [{', '.join(f'{n}.yaml' for n in range(250))}]\n"))
    assert any("more than 200 files" in problem.message for problem in problems)
