"""What goes wrong between us and an HTTP server, as one clean line. Exceptions of the client hold requests with
credentials; none of that leaves this module."""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator

import httpx

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean

_NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}


def unanswered(error: Exception, host: str) -> Trouble:
    """What to tell people about a request that got no answer, or not a whole one. `host` is who was asked."""
    causes = tuple(_causes(error))
    if isinstance(error, (httpx.InvalidURL, httpx.UnsupportedProtocol, UnicodeError)):
        return Trouble("misconfigured", f"{host} can't be asked: not a URL", "check url")
    if any(isinstance(one, ssl.SSLCertVerificationError) for one in causes):
        return Trouble(
            "tls",
            f"the certificate of {host} isn't trusted: {clean(_said(causes, ssl.SSLCertVerificationError))}",
            "if it has its own certificate authority, name it with ca_file",
        )
    if any(isinstance(one, ssl.SSLError) for one in causes):
        return Trouble("tls", f"no TLS with {host}: {clean(_said(causes, ssl.SSLError))}", "check url: http or https?")
    if any(isinstance(one, socket.gaierror) for one in causes):
        return Trouble("unreachable", f"{host} has no address (DNS)", "check the name, the network, the VPN")
    if any(isinstance(one, OSError) and one.errno in _NO_WAY for one in causes):
        return Trouble("unreachable", f"there is no way to {host}", "check the network, the VPN")
    if isinstance(error, (httpx.TimeoutException, TimeoutError)):
        return Trouble("timeout", f"no answer from {host} in time")
    if any(isinstance(one, FileNotFoundError) for one in causes):
        return Trouble("unreachable", f"there is no socket {host}", "check socket, and that the server runs")
    if any(isinstance(one, PermissionError) for one in causes):
        return Trouble("forbidden", f"this user may not open {host}", "give this user the right to open the socket")
    if isinstance(error, httpx.ConnectError):
        return Trouble("unreachable", f"can't connect to {host}", "check the network, the VPN, and that it runs")
    if isinstance(error, httpx.RemoteProtocolError):
        return Trouble("garbage", f"the answer of {host} broke off, or isn't HTTP")
    return Trouble("unreachable", f"the connection to {host} broke")


def cant_ask(trouble: Trouble, error: Exception) -> bool:
    """Whether a request failed on our side of the line, so that it says nothing about who was asked."""
    if trouble.code in ("tls", "misconfigured"):
        return True
    causes = tuple(_causes(error))
    return any(
        isinstance(one, socket.gaierror) or (isinstance(one, OSError) and one.errno in _NO_WAY) for one in causes
    )


def answered(status: int, host: str, said: str) -> Trouble:
    """What to tell people about an answer that says no. `said` is its own words, clean ("" for none)."""
    words = f": {said}" if said else ""
    match status:
        case 300 | 301 | 302 | 303 | 307 | 308:
            hint = "a proxy or a sign-in page stands in between, or url is not the whole one"
            return Trouble("garbage", f"{host} answered {status}, a redirect, which isn't followed", hint)
        case 401 | 407:
            return Trouble("unauthenticated", f"{host} doesn't accept our sign-in{words}", "check the credential")
        case 403:
            return Trouble("forbidden", f"{host} doesn't allow it{words}", "check what the credential may do")
        case 404 | 410:
            return Trouble("not_found", f"{host} has nothing there ({status}){words}", "check url")
        case 408 | 504:
            return Trouble("timeout", f"{host} answered {status}: too slow{words}")
        case 412:
            return Trouble("provider_error", f"{host}: somebody else changed it since it was read{words}", "plan again")
        case 429:
            return Trouble("throttled", f"{host} is asked too often{words}", "ask less often: a longer interval")
    return Trouble("provider_error", f"{host} answered {status}{words}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The exception and what is behind it: the client wraps what the transport raised."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from _causes(inner)
        error = error.__cause__ or error.__context__


def _said(causes: tuple[BaseException, ...], kind: type[ssl.SSLError]) -> str:
    found = next((one for one in causes if isinstance(one, kind)), None)
    if isinstance(found, ssl.SSLCertVerificationError):
        return found.verify_message
    return (found.reason or "") if isinstance(found, ssl.SSLError) else ""
