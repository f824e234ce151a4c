"""Whatever a system answers, its own row says what is wrong and what to do: the same days for every provider that asks
over HTTP. No secret is told, nothing is raised, and nothing is made up of an answer that isn't one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.providers.loopback import SECRET, Say, listening, says, session

from quarterdeck.fleet.observation import Trouble, TroubleCode
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place, Role
from quarterdeck.providers.base import Session
from quarterdeck.sandbox.tls import make_certificate, server_context

ERROR = {"error": "upstream connect error", "ok": False}


@dataclass(frozen=True)
class Asked:
    """How a provider is asked: its options beside the url, and where it looks."""

    role: Role
    options: Mapping[str, str]
    parts: Mapping[str, str]
    path: str = ""
    tls: bool = False


TOKEN = {"token": "${env:TOKEN}", "timeout": "2s"}
PROVIDERS: Mapping[str, Asked] = {
    "github": Asked("pipelines", TOKEN, {"repository": "contoso/shop", "workflow": "deploy.yml"}),
    "azure_pipelines": Asked("pipelines", TOKEN, {"project": "Shop", "pipeline": "deploy"}, "/contoso"),
    "jenkins": Asked("pipelines", {**TOKEN, "user": "ben"}, {"job": "deploy"}),
    "circleci": Asked("pipelines", TOKEN, {"project": "gh/contoso/shop", "workflow": "release"}),
    "buildbot": Asked("pipelines", {"user": "ben", "password": "${env:TOKEN}", "timeout": "2s"}, {"builder": "deploy"}),
    "caddy": Asked("traffic", {}, {"id": "split"}),
    "powerdns": Asked(
        "traffic",
        {"api_key": "${env:TOKEN}", "timeout": "2s"},
        {"zone": "shop.example.", "name": "www.shop.example.", "type": "A"},
    ),
    "unleash": Asked("flags", TOKEN, {"environment": "production", "project": "default"}),
    "launchdarkly": Asked("flags", TOKEN, {"project": "shop", "environment": "production"}),
    "kubernetes": Asked("traffic", TOKEN, {"namespace": "shop", "rollout": "checkout"}, tls=True),
}


@dataclass(frozen=True)
class Day:
    """What is answered, and how that may be called."""

    say: Say
    codes: frozenset[TroubleCode]


def day(answer: bytes, *codes: TroubleCode) -> Day:
    return Day(lambda _: answer, frozenset(codes))


DAYS: Mapping[str, Day] = {
    "wrong token": day(says({"message": "Bad credentials"}, 401), "unauthenticated"),
    "missing scope": day(says({"message": "no"}, 403), "forbidden", "unauthenticated"),
    "gone": day(says({"message": "Not Found"}, 404), "not_found", "forbidden"),
    "rate limit": day(says({"message": "slow down"}, 429, Retry_After="60"), "throttled"),
    "fell over": day(says({"message": "oops"}, 500), "provider_error"),
    "sign-in page": day(says("<html>Please sign in</html>", kind="text/html"), "garbage", "unauthenticated"),
    "yes with an error": day(says(ERROR), "garbage", "not_found"),
    "yes with nothing": day(says("null"), "garbage", "not_found"),
    "yes with a list of nonsense": day(says([7, None, ["x"]]), "garbage", "not_found"),
    "half an answer": day(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"items\": [", "unreachable", "garbage"),
    "cut line": day(b"", "unreachable", "garbage"),
    "moved": day(says("", 302, Location="/login"), "unauthenticated", "garbage", "unreachable", "not_found"),
}  # fmt: skip


def opened(name: str, url: str, ca_file: Path | None) -> Session:
    asked = PROVIDERS[name]
    trusted = {"ca_file": str(ca_file)} if ca_file else {}
    return session(name, **{"url": url + asked.path, **asked.options, **trusted})


def place(name: str) -> Place:
    asked = PROVIDERS[name]
    target = TargetId("", "here", pipeline=True) if asked.role == "pipelines" else TargetId("production", "here")
    return Place(asked.role, target, Address("it", dict(asked.parts)))


async def read(of: Session, where: Place) -> Any:
    capability = of.capability(where.role)
    assert capability
    return (await capability.observe([where]))[where.subject]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("name", PROVIDERS)
async def test_its_own_row_says_what_is_wrong(name: str, day: str, tmp_path: Path) -> None:
    tls = ca_file = None
    if PROVIDERS[name].tls:
        ca_file, key_file = make_certificate(tmp_path)
        tls = server_context(ca_file, key_file)
    async with listening(DAYS[day].say, tls) as server:
        it = opened(name, server.url, ca_file)
        try:
            found = await read(it, place(name))
        finally:
            await it.close()
    assert isinstance(found, Trouble), f"made up: {found}"
    assert found.code in DAYS[day].codes, found
    assert found.message
    assert SECRET not in f"{found.message} {found.hint}"


@pytest.mark.parametrize("name", PROVIDERS)
async def test_who_is_not_there_is_told_with_what_to_look_at(name: str, tmp_path: Path) -> None:
    async with listening(lambda _: b"") as server:
        gone = server.url
    ca_file = None
    if PROVIDERS[name].tls:
        ca_file, _ = make_certificate(tmp_path)
        gone = gone.replace("http:", "https:")
    it = opened(name, gone, ca_file)
    try:
        found = await read(it, place(name))
        checked = [wrong async for _, wrong in it.check() if wrong is not None]
    finally:
        await it.close()
    assert isinstance(found, Trouble)
    assert (found.code, bool(found.hint)) == ("unreachable", True), found
    assert [wrong.code for wrong in checked[:1]] == ["unreachable"]
