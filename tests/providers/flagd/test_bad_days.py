"""Definition files that can't be read, can't be written, or change while they are."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path

import pytest
from tests.providers.flagd.world import Definition, change, flag, planned, ring, seen, session, share, store, trouble

from quarterdeck.fleet.readings import Audience
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.providers.flagd.files import replace
from quarterdeck.testing.conformance import require_printable

GARBAGE = [
    ("flags.json", "", "line 1: the document ends too early"),
    ("flags.json", '{"flags": {\n  "a": {},\n  "a": {}}}', "line 3: a stands here a second time (first in line 2)"),
    ("flags.json", '{"flags": {},}', "line 1: a key in quotes is missing"),
    ("flags.json", '{"flags": {}\n "x": 1}', "line 2: a comma or } is missing"),
    ("flags.json", '{"flags": {}}\n{}', "line 2: there is something after the end"),
    ("flags.json", '{"flags": \n01}', "line 2: a value is missing before 01"),
    ("flags.json", '{"flags":\n {"a\x1b[31m": "\tx"}}', "line 2: invalid control character"),
    ("flags.json", "<html>\n<title>Sign in</title>", "line 1: a value is missing before <html>"),
    ("flags.json", "[" * 5000, "nested too deeply"),
    ("flags.json", "[]", "is no flagd definition: it has no `flags`"),
    ("flags.json", '{"flags": [{"key": "a"}]}', "its `flags` aren't a mapping by name"),
    ("flags.yaml", "", "line 1: the document is empty"),
    ("flags.yaml", "flags:\n  a: 1\n  a: 2\n", "line 3: a stands here a second time (first in line 2)"),
    ("flags.yaml", "flags:\n  a: {\n", "this is no YAML"),
    ("flags.yaml", "flags: {}\n---\nflags: {}\n", "line 2: a second document begins"),
    ("flags.yaml", "a: &a {b: 1}\nflags:\n  c:\n    <<: *a\n", "line 4: a key must be a text (`<<`"),
    ("flags.yaml", "flags: !!python/object/apply:os.system [id]\n", "line 1: the tag"),
    ("flags.yaml", "flags: *missing\n", "line 1: there is no anchor missing"),
    ("flags.yaml", "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ), "there are more than 500000 values"),
    ("flags.yaml", "flags: " + "[" * 3000, "nested too deeply"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "words"), GARBAGE, ids=[words[:40] for _, _, words in GARBAGE])
async def test_what_is_no_definition_is_told_with_its_line(tmp_path: Path, name: str, text: str, words: str) -> None:
    file = Definition(tmp_path / name)
    file.write(text)
    found = await trouble(file.place())
    assert found.code == "garbage"
    assert words in found.message
    assert found.message.startswith(name)
    require_printable(found, "trouble")
    with pytest.raises(ProviderError):
        await store().survey_flag(file.place().address, "a", "")


async def test_files_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    large, binary, folder = (Definition(tmp_path / name) for name in ("large.json", "binary.json", "folder.json"))
    large.write('{"flags": {}}' + " " * 5_000_000)
    binary.path.write_bytes(b'{"flags":\n "\xff"}')
    folder.path.mkdir()
    assert (await trouble(Definition(tmp_path / "none.json").place())).code == "not_found"
    assert "larger than 4 MiB" in (await trouble(large.place())).message
    assert "line 2: this isn't UTF-8" in (await trouble(binary.place())).message
    assert "is a directory" in (await trouble(folder.place())).message


async def test_one_odd_flag_hides_no_other(tmp_path: Path) -> None:
    file = Definition.of(
        tmp_path,
        {
            "good": flag(share(5)),
            "colour": {"state": "ENABLED", "variants": {"red": "f00", "blue": "00f"}, "defaultVariant": "red"},
            "three": {"state": "ENABLED", "variants": {"a": True, "b": False, "c": False}, "defaultVariant": "a"},
            "bare": {"state": "ENABLED", "defaultVariant": "on"},
            "state": flag(state="enabled"),
            "default": flag(default="purple"),
            "rule": flag("on"),
            "weird\x1b[2J": flag(),
        },
    )
    found = await seen(file.place())
    assert not found.pop("good").locked
    assert len(found) == 7
    assert all(one.locked and one.other_rules for one in found.values())
    for one in found.values():
        require_printable(one, "flag")
    for name, words in (("colour", "is no switch: its variants are red, blue"), ("bare", "has no variants")):
        with pytest.raises(ProviderError, match=words) as caught:
            await store().survey_flag(file.place().address, name, "")
        assert "line" in caught.value.trouble.message
    with pytest.raises(ProviderError, match="there is no flag purple"):
        await store().survey_flag(file.place().address, "purple", "")


async def test_a_bare_on_or_off_in_yaml_is_told(tmp_path: Path) -> None:
    """YAML takes it for a truth value; flagd refuses the file for it, and other readers don't."""
    file = Definition(tmp_path / "flags.yaml")
    file.write("flags:\n  lights:\n    state: ENABLED\n    variants: {on: true, off: false}\n    defaultVariant: off\n")
    (only,) = (await seen(file.place())).values()
    assert only.other_rules == ("has a default variant that is a truth value in YAML: put it in quotes",)


