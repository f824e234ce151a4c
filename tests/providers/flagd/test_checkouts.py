"""Definition files in a real git checkout: each write is a commit, and counts once the remote has it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.cli.program import YES, Qd
from tests.providers.flagd.world import Definition, change, flag, git, planned, seen, session, share, store

from quarterdeck.providers import errand
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.testing.conformance import check_flag


class Harbour:
    """A remote, our checkout of it, and somebody else's."""

    def __init__(self, folder: Path) -> None:
        git(folder, "init", "-q", "--bare", "-b", "main", "remote")
        self.remote, self.ours, self.theirs = (folder / name for name in ("remote", "ours", "theirs"))
        git(folder, "clone", "-q", "remote", "ours")
        (self.ours / "flags").mkdir()
        self.file = Definition.of(self.ours / "flags", {"lights": flag(share(5)), "horn": flag(share(5))}, ".yaml")
        (self.ours / "README").write_text("harbour\n")
        self.named(self.ours, "ana")
        git(self.ours, "add", ".")
        git(self.ours, "commit", "-q", "-m", "flags")
        git(self.ours, "push", "-q", "origin", "main")
        git(folder, "clone", "-q", "remote", "theirs")
        self.named(self.theirs, "bo")
        self.options: dict[str, Any] = {"repository": str(self.ours), "branch": "main"}
        self.pushing: dict[str, Any] = {**self.options, "push": "origin"}

    def named(self, folder: Path, name: str) -> None:
        git(folder, "config", "user.name", name)
        git(folder, "config", "user.email", f"{name}@harbour.example")

    def state(self) -> tuple[str, ...]:
        """Of our checkout: what a write that was refused must leave."""
        return git(self.ours, "rev-parse", "HEAD"), git(self.ours, "status", "--porcelain"), self.file.text

    def faster(self) -> None:
        """Somebody else pushes a change of another file."""
        (self.theirs / "README").write_text("harbour of bo\n")
        git(self.theirs, "commit", "-q", "-a", "-m", "faster")
        git(self.theirs, "push", "-q", "origin", "main")

    def head(self, folder: Path) -> str:
        return git(folder, "rev-parse", "main")


@pytest.fixture
def harbour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Harbour:
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    return Harbour(tmp_path)


async def test_the_kit(harbour: Harbour) -> None:
    await check_flag(store(**harbour.pushing), harbour.file.place(), "lights")
    assert harbour.head(harbour.remote) == harbour.head(harbour.ours)
    assert git(harbour.ours, "status", "--porcelain") == ""


async def test_a_commit_says_what_and_for_whom_and_why(harbour: Harbour) -> None:
    mine = store(**harbour.options)
    step = await planned(harbour.file.place(), "lights", mine, percent=25.0)
    with errand.on(errand.Errand("cy", "more users\nas agreed", "op-4711")):
        receipt = await mine.send(step)
    assert (await mine.settle(step)).state == "done"
    assert git(harbour.ours, "log", "-1", "--format=%an <%ae>%n%B").splitlines() == [
        "ana <ana@harbour.example>",
        "flag:production/lights: on for 5% of everybody -> on for 25% of everybody",
        "",
        "more users as agreed",
        "",
        "Requested-by: cy",
        "Quarterdeck-operation: op-4711",
    ]
    assert harbour.head(harbour.ours).startswith(receipt.reference)
    assert git(harbour.ours, "show", "--stat", "--format=").endswith("1 file changed, 2 insertions(+), 2 deletions(-)")
    assert git(harbour.ours, "status", "--porcelain") == ""
    assert harbour.head(harbour.remote) != harbour.head(harbour.ours)


async def test_what_somebody_has_in_hand_stays_out_of_the_commit(harbour: Harbour) -> None:
    """Other files that are changed, or about to be committed."""
    (harbour.ours / "README").write_text("half a sentence\n")
    git(harbour.ours, "add", "README")
    (harbour.ours / "new").write_text("x")
    await change(harbour.file.place(), "lights", store(**harbour.options), percent=25.0)
    assert git(harbour.ours, "show", "--name-only", "--format=") == "flags/flags.yaml"
    assert git(harbour.ours, "status", "--porcelain").splitlines() == ["M  README", "?? new"]


async def test_who_is_behind_is_told_before_anything_is_planned(harbour: Harbour) -> None:
    harbour.faster()
    with pytest.raises(ProviderError, match="the checkout is behind origin") as caught:
        await store(**harbour.pushing).survey_flag(harbour.file.place().address, "lights", "")
    assert caught.value.trouble.hint == "git pull --ff-only origin main"
    git(harbour.ours, "pull", "-q", "--ff-only", "origin", "main")
    await change(harbour.file.place(), "lights", store(**harbour.pushing), percent=25.0)
    assert harbour.head(harbour.remote) == harbour.head(harbour.ours)


async def test_a_push_that_comes_too_late_is_refused_and_leaves_the_checkout(harbour: Harbour) -> None:
    """Somebody pushes after the last look, right before ours leaves."""
    step = await planned(harbour.file.place(), "lights", store(**harbour.pushing), percent=25.0)
    before = harbour.state()
    with pytest.raises(Refused, match="origin didn't take the commit") as caught:
        await store(harbour.faster, **harbour.pushing).send(step)
    assert "git pull" in caught.value.trouble.hint
    assert harbour.state() == before
    assert (await store(**harbour.pushing).settle(step)).state == "not_done"


