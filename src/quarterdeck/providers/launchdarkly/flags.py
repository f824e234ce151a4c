"""LaunchDarkly as a FlagStore.

A round of watching lists the flags of a project, with their rules, for up to three environments at once and a hundred
flags at a time: one request for 100 flags.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagsReading
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import (
    FlagSurvey,
    Observed,
    Progress,
    ProviderError,
    Receipt,
    Refused,
)
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.launchdarkly import api
from quarterdeck.providers.launchdarkly.changes import instructions, new_groups
from quarterdeck.providers.launchdarkly.documents import Flag, Groups, listed, mapping, of_feature
from quarterdeck.release.plan import Risk, Step
from quarterdeck.release.settlement import Settlement, settle_flag

PAGE, SMALL_PAGE = 100, 20
"""Flags of one answer. A hundred are the most (found by Flagsmith's importer, its pull request 6603); the small page is
LaunchDarkly's own, for flags with so many targets that a hundred are more than is read of an answer."""

MOST_FLAGS = 20_000
"""Of one project: a list that never ends isn't one."""

TOGETHER = 3
"""Environments of one list, the most since version 20240415. Its changelog says so of `filterEnv`; that it holds for
`env`, which brings what a flag is there, Flagsmith's importer found."""


@dataclass(frozen=True, slots=True)
class _Where:
    """An address."""

    project: str
    environment: str
    prefix: str
    groups: Groups


class LaunchDarklyFlags:
    """The feature flags of LaunchDarkly."""

    source = "launchdarkly"

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self._bulky: set[str] = set()

    async def observe(self, places: Sequence[Place]) -> Observed:
        projects: dict[str, set[str]] = {}
        for where in (_where(place.address) for place in places):
            projects.setdefault(where.project, set()).add(where.environment)
        lists = [
            (project, sorted(environments)[first : first + TOGETHER])
            for project, environments in projects.items()
            for first in range(0, len(environments), TOGETHER)
        ]
        found = await asyncio.gather(*(self._list(project, some) for project, some in lists))
        seen = {
            (project, environment): its
            for (project, _), answers in zip(lists, found, strict=True)
            for environment, its in answers.items()
        }
        return {place.subject: _observed(_where(place.address), seen) for place in places}

    async def survey_flag(self, address: Address, name: str, label: str) -> FlagSurvey:
        """Read a flag; labels there are none."""
        where = _where(address)
        if label:
            hint = f"leave --label out; its environment there is {where.environment}"
            raise ProviderError("misconfigured", "LaunchDarkly has no labels", hint)
        flag, environment = await asyncio.gather(self._flag(where, name), self._environment(where))
        risks = tuple(_risks(flag, where, environment))
        return FlagSurvey(flag.reading(where.groups), (), risks, limits=flag.limits)

    async def permitted(self, address: Address) -> bool | None:
        """LaunchDarkly tells what a role allows when it is tried."""
        return None

    async def send(self, step: Step) -> Receipt:
        """Make the flag what the step wants in one semantic patch, if it is still as it was when the step was planned.

        LaunchDarkly applies all of a patch or nothing, and refuses (409) one that comes while another is at work. A
        semantic patch can't name the version that it is for, and the `test` of a JSON Patch is published for the flag's
        own version only, which doesn't count an environment's changes (recorded answers of the service in Flagsmith's
        tests have version 1, and 14 in an environment). So the flag is read right before, and compared
        with the version that was planned on; a change that comes in between those two requests isn't noticed. What it
        changed elsewhere stays, since a patch names only what differs, and reading back tells.

        A step that took effect is refused when it is sent again: the version isn't the planned one any more. What would
        make a scheduled change or an approval request fail LaunchDarkly refuses, since we never say `ignoreConflicts`.

        Raises:
            Refused: nothing was changed.
            InDoubt: nobody knows.
        """
        where, name = _where(step.address), str(step.change["name"])
        if step.verb != "set_flag":
            raise Refused("misconfigured", f"LaunchDarkly can't {step.verb}")
        try:
            flag = await self._flag(where, name)
            if flag.version != step.before.get("etag", flag.version):
                message = f"flag {clean(name, 60)}: somebody else changed it in the meantime"
                raise ProviderError("provider_error", message, "plan it again")
            todo = instructions(flag, step.change, where.groups)
            await self._require_segments(where, new_groups(flag, step.change, where.groups))
        except ProviderError as error:
            raise error.before_sending() from None
        patch = {
            "environmentKey": where.environment,
            "comment": clean(f"Quarterdeck: {step.summary}"),
            "instructions": list(todo),
        }
        headers = {"Content-Type": api.SEMANTIC}
        answer = await self._rest.write("PATCH", api.flag(where.project, name), patch, headers=headers)
        self._rest.json_of(answer)  # it answers with the flag
        return Receipt()

    async def poll(self, step: Step, receipt: Receipt) -> Progress:
        """A flag is written with the answer; applications follow as LaunchDarkly streams it to them."""
        return Progress("finished")

    async def settle(self, step: Step) -> Settlement:
        where = _where(step.address)
        return settle_flag(step, (await self._flag(where, str(step.change["name"]))).reading(where.groups))

    async def _list(self, project: str, environments: Sequence[str]) -> Mapping[str, tuple[Flag, ...] | Trouble]:
        """The flags of these environments. One that there isn't mustn't cost the others, so that a list that is refused
        is asked for each of them alone."""
        try:
            features = await self._features(project, environments)
        except ProviderError as error:
            if len(environments) == 1 or error.trouble.code not in ("not_found", "provider_error"):
                return dict.fromkeys(environments, error.trouble)
            alone = await asyncio.gather(*(self._list(project, [one]) for one in environments))
            return {environment: its for answers in alone for environment, its in answers.items()}
        found: dict[str, tuple[Flag, ...] | Trouble] = {}
        for environment in environments:
            try:
                found[environment] = await self._flags_of(project, environment, features)
            except ProviderError as error:
                found[environment] = error.trouble
        return found

    async def _features(self, project: str, environments: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """The documents of all flags that aren't archived. Raises ProviderError."""
        if project not in self._bulky:
            try:
                return await self._paged(project, environments, PAGE)
            except ProviderError as error:
                if error.trouble.code != "garbage":
                    raise
        found = await self._paged(project, environments, SMALL_PAGE)
        self._bulky.add(project)
        return found

    async def _paged(self, project: str, environments: Sequence[str], size: int) -> Sequence[Mapping[str, Any]]:
        """Without `summary=0` they would come without rules."""
        asked = [*(("env", one) for one in environments), ("summary", "0"), ("limit", str(size))]
        found: dict[str, Mapping[str, Any]] = {}
        offset = 0
        while offset < MOST_FLAGS:
            params = [*asked, ("offset", str(offset))] if offset else asked
            page = mapping(await self._rest.get(api.flags(project), params, watching=True))
            items = [mapping(one) for one in listed(page.get("items"))]
            known = len(found)
            found.update({str(one.get("key")): one for one in items})
            offset += len(items)
            if not items or "next" not in mapping(page.get("_links") or {}):
                return [one for one in found.values() if one.get("archived") is not True]
            if len(found) == known:
                break
        raise ProviderError("garbage", f"LaunchDarkly's list of flags has no end after {offset}", "check url")

    async def _flags_of(
        self, project: str, environment: str, features: Sequence[Mapping[str, Any]]
    ) -> tuple[Flag, ...]:
        """Those in one environment. Raises ProviderError if there is no such environment."""
        there = [one for one in features if environment in mapping(one.get("environments") or {})]
        if not there:
            await self._rest.get(api.environment(project, environment), watching=True)
            if features:
                message = f"LaunchDarkly lists {len(features)} flags without what they are in {environment}"
                raise ProviderError("provider_error", message, "check what the token's role may see")
        return tuple(of_feature(one, environment) for one in there)

    async def _flag(self, where: _Where, name: str) -> Flag:
        try:
            document = await self._rest.get(api.flag(where.project, name), (("env", where.environment),))
        except ProviderError as error:
            if error.trouble.code != "not_found":
                raise
            message = f"there is no flag {clean(name, 60)} in project {where.project}: {error.trouble.message}"
            raise ProviderError("not_found", message, "qd flag list shows those of the project") from None
        flag = of_feature(document, where.environment)
        if flag.archived:
            message = f"flag {clean(name, 60)} is archived: no application gets it"
            raise ProviderError("not_found", message, "restore it in LaunchDarkly")
        return flag

    async def _environment(self, where: _Where) -> Any:
        """The environment's settings; None if the token may not see them."""
        try:
            return await self._rest.get(api.environment(where.project, where.environment))
        except ProviderError as error:
            if error.trouble.code in ("forbidden", "not_found"):
                return None
            raise

    async def _require_segments(self, where: _Where, groups: Sequence[str]) -> None:
        """Raises ProviderError (not_found) for a group without a segment: its rule would be for nobody."""
        if where.groups.attribute is not None:
            return
        for group in groups:
            try:
                await self._rest.get(api.segment(where.project, where.environment, group))
            except ProviderError as error:
                if error.trouble.code != "not_found":
                    raise
                message = f"there is no segment {clean(group, 60)} in {where.environment}, and groups are segments"
                raise ProviderError("not_found", message, "make the segment, or name `group_attribute`") from None


def _where(address: Address) -> _Where:
    parts = address.parts
    return _Where(
        parts["project"],
        parts["environment"],
        parts.get("prefix", ""),
        Groups(parts.get("group_attribute") or None, parts.get("context_kind") or "user"),
    )


def _observed(where: _Where, seen: Mapping[tuple[str, str], tuple[Flag, ...] | Trouble]) -> FlagsReading | Trouble:
    found = seen[where.project, where.environment]
    if isinstance(found, Trouble):
        return found
    mine = [flag.reading(where.groups) for flag in found if flag.key.startswith(where.prefix)]
    return FlagsReading(tuple(sorted(mine, key=lambda one: one.name.lower())))


def _risks(flag: Flag, where: _Where, environment: Any) -> Iterator[Risk]:
    name = clean(flag.key, 60)
    if flag.off_serves == flag.on_variation:
        text = f"{name} serves its on variation while it is off, too: off is not off"
        yield Risk("danger", "off-serves-on", text, "mend its off variation in LaunchDarkly")
    if flag.off_serves is None:
        text = f"{name} has no off variation: while it is off, applications use their own fallback value"
        yield Risk("warning", "no-off-variation", text, "give it an off variation in LaunchDarkly")
    if api.needs_approval(environment, flag.tags):
        text = f"changes of {name} in {where.environment} need an approval: LaunchDarkly refuses this token's"
        hint = "make the approval request in LaunchDarkly, unless the token's role may bypass approvals"
        yield Risk("warning", "approval-required", text, hint)
    if not flag.boolean:
        text = f"{name} has {len(flag.variations)} variations: on means the one at {flag.on_variation + 1}"
        yield Risk("info", "not-boolean", f"{text}, off the one at {flag.off_variation + 1}")
    if flag.deprecated:
        yield Risk("info", "deprecated", f"{name} is deprecated in LaunchDarkly: its code may be gone")
