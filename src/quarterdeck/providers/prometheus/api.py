"""Prometheus's HTTP API, version 1: the envelope of its answers, and the numbers in them.

Shapes are those of Prometheus's documentation ("HTTP API"). Answers are checked for their shape, because whatever
stands in between may answer as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.http.asking import Answer, Asking, Question

MOST_TOLD = 3
"""As many labels or warnings are named in a line."""


class Api:
    """One server."""

    def __init__(self, asking: Asking, url: str) -> None:
        self._asking = asking
        self._url = url
        self.host = Question("GET", url).asked

    async def query(self, query: str) -> tuple[Mapping[str, Any], str]:
        """The data of an instant query, and what the server warns of ("" for nothing).

        Raises:
            ProviderError: no answer, or no; misconfigured if the query is wrong.
        """
        question = Question("POST", f"{self._url}/api/v1/query", form={"query": query})
        answer = await self._asking.read(question)
        if answer.status == 405:  # a proxy that lets only GET through
            question = Question("GET", question.url, params=[("query", query)])
            answer = await self._asking.read(question)
        return self._data(answer, question)

    async def get(self, what: str, **params: str) -> Mapping[str, Any]:
        """The data of another call below /api/v1. Raises ProviderError."""
        question = Question("GET", f"{self._url}/api/v1/{what}", params=list(params.items()))
        return self._data(await self._asking.read(question), question)[0]

    def _data(self, answer: Answer, question: Question) -> tuple[Mapping[str, Any], str]:
        if answer.status in (200, 400, 422, 503):
            self._refused(answer)
        body = self._asking.good(answer, question).json(self.host)
        if (
            not isinstance(body, Mapping)
            or body.get("status") != "success"
            or not isinstance(body.get("data"), Mapping)
        ):
            raise ProviderError("garbage", f"{self.host} didn't answer as Prometheus does", "check url")
        warnings = [clean(str(one), 100) for one in body.get("warnings") or ()][:MOST_TOLD]
        return body["data"], f"it warns: {'; '.join(warnings)}" if warnings else ""

    def _refused(self, answer: Answer) -> None:
        """Raises ProviderError if the answer is Prometheus's own refusal."""
        try:
            body = answer.json(self.host)
        except ProviderError:
            return
        if not isinstance(body, Mapping) or body.get("status") != "error":
            return
        kind, said = body.get("errorType"), self._asking.tellable(str(body.get("error", "")))
        if kind == "bad_data":
            raise ProviderError(
                "misconfigured", f"{self.host} doesn't understand the query: {said}", "correct the query"
            )
        if kind in ("timeout", "canceled"):
            raise ProviderError("timeout", f"{self.host}: the query took too long: {said}", "ask for less")
        raise ProviderError("provider_error", f"{self.host} can't carry out the query: {said}")


def number_of(data: Mapping[str, Any], host: str) -> tuple[float | None, float | None]:
    """The one number in the data of an instant query, and its time; (None, None) if it matches nothing.

    The time of a scalar or of a vector is that of the evaluation. Prometheus gives the time of the sample itself only
    for a range (`up[5m]`), of which the last sample counts.

    Raises:
        ProviderError: misconfigured, if it is no single number; garbage, if it has another shape.
    """
    try:
        kind, result = data["resultType"], data["result"]
        if kind == "scalar":
            return _point(result)
        if kind == "string":
            raise ProviderError("misconfigured", "the query gives a text, not a number", "correct the query")
        if kind not in ("vector", "matrix"):
            raise ValueError(kind)
        if not result:
            return None, None
        if len(result) > 1:
            raise _several([series["metric"] for series in result])
        points = result[0]["values"] if kind == "matrix" and "values" in result[0] else [result[0].get("value")]
        if not points or points[-1] is None:
            raise ProviderError(
                "misconfigured", "the query gives a histogram, not a number", "take histogram_quantile() of it"
            )
        return _point(points[-1])
    except (KeyError, TypeError, ValueError, IndexError, AttributeError):
        raise ProviderError("garbage", f"{host} didn't answer as Prometheus does", "check url") from None


def _point(pair: Any) -> tuple[float, float]:
    """Numbers are texts on this wire: `[1435781451.781, "1"]`, with NaN and +Inf among them."""
    at, value = pair
    return float(value), float(at)


def _several(metrics: Sequence[Mapping[str, str]]) -> ProviderError:
    names = sorted({name for metric in metrics for name in metric})
    differ = [name for name in names if len({metric.get(name, "") for metric in metrics}) > 1]
    told = ", ".join(clean(name, 40) for name in differ[:MOST_TOLD]) + (", ..." if len(differ) > MOST_TOLD else "")
    message = f"the query gives {len(metrics)} series that differ by {told or 'nothing'}, not one number"
    return ProviderError("misconfigured", message, "put them together, for example with sum(...)")
