"""Files that only their owner can read."""

import os
from pathlib import Path

import pytest

from quarterdeck import private_files


def test_what_was_written_before_stays_and_the_new_one_gets_a_number(tmp_path: Path) -> None:
    paths = []
    for text in ("first", "second", "third"):
        path, file = private_files.begin(tmp_path, "screen", ".txt")
        with file:
            file.write(text)
        paths.append(Path(path))
    assert [path.name for path in paths] == ["screen.txt", "screen-2.txt", "screen-3.txt"]
    assert [path.read_text(encoding="utf-8") for path in paths] == ["first", "second", "third"]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o600}


def test_a_link_that_lies_in_wait_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine", encoding="utf-8")
    (tmp_path / "screen.txt").symlink_to(victim)
    path, file = private_files.begin(tmp_path, "screen", ".txt")
    file.close()
    assert Path(path).name == "screen-2.txt"
    (tmp_path / f"note-{os.getpid()}").symlink_to(victim)
    with pytest.raises(OSError, match=r"symbolic link"):
        private_files.put(tmp_path / "note", "yours")
    assert victim.read_text(encoding="utf-8") == "mine"


def test_a_file_is_replaced_whole_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "note"
    path.write_text("something long that was there before", encoding="utf-8")
    path.chmod(0o644)
    private_files.put(path, "new")
    assert path.read_text(encoding="utf-8") == "new"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["note"]


def test_half_a_surrogate_pair_can_be_written(tmp_path: Path) -> None:
    path, file = private_files.begin(tmp_path, "lines", ".txt")
    with file:
        file.write("a\udc80b")
    assert Path(path).read_text(encoding="utf-8") == "a\\udc80b"
    private_files.put(tmp_path / "note", "a\udc80b")
    assert (tmp_path / "note").read_text(encoding="utf-8") == "a?b"
