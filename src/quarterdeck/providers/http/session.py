"""Open connections over plain HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http import SANDBOX
from quarterdeck.providers.http.asking import Asking, Question
from quarterdeck.providers.http.credentials import Credential, revealed
from quarterdeck.providers.http.schema import HttpConnection, options_of
from quarterdeck.providers.http.source import HttpSource
from quarterdeck.release.durations import seconds


class GateSession:
    """A session that answers for gates and nothing else; see `quarterdeck.providers.base.Session`."""

    def __init__(self, source: GateSource, who: str) -> None:
        self._source = source
        self._who = who

    def capability(self, role: Role) -> Capability | None:
        return None

    def gates(self) -> GateSource | None:
        return self._source

    async def identity(self) -> str:
        return self._who

    async def close(self) -> None:
        return None


class HttpSession(GateSession):
    """Whatever answers over HTTP."""

    def __init__(self, asking: Asking, source: HttpSource, *, url: str, who: str, inside: bool) -> None:
        super().__init__(source, who)
        self._asking = asking
        self._url = url
        self._inside = inside

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether somebody answers below the URL. Any answer but a refusal will do: what is there nobody knows."""
        if not self._url or self._inside:
            yield "asked only by gates", None
            return
        question = Question("GET", self._url)
        try:
            answer = await self._asking.read(question)
            if answer.status in (401, 403, 407):
                self._asking.good(answer, question)
        except ProviderError as error:
            yield question.asked, error.trouble
        else:
            yield f"{question.asked} answers ({answer.status})", None


def open_session(connection: Connection, context: SessionContext) -> HttpSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    own = {key: value for key, value in connection.options.items() if key != SANDBOX}
    sandbox = connection.options.get(SANDBOX)
    options = options_of(replace(connection, options=own), HttpConnection)
    credential = Credential(options, context)
    headers, secrets = credential.headers, credential.secrets
    if options.api_key is not None:
        key = revealed(options.api_key, context)
        headers, secrets = {**headers, options.api_key_header: key}, (*secrets, key)
    asking = Asking(timeout=seconds(options.timeout), ca_file=options.ca_file, headers=headers, secrets=secrets)
    url = options.url or ""
    source = HttpSource(asking, context.clock, url=url, accept=options.accept, sandbox=sandbox)
    return HttpSession(asking, source, url=url, who=credential.who, inside=sandbox is not None)
