"""Whether what an answer with a status of success says may be counted.

A count of nothing lets a release go on, so whatever makes nothing of something is looked for: an error in the body, a
list that goes on, and a sign-in that failed without being refused: Jira Cloud answers an expired token as if nobody had
signed in, with 200 and no issues (Atlassian's support page "JQL search REST API returns 200 OK without API token"), and
names the reason in a header; Azure DevOps sends its sign-in page with 203.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from quarterdeck.fleet.observation import Trouble

Document = Mapping[str, Any]

_ERRORS = ("error", "errors", "errormessages", "fault")
_WELL = ("ok", "success")
_NEXT = ("next", "nextlink", "@odata.nextlink", "nextpage", "next_page", "nextpagetoken", "next_page_token")
_GOES_ON = ("hasmore", "has_more", "hasnextpage")
_ENDS = ("islast", "is_last")
_PAGES = ("pageinfo", "paging", "pagination", "page", "_links", "links", "meta")
_TOTALS = ("total", "totalcount", "total_count", "totalresults", "totalsize", "@odata.count", "count")
_LINKED = re.compile(r';\s*rel\s*=\s*"?next"?', re.IGNORECASE)


def not_signed_in(status: int, headers: Mapping[str, str], who: str) -> Trouble | None:
    """Who asked is nobody to the server although it doesn't say no. Names of headers are in lower case."""
    reason = headers.get("x-seraph-loginreason", "").upper()
    page = status == 203 and headers.get("content-type", "").lower().startswith("text/html")
    if page or "FAILED" in reason or "DENIED" in reason:
        message = f"{who} doesn't accept our sign-in, and answers as if nobody had signed in"
        return Trouble("unauthenticated", message, "check the credential: it may have expired")
    return None


def error_in(document: Any, path: str) -> str:
    """The error that a body tells, in its own words; "" if it tells none, or if `path` leads to it."""
    if not isinstance(document, Mapping):
        return ""
    counted = path.partition(".")[0]
    for key, value in document.items():
        name = str(key).lower()
        if key == counted:
            continue
        if name in _ERRORS and isinstance(value, (str, Mapping, Sequence)) and value:
            return _words(value)
        if name in _WELL and value is False:
            return str(document.get("message") or document.get("error") or f"{key} is false")
    return ""


def goes_on(document: Any, headers: Mapping[str, str], path: str) -> bool:
    """Whether `path` leads to a list of which this is not all, as far as the answer tells."""
    *outer, last = path.split(".")
    holder = document
    for key in outer:
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    found = holder.get(last) if isinstance(holder, Mapping) else None
    if not isinstance(holder, Mapping) or not isinstance(found, list):
        return False
    if headers.get("x-ms-continuationtoken") or _LINKED.search(headers.get("link", "")):
        return True
    return any(_says_more(place) for place in _places(document, holder)) or _is_short_of(holder, found)


def _places(document: Any, holder: Document) -> Iterator[Document]:
    """Where an answer tells of its pages: at its top, beside the list, and in what they have for that."""
    for place in (document, holder):
        if isinstance(place, Mapping):
            yield place
            yield from (
                value for key, value in place.items() if str(key).lower() in _PAGES and isinstance(value, Mapping)
            )


def _says_more(place: Document) -> bool:
    said = {str(key).lower(): value for key, value in place.items()}
    return (
        any(said.get(name) for name in _NEXT)
        or any(said.get(name) is True for name in _GOES_ON)
        or any(said.get(name) is False for name in _ENDS)
    )


def _is_short_of(holder: Document, found: Sequence[Any]) -> bool:
    """Whether the total beside a list is larger than it. Beside several lists nobody knows which it is about."""
    if sum(isinstance(value, list) for value in holder.values()) > 1:
        return False
    totals = (value for key, value in holder.items() if str(key).lower() in _TOTALS)
    return any(isinstance(total, int) and not isinstance(total, bool) and total > len(found) for total in totals)


def _words(value: Any) -> str:
    """What an error says in a few words: its message, or all of it."""
    while isinstance(value, Sequence) and not isinstance(value, str) and value:
        value = value[0]
    if isinstance(value, Mapping):
        value = next((value[name] for name in ("message", "detail", "code") if value.get(name)), value)
    return value if isinstance(value, str) else json.dumps(value)
