"""What clients other than Microsoft's Python SDK send to App Configuration, byte for byte."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.sandbox.conftest import Harbour

from quarterdeck.sandbox.app_configuration.authentication import authenticate, sign
from quarterdeck.sandbox.wire import Refusal, Request

VECTORS = json.loads((Path(__file__).parent / "examples/appconfiguration/hmac-test-vectors.json").read_text())
SENT = datetime(2019, 8, 27, 16, 52, 32, tzinfo=UTC).timestamp()
SIGNED = "x-ms-date;host;x-ms-content-sha256"


def request(vector: dict[str, str], **headers: str) -> Request:
    return Request(
        method=vector["method"],
        target=vector["path_and_query"],
        path=vector["path_and_query"].partition("?")[0],
        parameters={},
        query={},
        headers={
            "host": vector["host"],
            "x-ms-date": vector["x_ms_date"],
            "x-ms-content-sha256": vector["x_ms_content_sha256"],
            "authorization": vector["Authorization"],
            **headers,
        },
        body=vector["body"].encode(),
    )


CREDENTIALS = {VECTORS["id"]: VECTORS["secret"]}


@pytest.mark.parametrize("vector", VECTORS["vectors"], ids=lambda vector: vector["method"])
def test_the_known_signatures_are_accepted(vector: dict[str, str]) -> None:
    authenticate(request(vector), CREDENTIALS, SENT)
    authenticate(request(vector), CREDENTIALS, SENT + 14 * 60)


@pytest.mark.parametrize(
    ("change", "now", "reason"),
    [
        ({}, SENT + 16 * 60, "The access token has expired"),
        ({}, SENT - 16 * 60, "The access token has expired"),
        ({"x-ms-date": "yesterday"}, SENT, "Invalid access token date"),
        ({"host": "elsewhere.azconfig.io"}, SENT, "Invalid Signature"),
        ({"x-ms-content-sha256": "AAAA"}, SENT, "Invalid Signature"),
        (
            {"authorization": f"HMAC-SHA256 Credential=nobody&SignedHeaders={SIGNED}&Signature=x"},
            SENT,
            "Invalid Credential",
        ),
        (
            {"authorization": "HMAC-SHA256 Credential=test-id"},
            SENT,
            "[Credential][SignedHeaders][Signature] is required",
        ),
        (
            {"authorization": "HMAC-SHA256 Credential=test-id&SignedHeaders=host&Signature=x"},
            SENT,
            "x-ms-content-sha256 is required as a signed header",
        ),
        (
            {"authorization": f"HMAC-SHA256 Credential=test-id&SignedHeaders={SIGNED};x-y&Signature=x"},
            SENT,
            "Signed request header 'x-y' is not provided",
        ),
    ],
)
def test_a_bad_signature_says_why(change: dict[str, str], now: float, reason: str) -> None:
    with pytest.raises(Refusal) as caught:
        authenticate(request(VECTORS["vectors"][0], **change), CREDENTIALS, now)
    assert caught.value.status == 401
    assert f'error_description="{reason}"' in caught.value.headers["WWW-Authenticate"]


def test_a_changed_body_breaks_the_signature() -> None:
    vector = {**VECTORS["vectors"][1], "body": '{"value":"Hello!"}'}
    with pytest.raises(Refusal):
        authenticate(request(vector), CREDENTIALS, SENT)


def test_other_separators_between_the_parameters_are_read_too() -> None:
    vector = VECTORS["vectors"][0]
    authenticate(request(vector, authorization=vector["Authorization"].replace("&", ", ")), CREDENTIALS, SENT)


async def send(harbour: Harbour, method: str, target: str, body: Any = None, **headers: str) -> httpx.Response:
    """Sign and send as Microsoft's JavaScript SDK does: RFC 1123 date, target exactly as given."""
    content = b"" if body is None else json.dumps(body).encode()
    date = format_datetime(datetime.now(UTC), usegmt=True)
    digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
    host = harbour.url.removeprefix("http://")
    name, secret = next(iter(harbour.world.configuration.credentials.items()))
    signature = sign(method, target, f"{date};{host};{digest}", secret)
    signed = {
        "x-ms-date": date,
        "x-ms-content-sha256": digest,
        "Authorization": f"HMAC-SHA256 Credential={name}&SignedHeaders={SIGNED}&Signature={signature}",
        "Content-Type": "application/vnd.microsoft.appconfig.kv+json",
    }
    async with httpx.AsyncClient() as client:
        url = httpx.URL(harbour.url, raw_path=target.encode())
        return await client.request(method, url, content=content, headers=signed | headers)


