"""Buildbot's REST interface, version 2, as it wants to be asked.

Facts are from Buildbot's manual ("REST API", "Web Server authorization") and from what a 4.3.0 answered:

- `/auth/login` takes a name and a password and gives a session: a cookie, the last one of two with the same name.
- Orders are JSON-RPC. Who may give one is looked at before anything is done: 403 had no effect. That goes for 400
  (parameters), 404 and 501 as well; 500 is what it says for a scheduler that isn't there, and for anything else.
- An order that can't be obeyed (to stop a build that isn't there, or has ended) is answered with 200 all the same: what
  became of it is known by reading only.
- A filter on a field that doesn't exist is ignored, and everything comes.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.providers.http.asking import Answer, Asking, Question
from quarterdeck.providers.http.rest import Manners, Params, Rest

Document = Mapping[str, Any]

_SESSION = re.compile(r"\b(TWISTED_SESSION=[^;,\s]+)")


class BuildbotManners(Manners):
    """Buildbot's refusals. It has no limit of requests."""

    limit = "the limit of what stands before Buildbot"

    def __init__(self) -> None:
        self.session = ""
        self.turned_away = False

    def headers(self) -> Mapping[str, str]:
        return {"Accept": "application/json", **({"Cookie": self.session} if self.session else {})}

    def note(self, answer: Answer, now: float) -> None:
        self.turned_away = answer.status in (401, 403)

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 400:
                return said_of_fields(answer)
            case 401 | 403:
                return "the user needs that role in the master's authz, or another `user` and `password`"
            case 404:
                return "check the name: builders can be renamed in the master's configuration"
        return ""


class Buildbot:
    """Asks one master. Signs in when it is first asked, and once more when the session has ended."""

    def __init__(self, rest: Rest, asking: Asking, manners: BuildbotManners, url: str, pair: tuple[str, str]) -> None:
        """`pair`: name and password; both "" where nobody signs in."""
        self._rest = rest
        self._asking = asking
        self._manners = manners
        self._url = url
        self._user, self._password = pair

    @property
    def host(self) -> str:
        """Who is asked, for people."""
        return self._rest.host

    async def get(self, path: str, params: Params = (), *, watching: bool = False) -> Any:
        """The JSON below the URL. Raises ProviderError."""
        await self._sign_in()
        try:
            return await self._rest.get(path, params, watching=watching)
        except ProviderError:
            if not self._may_have_ended():
                raise
        await self._sign_in()
        return await self._rest.get(path, params, watching=watching)

    async def find(
        self, what: str, params: Params = (), *, path: str = "", watching: bool = False
    ) -> Sequence[Document]:
        """The documents of a kind (`builds`), below /api/v2. Raises ProviderError."""
        body = await self.get(f"/api/v2/{path or what}", params, watching=watching)
        found = body.get(what) if isinstance(body, Mapping) else None
        if not isinstance(found, list) or not all(isinstance(one, Mapping) for one in found):
            raise ProviderError("garbage", f"{self.host} didn't answer as Buildbot does", "check url")
        return found

    async def order(self, path: str, method: str, params: Mapping[str, str]) -> Any:
        """Give an order, once; the result that is told.

        Raises:
            Refused: it had no effect.
            InDoubt: nobody knows.
        """
        try:
            await self._sign_in()
        except ProviderError as error:
            raise error.before_sending() from None
        document = {"jsonrpc": "2.0", "id": 1, "method": method, "params": dict(params)}
        try:
            answer = await self._rest.write("POST", f"/api/v2/{path}", document)
        except Refused:
            if not self._may_have_ended():
                raise
            await self._sign_in()
            answer = await self._rest.write("POST", f"/api/v2/{path}", document)
        body = self._rest.json_of(answer)
        return body.get("result") if isinstance(body, Mapping) else None

    async def whoami(self) -> tuple[str, str]:
        """Who we are there ("" for nobody), and which Buildbot it is. Raises ProviderError."""
        told = await self._configuration()
        if self._user and not _user_of(told):  # a session that has ended reads on, as nobody's
            self._manners.session = ""
            told = await self._configuration()
        versions = told.get("versions")
        known = [one for one in versions if isinstance(one, list)] if isinstance(versions, list) else []
        version = next((str(one[1]) for one in known if len(one) == 2 and one[0] == "Buildbot"), "")
        return _user_of(told), clean(version, 20)

    async def _configuration(self) -> Document:
        found = await self.get("/config")
        if not isinstance(found, Mapping) or "buildbotURL" not in found:
            raise ProviderError("garbage", f"{self.host} didn't answer as Buildbot does", "check url")
        return found

    async def _sign_in(self) -> None:
        if self._manners.session or not self._user:
            return
        pair = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        question = Question("GET", f"{self._url}/auth/login", headers={"Authorization": f"Basic {pair}"})
        answer = await self._asking.read(question)
        sessions = _SESSION.findall(answer.headers.get("set-cookie", ""))
        if answer.status == 401:
            hint = "check `user`, and what `password` refers to"
            raise ProviderError(
                "unauthenticated", f"{self.host} knows no {clean(self._user, 60)} with that password", hint
            )
        if answer.status not in (200, 302, 303) or not sessions:
            self._asking.good(answer, question)
            raise ProviderError("garbage", f"{self.host} gave no session", "does the master have `auth` at all?")
        self._manners.session = sessions[-1]

    def _may_have_ended(self) -> bool:
        """Whether a no may be that of a session that has ended; it is forgotten then."""
        ended = bool(self._manners.session) and self._manners.turned_away
        if ended:
            self._manners.session = ""
        return ended


def _user_of(told: Document) -> str:
    user = told.get("user")
    return clean(str(user.get("username") or ""), 60) if isinstance(user, Mapping) else ""


def said_of_fields(answer: Answer) -> str:
    """What is wrong with which parameter ("" if it isn't told): `{"error": {"message": {"version": "..."}}}`."""
    try:
        told = json.loads(answer.body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        return ""
    words = [f"{name}: {why}" for name, why in told.items()] if isinstance(told, Mapping) else [str(told)]
    return clean("; ".join(words), 300)