async def test_a_flag_that_somebody_else_changed_is_refused_and_another_does_not_matter(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag(share(5)), "horn": flag()})
    step = await planned(file.place(), "lights", percent=10.0)
    await change(file.place(), "horn", enabled=True)
    stale = await planned(file.place(), "horn", percent=10.0)
    await change(file.place(), "horn", enabled=False)
    await store().send(step)
    before = file.text
    with pytest.raises(Refused, match="somebody else changed it"):
        await store().send(stale)
    with pytest.raises(Refused):
        await store().send(step)
    assert file.text == before
    assert (await store().settle(step)).state == "done"
    assert (await store().settle(stale)).state == "changed_by_other"


async def test_a_shared_rule_that_changed_is_a_change_of_the_flag(tmp_path: Path) -> None:
    uses = flag({"if": [{"$ref": "ours"}, "on", share(5)]})
    file = Definition.of(tmp_path, {"lights": uses}, shared={"ours": {"==": [{"var": "team"}, "a"]}})
    step = await planned(file.place(), "lights", percent=10.0)
    file.write(file.text.replace('"a"', '"b"'))
    with pytest.raises(Refused, match="somebody else changed it"):
        await store().send(step)


async def test_a_locked_file_is_refused_and_left(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag()})
    step = await planned(file.place(), "lights", enabled=True)
    before = file.text
    with file.path.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(Refused, match="locked by another program"):
            await store().send(step)
    assert file.text == before
    await store().send(step)


async def test_who_lost_the_right_to_write_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag()})
    step = await planned(file.place(), "lights", enabled=True)

    def stopped() -> None:
        raise Refused("forbidden", "stopped")

    before = file.text
    with pytest.raises(Refused, match="stopped"):
        await store(stopped).send(step)
    assert file.text == before
    assert os.listdir(tmp_path) == ["flags.json"]


def test_who_writes_in_place_at_the_last_moment_wins(tmp_path: Path) -> None:
    """An editor knows no lock: its text is compared once more before it is replaced."""
    file = Definition.of(tmp_path, {"lights": flag()})
    before, theirs = file.text, file.text.replace("lights", "lanterns")
    file.write(theirs)
    with pytest.raises(Refused, match="somebody changed it just now"):
        replace(file.path, before, before + " ", lambda: None)
    assert file.text == theirs
    assert os.listdir(tmp_path) == ["flags.json"]


async def test_a_link_is_followed_and_mode_and_owner_stay(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    file = Definition.of(tmp_path / "data", {"lights": flag()})
    file.path.chmod(0o640)
    owned = os.geteuid() == 0
    if owned:
        os.chown(file.path, 12345, 23456)
    link = Definition(tmp_path / "link.json")
    link.path.symlink_to("data/flags.json")
    await change(link.place(), "lights", enabled=True)
    assert link.path.is_symlink()
    status = file.path.stat()
    assert status.st_mode & 0o777 == 0o640
    assert (status.st_uid, status.st_gid) == ((12345, 23456) if owned else (os.geteuid(), os.getegid()))
    assert file.seen_by("lights", [None]) == [None]


async def test_a_file_with_another_name_is_not_torn_from_it(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag()})
    os.link(file.path, tmp_path / "twin.json")
    with pytest.raises(Refused, match="hard links"):
        await store().send(await planned(file.place(), "lights", enabled=True))


async def test_a_change_in_place_is_seen_at_the_next_look(tmp_path: Path) -> None:
    file, mine = Definition.of(tmp_path, {"lights": flag()}), store()
    assert not (await seen(file.place(), mine))["lights"].enabled
    file.write(file.text.replace('"defaultVariant": "off"', '"defaultVariant": "on" '))
    assert (await seen(file.place(), mine))["lights"].enabled


async def test_flags_of_one_file_can_be_changed_at_the_same_time(tmp_path: Path) -> None:
    file, mine = Definition.of(tmp_path, {f"flag-{number}": flag() for number in range(8)}), store()
    steps = [await planned(file.place(), f"flag-{number}", mine, enabled=True) for number in range(8)]
    await asyncio.gather(*map(mine.send, steps))
    assert all(one.enabled for one in (await seen(file.place())).values())


async def test_what_other_rules_cannot_carry_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag({"if": [{"var": "beta"}, "on", share(5)]})})
    await change(file.place(), "lights", enabled=False)
    before = file.text
    step = await planned(file.place(), "lights", admit=(Audience("early", 100.0),))
    with pytest.raises(Refused, match="need a percentage for everybody else"):
        await store().send(step)
    assert file.text == before


async def test_there_are_no_labels_and_no_groups_without_a_field(tmp_path: Path) -> None:
    file = Definition.of(tmp_path, {"lights": flag(ring("early", "on", share(5)))})
    with pytest.raises(ProviderError, match="no labels"):
        await store().survey_flag(file.place().address, "lights", "production")
    survey = await store().survey_flag(file.place(group_field="").address, "lights", "")
    assert (survey.limits.audience, survey.reading.other_rules) == (False, ("== ring -> on",))


async def test_check_says_who_writes() -> None:
    ((told, wrong),) = [one async for one in session().check()]
    assert told == f"files are written as {await session().identity()}"
    assert wrong is None
