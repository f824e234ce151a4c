"""Evidence by plain HTTP: the status of a probe, or a number in a JSON answer."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import Evidence, ProviderError
from quarterdeck.providers.http.asking import Answer, Asking, Question, Unanswered
from quarterdeck.providers.http.counting import error_in, goes_on, not_signed_in
from quarterdeck.providers.http.numbers import number_at
from quarterdeck.release.gate import GateSpec

NOBODY = 0.0
"""The status of a probe that got no answer: nobody listens, the line broke, or it took too long. Where the fault is on
our side (no DNS, no network, a certificate that isn't trusted) there is no evidence instead."""

_MARK = "x-site"
"""The header by which the sandbox's sites are known; what has none wasn't answered by a site of the fleet."""


class HttpSource:
    """See `quarterdeck.providers.base.GateSource`."""

    source = "http"

    def __init__(
        self, asking: Asking, clock: Clock, *, url: str = "", accept: str = "", sandbox: str | None = None
    ) -> None:
        """`url` is where everything has to be ("" for anywhere); `sandbox` answers for every host, None outside."""
        self._asking = asking
        self._clock = clock
        self._url = url
        self._accept = accept or "application/json"
        self._sandbox = sandbox

    async def measure(self, gate: GateSpec) -> Evidence:
        """Ask the gate's question once."""
        if gate.kind == "probe":
            return await self._probe(gate)
        if gate.kind in ("query", "metric"):
            return await self._query(gate)
        raise ProviderError("misconfigured", f"{gate.name}: a gate of the kind {gate.kind} can't be asked over http")

    async def _probe(self, gate: GateSpec) -> Evidence:
        question = self._probing(gate)
        began = self._clock.monotonic()
        try:
            answer = self._of_the_sandbox(await self._asking.ask(self._inside(question)), question)
        except Unanswered as error:
            path = gate.options.get("path", "")
            if error.ours or path:
                raise
            return Evidence(NOBODY, detail=f"{error.trouble.message} (counts as status 0)")
        took = 1000 * (self._clock.monotonic() - began)
        told = f"{question.method} {_shown(question.url)} answered {answer.status} in {took:.0f} ms"
        if moved := answer.headers.get("location"):
            told += f", to {_shown(moved)}"
        if path := gate.options.get("path", ""):
            good = self._asking.good(answer, question)
            return _number(good, question, path)
        return Evidence(float(answer.status), detail=clean(told))

    def _probing(self, gate: GateSpec) -> Question:
        url = gate.options.get("url", "")
        if not _is_url(url):
            raise ProviderError("misconfigured", f"{gate.name}: {_shown(url) or 'nothing'} is not a URL to ask")
        if self._url and not (url == self._url or url.startswith((f"{self._url}/", f"{self._url}?"))):
            message = f"{gate.name}: {_shown(url)} is not below {_shown(self._url)}"
            raise ProviderError(
                "misconfigured", message, "probe it without a connection: credentials stay where they belong"
            )
        method: Literal["GET", "HEAD"] = "HEAD" if gate.options.get("method", "GET").upper() == "HEAD" else "GET"
        headers = {"Cache-Control": "no-cache", "Connection": "close"}
        return Question(method, url, headers=headers, host=gate.options.get("host", ""))

    async def _query(self, gate: GateSpec) -> Evidence:
        path, query = gate.options.get("path", ""), gate.options.get("query", "")
        if not self._url:
            raise ProviderError("misconfigured", f"{gate.name}: its connection has no url", "give the connection a url")
        url = f"{self._url}/{path.lstrip('/')}"
        headers = {"Accept": self._accept}
        if query.lstrip().startswith("{"):
            question = Question("POST", url, document=_document(gate, query), headers=headers)
        else:
            question = Question("GET", f"{url}{'&' if '?' in url else '?'}{query}" if query else url, headers=headers)
        answer = self._of_the_sandbox(await self._asking.read(self._inside(question)), question)
        return self._counted(self._asking.good(answer, question), question, gate.options.get("count", ""))

    def _counted(self, answer: Answer, question: Question, path: str) -> Evidence:
        """The number, if nothing says that it isn't the whole truth."""
        who = clean(question.asked, 100)
        if trouble := not_signed_in(answer.status, answer.headers, who):
            raise ProviderError(trouble.code, trouble.message, trouble.hint)
        document = answer.json(who)
        if said := error_in(document, path):
            message = f"{who} answered {answer.status} with an error: {self._asking.tellable(said)}"
            raise ProviderError("provider_error", message, "check the query")
        if goes_on(document, answer.headers, path):
            hint = "count a total that the answer holds, or ask for more in one page"
            raise ProviderError("misconfigured", f"{who} sent a part of {clean(path, 60)}: there are more", hint)
        return _number(answer, question, path)

    def _inside(self, question: Question) -> Question:
        """The same question, asked of the sandbox if there is one."""
        if self._sandbox is None:
            return question
        if not self._sandbox:
            raise ProviderError("misconfigured", f"this sandbox answers for no sites, {question.asked} among them")
        base, parts = urlsplit(self._sandbox), urlsplit(question.url)
        url = urlunsplit((base.scheme, base.netloc, parts.path or "/", parts.query, ""))
        host = question.host or parts.netloc.rpartition("@")[2]
        # The Host stands in the headers alone: the sandbox's certificate is its own.
        return replace(question, url=url, host="", headers={**question.headers, "Host": host})

    def _of_the_sandbox(self, answer: Answer, question: Question) -> Answer:
        if self._sandbox is not None and _MARK not in answer.headers:
            hint = "outside of the sandbox it would be asked"
            raise ProviderError("not_found", f"{clean(question.asked, 100)} isn't in the sandbox", hint)
        return answer


def _number(answer: Answer, question: Question, path: str) -> Evidence:
    who = clean(question.asked, 100)
    value = number_at(answer.json(who), path)
    told = f"{who} says {path} is {value:.10g}" if value is not None else f"there is no {path} in the answer of {who}"
    return Evidence(value, detail=clean(told))


def _document(gate: GateSpec, query: str) -> Any:
    try:
        return json.loads(query)
    except ValueError:
        message = f"{gate.name}: its query begins like a JSON object and isn't one"
        raise ProviderError("misconfigured", message, "correct the query") from None


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _shown(url: str) -> str:
    """A URL without what may be secret in it."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "something that is no URL"
    return clean(urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", "")), 120)
