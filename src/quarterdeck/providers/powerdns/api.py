"""PowerDNS's HTTP API: zones as documents.

Facts are from its documentation ("HTTP API", "Zones endpoint") and measured with 4.7.3: an answer has no ETag and no
change is conditional; `rrset_name` keeps an answer to one name; a set of records is replaced as a whole, with 204; what
can't be is answered with 422, a zone that isn't there with 404, a wrong key with 401.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Manners, Rest


class PowerDNSManners(Manners):
    """What its refusals mean."""

    def hint(self, answer: Answer) -> str:
        match answer.status:
            case 401:
                return "the key is wrong: put what PowerDNS has as `api-key` where `api_key` refers to"
            case 403:
                return "let this machine in: PowerDNS's `webserver-allow-from`"
            case 404:
                return "check zone, and `server` of the connection; the API must be on (`api=yes`)"
        return ""


class Api:
    """The API of one authoritative server."""

    def __init__(self, rest: Rest, server: str) -> None:
        self._rest = rest
        self._below = f"/api/v1/servers/{quote(server, safe='')}"
        self.host = rest.host

    async def zone(self, zone: str, name: str = "", *, watching: bool = False) -> Mapping[str, Any]:
        """A zone, with the records of one name or with all. Raises ProviderError."""
        params = (("rrset_name", name),) if name else ()
        return await self._object(f"/zones/{_id(zone)}", params, watching=watching)

    async def replace(self, zone: str, name: str, ttl: int, records: Sequence[Mapping[str, Any]]) -> None:
        """Put these in the place of all Lua records of a name, comments left alone.

        Raises:
            Refused: nothing was changed.
            InDoubt: nobody knows.
        """
        change = {"name": name, "type": "LUA", "ttl": ttl, "changetype": "REPLACE", "records": list(records)}
        await self._rest.write("PATCH", f"{self._below}/zones/{_id(zone)}", {"rrsets": [change]})

    async def about(self) -> Mapping[str, Any]:
        """The server: `version`, `daemon_type`. Raises ProviderError."""
        return await self._object("")

    async def setting(self, name: str) -> str:
        """A setting of its configuration; "" if it doesn't tell. Raises ProviderError."""
        settings = await self._rest.get(f"{self._below}/config")
        found = [one for one in settings if isinstance(one, Mapping)] if isinstance(settings, list) else []
        return next((str(one.get("value")) for one in found if one.get("name") == name), "")

    async def _object(
        self, path: str, params: Sequence[tuple[str, str]] = (), *, watching: bool = False
    ) -> Mapping[str, Any]:
        found = await self._rest.get(f"{self._below}{path}", params, watching=watching)
        if not isinstance(found, Mapping):
            message = f"{self.host} sent something else than PowerDNS does"
            raise ProviderError("garbage", message, "check url")
        return found


def _id(zone: str) -> str:
    """A zone as it stands in a path: `/` in the name of a reverse zone is `=2F` (its documentation, "Zones")."""
    return quote(zone.replace("=", "=3D").replace("/", "=2F"), safe="=")