async def test_a_remote_that_forbids_it_is_a_refusal(harbour: Harbour) -> None:
    hook = harbour.remote / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho main takes merges only >&2\nexit 1\n")
    hook.chmod(0o755)
    step = await planned(harbour.file.place(), "lights", store(**harbour.pushing), percent=25.0)
    before = harbour.state()
    with pytest.raises(Refused, match="pre-receive hook declined"):
        await store(**harbour.pushing).send(step)
    assert harbour.state() == before


async def test_a_push_without_an_answer_is_in_doubt_and_settled_by_what_the_remote_has(harbour: Harbour) -> None:
    """The remote takes it, and the line drops before it says so."""
    hook = harbour.remote / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\nkill -9 $PPID\n")
    hook.chmod(0o755)
    mine = store(**harbour.pushing)
    step = await planned(harbour.file.place(), "lights", mine, percent=25.0)
    before = harbour.state()
    with pytest.raises(InDoubt, match="git push: "):
        await mine.send(step)
    assert harbour.state() == before
    assert (await mine.settle(step)).state == "done"
    with pytest.raises(Refused, match="the checkout is behind origin"):
        await mine.send(step)


async def test_an_index_that_another_program_holds_at_the_end_is_doubt_as_the_flag_has_changed(
    harbour: Harbour,
) -> None:
    mine = store(**harbour.options)
    step = await planned(harbour.file.place(), "lights", mine, percent=25.0)
    before = harbour.head(harbour.ours)
    (harbour.ours / ".git" / "index.lock").touch()
    with pytest.raises(InDoubt, match="index"):
        await mine.send(step)
    assert harbour.head(harbour.ours) != before
    assert (await mine.settle(step)).state == "done"


async def test_what_a_hook_says_is_not_taken_for_what_git_says(harbour: Harbour) -> None:
    """The remote has taken the commit, a hook there talks of rejections, and the line breaks."""
    hook = harbour.remote / "hooks" / "post-receive"
    hook.write_text("#!/bin/sh\necho 'of ten checks none was [rejected]' >&2\nkill -9 $PPID\n")
    hook.chmod(0o755)
    mine = store(**harbour.pushing)
    step = await planned(harbour.file.place(), "lights", mine, percent=25.0)
    with pytest.raises(InDoubt):
        await mine.send(step)
    assert (await mine.settle(step)).state == "done"


async def test_a_checkout_that_is_not_as_it_should_be_is_told(harbour: Harbour) -> None:
    address = harbour.file.place().address

    async def told(**options: str) -> str:
        with pytest.raises(ProviderError) as caught:
            await store(**{**harbour.options, **options}).survey_flag(address, "lights", "")
        return caught.value.trouble.message

    text = harbour.file.text
    harbour.file.write(text + "# a note\n")
    assert await told() == "flags.yaml has changes that aren't committed"
    harbour.file.write(text)
    assert await told(branch="release") == "branch main is checked out in the repository, not release"
    git(harbour.ours, "switch", "-q", "--detach")
    assert await told() == "no branch is checked out in the repository, not main"
    git(harbour.ours, "switch", "-q", "main")
    assert await told(repository=str(harbour.theirs)) == "flags.yaml isn't in the repository"
    assert (await told(repository=str(harbour.remote.parent))).startswith("git rev-parse: fatal: not a git repository")
    assert (await told(repository="/nowhere")).startswith("there is no folder `repository`")
    git(harbour.ours, "remote", "set-url", "origin", "https://ana:se:cret@127.0.0.1:1/flags")
    said = await told(push="origin")
    assert said.startswith("git fetch: fatal: unable to access")
    assert "cret" not in said
    assert (await seen(harbour.file.place(), store(**harbour.pushing)))["lights"].percent == 5.0


async def test_check_names_the_author_and_tells_what_is_wrong(harbour: Harbour) -> None:
    ((told, wrong),) = [one async for one in session(**harbour.pushing).check()]
    assert (told, wrong) == ("commits are made on main as ana <ana@harbour.example>, and origin has them all", None)
    harbour.faster()
    ((_, wrong),) = [one async for one in session(**harbour.pushing).check()]
    assert wrong is not None
    assert "behind origin" in wrong.message


@pytest.mark.process
def test_a_flag_is_flipped_and_flipped_back_by_commands(harbour: Harbour, tmp_path: Path) -> None:
    fleet = tmp_path / "quarterdeck.yaml"
    fleet.write_text(
        "fleet: harbour\n"
        "connections: {flags: {provider: flagd, repository: ours, branch: main, push: origin}}\n"
        "environments: {production: {protected: true, flags: {connection: flags, file: ours/flags/flags.yaml}}}\n"
        "services: {}\n"
    )
    before = harbour.file.text
    qd = Qd(tmp_path / "state", fleet)
    try:
        qd.done("flag", "off", "production/lights", *YES)
        assert harbour.file.seen_by("lights", [None, "a", "b"], in_code=True) == []
        qd.done("rollback", "flag:production/lights", *YES)
    finally:
        qd("runner", "--stop")
    assert harbour.file.text == before
    log = git(harbour.remote, "log", "-2", "--format=%an: %B", "main")
    assert log.count("a test") == 2
    assert log.count("Requested-by: ") == 2
    assert log.count("ana: flag:production/lights: ") == 2
