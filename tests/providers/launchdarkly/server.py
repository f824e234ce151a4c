"""A LaunchDarkly on loopback, as its published description says that it behaves. Every document that it gives or takes
is held against that description; what doesn't satisfy it fails the test that asked."""

from __future__ import annotations

import json
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, cast

from tests.providers.launchdarkly.published import faults
from tests.providers.loopback import SECRET, Asked, listening, says, session

from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import FlagStore, Session
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.plan import Refusal, Step

SEMANTIC = "application/json; domain-model=launchdarkly.semanticpatch"
NO_APPROVALS = {
    "required": False,
    "bypassApprovalsForPendingChanges": False,
    "minNumApprovals": 1,
    "canReviewOwnRequest": False,
    "canApplyDeclinedChanges": True,
    "serviceKind": "launchdarkly",
    "serviceConfig": {},
    "requiredApprovalTags": [],
}
WHO = {"accountId": "acc1", "tokenName": "harbour", "tokenId": "tok1", "serviceToken": True}


class Answered(Exception):
    """An answer that says no."""

    def __init__(self, status: int, code: str, message: str) -> None:
        self.answer = says({"code": code, "message": message, "id": "30ce6058-87da-11e4-b116-123b93f75cba"}, status)


@dataclass
class LaunchDarkly:
    """Project `lights` with three environments. `meddle` may answer before it does (None: it doesn't)."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    flags: dict[str, dict[str, Any]] = field(default_factory=dict)
    environments: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {name: dict(NO_APPROVALS) for name in ("production", "staging", "test")}
    )
    segments: set[str] = field(default_factory=lambda: {"early", "late", "conformance"})
    comments: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    most: int = 100
    meddle: Callable[[Asked], bytes | None] = lambda asked: None

    def flag(self, key: str = "", *, values: tuple[Any, ...] = (True, False), **more: Any) -> str:
        """A new flag, off everywhere; its key. `more` is of its production environment."""
        key = key or f"flag-{secrets.token_hex(4)}"
        self.flags[key] = {
            "name": key,
            "kind": "boolean" if values == (True, False) else "multivariate",
            "key": key,
            "description": "new lights",
            "_version": 1,
            "creationDate": 1700000000000,
            "variations": [{"_id": f"{key}-{index}", "value": value} for index, value in enumerate(values)],
            "temporary": True,
            "tags": [],
            "_links": {},
            "experiments": {},
            "customProperties": {},
            "archived": False,
            "deprecated": False,
            "defaults": {"onVariation": 0, "offVariation": len(values) - 1},
            "environments": {
                name: {
                    "on": False,
                    "archived": False,
                    "salt": "salt",
                    "sel": "sel",
                    "lastModified": 1700000000000,
                    "version": 1,
                    "targets": [],
                    "contextTargets": [],
                    "rules": [],
                    "fallthrough": {"variation": 0},
                    "offVariation": len(values) - 1,
                    "prerequisites": [],
                    "_site": {"href": f"/lights/{name}/features/{key}", "type": "text/html"},
                    "_environmentName": name.title(),
                    "trackEvents": False,
                    "trackEventsFallthrough": False,
                    **(more if name == "production" else {}),
                }
                for name in self.environments
            },
        }
        return key

    def config(self, key: str, environment: str = "production") -> dict[str, Any]:
        return cast(dict[str, Any], self.flags[key]["environments"][environment])

    def writes(self) -> list[dict[str, Any]]:
        """The patches that came."""
        return [json.loads(asked.body) for asked in self.asked if asked.method == "PATCH"]

    def say(self, asked: Asked) -> bytes:
        try:
            answer = self.meddle(asked)
            return self._answer(asked) if answer is None else answer
        except Answered as no:
            return no.answer

    def _answer(self, asked: Asked) -> bytes:
        if asked.headers.get("authorization") != SECRET:
            raise Answered(401, "unauthorized", "Invalid access token")
        if asked.headers.get("ld-api-version") != "20240415":
            self.broken.append("no version of the API is named")
        match asked.method, asked.path.split("/")[3:]:
            case "GET", ["caller-identity"]:
                return self._gives("CallerIdentityRep", WHO)
            case "GET", ["flags", "lights"]:
                return self._gives("FeatureFlags", self._page(asked))
            case "GET", ["flags", "lights", key] if key in self.flags:
                return self._gives("FeatureFlag", self._shown(self.flags[key], asked.params.get("env", []), True))
            case "PATCH", ["flags", "lights", key] if key in self.flags:
                self._patch(self.flags[key], asked)
                return self._gives("FeatureFlag", self.flags[key])
            case "GET", ["projects", "lights", "environments", name] if name in self.environments:
                self.broken += faults("ApprovalSettings", self.environments[name])
                return self._says({"key": name, "approvalSettings": self.environments[name]})
            case "GET", ["segments", "lights", name, key] if name in self.environments and key in self.segments:
                return self._says({"key": key, "name": key})
        raise Answered(404, "not_found", "Unknown resource")

    def _gives(self, schema: str, document: Any) -> bytes:
        self.broken += faults(schema, document)
        return self._says(document)

    def _says(self, document: Any) -> bytes:
        return says(document, 200, "application/json", **self.headers)

    def _page(self, asked: Asked) -> dict[str, Any]:
        environments = asked.params.get("env", [])
        if len(environments) > 3:
            raise Answered(400, "invalid_request", "at most three environments")
        if unknown := set(environments) - set(self.environments):
            raise Answered(404, "not_found", f"Unknown environment key {unknown}")
        offset = int(asked.params.get("offset", ["0"])[0])
        limit = min(int(asked.params.get("limit", ["20"])[0]), self.most)
        complete = asked.params.get("summary") == ["0"]
        flags = list(self.flags.values())
        items = [self._shown(one, environments, complete) for one in flags[offset : offset + limit]]
        more = offset + limit < len(flags)
        following = {"next": {"href": f"{asked.path}?offset={offset + limit}", "type": "application/json"}}
        return {"items": items, "_links": following if more else {}, "totalCount": len(flags)}

    def _shown(self, flag: Mapping[str, Any], environments: list[str], complete: bool) -> dict[str, Any]:
        # As the service itself does (recorded in the tests of Flagsmith's importer).
        rules = ("prerequisites", "targets", "contextTargets", "rules", "fallthrough", "offVariation")
        left_out = () if complete else rules
        shown = {
            name: {key: value for key, value in config.items() if key not in left_out}
            for name, config in flag["environments"].items()
            if name in environments
        }
        return {**flag, "environments": shown}

    def _patch(self, flag: dict[str, Any], asked: Asked) -> None:
        if asked.headers.get("content-type") != SEMANTIC:
            raise Answered(400, "invalid_request", "a semantic patch is no JSON Patch")
        patch = json.loads(asked.body)
        if wrong := faults("SemanticPatch", patch):
            self.broken += wrong
            raise Answered(400, "invalid_request", "; ".join(wrong)[:300])
        name = patch.get("environmentKey")
        if name not in self.environments:
            raise Answered(404, "not_found", "Unknown environment key")
        settings = self.environments[name]
        tags = settings["requiredApprovalTags"]
        if settings["required"] and (not tags or set(tags) & set(flag["tags"])):
            raise Answered(405, "method_not_allowed", "Approval is required to make this request")
        config = deepcopy(flag["environments"][name])
        ids = [one["_id"] for one in flag["variations"]]
        for instruction in patch["instructions"]:
            _carry_out(instruction, config, ids)
        if config != flag["environments"][name]:
            config["version"] += 1
            config["lastModified"] += 1000
        flag["environments"][name] = config  # of a patch that fails nothing is kept
        self.comments.append(patch.get("comment", ""))


def _carry_out(instruction: Mapping[str, Any], config: dict[str, Any], ids: list[str]) -> None:
    rules: list[dict[str, Any]] = config["rules"]
    rule = next((one for one in rules if one["_id"] == instruction.get("ruleId")), None)
    match instruction["kind"]:
        case "turnFlagOn" | "turnFlagOff":
            config["on"] = instruction["kind"] == "turnFlagOn"
        case "updateFallthroughVariationOrRollout":
            config["fallthrough"] = _serving(instruction, ids)
        case "updateRuleVariationOrRollout":
            if rule is None:
                raise Answered(400, "invalid_request", "Unknown rule")
            for key in ("variation", "rollout"):
                rule.pop(key, None)
            rule.update(_serving(instruction, ids))
        case "addRule":
            clauses = [
                {"_id": secrets.token_hex(4), "negate": False, "contextKind": "user", **one}
                for one in instruction["clauses"]
            ]
            new = {"_id": secrets.token_hex(8), "clauses": clauses, "trackEvents": False}
            rules.append({**new, **_serving(instruction, ids)})
        case "removeRule":
            config["rules"] = [one for one in rules if one is not rule]
        case other:
            raise Answered(400, "invalid_request", f"{other} isn't played here")


def _serving(instruction: Mapping[str, Any], ids: list[str]) -> dict[str, Any]:
    if "variationId" in instruction:
        if instruction["variationId"] not in ids:
            raise Answered(400, "invalid_request", "Unknown variation")
        return {"variation": ids.index(instruction["variationId"])}
    weights = instruction["rolloutWeights"]
    if not set(weights) <= set(ids) or sum(weights.values()) != 100_000:
        raise Answered(400, "invalid_request", "weights must be of variations, and add up to 100000")
    rollout: dict[str, Any] = {
        "variations": [{"variation": ids.index(one), "weight": weight} for one, weight in weights.items()],
        "contextKind": instruction.get("rolloutContextKind", "user"),
    }
    if "rolloutBucketBy" in instruction:
        rollout["bucketBy"] = instruction["rolloutBucketBy"]
    return {"rollout": rollout}


@asynccontextmanager
async def launchdarkly() -> AsyncIterator[LaunchDarkly]:
    """Up to the end of the block, which fails if anything broke the published description."""
    found = LaunchDarkly()
    async with listening(lambda asked: found.say(asked)) as loopback:
        found.url, found.asked = loopback.url, loopback.asked
        yield found
    assert found.broken == []


def opened(ld: LaunchDarkly, **options: str) -> Session:
    return session("launchdarkly", **{"url": ld.url, "token": "${env:TOKEN}", **options})


def store(ld: LaunchDarkly, **options: str) -> FlagStore:
    found = opened(ld, **options).capability("flags")
    assert isinstance(found, FlagStore)
    return found


def place(environment: str = "production", **parts: str) -> Place:
    address = Address("flags", {"project": "lights", "environment": environment, "context_kind": "user", **parts})
    return Place("flags", TargetId(environment, "flags"), address)


async def seen(of: FlagStore, name: str, where: Place | None = None) -> FlagReading:
    """As a round of watching reads it."""
    at = where or place()
    found = (await of.observe([at]))[at.subject]
    assert isinstance(found, FlagsReading), found
    return next(one for one in found.flags if one.name == name)


async def planned(of: FlagStore, name: str, where: Place | None = None, **change: Any) -> Step:
    """The one step of a change."""
    at = where or place()
    action = FlagChange(TargetId(at.target.environment, name, flag=True), **change)
    outline = plan_flag(action, at, await of.survey_flag(at.address, name, ""))
    assert not isinstance(outline, Refusal), outline
    (step,) = outline.steps
    return step


async def change(of: FlagStore, name: str, where: Place | None = None, **wanted: Any) -> Step:
    """Planned, sent, and read back."""
    step = await planned(of, name, where, **wanted)
    await of.send(step)
    settlement = await of.settle(step)
    assert settlement.state == "done", settlement
    return step


def rollout(percent: float, kind: str = "user", **more: Any) -> dict[str, Any]:
    """What a rule serves that lets in so many."""
    weight = round(percent * 1000)
    variations = [{"variation": 0, "weight": weight}, {"variation": 1, "weight": 100_000 - weight}]
    return {"rollout": {"variations": variations, "contextKind": kind, **more}}


def rule(clause: Mapping[str, Any], serving: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A targeting rule, for everybody of it if nothing else is said."""
    asks = {"_id": "c1", "negate": False, "contextKind": "user", **clause}
    return {
        "_id": f"r-{secrets.token_hex(3)}",
        "clauses": [asks],
        "trackEvents": False,
        **(serving or {"variation": 0}),
        **more,
    }


def segment(key: str) -> dict[str, Any]:
    return {"attribute": "segmentMatch", "op": "segmentMatch", "values": [key]}


def ring(*values: str, **more: Any) -> dict[str, Any]:
    return {"attribute": "ring", "op": "in", "values": list(values), **more}
