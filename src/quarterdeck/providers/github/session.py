"""An open connection to GitHub."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.github import SANDBOX_TOKEN
from quarterdeck.providers.github.api import AT_ONCE, GitHubManners, tells_run
from quarterdeck.providers.github.schema import GitHubConnection
from quarterdeck.providers.github.workflows import Workflows
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.release.durations import seconds

_APP = "an app: its token names nobody"


class GitHubSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, api: Rest, asking: KeptAsking, workflows: Workflows) -> None:
        self._api = api
        self._asking = asking
        self._workflows = workflows

    def capability(self, role: Role) -> Capability | None:
        return self._workflows if role == "pipelines" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The login; tokens of apps (also Actions' own) have none."""
        try:
            user = await self._api.get("/user")
        except ProviderError as error:
            if error.trouble.code == "forbidden":
                return _APP
            raise
        return clean(str(user.get("login") or "?"), 60) if isinstance(user, Mapping) else "?"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Who the token is, what it may do as far as GitHub says, and how much of the limit is left."""
        try:
            user, headers = await self._api.read("/user")
        except ProviderError as error:
            if error.trouble.code != "forbidden":
                yield f"{self._api.host} accepts the token", error.trouble
                return
            yield f"{self._api.host} accepts the token ({_APP})", None
            return
        login = clean(str(user.get("login") or "?"), 60) if isinstance(user, Mapping) else "?"
        yield f"{self._api.host} knows the token as {login}", None
        if "x-oauth-scopes" in headers:
            yield _scopes(headers["x-oauth-scopes"])
        left, limit = headers.get("x-ratelimit-remaining"), headers.get("x-ratelimit-limit")
        if left and limit:
            yield f"{clean(left, 12)} of {clean(limit, 12)} requests an hour are left", None

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> GitHubSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    inside = connection.options.get(SANDBOX_TOKEN)
    if inside:
        own = {key: value for key, value in connection.options.items() if key != SANDBOX_TOKEN}
        connection = replace(connection, options={**own, "token": inside})
    options = options_of(connection, GitHubConnection)
    token = inside or revealed(options.token, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout),
        ca_file=options.ca_file,
        headers={"Authorization": f"Bearer {token}"},
        secrets=(token,),
    )
    api = Rest(asking, options.url, context.clock, context.may_write, GitHubManners(), at_once=AT_ONCE)
    return GitHubSession(api, asking, Workflows(api, tells_run=tells_run(options.url)))


def _scopes(text: str) -> tuple[str, Trouble | None]:
    """What a classic token may do. Fine-grained ones don't tell: `repo` is what they call Actions read and write."""
    scopes = [scope.strip() for scope in text.split(",") if scope.strip()]
    told = f"its scopes: {clean(', '.join(scopes), 120) or 'none'}"
    if "repo" in scopes or "public_repo" in scopes:
        return told, None
    message = "without the scope repo it can neither see private repositories nor approve or start runs"
    return told, Trouble("forbidden", message, "make a token with the scope repo, or a fine-grained one")
