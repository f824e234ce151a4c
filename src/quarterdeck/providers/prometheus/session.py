"""Open connections to Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quarterdeck.clock import Clock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.base import ProviderError, SessionContext
from quarterdeck.providers.clocks import apart
from quarterdeck.providers.http.asking import Asking
from quarterdeck.providers.http.credentials import Credential
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.http.session import GateSession
from quarterdeck.providers.prometheus import ALERTMANAGER
from quarterdeck.providers.prometheus.alertmanager import Alertmanager
from quarterdeck.providers.prometheus.api import Api, number_of
from quarterdeck.providers.prometheus.prometheus import Prometheus
from quarterdeck.providers.prometheus.schema import Receiver, Server
from quarterdeck.release.durations import seconds


class PrometheusSession(GateSession):
    """Prometheus."""

    def __init__(self, api: Api, clock: Clock, who: str) -> None:
        super().__init__(Prometheus(api), who)
        self._api = api
        self._clock = clock

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether it answers queries, who it is, and whether its clock agrees with ours."""
        try:
            data, _ = await self._api.query("time()")
            theirs, _ = number_of(data, self._api.host)
        except ProviderError as error:
            yield f"{self._api.host} answers queries", error.trouble
            return
        yield f"{await self._version()} at {self._api.host} answers queries", None
        yield "its clock agrees with this machine's", apart(theirs or 0, self._clock.now())

    async def _version(self) -> str:
        try:
            version = (await self._api.get("status/buildinfo")).get("version")
        except ProviderError:
            version = ""  # others that speak this API don't all have it
        return f"Prometheus {clean(str(version), 40)}" if version else "what speaks Prometheus's API"


class AlertmanagerSession(GateSession):
    """Alertmanager."""

    def __init__(self, source: Alertmanager, who: str) -> None:
        super().__init__(source, who)
        self._alertmanager = source

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether it answers, and who it is."""
        host = self._alertmanager.host
        try:
            yield f"Alertmanager {clean(await self._alertmanager.version(), 40)} at {host} answers", None
        except ProviderError as error:
            yield f"{host} answers", error.trouble


def open_session(connection: Connection, context: SessionContext) -> PrometheusSession | AlertmanagerSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    receiver = options_of(connection, Receiver) if connection.provider == ALERTMANAGER else None
    server = receiver or options_of(connection, Server)
    credential = Credential(server, context)
    asking = Asking(
        timeout=seconds(server.timeout),
        ca_file=server.ca_file,
        headers={"Accept": "application/json", **credential.headers},
        secrets=credential.secrets,
    )
    if receiver is not None:
        source = Alertmanager(asking, server.url, receiver.watchdog or "")
        return AlertmanagerSession(source, credential.who)
    return PrometheusSession(Api(asking, server.url), context.clock, credential.who)
