"""Unleash as a FlagStore.

A round of watching asks two questions for each project, however many flags and environments it has: an evaluation,
which holds all strategies (`POST /api/admin/playground/advanced`; it writes nothing, not even into Unleash's event log,
as an export does), and the list of flags, for their descriptions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import (
    FlagSurvey,
    InDoubt,
    Observed,
    Progress,
    ProviderError,
    Receipt,
    Refused,
)
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.unleash import api
from quarterdeck.providers.unleash.changes import calls
from quarterdeck.providers.unleash.documents import (
    Flag,
    descriptions,
    environments_of_flags,
    environments_of_project,
    of_evaluation,
    of_feature,
)
from quarterdeck.providers.unleash.settling import settled
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.settlement import Settlement

ASKED_AS = {"appName": "quarterdeck"}
"""The context of evaluations: nobody. Which strategies a flag has doesn't hang on it."""


@dataclass(frozen=True, slots=True)
class _Where:
    """An address."""

    project: str
    environment: str
    prefix: str
    field: str | None


class UnleashFlags:
    """The feature flags of an Unleash."""

    source = "unleash"

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    async def observe(self, places: Sequence[Place]) -> Observed:
        projects: dict[str, list[Place]] = {}
        for place in places:
            projects.setdefault(_where(place.address).project, []).append(place)
        rounds = await asyncio.gather(*(self._observe_project(project, its) for project, its in projects.items()))
        return {subject: seen for observed in rounds for subject, seen in observed.items()}

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        """Read a flag; labels there are none."""
        where = _where(address)
        if label:
            hint = f"leave --label out; its environment there is {where.environment}"
            raise ProviderError("misconfigured", "Unleash has no labels", hint)
        flag, _ = await asyncio.gather(self._flag(where, name), self._require_no_change_requests(where))
        return FlagSurvey(flag.reading(where.field), (), tuple(_risks(flag)), limits=flag.limits(where.field))

    async def permitted(self, address: Address) -> bool | None:
        """What the token's owner was granted."""
        where = _where(address)
        return api.may_change(await self._rest.get(api.USER), where.project, where.environment)

    async def send(self, step: Step) -> Receipt:
        """Make the flag what the step wants, if it is still as it was when the step was planned.

        It is one request where one part changes: the switch, everybody's percentage, or a group's. Where several do it
        is one for each, in an order that is safe at each point (see `changes`). What fails in between is in doubt, and
        read back as half done.

        The flag is read right before, and compared with the version that was planned on. A strategy is patched under
        conditions (Unleash reads it, tests and writes: two that come within the same milliseconds may both pass). The
        switch and a new strategy know no condition; switching twice changes nothing (measured with Unleash 8.2.0). A
        step that took effect, wholly or in part, is refused when it is sent again: the version isn't the planned one.

        Raises:
            Refused: nothing was changed.
            InDoubt: nobody knows, or only a part was done.
        """
        where, name = _where(step.address), str(step.change["name"])
        if step.verb != "set_flag":
            raise Refused("misconfigured", f"Unleash can't {step.verb}")
        try:
            flag = await self._flag(where, name)
            todo = calls(flag, step.change, where.field)
        except ProviderError as error:
            raise error.before_sending() from None
        if flag.etag != step.before.get("etag", flag.etag):
            raise _somebody_else(name)
        done: list[str] = []
        for call in todo:
            path = api.feature_environment(where.project, name, where.environment) + call.path
            try:
                await self._rest.write(call.method, path, call.document)
            except (Refused, InDoubt) as error:
                if api.TEST_FAILED in error.trouble.message:
                    error = _somebody_else(name)
                if not done:
                    raise error from None
                message = f"half done: set {', '.join(done)}, but not {call.part}: {error.trouble.message}"
                raise InDoubt(error.trouble.code, message, error.trouble.hint) from None
            done.append(call.part)
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A flag is written with the answer; applications follow as they refresh."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        where = _where(step.address)
        return settled(step, (await self._flag(where, str(step.change["name"]))).reading(where.field))

    async def _observe_project(self, project: str, places: Sequence[Place]) -> Observed:
        environments = sorted({_where(place.address).environment for place in places})
        question = {"projects": [project], "environments": environments, "context": ASKED_AS}
        try:
            listed = await self._rest.get(api.features(project), watching=True)
            evaluated = await self._rest.query(api.EVALUATE, question, watching=True)
            flags = of_evaluation(evaluated, descriptions(listed))
            known = await self._environments(project, listed)
        except ProviderError as error:
            return {place.subject: error.trouble for place in places}
        return {place.subject: _seen(_where(place.address), known, flags) for place in places}

    async def _environments(self, project: str, listed: object) -> frozenset[str]:
        """Of a project. An evaluation answers for environments and projects that there aren't, too."""
        told = environments_of_flags(listed)
        return told or environments_of_project(await self._rest.get(api.environments(project), watching=True))

    async def _flag(self, where: _Where, name: str) -> Flag:
        try:
            document = await self._rest.get(api.feature(where.project, name))
        except ProviderError as error:
            if error.trouble.code != "not_found":
                raise
            raise await self._missing(where, name, error) from None
        return of_feature(document, where.environment)

    async def _missing(self, where: _Where, name: str, error: ProviderError) -> ProviderError:
        """Why there is no such flag. Of an archived one Unleash still shows its environments (measured with 8.2.0)."""
        flag = clean(name, 60)
        try:
            await self._rest.get(api.feature_environment(where.project, name, where.environment))
        except ProviderError:
            hint = "qd flag list shows those of the project"
            return ProviderError("not_found", f"there is no flag {flag}: {error.trouble.message}", hint)
        hint = "revive it in Unleash; it comes back switched off"
        return ProviderError("not_found", f"flag {flag} is archived: no application gets it", hint)

    async def _require_no_change_requests(self, where: _Where) -> None:
        """Raises ProviderError (forbidden) where Unleash takes changes by request only.

        Open source has none, and answers 404. Unleash refuses by itself what it doesn't allow, so that whatever else it
        answers to this question stops nothing.
        """
        try:
            config = await self._rest.get(api.change_requests(where.project))
        except ProviderError as error:
            if error.trouble.code in ("not_found", "forbidden"):
                return
            raise
        needed = api.approvals_needed(config, where.environment)
        if needed is not None:
            message = f"{where.environment} of project {where.project} takes changes by change request only"
            hint = f"make the change request in Unleash, where {needed} must approve it"
            raise ProviderError("forbidden", message, hint)


