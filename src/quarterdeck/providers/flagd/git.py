"""A git checkout: commits that are made without touching it, and taken over by it once they count.

Git is asked with its own program. A commit is put together beside the checkout (`hash-object`, a tree in an index of
its own, `commit-tree`), so that whatever fails on the way leaves behind nothing but an object that nobody refers to.
Where a remote has to take it, it is pushed without force: the remote compares and swaps (git-push, "Note about
fast-forwards"). Only then do the branch (`update-ref` with the old value), the file and the index follow.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
import tempfile
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

_QUIET = {"GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_EDITOR": "true", "LC_ALL": "C"}
_WHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_PREFIX")
"""Variables by which git would look elsewhere than in the checkout; a hook that starts us has them."""

_REJECTED = re.compile(r"^!\t[^\t]*\t(?P<why>\[(?:remote )?rejected\].*)$", re.MULTILINE)
"""How git tells of a reference that wasn't taken (git-push, "Output"). Hooks of the remote say what they like, but only
on the other line; a remote that failed while it answered is `[remote failure]`."""

_CREDENTIALS = re.compile(r"//[^/@\s]+@")
"""In the URL of a remote; git repeats it in what it says."""


@dataclass(frozen=True, slots=True)
class Said:
    """How a git command ended."""

    code: int
    output: str
    error: str


@dataclass(frozen=True, slots=True)
class Commit:
    """One that is made and isn't anywhere yet. `parent` is where the branch was."""

    id: str
    parent: str
    blob: str
    mode: str
    path: str


