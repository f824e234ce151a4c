"""Jenkins' remote access API as it wants to be asked.

Facts are from Jenkins' handbook ("Remote Access API", "CSRF Protection") and from its published source:

- Requests with an API token need no crumb (since 2.96). Where something in front of Jenkins turns them into others
  that do, Jenkins answers a POST with 403 and "No valid crumb" before it does anything: a crumb is fetched then, with
  the session that it is bound to, and the request is sent as it was.
- What forms post to answers with a redirect to the page to show next, also when it was an order (`stop`).
- What is refused in words (an input that was given already, or by somebody who may not) is a web page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Manners, Params, Rest

_LOGIN = ("/login", "/securityRealm/", "/loginError")
_SAID = re.compile(rb"<h1>\s*Error\s*</h1>\s*<p>(.*?)</p>", re.DOTALL | re.IGNORECASE)
_TAG = re.compile(r"<[^>]*>")
_SESSION = re.compile(r"\b(JSESSIONID[^=;,\s]*=[^;,\s]+)")
_ROOT_PERMISSION = "x-required-permission"


class JenkinsManners(Manners):
    """Jenkins' refusals. Jenkins itself has no limit of requests."""

    limit = "the limit of what stands before Jenkins"

    def __init__(self) -> None:
        self.wants_crumb = False

    def headers(self) -> Mapping[str, str]:
        # The causes of an interruption are worded in the language that is asked for.
        return {"Accept": "application/json", "Accept-Language": "en"}

    def note(self, answer: Answer, now: float) -> None:
        self.wants_crumb = answer.status == 403 and b"No valid crumb" in answer.body

    def is_done(self, answer: Answer) -> bool:
        where = urlsplit(answer.headers.get("location", "")).path
        return answer.status in (302, 303) and bool(where) and not any(part in where for part in _LOGIN)

    def hint(self, answer: Answer) -> str:
        said = words_of_page(answer)
        match answer.status:
            case 401:
                return "the user or its API token is wrong or revoked: make another token on the user's Security page"
            case 403 if needs := answer.headers.get(_ROOT_PERMISSION):
                return f"the user needs the permission {clean(needs.rpartition('.')[2], 60)} ({clean(needs, 100)})"
            case 404:
                return "check `url` and the name of the job; Jenkins also answers 404 for what a user may not see"
            case 409:
                return "the job is disabled: enable it first"
        return f"Jenkins says: {said}" if said else ""


class Jenkins:
    """Asks one Jenkins."""

    def __init__(self, rest: Rest, manners: JenkinsManners) -> None:
        self._rest = rest
        self._manners = manners
        self._crumb: dict[str, str] = {}

    @property
    def host(self) -> str:
        """Who is asked, for people."""
        return self._rest.host

    async def get(self, path: str, tree: str = "", *, watching: bool = False) -> Any:
        """The JSON there; `tree` is what of it is wanted, in Jenkins' own notation. Raises ProviderError."""
        return await self._rest.get(path, (("tree", tree),) if tree else (), watching=watching)

    async def read(self, path: str, tree: str = "") -> tuple[Any, Mapping[str, str]]:
        """The JSON there, and its headers. Raises ProviderError."""
        return await self._rest.read(path, (("tree", tree),) if tree else ())

    async def post(self, path: str, form: Mapping[str, str] | None = None, params: Params = ()) -> Answer:
        """Give an order, once.

        Raises:
            Refused: it had no effect.
            InDoubt: nobody knows; also when the answer holds a page, as older versions refuse with 200 and a page that
                says why.
        """
        try:
            answer = await self._rest.write("POST", path, form=form or {}, params=params, headers=self._crumb)
        except Refused:
            if not self._manners.wants_crumb:
                raise
            self._crumb = await self._fetched_crumb()
            answer = await self._rest.write("POST", path, form=form or {}, params=params, headers=self._crumb)
        if answer.status == 200 and answer.body.strip():
            said = words_of_page(answer) or "a web page"
            message = f"{self.host} answered an order with {said}"
            raise InDoubt("garbage", message, "a proxy or a sign-in page may stand in between")
        return answer

    async def _fetched_crumb(self) -> dict[str, str]:
        """The header that proves that a request is meant, and the session it holds for. Raises Refused."""
        try:
            answer = await self._rest.fetch("/crumbIssuer/api/json")
            crumb = answer.json(self.host)
            headers = {str(crumb["crumbRequestField"]): str(crumb["crumb"])}
        except (ProviderError, KeyError, TypeError):
            message = f"{self.host} wants a crumb and gives none"
            raise Refused("forbidden", message, "use an API token instead of a password") from None
        if session := _SESSION.search(answer.headers.get("set-cookie", "")):
            headers["Cookie"] = session.group(1)
        return headers


def job_path(parts: Mapping[str, str]) -> str:
    """The URL of a job below Jenkins'. A multibranch project names the jobs of its branches by encoding them once."""
    names = parts["job"].split("/")
    if branch := parts.get("branch"):
        names.append(quote(branch, safe=""))
    return "".join(f"/job/{quote(name, safe='')}" for name in names)


def words_of_page(answer: Answer) -> str:
    """What one of Jenkins' error pages says ("" if it is none)."""
    found = _SAID.search(answer.body)
    return clean(_TAG.sub("", found.group(1).decode(errors="replace")), 200) if found else ""
