"""One HAProxy's runtime API: a line of commands goes in, answers come out until the line is closed.

Facts are from HAProxy's management guide, section 9.3 "Unix Socket commands": without `prompt` a connection takes one
line; several commands in it are parted by semicolons and answered in order, each answer ended by an empty line that
can't occur within one. A command that was carried out and has nothing to tell answers with the empty line alone:
there is no "OK" and no status, so every other answer to a write is a no.
"""

from __future__ import annotations

import asyncio
import errno
import re
from dataclasses import dataclass
from pathlib import PurePath

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError

MOST_BYTES = 32 * 1024 * 1024
"""More than that isn't an answer (5,000 servers take about 3 MB)."""

_NAME = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(?P<port>[0-9]{1,5})")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a runtime API listens: a Unix socket (`path`), or a host and a port."""

    path: str = ""
    host: str = ""
    port: int = 0

    @property
    def name(self) -> str:
        """How it is called in front of people."""
        return clean(self.path or f"{self.host}:{self.port}", 100)


def endpoint_of(text: str) -> Endpoint:
    """Read `/path/of/a/socket` or `host:port`.

    Raises:
        ValueError: it is neither.
    """
    if text.startswith("/") and text.isprintable():
        return Endpoint(path=str(PurePath(text)))
    found = _NAME.fullmatch(text)
    if found is None or not 0 < int(found["port"]) < 65536:
        raise ValueError("must be the path of a socket (/run/haproxy/admin.sock) or host:port (127.0.0.1:9999)")
    return Endpoint(host=found["host"].strip("[]"), port=int(found["port"]))


class Silent(ProviderError):
    """There was no whole answer. `unsent`: the commands have not been given."""

    def __init__(self, error: ProviderError, *, unsent: bool) -> None:
        super().__init__(error.trouble.code, error.trouble.message, error.trouble.hint)
        self.unsent = unsent


class Runtime:
    """Asks one HAProxy. Each line has a connection of its own: HAProxy closes it after the answer."""

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        self.endpoint = endpoint
        self.name = endpoint.name
        self._timeout = timeout

    async def ask(self, *commands: str) -> str:
        """The answers to some commands, one after the other, given on one line: one process answers them all.

        Raises:
            Silent: nobody answered, or not to the end.
        """
        try:
            async with asyncio.timeout(self._timeout):
                reader, writer = await self._connected()
        except TimeoutError:
            raise Silent(ProviderError("timeout", f"HAProxy at {self.name} takes no connection"), unsent=True) from None
        try:
            async with asyncio.timeout(self._timeout):
                writer.write(f"{';'.join(commands)}\n".encode())
                await writer.drain()
                answer = await _all_of(reader)
        except TimeoutError:
            error = ProviderError("timeout", f"HAProxy at {self.name} didn't answer in {self._timeout:g} s")
            raise Silent(error, unsent=False) from None
        except OSError as error:
            broke = ProviderError("unreachable", f"the line to HAProxy at {self.name} broke: {_words(error)}")
            raise Silent(broke, unsent=False) from None
        finally:
            writer.close()
        if len(answer) > MOST_BYTES:
            raise Silent(ProviderError("garbage", f"{self.name} answers without end", _NOT_HAPROXY), unsent=False)
        return answer.decode(errors="replace")

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        endpoint = self.endpoint
        try:
            if endpoint.path:
                return await asyncio.open_unix_connection(endpoint.path)
            return await asyncio.open_connection(endpoint.host, endpoint.port)
        except OSError as error:
            raise Silent(self._unreached(error), unsent=True) from None

    def _unreached(self, error: OSError) -> ProviderError:
        on_disk = bool(self.endpoint.path)
        match error.errno:
            case errno.ENOENT:
                hint = "check socket, and that HAProxy runs with a `stats socket` there"
                return ProviderError("unreachable", f"there is no socket {self.name}", hint)
            case errno.ECONNREFUSED:
                left = ": the file is what a HAProxy that has stopped left behind" if on_disk else ""
                return ProviderError("unreachable", f"nobody listens at {self.name}{left}", "start HAProxy")
            case errno.EACCES | errno.EPERM:
                hint = "give this user the right to open it (mode, user and group of `stats socket`)"
                return ProviderError("forbidden", f"this user may not open {self.name}", hint)
            case errno.ENOTSOCK | errno.EPROTOTYPE:
                return ProviderError("misconfigured", f"{self.name} isn't a socket that streams", "check socket")
        return ProviderError("unreachable", f"can't reach HAProxy at {self.name}: {_words(error)}", "check socket")


_NOT_HAPROXY = "check socket: is that a HAProxy's `stats socket`?"


async def _all_of(reader: asyncio.StreamReader) -> bytes:
    parts, size = [], 0
    while size <= MOST_BYTES and (part := await reader.read(1 << 16)):
        parts.append(part)
        size += len(part)
    return b"".join(parts)


def _words(error: OSError) -> str:
    return clean(error.strerror or type(error).__name__, 100)
