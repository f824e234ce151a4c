"""Carries one message to one hook, once, and says what became of it. Whether to try again is for others to say.

The address of a hook is a secret: whoever has it can write there. It is looked up when it is needed, and stands in no
text that leaves here.
"""

from __future__ import annotations

import asyncio
import email.utils
import ipaddress
import re
from collections.abc import Callable
from typing import Literal, Protocol

from quarterdeck.clock import Clock
from quarterdeck.config.secrets import SecretUnavailable
from quarterdeck.records import dataclass
from quarterdeck.release.hooks import Hook
from quarterdeck.runner.hook_formats import Message, body_of

TIMEOUT_SECONDS, CONNECT_SECONDS = 10.0, 5.0
LONGEST_WAIT = 3600.0
"""A receiver that wants to be left alone for longer than that is asked again all the same."""

_WORD = re.compile(rb"[a-z][a-z_]{2,40}")
"""Slack says what is wrong in one such word (`no_service`); nothing else of an answer is repeated."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a message.

    Attributes:
        state: `taken`; `later` (it surely wasn't taken: send it again); `unsure` (perhaps it was); `refused` (sending
            it again would change nothing).
        detail: why, for people; holds neither the address nor what the receiver wrote.
        wait: how many seconds the receiver wants to be left alone; 0 if it didn't say.
    """

    state: Literal["taken", "later", "unsure", "refused"]
    detail: str = ""
    wait: float = 0


class Courier(Protocol):
    """Carries messages."""

    async def deliver(self, hook: Hook, message: Message) -> Delivery:
        """Carry one, once. Never raises for what a receiver does."""
        ...


class Rehearsed:
    """Carries nothing: the world of a sandbox ends at its own doors."""

    async def deliver(self, hook: Hook, message: Message) -> Delivery:
        """Nothing is sent."""
        return Delivery("taken", "the sandbox sends nothing; taken as told")


class Messenger:
    """Carries messages by HTTP."""

    def __init__(self, resolve: Callable[[str], str], clock: Clock) -> None:
        """`resolve` gives the value behind a reference to a secret; see `config.secrets.resolve`."""
        self._resolve = resolve
        self._clock = clock

    async def deliver(self, hook: Hook, message: Message) -> Delivery:
        """See `Courier.deliver`."""
        try:
            url = await asyncio.to_thread(self._resolve, hook.url)
        except SecretUnavailable as error:
            trouble = error.trouble
            return Delivery("later", f"{trouble.message} ({trouble.hint})" if trouble.hint else trouble.message)
        except Exception as error:  # keyrings and vaults come from elsewhere
            return Delivery("later", f"its address can't be looked up ({type(error).__name__})")
        if wrong := unfit(url):
            return Delivery("refused", wrong)
        return await self._send(url, hook, message)

    async def _send(self, url: str, hook: Hook, message: Message) -> Delivery:
        import httpx  # heavy, and most fleets tell nobody

        timeout = httpx.Timeout(TIMEOUT_SECONDS, connect=CONNECT_SECONDS)
        headers = {"Idempotency-Key": message.id}
        try:
            async with (
                asyncio.timeout(2 * TIMEOUT_SECONDS),
                httpx.AsyncClient(timeout=timeout, follow_redirects=False) as client,
                client.stream("POST", url, json=body_of(message, hook.format), headers=headers) as answer,
            ):
                word = b""
                if 400 <= answer.status_code < 500:
                    word = await _beginning(answer.aiter_bytes())
                return self._outcome(answer.status_code, answer.headers.get("Retry-After", ""), word)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError):
            return Delivery("later", "it can't be reached")
        except (httpx.TimeoutException, TimeoutError):
            return Delivery("unsure", f"no answer within {TIMEOUT_SECONDS:g} s")
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            return Delivery("refused", "its address is no URL")
        except httpx.HTTPError as error:
            return Delivery("unsure", f"the connection broke ({type(error).__name__})")
        except Exception as error:  # what comes after this message mustn't wait for ever for a library's mistake
            return Delivery("unsure", f"it couldn't be sent ({type(error).__name__})")

    def _outcome(self, status: int, retry_after: str, word: bytes) -> Delivery:
        if 200 <= status < 300:
            return Delivery("taken")
        said = f": {word.decode()}" if _WORD.fullmatch(word) else ""
        told = f"it answered HTTP {status}{said}"
        if status in (429, 503):
            return Delivery("later", told, self._wait(retry_after))
        if status in (408, 425):
            return Delivery("later", told)
        if status >= 500:
            return Delivery("unsure", told)
        if 300 <= status < 400:
            return Delivery("refused", f"{told}, a redirect: those aren't followed, for the address is a secret")
        return Delivery("refused", told)

    def _wait(self, text: str) -> float:
        """`Retry-After`: seconds, or a date (RFC 9110, 10.2.3)."""
        if text.strip().isdigit():
            return min(float(text), LONGEST_WAIT)
        moment = email.utils.parsedate_tz(text)
        wait = email.utils.mktime_tz(moment) - self._clock.now() if moment else 0
        return min(max(wait, 0), LONGEST_WAIT)


async def _beginning(stream: object) -> bytes:
    """The first bytes of an answer."""
    found = b""
    async for part in stream:  # type: ignore[attr-defined]
        found += part
        if len(found) > 64:
            break
    return found[:64].strip()


def unfit(url: str) -> str:
    """Why a secret can't be the address of a hook; "" if it can. It must be HTTPS, but on this machine."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return "its address is no URL"
    if parts.scheme not in ("https", "http") or not host:
        return "its address is no URL"
    if parts.scheme == "http" and not _here(host):
        return "its address is not HTTPS: it is a secret, and would be sent in clear"
    return ""


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
