"""What a request to the store asks for: its query (names in any letter case, repeats kept) and its headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl

from quarterdeck.sandbox.app_configuration.problems import invalid_argument
from quarterdeck.sandbox.wire import Refusal, Request
from quarterdeck.sandbox.world.configuration import Condition, Selection
from quarterdeck.sandbox.world.configuration_filter import NULL, InvalidFilter, tag_filter, text_filter


class Query:
    """The query part of a request's target."""

    def __init__(self, request: Request) -> None:
        self.pairs = parse_qsl(request.target.partition("?")[2], keep_blank_values=True)

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def first(self, name: str) -> str | None:
        """The first value of that name."""
        return next(iter(self.all(name)), None)

    @property
    def api_version(self) -> str:
        """As given, "" when it is not."""
        return self.first("api-version") or ""

    def label(self) -> str | None:
        """The label of a single key-value; missing, empty and NUL all mean the one without."""
        return _no_label(self.first("label"))

    def selected(self) -> list[str]:
        """The fields of `$select`; none means all."""
        text = self.first("$select") or ""
        return [name.strip().lower() for name in text.split(",") if name.strip() not in ("", "*")]


def selection_of(request: Request) -> Selection:
    """The filters of a list.

    Raises:
        Refusal: 400 for a filter or a date that means nothing.
    """
    query = Query(request)
    name = "key"
    try:
        key = text_filter(query.first(name))
        name = "label"
        label = text_filter(query.first(name))
        name = "tags"
        tags = tag_filter(query.all(name))
    except InvalidFilter as error:
        raise bad_filter(name, error) from error
    return Selection(key, label, tags, moment_of(request))


def moment_of(request: Request) -> float | None:
    """The past moment that Accept-Datetime names, None for now.

    Raises:
        Refusal: 400 when it is no date.
    """
    text = request.headers.get("accept-datetime")
    if not text:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise invalid_argument("Accept-Datetime", f"Accept-Datetime: {error}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def body_of(request: Request) -> Mapping[str, Any]:
    """The body, a JSON object.

    Raises:
        Refusal: 400 when it is none.
    """
    try:
        body = request.json()
    except Refusal as error:
        raise invalid_argument("entity", f"entity: {error.message}") from error
    if not isinstance(body, Mapping):
        raise invalid_argument("entity", "entity: must be a JSON object")
    return body


def text_of(body: Mapping[str, Any], field: str) -> str | None:
    """A text in a body, None when it is not there.

    Raises:
        Refusal: 400 when it is something else.
    """
    value = body.get(field)
    if value is not None and not isinstance(value, str):
        raise invalid_argument(field, f"{field}: must be a string or null")
    return value


def tags_of(body: Mapping[str, Any]) -> dict[str, str | None]:
    """The tags in a body, none when they are not there.

    Raises:
        Refusal: 400 when they are no object of texts.
    """
    tags = body.get("tags") or {}
    if not isinstance(tags, Mapping) or not all(value is None or isinstance(value, str) for value in tags.values()):
        raise invalid_argument("tags", "tags: must be an object of strings")
    return dict(tags)


def condition_of(request: Request) -> Condition:
    """What the request makes itself depend on."""
    return Condition(_etag(request.headers.get("if-match")), _etag(request.headers.get("if-none-match")))


def bad_filter(name: str, error: InvalidFilter) -> Refusal:
    """400, with the place of the first bad character counted from 1."""
    return invalid_argument(name, f"{name}({error.position + 1}): {error}")


def _etag(text: str | None) -> str:
    return (text or "").strip().removeprefix("W/").strip('"')


def _no_label(text: str | None) -> str | None:
    return None if text in (None, "", NULL) else text
