"""Errors become one clean line; what may have happened is never called a refusal."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import (
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.providers.azure.faults import clean, reading, surely_nothing_happened, trouble_of, writing
from quarterdeck.providers.base import InDoubt, ProviderError, Refused


class Answer:
    """As much of an answer as an error of the SDK holds."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.status_code, self.reason, self.headers = status, "", headers or {}
        self._text = body if isinstance(body, str) else json.dumps(body)

    def text(self, encoding: str | None = None) -> str:
        return self._text


def answered(status: int, body: Any = None, headers: dict[str, str] | None = None) -> HttpResponseError:
    error = HttpResponseError(message="Operation returned an invalid status")
    error.response = Answer(status, body, headers)  # type: ignore[assignment]
    error.status_code = status
    return error


def test_app_services_own_envelope_is_understood_where_the_sdk_doesnt() -> None:
    error = answered(409, {"Code": "Conflict", "Message": "another operation is in progress", "Details": []})

    assert trouble_of(error).message == "another operation is in progress"
    assert "wait" in trouble_of(error).hint


def test_arms_envelope_and_problem_details_are_understood() -> None:
    arm = answered(404, {"error": {"code": "ResourceGroupNotFound", "message": "no group"}})
    problem = answered(409, {"title": "Modifing key", "detail": "The key is read-only.", "status": 409})

    assert trouble_of(arm).message == "no group"
    assert "resource_group" in trouble_of(arm).hint
    assert trouble_of(problem).message == "The key is read-only."


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 429])
def test_a_4xx_is_a_refusal(status: int) -> None:
    with pytest.raises(Refused), writing("x"):
        raise answered(status)


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503, 504])
def test_whatever_else_is_answered_leaves_it_open(status: int) -> None:
    with pytest.raises(InDoubt), writing("x"):
        raise answered(status)


@pytest.mark.parametrize(
    "error",
    [
        ServiceRequestError("x", error=aiohttp.ServerDisconnectedError()),
        ServiceResponseError("x", error=TimeoutError()),
        DecodeError("JSON is invalid", response=None),
        TimeoutError(),
        RuntimeError("a bug of ours after the answer came"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_line_that_broke_or_an_answer_that_makes_no_sense_leaves_it_open(error: Exception) -> None:
    assert not surely_nothing_happened(error)


def test_a_connection_that_was_never_made_sent_nothing() -> None:
    key = aiohttp.client_reqrep.ConnectionKey("h", 443, True, True, None, None, None)
    inner = aiohttp.ClientConnectorError(key, OSError(111, "refused"))

    assert surely_nothing_happened(ServiceRequestError("x", error=inner))
    assert trouble_of(ServiceRequestError("x", error=inner)).code == "unreachable"


def test_without_a_token_nothing_was_sent() -> None:
    assert surely_nothing_happened(ClientAuthenticationError(message="az login first"))


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (answered(401), "unauthenticated"),
        (answered(403), "forbidden"),
        (answered(404), "not_found"),
        (answered(429), "throttled"),
        (answered(504), "timeout"),
        (answered(500), "provider_error"),
        (answered(302), "garbage"),
        (ClientAuthenticationError(message="no"), "unauthenticated"),
        (KeyError("properties"), "garbage"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(), "unreachable"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_each_kind_of_bad_day_has_its_code(error: Exception, code: str) -> None:
    assert trouble_of(error).code == code


def test_a_signed_url_or_a_token_in_an_error_is_not_shown() -> None:
    message = (
        "GET https://management.azure.com/operationresults/1?t=1&c=MIIC&s=SIGNED&h=HASH failed with "
        "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.eyJhdWQiOiJodHRwczovL20ifQ.c2ln and secret=hunter2"
    )

    shown = trouble_of(answered(400, {"error": {"code": "x", "message": message}})).message

    for hidden in ("SIGNED", "HASH", "MIIC", "eyJ", "hunter2"):
        assert hidden not in shown
    assert "operationresults/1" in shown


def test_the_error_raised_carries_nothing_of_the_sdks_error() -> None:
    with pytest.raises(ProviderError) as caught, reading("x"):
        raise answered(500)

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_cancellation_passes_through() -> None:
    with pytest.raises(asyncio.CancelledError), writing("x"):
        raise asyncio.CancelledError


@given(st.text())
def test_whatever_azure_says_is_one_line_without_control_characters(text: str) -> None:
    shown = clean(text)

    assert shown.isprintable()
    assert len(shown) <= 300


@given(st.one_of(st.none(), st.text(), st.lists(st.integers()), st.dictionaries(st.text(), st.text())))
def test_no_body_is_too_strange(body: Any) -> None:
    assert trouble_of(answered(500, body)).message
