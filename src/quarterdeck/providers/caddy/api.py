"""Caddy's admin API: its config as a tree that is read and changed in parts, and what it says of upstreams.

Facts are from Caddy's documentation ("API") and measured with 2.11.7: an answer to a GET has an `Etag` that is the
path and a hash of what is there, and `If-Match` with it makes a change conditional (412). `If-None-Match` isn't heeded:
there is no 304. A change is in force with its answer; a config that can't be loaded is answered with 500, and the old
one goes on. `/reverse_proxy/upstreams` doesn't say who is well, and lists nothing for upstreams of the config; the
gauge `caddy_reverse_proxy_upstreams_healthy` of `/metrics` does, and is set every ten seconds. Every change of the
config makes Caddy forget who is down: until it is set again the gauge calls everybody healthy.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.fleet.topology import Address
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.rest import Manners, Rest, number

_HEALTHY = re.compile(
    r'^caddy_reverse_proxy_upstreams_healthy\{upstream="(?P<dial>[^"]*)"\} (?P<up>[01])', re.MULTILINE
)

_LOADED = re.compile(r"^caddy_config_last_reload_success_timestamp_seconds (?P<at>[0-9.e+]+)", re.MULTILINE)

FORGETFUL_SECONDS = 12.0
"""So long after a change of the config "healthy" says nothing: until the gauge is set again, and a little more, as the
time of an answer is told in whole seconds."""


_STARTED = re.compile(r"^process_start_time_seconds (?P<at>[0-9.e+]+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Vitals:
    """How a Caddy is.

    Attributes:
        up: who is well and who isn't, by `dial`; whoever Caddy can't tell of yet is missing.
        started: when its process began, in seconds of the epoch; None if it doesn't tell.
    """

    up: Mapping[str, bool]
    started: float | None


class CaddyManners(Manners):
    """How Caddy says no to somebody it doesn't know: by name and origin, never by a credential."""

    def __init__(self, origin: str | None) -> None:
        self._origin = origin

    def headers(self) -> Mapping[str, str]:
        return {} if self._origin is None else {"Origin": self._origin}

    def hint(self, answer: Answer) -> str:
        if answer.status == 403 and b"origin" in answer.body:
            return "give the connection an `origin` that Caddy's `admin` lists in `origins`"
        if answer.status == 403:
            return "ask for it by an address that Caddy's `admin` lists in `origins`"
        if answer.status == 500:
            return f"Caddy couldn't load that config, and goes on with the one before: {_reason(answer)}"
        return ""


class Admin:
    """The admin endpoint of one Caddy."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest
        self.host = rest.host

    async def config(self, *, watching: bool = False) -> Any:
        """The whole config. Raises ProviderError."""
        return (await self._rest.fetch("/config/", watching=watching)).json(self.host)

    async def part(self, address: Address) -> tuple[Any, str]:
        """A part of the config, and its Etag. Raises ProviderError."""
        answer = await self._rest.fetch(_path(address))
        return answer.json(self.host), answer.headers.get("etag", "")

    async def change(self, address: Address, path: str, value: Any, etag: str) -> None:
        """Put a value in the place of one below a part of the config, if that part is still as it was read.

        Raises:
            Refused: nothing was changed; also if there is no Etag to make it conditional.
            InDoubt: nobody knows.
        """
        if not etag:
            message = f"{self.host} gave no Etag, so that a change can't be conditional"
            raise Refused("provider_error", message, "take out the proxy that stands in between")
        await self._rest.write("PATCH", f"{_path(address)}/{path}", value, headers={"If-Match": etag})

    async def vitals(self, *, watching: bool = False) -> Vitals:
        """What its metrics tell; of whatever they don't, nothing."""
        try:
            answer = await self._rest.fetch("/metrics", watching=watching)
        except ProviderError:
            return Vitals({}, None)
        text = answer.body.decode(errors="replace")
        up = {found["dial"]: found["up"] == "1" for found in _HEALTHY.finditer(text)}
        just_loaded = _just_loaded(text, answer)
        known = {dial: well for dial, well in up.items() if not well or not just_loaded}
        return Vitals(known, _seconds(_STARTED, text))


def _just_loaded(metrics: str, answer: Answer) -> bool:
    """Whether the config is so new that Caddy doesn't know yet who is down. Both times are of its own clock; without
    them nothing is known to be old enough."""
    loaded, told = _seconds(_LOADED, metrics), parsedate_tz(answer.headers.get("date", ""))
    return loaded is None or told is None or mktime_tz(told) - loaded < FORGETFUL_SECONDS


def _seconds(of: re.Pattern[str], metrics: str) -> float | None:
    found = of.search(metrics)
    return number(found["at"]) if found else None


def _reason(answer: Answer) -> str:
    """The end of what Caddy says, where the reason is; before it come the modules it went through."""
    words = answer.body.decode(errors="replace").strip().removesuffix('"}')
    return clean(": ".join(words.split(": ")[-2:]), 160)


def _path(address: Address) -> str:
    return f"/id/{address.parts['id']}" if "id" in address.parts else f"/config/{address.parts['path']}"
