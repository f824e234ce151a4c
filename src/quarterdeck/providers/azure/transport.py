"""How every Azure client of ours speaks HTTP: one connection pool, verified TLS, patience, and no surprises.

Microsoft's defaults would send a slot swap twice (a POST is repeated after 500, 503 and 504, and after any error
that carries Retry-After: measured with azure-core 1.41), follow a redirect to a login page, and take an HTML page
for an answer; aiohttp would send a PUT again whose connection broke. Here only reads are repeated, and anything that
isn't the API's own answer is an error.
"""

from __future__ import annotations

import ssl
from functools import lru_cache
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import DecodeError
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncRetryPolicy, SansIOHTTPPolicy
from azure.core.pipeline.transport import AioHttpTransport

from quarterdeck import __version__
from quarterdeck.providers.base import ProviderError

CONNECT_SECONDS = 10.0
READ_SECONDS = 75.0
"""The management plane itself gives up on a resource provider after 60 s and says 504 (Microsoft's documentation)."""

PATIENCE_SECONDS = 5.0
"""A read waits this long at most before it is repeated; a longer Retry-After is the caller's business."""

_READS = frozenset({"GET", "HEAD"})
_SPOILED = frozenset({408, 500, 502, 503, 504})


class RetryReads(AsyncRetryPolicy[Any, Any]):
    """Repeats GET and HEAD a few times, and never anything else, whatever the answer or its headers."""

    def __init__(self) -> None:
        super().__init__(retry_total=2, retry_backoff_factor=0.3, retry_backoff_max=2)
        self._method_whitelist = _READS

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        answer = response.http_response
        if response.http_request.method.upper() not in settings["methods"] or settings["total"] <= 0:
            return False
        wait = self.get_retry_after(response) or 0
        return wait <= PATIENCE_SECONDS and (answer.status_code in _SPOILED or (answer.status_code == 429 and wait > 0))


class ApiAnswersOnly(SansIOHTTPPolicy[Any, Any]):
    """Refuses to take a web page for an answer: proxies and sign-in services send one with status 200."""

    def on_response(self, request: PipelineRequest[Any], response: PipelineResponse[Any, Any]) -> None:
        kind = response.http_response.headers.get("Content-Type", "")
        if kind.lower().startswith("text/html") and response.http_response.status_code < 400:
            raise DecodeError(message="a web page came instead of an answer", response=response.http_response)


class Pool:
    """The connections of one session, shared by all of its clients. Make it inside the running event loop."""

    def __init__(self, ca_file: Path | None = None) -> None:
        """Raises ProviderError (misconfigured) if `ca_file` can't be used."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=_trust(ca_file)),
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=True,
            auto_decompress=False,
        )
        # Else aiohttp itself sends a PUT again when a kept connection breaks: a deployment would take place twice, and
        # a conditional write be refused for what its own first sending did. Its test client switches this off as well.
        self._session._retry_connection = False

    def transport(self) -> AioHttpTransport:
        """A transport over these connections; closing it leaves them open."""
        return AioHttpTransport(
            session=self._session,
            session_owner=False,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
        )

    def client_options(self) -> dict[str, Any]:
        """Keyword arguments for an Azure client."""
        return {
            "transport": self.transport(),
            "retry_policy": RetryReads(),
            "per_call_policies": [ApiAnswersOnly()],
            "permit_redirects": False,
            "user_agent": f"quarterdeck/{__version__}",
            "logging_enable": False,
        }

    async def close(self) -> None:
        """Close all connections."""
        await self._session.close()


def _trust(ca_file: Path | None) -> ssl.SSLContext:
    usual = ssl.get_default_verify_paths()
    try:
        version = ca_file and _version(ca_file)
        return _trusting(ca_file, version, *(_version(Path(one)) for one in (usual.cafile, usual.capath) if one))
    except (OSError, ssl.SSLError) as error:
        raise ProviderError(
            "misconfigured",
            f"ca_file {ca_file}: {error.strerror or 'holds no certificate'}",
            "name a file with certificates in PEM form",
        ) from None


Version = tuple[str, int, int]
"""Of a file: where it is, when it was written last, and how long it is."""


def _version(path: Path) -> Version:
    state = path.stat()
    return str(path), state.st_mtime_ns, state.st_size


@lru_cache(maxsize=8)
def _trusting(ca_file: Path | None, *_versions: Version | None) -> ssl.SSLContext:
    """Shared by all sessions, as long as what is trusted stays as it was written: to load what the system trusts takes
    20 ms of computing, and a fleet has many sessions."""
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(ca_file)
    return context