class Checkout:
    """One branch of one checkout, and the remote that has to take commits, if one has to."""

    def __init__(self, folder: Path, branch: str, remote: str | None, timeout: float) -> None:
        self.folder = folder
        self.branch = branch
        self.remote = remote
        self._timeout = timeout

    async def author(self) -> str:
        """As commits will name it. Raises ProviderError (misconfigured) if git knows nobody."""
        said = await self._ask("var", "GIT_AUTHOR_IDENT")
        if said.code:
            hint = "git config user.name and user.email in the checkout"
            raise ProviderError("misconfigured", "git doesn't know who commits here", hint)
        return clean(said.output.rpartition(">")[0] + ">", 120)

    async def path_of(self, file: Path) -> str:
        """The file's path in the repository. Raises ProviderError if it isn't in this checkout."""
        top = _real((await self._must("rev-parse", "--show-toplevel")).strip())
        real = _real(file)
        if not real.is_relative_to(top):
            raise ProviderError("misconfigured", f"{clean(file.name, 60)} isn't in the repository", "check `file`")
        return real.relative_to(top).as_posix()

    async def require_branch(self) -> None:
        """Raises ProviderError (misconfigured) if another branch is checked out."""
        on = (await self._ask("symbolic-ref", "--quiet", "--short", "HEAD")).output.strip()
        if on != self.branch:
            await self._must("rev-parse", "--git-dir")
            there = f"branch {clean(on, 60)} is" if on else "no branch is"
            message = f"{there} checked out in the repository, not {self.branch}"
            raise ProviderError("misconfigured", message, f"git switch {self.branch}")

    async def place_of(self, file: Path) -> str:
        """The file's path in the repository.

        Raises:
            ProviderError: it isn't in this checkout, another branch is checked out, or it has changes of somebody's.
        """
        path = await self.path_of(file)
        await self.require_branch()
        status = await self._must("status", "--porcelain", "--untracked-files=all", "--", f":(top,literal){path}")
        if status.strip():
            message = f"{clean(file.name, 60)} has changes that aren't committed"
            raise ProviderError("provider_error", message, "commit them, or take them back")
        return path

    async def require_newest(self) -> None:
        """Raises ProviderError if the remote's branch isn't where the checkout's is."""
        if self.remote is None:
            return
        theirs, mine = await self.fetched(), await self._head()
        if theirs == mine:
            return
        behind = (await self._ask("merge-base", "--is-ancestor", mine, theirs)).code == 0
        what = f"is behind {self.remote}" if behind else f"has commits that {self.remote} hasn't"
        hint = f"git pull --ff-only {self.remote} {self.branch}" if behind else "push them, or drop them"
        raise ProviderError("provider_error", f"the checkout {what}", hint)

    async def fetched(self) -> str:
        """The remote's newest commit of the branch, brought here. Raises ProviderError."""
        await self._must("fetch", "--quiet", "--no-tags", str(self.remote), f"refs/heads/{self.branch}")
        return (await self._must("rev-parse", "FETCH_HEAD")).strip()

    async def content(self, commit: str, path: str) -> bytes:
        """A file as a commit has it. Raises ProviderError."""
        return (await self._must("cat-file", "--filters", f"{commit}:{path}")).encode()

    async def commit(self, path: str, content: str, message: str) -> Commit:
        """Make a commit on top of the branch. Changes nothing that anybody sees. Raises ProviderError."""
        parent = await self._head()
        mode = (await self._must("ls-tree", parent, "--", f":(top,literal){path}")).partition(" ")[0]
        blob = (await self._must("hash-object", "-w", f"--path={path}", "--stdin", given=content)).strip()
        with tempfile.TemporaryDirectory(prefix="quarterdeck-") as folder:
            beside = {"GIT_INDEX_FILE": os.path.join(folder, "index")}
            await self._must("read-tree", parent, more=beside)
            await self._must("update-index", "--cacheinfo", f"{mode},{blob},{path}", more=beside)
            tree = (await self._must("write-tree", more=beside)).strip()
        made = await self._must("commit-tree", tree, "-p", parent, "-F", "-", given=message)
        return Commit(made.strip(), parent, blob, mode, path)

    async def push(self, commit: Commit) -> None:
        """Give it to the remote, which takes it only on top of what it has.

        Raises:
            Refused: somebody was faster, or it isn't allowed.
            InDoubt: nobody knows.
        """
        target = f"{commit.id}:refs/heads/{self.branch}"
        try:
            said = await self._ask("push", "--porcelain", str(self.remote), target)
        except ProviderError as error:
            raise InDoubt(error.trouble.code, error.trouble.message, error.trouble.hint) from None
        if not said.code:
            return
        if rejected := _REJECTED.search(said.output):
            why = clean(_CREDENTIALS.sub("//", rejected["why"]), 120)
            message = f"{self.remote} didn't take the commit ({why}); the checkout is as it was"
            hint = f"git pull --ff-only {self.remote} {self.branch}, and plan it again"
            raise Refused("provider_error", message, hint)
        raise InDoubt("unreachable", f"git push: {_last(said)}")

    async def follow(self, commit: Commit) -> None:
        """Move the branch on to the commit, if it is where it was. Raises ProviderError."""
        await self._must("update-ref", "-m", "quarterdeck", f"refs/heads/{self.branch}", commit.id, commit.parent)

    async def go_back(self, commit: Commit) -> None:
        """Move the branch back to where it was before the commit. Raises ProviderError."""
        await self._must("update-ref", "-m", "quarterdeck", f"refs/heads/{self.branch}", commit.parent, commit.id)

    async def refresh(self, commit: Commit) -> None:
        """The index, after the file has followed. Raises ProviderError."""
        await self._must("update-index", "--cacheinfo", f"{commit.mode},{commit.blob},{commit.path}")

    async def _head(self) -> str:
        return (await self._must("rev-parse", "--verify", f"refs/heads/{self.branch}^{{commit}}")).strip()

    async def _must(self, *words: str, given: str = "", more: dict[str, str] | None = None) -> str:
        said = await self._ask(*words, given=given, more=more)
        if said.code:
            raise ProviderError("provider_error", f"git {words[0]}: {_last(said)}", "look at the checkout")
        return said.output

    async def _ask(self, *words: str, given: str = "", more: dict[str, str] | None = None) -> Said:
        """Raises ProviderError (misconfigured, timeout)."""
        environment = {key: one for key, one in os.environ.items() if key not in _WHERE} | _QUIET | (more or {})
        try:
            process = await asyncio.create_subprocess_exec(
                "git",
                *words,
                cwd=self.folder,
                env=environment,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            missing = "there is no git program" if self.folder.is_dir() else "there is no folder `repository`"
            raise ProviderError("misconfigured", f"{missing} ({error.strerror})") from None
        try:
            async with asyncio.timeout(self._timeout):
                output, errors = await process.communicate(given.encode())
        except TimeoutError:
            raise ProviderError("timeout", f"git {words[0]} took longer than {self._timeout:g}s") from None
        finally:
            if process.returncode is None:
                os.killpg(process.pid, signal.SIGKILL)  # what it started to reach a remote, too
                await process.wait()
        return Said(process.returncode or 0, output.decode(errors="replace"), errors.decode(errors="replace"))


def _last(said: Said) -> str:
    lines = [line for line in said.error.splitlines() if line.strip()] or ["it said nothing"]
    line = next((line for line in lines if line.startswith(("fatal:", "error:"))), lines[-1])
    return clean(_CREDENTIALS.sub("//", line), 160)


def _real(path: str | Path) -> Path:
    return Path(os.path.realpath(path))