@pytest.mark.parametrize("slash", ["/", "%2F", "%2f"])
async def test_a_slash_in_a_key_may_be_escaped_or_not(harbour: Harbour, slash: str) -> None:
    written = await send(harbour, "PUT", f"/kv/.appconfig.featureflag{slash}Beta?api-version=1.0", {"value": "on"})
    assert written.status_code == 200
    assert written.json()["key"] == ".appconfig.featureflag/Beta"
    read = await send(harbour, "GET", "/kv/.appconfig.featureflag%2FBeta?api-version=1.0&label=%00")
    assert read.json()["value"] == "on"
    assert read.headers["Content-Type"].startswith("application/vnd.microsoft.appconfig.kv+json")
    assert read.headers["ETag"] == f'"{read.json()["etag"]}"'


async def test_a_weak_etag_matches_too(harbour: Harbour) -> None:
    written = await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "1"})
    etag = f"W/{written.headers['ETag']}"
    assert (
        await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "2"}, **{"If-Match": etag})
    ).status_code == 200
    stale = await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "3"}, **{"If-Match": etag})
    assert (stale.status_code, stale.content) == (412, b"")


@pytest.mark.parametrize("path", ["/kv", "/keys", "/labels", "/revisions", "/snapshots", "/kv/a"])
async def test_head_answers_as_get_without_the_body(harbour: Harbour, path: str) -> None:
    await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "1"})
    asked = await send(harbour, "HEAD", f"{path}?api-version=1.0")
    got = await send(harbour, "GET", f"{path}?api-version=1.0")
    assert (asked.status_code, asked.content) == (200, b"")
    assert asked.headers.get("ETag") == got.headers.get("ETag")
    assert asked.headers["Content-Type"] == got.headers["Content-Type"]


async def test_the_next_link_is_relative_and_keeps_the_filters(harbour: Harbour) -> None:
    harbour.world.configuration.load(
        [{"key": f"k{number:03}", "label": "prod", "value": "v", "tags": {"a": "b"}} for number in range(101)]
    )
    first = await send(harbour, "GET", "/kv?api-version=2023-11-01&key=k*&label=prod&tags=a%3Db&$Select=key")
    link = first.json()["@nextLink"]
    assert first.headers["Link"] == f'<{link}>; rel="next"'
    assert link.startswith("/kv?")
    second = await send(harbour, "GET", link)
    assert second.json()["items"] == [{"key": "k100"}]
    assert "@nextLink" not in second.json()


async def test_an_unchanged_page_is_not_sent_again(harbour: Harbour) -> None:
    await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "1"})
    page = await send(harbour, "GET", "/kv?api-version=1.0")
    again = {"If-None-Match": page.headers["ETag"]}
    assert (await send(harbour, "GET", "/kv?api-version=1.0", **again)).status_code == 304
    await send(harbour, "PUT", "/kv/b?api-version=1.0", {"value": "1"})
    assert (await send(harbour, "GET", "/kv?api-version=1.0", **again)).status_code == 200


async def test_a_locked_key_answers_in_the_published_words(harbour: Harbour) -> None:
    published = json.loads((Path(__file__).parent / "examples/appconfiguration/published-errors.json").read_text())
    await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "1"})
    await send(harbour, "PUT", "/locks/a?api-version=1.0")
    refused = await send(harbour, "PUT", "/kv/a?api-version=1.0", {"value": "2"})
    expected = json.loads(json.dumps(published["locked"]["body"]).replace("{key}", "a"))
    assert (refused.status_code, refused.json()) == (409, expected)
    assert refused.headers["Content-Type"].startswith("application/problem+json")


