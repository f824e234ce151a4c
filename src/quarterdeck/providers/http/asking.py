"""How every HTTP request goes out: verified TLS, no redirects, no cookies, limits on time and size.

A read that got no answer, or 502 to 504, is repeated once after a short while; a probe never is, because it is a
measurement, and a write never is, because nobody knows what became of it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import random
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx

from quarterdeck import __version__
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.faults import answered, cant_ask, unanswered

MOST_BYTES = 4 * 1024 * 1024
"""As much of an answer is read; a number for a gate fits into less."""

PAUSE_SECONDS = (0.2, 0.6)
"""Between a read and its repetition, drawn by chance so that many runners don't come back together."""

SPOILED = frozenset({502, 503, 504})
"""What a server in between says whose own server gave nothing: about all of it, and maybe for a moment only."""

_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, UnicodeError)


class TooLong(Exception):
    """An answer is longer than anybody would want."""


@dataclass(frozen=True, slots=True)
class Question:
    """One request. `host` is sent instead of the URL's own; `form` and `document` are bodies."""

    method: Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
    url: str
    params: Sequence[tuple[str, str]] = ()
    form: Mapping[str, str] | None = None
    document: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = ""

    @property
    def asked(self) -> str:
        """Who is asked, for people: no path and no query, which may hold secrets."""
        return self.host or urlsplit(self.url).netloc.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self, who: str) -> Any:
        """The body.

        Raises:
            ProviderError: garbage; it isn't JSON.
        """
        if self.headers.get("content-type", "").lower().startswith("text/html"):
            message = f"{who} sent a web page instead of an answer"
            raise ProviderError("garbage", message, "a proxy or a sign-in page may stand in between")
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            what = "nothing" if not self.body.strip() else "an answer that isn't JSON"
            raise ProviderError("garbage", f"{who} sent {what}", "check url") from None


class Unanswered(ProviderError):
    """No answer came, or not a whole one. `ours`: the fault is on our side of the line. `unsent`: nothing of the
    request has left, so that a write surely had no effect."""

    def __init__(self, error: Exception, host: str) -> None:
        trouble = unanswered(error, host)
        super().__init__(trouble.code, trouble.message, trouble.hint)
        self.ours = cant_ask(trouble, error)
        # A fault of TLS may come long after the handshake, which is a part of connecting.
        self.unsent = isinstance(error, _BEFORE_SENDING) or trouble.code == "misconfigured"


