"""flagd's definition files as a FlagStore: on disk, or in a git checkout."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers import errand
from quarterdeck.providers.base import FlagSurvey, InDoubt, Observed, Progress, ProviderError, Receipt, Refused
from quarterdeck.providers.flagd.definitions import Definitions
from quarterdeck.providers.flagd.files import Files, definitions, locked, replace, writable
from quarterdeck.providers.flagd.git import Checkout, Commit
from quarterdeck.release.plan import Step
from quarterdeck.release.settlement import Settlement, settle_flag


@dataclass(frozen=True, slots=True)
class _Where:
    """An address."""

    file: Path
    prefix: str
    field: str | None


class FlagdFlags:
    """The feature flags of definition files."""

    source = "flagd definition file"

    def __init__(self, checkout: Checkout | None, may_write: Callable[[], None]) -> None:
        self._checkout = checkout
        self._may_write = may_write
        self._files = Files()
        self._turns: dict[Path, asyncio.Lock] = {}

    async def observe(self, places: Sequence[Place]) -> Observed:
        files = sorted({_where(place.address).file for place in places})
        read = dict(zip(files, await asyncio.gather(*map(self._seen, files)), strict=True))
        return await asyncio.to_thread(_observed, places, read)

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        """Read a flag; labels there are none. Of a checkout nothing is said that couldn't be written on now."""
        where = _where(address)
        if label:
            raise ProviderError("misconfigured", "flagd's definitions have no labels", "leave --label out")
        if self._checkout:
            await self._checkout.place_of(where.file)
            await self._checkout.require_newest()
        flag = (await self._read(where.file)).flag(name, where.field)
        return FlagSurvey(flag.reading, (), tuple(flag.risks()), limits=flag.limits)

    async def permitted(self, address: Address) -> bool | None:
        return await asyncio.to_thread(writable, _where(address).file)

    async def send(self, step: Step) -> Receipt:
        """Make the flag what the step wants, if its definition is still as it was when the step was planned.

        The file is replaced in one step (rename within its folder), under a lock, on the condition that it holds what
        was read. The new text is read before it counts: the flag has to be as wanted, and nothing else different. A
        step that took effect is refused when it is sent again: the definition isn't the planned one.

        In a checkout the change is a commit. Where a remote has to take it, the push is the write: the remote takes it
        only on top of what it has, and a push that it refuses leaves the checkout as it was.

        Raises:
            Refused: nothing was changed.
            InDoubt: nobody knows.
        """
        if step.verb != "set_flag":
            raise Refused("misconfigured", f"a definition file can't {step.verb}")
        where = _where(step.address)
        async with self._turns.setdefault(where.file, asyncio.Lock()):
            with locked(where.file):
                if self._checkout is None:
                    before, after = await self._texts(where, step)
                    await asyncio.to_thread(replace, where.file, before, after, self._may_write)
                    return Receipt()
                return await self._commit(self._checkout, where, step)

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A file is written with the answer; applications follow as they read it."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        """Where a remote has to take commits, what it has counts."""
        where = _where(step.address)
        if self._checkout and self._checkout.remote:
            path = await self._checkout.path_of(where.file)
            content = await self._checkout.content(await self._checkout.fetched(), path)
            found = definitions(content, where.file)
        else:
            found = await self._read(where.file)
        return settle_flag(step, found.flag(str(step.change["name"]), where.field).reading)

    async def _commit(self, checkout: Checkout, where: _Where, step: Step) -> Receipt:
        try:
            path = await checkout.place_of(where.file)
            await checkout.require_newest()
            before, after = await self._texts(where, step)
            commit = await checkout.commit(path, after, _message(step))
        except ProviderError as error:
            raise error.before_sending() from None
        self._may_write()
        if checkout.remote:
            await checkout.push(commit)
            await self._follow(checkout, commit, where.file, before, after)
        else:
            await self._take_over(checkout, commit, where.file, before, after)
        return Receipt(commit.id[:12])

    async def _follow(self, checkout: Checkout, commit: Commit, file: Path, before: str, after: str) -> None:
        """After a push: the checkout becomes what the remote is already."""
        try:
            await self._take_over(checkout, commit, file, before, after)
        except ProviderError as error:
            message = f"{checkout.remote} has taken {commit.id[:12]}, but the checkout couldn't follow: {error}"
            raise InDoubt(error.trouble.code, message, f"git pull {checkout.remote} {checkout.branch}") from None

    async def _take_over(self, checkout: Checkout, commit: Commit, file: Path, before: str, after: str) -> None:
        try:
            await checkout.follow(commit)
        except ProviderError as error:
            raise error.before_sending() from None
        try:
            await asyncio.to_thread(replace, file, before, after, self._may_write)
        except Refused:
            await checkout.go_back(commit)
            raise
        try:
            await checkout.refresh(commit)
        except ProviderError as error:
            message = f"committed as {commit.id[:12]}, but git's index couldn't follow: {error}"
            raise InDoubt(error.trouble.code, message, "git reset -- the file") from None

    async def _texts(self, where: _Where, step: Step) -> tuple[str, str]:
        """The file as it is and as it should be. Raises Refused."""
        name = str(step.change["name"])
        try:
            now = await self._read(where.file)
            flag = now.flag(name, where.field)
            if flag.version != step.before.get("etag", flag.version):
                message = f"flag {clean(name, 60)}: somebody else changed it in the meantime"
                raise Refused("provider_error", message, "plan it again")
            facts = {key: step.change[key] for key in ("enabled", "percent", "audience")}
            then = await asyncio.to_thread(now.changed, flag, facts)
        except ProviderError as error:
            raise error.before_sending() from None
        return now.text, then.text

    async def _read(self, file: Path) -> Definitions:
        return await asyncio.to_thread(self._files.read, file)

    async def _seen(self, file: Path) -> Definitions | Trouble:
        try:
            return await self._read(file)
        except ProviderError as error:
            return error.trouble


def _where(address: Address) -> _Where:
    parts = address.parts
    return _Where(Path(parts["file"]), parts.get("prefix", ""), parts.get("group_field") or None)


def _observed(places: Sequence[Place], read: Mapping[Path, Definitions | Trouble]) -> Observed:
    wheres = {place.subject: _where(place.address) for place in places}
    return {subject: _flags(where, read[where.file]) for subject, where in wheres.items()}


def _flags(where: _Where, found: Definitions | Trouble) -> FlagsReading | Trouble:
    if isinstance(found, Trouble):
        return found
    try:
        return FlagsReading(found.readings(where.prefix, where.field))
    except ProviderError as error:
        return error.trouble


def _message(step: Step) -> str:
    """Of a commit: what, why, and for whom."""
    behind = errand.current()
    lines = [clean(step.summary, 120)]
    if behind.reason:
        lines += ["", clean(behind.reason, 500)]
    trailers = {"Requested-by": behind.actor, "Quarterdeck-operation": behind.operation}
    said = [f"{key}: {clean(one, 120)}" for key, one in trailers.items() if one]
    return "\n".join([*lines, *(["", *said] if said else [])]) + "\n"
