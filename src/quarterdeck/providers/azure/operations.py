"""Writes that Azure Resource Manager accepts and goes on with by itself, followed one look at a time.

Two ways of following (Microsoft's contract for asynchronous operations): the URL in `Azure-AsyncOperation` always
answers 200 with a `status`; the one in `Location` answers 202 while the operation runs, and then as the operation
ended, with a 4xx if it failed. Both may be signed: the token of a receipt is a secret.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import HttpResponseError
from azure.core.rest import AsyncHttpResponse

from quarterdeck.providers.azure.arm import Arm
from quarterdeck.providers.azure.faults import clean, reading, said, trouble_of
from quarterdeck.providers.base import Progress, Receipt
from quarterdeck.release.settlement import Settlement

USUAL_WAIT = 3.0
"""Seconds to the next look where the service doesn't say."""

_STATUS, _RESULT = "status", "result"
_ENDED_BADLY = frozenset({"failed", "canceled"})
_NOT_THE_OPERATIONS = frozenset({401, 403, 404, 408, 429})
"""Answers to a look at a result that say something about the look, not about the operation."""


def receipt(response: AsyncHttpResponse) -> Receipt:
    """What to keep of the answer to a write."""
    headers = response.headers
    reference = headers.get("x-ms-correlation-request-id") or headers.get("x-ms-request-id") or ""
    for kind, name in ((_STATUS, "Azure-AsyncOperation"), (_RESULT, "Location")):
        if response.status_code in (201, 202) and (url := headers.get(name)):
            return Receipt(reference, f"{kind} {url}")
    return Receipt(reference)


async def look(arm: Arm, what: str, taken: Receipt) -> Progress:
    """Look once at a write under way; `what` it is, in an operator's words. Raises ProviderError if the look failed."""
    kind, _, url = taken.token.partition(" ")
    if not url:
        return Progress("finished")
    with reading(what):
        try:
            response = await arm.plain.send("GET", arm.our_own(url))
        except HttpResponseError as error:
            if kind == _STATUS or not _is_the_operations(error):
                raise
            return Progress("failed", trouble_of(error).message)
        if kind == _RESULT:
            return Progress("running", wait=_wait(response)) if response.status_code == 202 else Progress("finished")
        return _told(response)


def in_force(busy: bool, state: str, settled: Settlement) -> Settlement:
    """What reading a wish back means, given how the service fares with it: until it has put what it was asked for into
    force, and if it fails to, the resource shows what somebody wishes and not what is.

    Args:
        busy: whether the service is still at it.
        state: its own word for that.
        settled: what was read, compared with the step.
    """
    if busy and settled.state in ("done", "not_done"):
        return Settlement("running", f"{state}: {settled.detail}", settled.evidence)
    if settled.state == "done" and state.lower() not in ("", "succeeded"):
        detail = f"{settled.detail}, but putting them into force ended as {state}: nobody knows who gets what"
        return Settlement("changed_by_other", detail, settled.evidence)
    return settled


def _told(response: AsyncHttpResponse) -> Progress:
    body = response.json()
    status = str(body["status"])
    if status.lower() == "succeeded":
        return Progress("finished")
    if status.lower() in _ENDED_BADLY:
        return Progress("failed", _why(body) or clean(status))
    return Progress("running", clean(status), _wait(response))


def _why(body: Mapping[str, Any]) -> str:
    error = body.get("error")
    return clean(str(error.get("message") or error.get("code") or "")) if isinstance(error, Mapping) else ""


def _is_the_operations(error: HttpResponseError) -> bool:
    status = error.status_code or 0
    return 400 <= status < 500 and status not in _NOT_THE_OPERATIONS and said(error) != ("", "")


def _wait(response: AsyncHttpResponse) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isdigit() and int(text) > 0 else USUAL_WAIT
