"""Pages of a list, chained by nextLink."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from quarterdeck.sandbox.wire import Refusal, Request, Response

_Item = TypeVar("_Item")
_TOKEN = "$skipToken"  # noqa: S105 - the name of a query argument


def paged(
    request: Request, items: Sequence[_Item], write: Callable[[_Item], Any], size: int, token: str = _TOKEN
) -> Response:
    """One page of `items`, at most `size` (or the `$top` of the request, if less) long; `token` is the argument that
    says where the next one begins.

    Raises:
        Refusal: 400 for a `$skipToken` or `$top` that cannot be read.
    """
    start = _start(request.argument(token))
    top = request.argument("$top")
    if top and not (top.isdigit() and int(top)):
        raise Refusal(400, "InvalidTop", f"The value '{top}' of $top is not a number of 1 or more.")
    length = min(size, int(top)) if top else size
    page = items[start : start + length]
    body: dict[str, Any] = {"value": [write(item) for item in page], "nextLink": None}
    if start + length < len(items):
        body["nextLink"] = _next_link(request, start + length, token)
    return Response(body=body)


def _next_link(request: Request, start: int, token: str) -> str:
    place = base64.urlsafe_b64encode(f"from:{start}".encode()).decode()
    kept = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)
    query = [(name, value) for name, value in kept if name.lower() != token.lower()]
    return f"{request.base_url}{request.path}?{urlencode([*query, (token, place)])}"


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token.encode()).decode().partition(":")
        if word == "from":
            return int(number)
    except ValueError:
        pass
    raise Refusal(400, "InvalidSkipToken", "The value of $skipToken is not one that this service gave out.")
