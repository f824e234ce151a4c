"""Work items that are counted in an answer which says yes and isn't the whole truth."""

from __future__ import annotations

from typing import Any

import pytest
from tests.providers.loopback import SECRET, evidence, listening, says, session, trouble

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import Evidence


async def counted(body: Any, count: str, **headers: Any) -> Evidence:
    async with listening(lambda _: says(body, **headers)) as server:
        return await evidence(session("http", url=server.url), "query", path="search", count=count)


async def refused(body: Any, count: str, **headers: Any) -> Trouble:
    async with listening(lambda _: says(body, **headers)) as server:
        return await trouble(session("http", url=server.url), "query", path="search", count=count)


@pytest.mark.parametrize(
    ("body", "count", "words"),
    [
        ({"issues": [], "errorMessages": ["The value 'SHOP' does not exist"]}, "issues", "'SHOP' does not exist"),
        (
            {"data": {"issues": {"totalCount": 0}}, "errors": [{"message": "no such label"}]},
            "data.issues.totalCount",
            "no such label",
        ),
        ({"result": [], "error": {"message": "Invalid query", "detail": "x"}}, "result", "Invalid query"),
        ({"error": "quota exceeded", "total": 0}, "total", "quota exceeded"),
        ({"ok": False, "message": "not in this workspace", "items": []}, "items", "not in this workspace"),
        ({"success": False, "total": 0}, "total", "success is false"),
    ],
)
async def test_an_error_in_an_answer_that_says_yes_is_no_count(body: Any, count: str, words: str) -> None:
    found = await refused(body, count)

    assert found.code == "provider_error"
    assert words in found.message


async def test_empty_errors_are_none_and_errors_may_be_what_is_counted() -> None:
    assert (await counted({"total": 3, "errors": {}, "errorMessages": [], "error": None}, "total")).value == 3
    assert (await counted({"errors": ["disk", "line"]}, "errors")).value == 2
    assert (await counted({"errors": 4, "total": 3}, "total")).value == 3


@pytest.mark.parametrize(
    ("body", "count", "headers"),
    [
        ({"total_count": 40, "items": [{}] * 30}, "items", {}),
        ({"total": 2, "issues": []}, "issues", {}),
        ({"issues": [{}], "isLast": False, "nextPageToken": "x"}, "issues", {}),
        ({"value": [{}], "@odata.nextLink": "https://graph.example/next"}, "value", {}),
        ({"results": [{}], "paging": {"next": "https://example/next"}}, "results", {}),
        ({"data": {"nodes": [{}], "pageInfo": {"hasNextPage": True}}}, "data.nodes", {}),
        ({"items": [{}], "has_more": True}, "items", {}),
        (
            {"list": [{}, {}]},
            "list",
            {"Link": '<https://example/issues?page=2>; rel="next", <https://example/issues>; rel="last"'},
        ),
        ({"value": [{}]}, "value", {"x_ms_continuationtoken": "2"}),
    ],
)
async def test_a_page_of_a_list_is_not_taken_for_all_of_it(body: Any, count: str, headers: dict[str, str]) -> None:
    found = await refused(body, count, **headers)

    assert found.code == "misconfigured"
    assert "there are more" in found.message
    assert "total" in found.hint


async def test_a_list_that_is_whole_and_a_total_are_counted() -> None:
    assert (await counted({"total_count": 2, "items": [{}, {}]}, "items")).value == 2
    assert (await counted({"total_count": 40, "items": [{}] * 30}, "total_count")).value == 40
    assert (await counted({"issues": [{}], "isLast": True, "nextPageToken": None}, "issues")).value == 1
    assert (await counted({"total": 9, "all": [{}] * 9, "blocking": [{}]}, "blocking")).value == 1
    assert (await counted({"list": []}, "list", Link='<https://example/>; rel="prev"')).value == 0


async def test_a_sign_in_that_failed_is_told_though_the_answer_says_yes() -> None:
    """An expired token makes nobody of us, and nobody sees no blockers."""
    body = {"startAt": 0, "maxResults": 50, "total": 0, "issues": []}
    async with listening(lambda _: says(body, X_Seraph_LoginReason="AUTHENTICATED_FAILED")) as server:
        open_ = session("http", url=server.url, username="ana", password="${env:TOKEN}")
        found = await trouble(open_, "query", path="search", count="total")
    assert found.code == "unauthenticated"
    assert SECRET not in found.message
    assert (await counted(body, "total", X_Seraph_LoginReason="OK")).value == 0


async def test_a_sign_in_page_with_a_status_of_its_own_is_told_as_what_it_is() -> None:
    assert (await refused("<html>Sign In</html>", "value", status=203, kind="text/html")).code == "unauthenticated"


@pytest.mark.parametrize(("status", "code"), [(401, "unauthenticated"), (403, "forbidden"), (302, "garbage")])
async def test_a_refusal_is_no_count(status: int, code: str) -> None:
    assert (await refused({"total": 0, "message": "no"}, "total", status=status)).code == code