async def test_snapshots_refuse_in_the_published_words(harbour: Harbour) -> None:
    published = json.loads((Path(__file__).parent / "examples/appconfiguration/published-errors.json").read_text())
    harbour.world.configuration.snapshots.provisioning = 60
    target = "/snapshots/one?api-version=2023-11-01"
    created = await send(harbour, "PUT", target, {"filters": [{"key": "*"}]})
    assert (created.status_code, created.json()["status"]) == (201, "provisioning")
    operation = created.headers["Operation-Location"].removeprefix(harbour.url)
    assert (await send(harbour, "GET", operation)).json() == {"id": "one", "status": "Running", "error": None}
    again = await send(harbour, "PUT", target, {"filters": [{"key": "*"}]})
    assert (again.status_code, again.json()) == (409, published["snapshot_exists"]["body"])
    early = await send(harbour, "PATCH", target, {"status": "archived"})
    assert (early.status_code, early.json()) == (409, published["snapshot_invalid_state"]["body"])
    harbour.world.advance(60)
    assert (await send(harbour, "GET", operation)).json()["status"] == "Succeeded"


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("PUT", "/kv/a?api-version=1.0", {"value": 7}),
        ("PUT", "/kv/a?api-version=1.0", {"tags": ["x"]}),
        ("PUT", "/kv/a?api-version=1.0", []),
        ("PUT", "/kv/a%01?api-version=1.0", {}),
        ("PUT", f"/kv/{'a' * 257}?api-version=1.0", {}),
        ("GET", "/kv?api-version=1.0&after=%21", None),
        ("GET", "/kv?api-version=1.0&$Select=colour", None),
        ("GET", "/kv", None),
        ("PUT", "/snapshots/s?api-version=2023-11-01", {"filters": []}),
        ("PUT", "/snapshots/s?api-version=2023-11-01", {"filters": [{"key": "*", "label": "*"}]}),
        ("PUT", "/snapshots/s?api-version=2023-11-01", {"filters": [{"key": "*"}], "retention_period": 1}),
        ("PATCH", "/snapshots/s?api-version=2023-11-01", {"status": "failed"}),
    ],
)
async def test_a_malformed_request_is_a_problem_that_names_the_field(
    harbour: Harbour, method: str, target: str, body: Any
) -> None:
    refused = await send(harbour, method, target, body)
    assert refused.status_code == 400
    assert refused.json()["status"] == 400
    assert refused.json()["name"]


async def test_a_read_that_finds_nothing_new_still_tells_the_etag(harbour: Harbour) -> None:
    headers = {"Authorization": f"Bearer {harbour.token()}"}
    async with httpx.AsyncClient(base_url=harbour.url, headers=headers, params={"api-version": "2024-09-01"}) as client:
        etag = (await client.put("/kv/a", json={"value": "1"})).headers["etag"]
        for address in ("/kv/a", "/kv"):
            told = (await client.get(address)).headers["etag"]
            answer = await client.get(address, headers={"If-None-Match": told})
            assert (answer.status_code, answer.headers.get("etag"), answer.content) == (304, told, b"")
        assert (await client.get("/kv/a")).headers["etag"] == etag


@pytest.mark.parametrize("key", ["a/", "a//b", "/a", "a"])
async def test_slashes_that_a_client_does_not_encode_belong_to_the_key(harbour: Harbour, key: str) -> None:
    headers = {"Authorization": f"Bearer {harbour.token()}"}
    async with httpx.AsyncClient(base_url=harbour.url, headers=headers, params={"api-version": "2024-09-01"}) as client:
        assert (await client.put(f"/kv/{key}", json={"value": "1"})).json()["key"] == key


@pytest.mark.parametrize("wrong", [{"tags": [1]}, {"tags": {"a": 1}}, {"description": 5}, {"filters": [{"key": 5}]}])
async def test_a_snapshot_of_the_wrong_shape_is_refused(harbour: Harbour, wrong: dict[str, Any]) -> None:
    answer = await send(harbour, "PUT", "/snapshots/s?api-version=2024-09-01", {"filters": [{"key": "*"}], **wrong})
    assert (answer.status_code, answer.json()["name"]) == (400, next(iter(wrong)))
