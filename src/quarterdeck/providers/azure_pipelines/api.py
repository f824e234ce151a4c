"""Azure DevOps' REST interfaces as they want to be asked: with a version, page by page, within their limits.

Facts are from Microsoft's documentation ("Rate and usage limits", "REST API versioning"): Azure DevOps delays requests
before it blocks any, and then says `Retry-After` on answers that are good; whoever heeds that isn't blocked (429).
Lists are continued by `x-ms-continuationtoken`. A token that is wrong is answered with a page to sign in: status 203,
or a redirect to `_signin` (both seen by many; the documentation doesn't say it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import LONGEST_QUIET, Manners, Params, Rest, number

VERSION = ("api-version", "7.1")
"""Azure DevOps Services and Server 2022.1 know it."""

AT_ONCE = 4
"""Requests of watching side by side."""

MOST_PAGES = 20
"""Of one list."""

MOST_MINUTES = 10_000_000
"""No limit is that long: twenty years."""

Document = Mapping[str, Any]

_SIGN_IN = "the token is wrong, expired or revoked: make another one, and put it where `token` refers to"


class DevOpsManners(Manners):
    """Azure DevOps' limits and refusals."""

    limit = "Azure DevOps' rate limit"
    limit_hint = "a token of its own, or fewer pipelines"

    def __init__(self) -> None:
        self._slow_until = 0.0

    def headers(self) -> Mapping[str, str]:
        """The second one asks for 401 instead of a redirect to a page to sign in, where a server heeds it."""
        return {"Accept": "application/json", "X-TFS-FedAuthRedirect": "Suppress"}

    def note(self, answer: Answer, now: float) -> None:
        after, reset = number(answer.headers.get("retry-after")), number(answer.headers.get("x-ratelimit-reset"))
        if answer.headers.get("x-ratelimit-remaining") == "0" and reset is not None and after is None:
            after = reset - now
        if after is not None and answer.status < 400:
            self._slow_until = now + min(max(after, 0.0), LONGEST_QUIET)

    def spared(self, now: float) -> tuple[float, str] | None:
        if now >= self._slow_until:
            return None
        return self._slow_until, "it delays our requests, and asks for some quiet"

    def disguised(self, answer: Answer) -> Trouble | None:
        location = answer.headers.get("location", "")
        leads_to_sign_in = 300 <= answer.status < 400 and ("_signin" in location or "login" in location)
        if answer.status == 203 or leads_to_sign_in:
            message = "Azure DevOps answered with its page to sign in: it doesn't know the token"
            return Trouble("unauthenticated", message, _SIGN_IN)
        return None

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 401:
                return _SIGN_IN
            case 403:
                return "the token needs Build (read and execute) and Release (read, write and execute)"
            case 404:
                return "check project and name; Azure DevOps also answers 404 for what a token may not see"
        return ""


def release_url(url: str) -> str:
    """Where classic releases are asked for: Azure DevOps Services have a host of their own for them."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if host == "dev.azure.com":
        return urlunsplit(parts._replace(netloc=f"vsrm.{parts.netloc}"))
    if host.endswith(".visualstudio.com"):
        organization, _, rest = parts.netloc.partition(".")
        return urlunsplit(parts._replace(netloc=f"{organization}.vsrm.{rest}"))
    return url


def in_the_cloud(url: str) -> bool:
    """Whether it is Azure DevOps Services, whose interfaces are newer than those of any Server."""
    host = urlsplit(url).hostname or ""
    return host == "dev.azure.com" or host.endswith(".visualstudio.com")


def below(project: str, path: str) -> str:
    """The path of something in a project."""
    return f"/{quote(project, safe='')}/_apis/{path}"


async def everything(api: Rest, path: str, params: Params = (), *, watching: bool = False) -> list[Document]:
    """A whole list, page after page. Raises ProviderError."""
    found: list[Document] = []
    token = ""
    for _ in range(MOST_PAGES):
        more = (("continuationToken", token),) if token else ()
        body, headers = await api.read(path, (*versioned(params), *more), watching=watching)
        found += items(body, api.host)
        token = headers.get("x-ms-continuationtoken", "")
        if not token:
            break
    return found


def items(body: Any, host: str) -> Sequence[Document]:
    """The entries of a list. Raises ProviderError (garbage)."""
    found = body.get("value") if isinstance(body, Mapping) else None
    if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
        hint = "check url: is that https://dev.azure.com/ORGANIZATION?"
        raise ProviderError("garbage", f"{host} didn't answer as Azure DevOps does", hint)
    return found


def one(body: Any, host: str) -> Document:
    """A document with an id. Raises ProviderError (garbage)."""
    if not isinstance(body, Mapping) or "id" not in body:
        raise ProviderError("garbage", f"{host} didn't answer as Azure DevOps does", "check url")
    return body


def versioned(params: Params = ()) -> Params:
    """With the version, unless they have one."""
    return (*params, VERSION) if VERSION[0] not in dict(params) else params


def text(document: Document, key: str, limit: int = 200) -> str:
    """A text of somebody's, clean; "" where there is none."""
    value = document.get(key)
    return clean(value, limit) if isinstance(value, str) else ""


def part(document: Document, *keys: str) -> Document:
    """An inner document; an empty one where there is none."""
    found: Any = document
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def parts(document: Document, key: str) -> Sequence[Document]:
    """The inner documents of a list."""
    found = document.get(key)
    return [inner for inner in found if isinstance(inner, Mapping)] if isinstance(found, list) else []


def whole(document: Document, key: str, default: int = 0) -> int:
    """A whole number; the default where there is none."""
    value = document.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def minutes(document: Document, key: str) -> float | None:
    """A limit in minutes, as seconds; None where there is none, or none that anybody means."""
    value = document.get(key)
    return 60.0 * value if isinstance(value, int | float) and 0 < value < MOST_MINUTES else None
