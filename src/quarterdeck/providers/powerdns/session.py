"""An open connection to an authoritative server of PowerDNS."""

from __future__ import annotations

from collections.abc import AsyncIterator

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Connection, Role
from quarterdeck.providers.base import Capability, GateSource, ProviderError, SessionContext
from quarterdeck.providers.http.asking import is_on_this_machine
from quarterdeck.providers.http.credentials import revealed
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import Rest
from quarterdeck.providers.http.schema import options_of
from quarterdeck.providers.powerdns.api import Api, PowerDNSManners
from quarterdeck.providers.powerdns.asking_dns import ask
from quarterdeck.providers.powerdns.router import WeightedRecords
from quarterdeck.providers.powerdns.schema import PowerDNSConnection
from quarterdeck.release.durations import seconds


class PowerDNSSession:
    """See `quarterdeck.providers.base.Session`."""

    def __init__(self, api: Api, asking: KeptAsking, dns: str | None, *, open_text: bool) -> None:
        self._api = api
        self._asking = asking
        self._dns = dns
        self._open_text = open_text
        self._records = WeightedRecords(api, dns)

    def capability(self, role: Role) -> Capability | None:
        return self._records if role == "traffic" else None

    def gates(self) -> GateSource | None:
        return None

    async def identity(self) -> str:
        """The API knows one key and nobody by name."""
        return f"whoever has the API key of {self._api.host}"

    async def check(self) -> AsyncIterator[tuple[str, Trouble | None]]:
        """Whether the key is right, Lua records are on, and DNS is answered where it may be asked."""
        try:
            about = await self._api.about()
            lua = await self._api.setting("enable-lua-records")
        except ProviderError as error:
            yield f"PowerDNS at {self._api.host} accepts the key", error.trouble
            return
        version, daemon = clean(str(about.get("version") or "?"), 40), clean(str(about.get("daemon_type") or "?"), 40)
        yield f"PowerDNS {version} ({daemon}) at {self._api.host} accepts the key", _authoritative(daemon)
        yield f"Lua records: {clean(lua, 40) or 'not told'}", _lua(lua)
        if self._open_text:
            yield f"the key goes to {self._api.host} unencrypted: put a proxy with TLS in front of it", None
        if self._dns is not None:
            said = await ask(self._dns, "version.bind.", "A")
            trouble = None if said.code else Trouble("timeout", "it doesn't answer DNS", "check `dns`")
            yield f"{self._dns} answers DNS", trouble

    async def close(self) -> None:
        await self._asking.close()


def open_session(connection: Connection, context: SessionContext) -> PowerDNSSession:
    """See `quarterdeck.providers.base.Provider.open`."""
    options = options_of(connection, PowerDNSConnection)
    key = revealed(options.api_key, context)
    asking = KeptAsking(
        timeout=seconds(options.timeout), ca_file=options.ca_file, headers={"X-API-Key": key}, secrets=(key,)
    )
    rest = Rest(asking, options.url, context.clock, context.may_write, PowerDNSManners())
    open_text = options.url.startswith("http:") and not is_on_this_machine(options.url)
    return PowerDNSSession(Api(rest, options.server), asking, options.dns, open_text=open_text)


def _authoritative(daemon: str) -> Trouble | None:
    if daemon in ("authoritative", "?"):
        return None
    return Trouble(
        "misconfigured", f"that is a {daemon}, which has no weighted records", "name the authoritative server"
    )


def _lua(setting: str) -> Trouble | None:
    if setting != "no":
        return None
    message = "Lua records are off: they are answered only in zones with the metadata ENABLE-LUA-RECORDS"
    return Trouble("misconfigured", message, "set enable-lua-records=yes")
