"""An open connection to Jenkins."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.jenkins.api import Jenkins, JenkinsManners
from quarterdeck.providers.jenkins.jobs import Jobs
from quarterdeck.providers.jenkins.schema import JenkinsConnection
from quarterdeck.release.durations import seconds


class JenkinsSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, api: Jenkins, asking: KeptAsking) -> None:
        self._api = api
        self._asking = asking
        self._jobs = Jobs(api)

    def capability(self, role: Role) -> Capability | None:
        return self._jobs if role == "pipelines" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The id of the token's user."""
        return (await self._me())[0]

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the token is, which Jenkins it is, and whether it is about to shut down. Jenkins doesn't tell what a user
        may do: who may answer an input is found out by answering."""
        try:
            me, headers = await self._me()
            root = await self._api.get("/api/json", "quietingDown")
        except ProviderError as error:
            yield f"{self._api.host} accepts the token", error.trouble
            return
        version = clean(headers.get("x-jenkins", ""), 20)
        yield f"Jenkins {version or '(it tells no version)'} knows the token as {me}", None
        if isinstance(root, Mapping) and root.get("quietingDown") is True:
            message = "it is about to shut down: no build begins"
            yield "Jenkins takes builds", Trouble("provider_error", message, "wait for it to come back")

    async def close(self) -> None:
        await self._asking.close()

    async def _me(self) -> tuple[str, Mapping[str, str]]:
        user, headers = await self._api.read("/me/api/json", "id")
        if not isinstance(user, Mapping):
            raise ProviderError("garbage", f"{self._api.host} didn't answer as Jenkins does", "check url")
        return clean(str(user.get("id") or "?"), 60), headers


def open_session(connection: Connection, context: SessionContext) -> JenkinsSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, JenkinsConnection)
    token = revealed(options.token, context)
    pair = base64.b64encode(f"{options.user}:{token}".encode()).decode()
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        headers={"Authorization": f"Basic {pair}"},
        secrets=(token, pair),
    )
    manners = JenkinsManners()
    rest = Rest(asking, options.url, context.clock, context.may_write, manners)
    return JenkinsSession(Jenkins(rest, manners), asking)