class Asking:
    """Sends requests to one server. Each is on a connection of its own: what a gate asks is asked seldom. For whoever
    asks often there is `keeping.KeptAsking`."""

    def __init__(
        self,
        *,
        timeout: float,
        ca_file: Path | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Sequence[str] = (),
        socket: Path | None = None,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        """`headers` go with every request; `secrets` are kept out of whatever is told; through `socket`, if there is
        one, all goes, whatever the host of a URL; `trust` stands for what `ca_file` leads to where a client has to
        show a certificate, too. Raises ProviderError."""
        self._timeout = timeout
        self._socket = socket
        self._trust = trust or _trusting(ca_file)
        self._headers = {"User-Agent": f"quarterdeck/{__version__}", "Accept-Encoding": "identity", **(headers or {})}
        self._secrets = tuple(secret for secret in secrets if secret)

    async def ask(self, question: Question) -> Answer:
        """Send it once.

        Raises:
            Unanswered: nobody answered, or not wholly.
            ProviderError: an answer too long to read.
        """
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(question)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError, UnicodeError) as error:
            raise Unanswered(error, self.who(question)) from None
        except TooLong:
            message = f"{self.who(question)} sent more than {MOST_BYTES // 1024 // 1024} MiB"
            raise ProviderError("garbage", message, "ask for less") from None

    async def ready(self) -> None:
        """Have whatever takes time before a request can leave, such as a token. Raises ProviderError."""

    async def read(self, question: Question) -> Answer:
        """Send it, and once more if nobody answered or a server in between was at fault. Raises ProviderError."""
        try:
            answer = await self.ask(question)
        except Unanswered as error:
            if error.ours or error.trouble.code == "timeout":
                raise
        else:
            if answer.status not in SPOILED:
                return answer
        await asyncio.sleep(random.uniform(*PAUSE_SECONDS))  # noqa: S311 - nothing secret hangs on it
        return await self.ask(question)

    def good(self, answer: Answer, question: Question) -> Answer:
        """The answer if it says yes. Raises ProviderError with what a JSON body says if not."""
        if 200 <= answer.status < 300:
            return answer
        trouble = answered(answer.status, self.who(question), self.tellable(_said(answer)))
        raise ProviderError(trouble.code, trouble.message, trouble.hint)

    def who(self, question: Question) -> str:
        """Who answers it, for people: a socket by its path, a server by host and port."""
        return clean(str(self._socket) if self._socket else question.asked, 100)

    def hide(self, secret: str) -> None:
        """Keep a secret that came later out of whatever is told, too."""
        if secret and secret not in self._secrets:
            self._secrets = (*self._secrets, secret)

    def tellable(self, text: str) -> str:
        """A server's words in one clean line, with nothing secret of ours in it."""
        for secret in self._secrets:
            text = text.replace(secret, "(hidden)")
        return clean(text)

    async def _send(self, question: Question) -> Answer:
        headers = {**self._headers, **question.headers}
        extensions: dict[str, Any] = {}
        if question.host:
            headers["Host"] = question.host
            extensions["sni_hostname"] = question.host.rpartition(":")[0] or question.host
        async with (
            self.line(question) as client,
            client.stream(
                question.method,
                question.url,
                params=list(question.params) or None,
                data=question.form,
                json=question.document,
                headers=headers,
                extensions=extensions,
                follow_redirects=False,
            ) as response,
        ):
            body = b""
            async for part in response.aiter_raw():
                body += part
                if len(body) > MOST_BYTES:
                    raise TooLong
            return Answer(response.status_code, dict(response.headers), body)

    @asynccontextmanager
    async def line(self, question: Question) -> AsyncIterator[httpx.AsyncClient]:
        """What a question is sent with."""
        async with self.client(question.url) as client:
            yield client

    def client(self, url: str, keep_seconds: float = 0) -> httpx.AsyncClient:
        """A client of its own, whose connections stay open so long while nothing is asked."""
        return httpx.AsyncClient(
            verify=self._trust,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            timeout=self._timeout,
            # A proxy of the environment is for the outside; what is on this machine is asked directly.
            trust_env=not is_on_this_machine(url),
            limits=httpx.Limits(keepalive_expiry=keep_seconds),
            transport=self._through_the_socket(keep_seconds),
        )

    def _through_the_socket(self, keep_seconds: float) -> httpx.AsyncHTTPTransport | None:
        if self._socket is None:
            return None
        return httpx.AsyncHTTPTransport(
            uds=str(self._socket), verify=self._trust, limits=httpx.Limits(keepalive_expiry=keep_seconds)
        )


def _trusting(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_file:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            reason = error.strerror or "holds no certificate"
            hint = "name a file with certificates in PEM form"
            raise ProviderError("misconfigured", f"ca_file {ca_file}: {reason}", hint) from None
    return context


def is_on_this_machine(url: str) -> bool:
    """Whether a URL is of loopback, as far as its text tells."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _said(answer: Answer) -> str:
    """What an error says in the usual places of a JSON body."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return ""
    inner = body.get("error")
    if isinstance(inner, Mapping) and inner.get("message"):  # JSON-RPC, and some others
        body = inner
    found = (body.get(name) for name in ("error", "message", "errorMessages", "detail", "title"))
    return next((text if isinstance(text, str) else json.dumps(text) for text in found if text), "")