def _where(address: Address) -> _Where:
    parts = address.parts
    return _Where(
        parts.get("project") or "default",
        parts["environment"],
        parts.get("prefix", ""),
        parts.get("group_field") or None,
    )


def _seen(where: _Where, known: frozenset[str], flags: Mapping[str, Mapping[str, Flag]]) -> FlagsReading | Trouble:
    if where.environment not in known:
        message = f"there is no project {where.project} with an environment {where.environment} in Unleash"
        has = clean(", ".join(sorted(known)), 120)
        return Trouble("not_found", message, f"it has: {has}" if has else "or the token may not see it")
    its = flags.get(where.environment, {})
    readings: list[FlagReading] = [flag.reading(where.field) for flag in its.values()]
    mine = (one for one in readings if one.name.startswith(where.prefix))
    return FlagsReading(tuple(sorted(mine, key=lambda one: one.name.lower())))


def _somebody_else(name: str) -> Refused:
    return Refused("provider_error", f"flag {name}: somebody else changed it in the meantime", "plan it again")


def _risks(flag: Flag) -> Iterator[Risk]:
    name = clean(flag.name, 60)
    if not flag.active and not flag.enabled:
        text = f"{name} has no strategy: switched on as it is, everybody sees it at once"
        yield Risk("warning", "no-strategy", text, f"give it a percentage first: qd flag rollout PERCENT ENV/{name}")
    for odd in (one for one in flag.active if one.odd):
        text = f"{name} has a rollout of {clean(str(odd.rollout), 20)}, which is no percentage: {odd.percent:g}% see it"
        yield Risk("warning", "odd-rollout", text, "give a percentage, or mend it in Unleash")
    if flag.stale:
        yield Risk("info", "stale", f"{name} is marked stale in Unleash: its code may be gone")
