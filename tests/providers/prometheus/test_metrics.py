"""Numbers from Prometheus. Answers are those of its documentation, and of a real 2.42 where that says nothing."""

from __future__ import annotations

import math
from typing import Any

import pytest
from tests.providers.loopback import SECRET, Asked, evidence, listening, says, session, trouble


def data(kind: str, result: Any, **more: Any) -> bytes:
    return says({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def vector(*values: tuple[dict[str, str], str], **more: Any) -> bytes:
    return data("vector", [{"metric": metric, "value": [1435781451.781, value]} for metric, value in values], **more)


async def test_the_query_is_posted_and_its_one_number_comes_with_its_time() -> None:
    async with listening(lambda _: vector(({}, "0.0478"))) as server:
        found = await evidence(session("prometheus", url=f"{server.url}/"), "metric", query="sum(rate(x[5m])) / 2 & 3")
    assert (found.value, found.at) == (0.0478, 1435781451.781)
    (asked,) = server.asked
    assert (asked.method, asked.path) == ("POST", "/api/v1/query")
    assert asked.form == {"query": ["sum(rate(x[5m])) / 2 & 3"]}


async def test_a_prefix_of_the_url_is_kept() -> None:
    async with listening(lambda _: vector(({}, "1"))) as server:
        await evidence(session("prometheus", url=f"{server.url}/mimir/prometheus"), "metric", query="up")
    assert server.asked[0].path == "/mimir/prometheus/api/v1/query"


async def test_a_scalar_is_a_number_too_and_of_a_range_the_last_sample_with_its_own_time() -> None:
    matrix = [{"metric": {}, "values": [[10, "1"], [20.5, "7"]]}]
    for answer, wanted in ((data("scalar", [12.5, "3"]), (3.0, 12.5)), (data("matrix", matrix), (7.0, 20.5))):
        async with listening(lambda _, answer=answer: answer) as server:  # type: ignore[misc]
            found = await evidence(session("prometheus", url=server.url), "metric", query="x")
        assert (found.value, found.at) == wanted


async def test_a_query_that_matches_nothing_is_no_data() -> None:
    async with listening(lambda _: vector()) as server:
        found = await evidence(session("prometheus", url=server.url), "metric", query="x")
    assert found.value is None
    assert "matches nothing" in found.detail


async def test_nan_and_infinity_arrive_as_what_they_are() -> None:
    for text in ("NaN", "+Inf", "-Inf"):
        async with listening(lambda _, text=text: vector(({}, text))) as server:  # type: ignore[misc]
            found = await evidence(session("prometheus", url=server.url), "metric", query="x")
        assert found.value is not None
        assert math.isnan(found.value) if text == "NaN" else found.value == float(text)


async def test_several_series_are_a_wrong_question_and_not_the_first_of_them() -> None:
    series = [({"code": "200", "job": "shop"}, "1"), ({"code": "500", "job": "shop"}, "2")]
    async with listening(lambda _: vector(*series)) as server:
        found = await trouble(session("prometheus", url=server.url), "metric", query="x")
    assert found.code == "misconfigured"
    assert "2 series that differ by code," in found.message
    assert "sum(...)" in found.hint


async def test_a_histogram_and_a_text_are_no_numbers() -> None:
    histogram = data("vector", [{"metric": {}, "histogram": [1, {"count": "1", "sum": "1"}]}])
    for answer in (histogram, data("string", [1, "x"])):
        async with listening(lambda _, answer=answer: answer) as server:  # type: ignore[misc]
            assert (await trouble(session("prometheus", url=server.url), "metric", query="x")).code == "misconfigured"


@pytest.mark.parametrize(
    ("status", "kind", "code", "said"),
    [
        (400, "bad_data", "misconfigured", "parse error"),
        (422, "execution", "provider_error", "parse error"),
        (503, "timeout", "timeout", "too long"),
    ],
)
async def test_what_prometheus_refuses_is_told_in_its_words(status: int, kind: str, code: str, said: str) -> None:
    error = {"status": "error", "errorType": kind, "error": 'parse error: unclosed "("'}
    async with listening(lambda _: says(error, status)) as server:
        found = await trouble(session("prometheus", url=server.url), "metric", query="sum(")
    assert found.code == code
    assert said in found.message


@pytest.mark.parametrize(
    ("answer", "code", "said"),
    [
        (says("<html>sign in</html>", 200, "text/html"), "garbage", "web page"),
        (says("", 302, Location="https://login.example/"), "garbage", "redirect"),
        (says("{", 200), "garbage", "isn't JSON"),
        (says("", 200), "garbage", "sent nothing"),
        (says({"status": "success"}, 200), "garbage", "didn't answer as Prometheus does"),
        (says([1, 2], 200), "garbage", "didn't answer as Prometheus does"),
        (vector(({}, "x")), "garbage", "didn't answer as Prometheus does"),
        (data("vector", [5]), "garbage", "didn't answer as Prometheus does"),
        (says({"message": "no"}, 401), "unauthenticated", "sign-in: no"),
        (says("<html>", 403, "text/html"), "forbidden", "doesn't allow"),
        (says("404 page not found", 404, "text/plain"), "not_found", "nothing there"),
        (says("", 429), "throttled", "too often"),
        (says({"error": "boom"}, 500), "provider_error", "500: boom"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{", "garbage", "broke off"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "garbage", "isn't HTTP"),
        (b"", "garbage", "broke off"),
    ],
)
async def test_whatever_else_answers_is_told_on_its_own_row(answer: bytes, code: str, said: str) -> None:
    async with listening(lambda _: answer) as server:
        found = await trouble(session("prometheus", url=server.url), "metric", query="x")
    assert found.code == code
    assert said in found.message


async def test_a_read_is_repeated_once_and_a_refusal_is_not() -> None:
    spoilt = [says("", 502), vector(({}, "1"))]
    async with listening(lambda _: spoilt.pop(0)) as server:
        assert (await evidence(session("prometheus", url=server.url), "metric", query="x")).value == 1
    async with listening(lambda _: says("", 503)) as server:
        assert (await trouble(session("prometheus", url=server.url), "metric", query="x")).code == "provider_error"
    assert len(server.asked) == 2
    async with listening(lambda _: says("", 400)) as server:
        await trouble(session("prometheus", url=server.url), "metric", query="x")
    assert len(server.asked) == 1


async def test_a_proxy_that_lets_only_get_through_is_asked_so() -> None:
    def say(asked: Asked) -> bytes:
        return says("", 405) if asked.method == "POST" else vector(({}, "1"))

    async with listening(say) as server:
        assert (await evidence(session("prometheus", url=server.url), "metric", query="up > 0")).value == 1
    assert server.asked[-1].params == {"query": ["up > 0"]}


async def test_silence_ends_with_the_time_limit() -> None:
    async with listening(lambda _: b"...") as server:
        found = await trouble(session("prometheus", url=server.url, timeout="1s"), "metric", query="x")
    assert found.code == "timeout"
    assert len(server.asked) == 1


async def test_nobody_listening_is_unreachable() -> None:
    async with listening(lambda _: b"") as server:
        pass
    found = await trouble(session("prometheus", url=server.url), "metric", query="x")
    assert found.code in ("unreachable", "garbage")


async def test_the_credential_is_sent_and_never_told() -> None:
    def say(asked: Asked) -> bytes:
        return says({"error": f"bad header {asked.headers.get('authorization')}"}, 401)

    async with listening(say) as server:
        found = await trouble(session("prometheus", url=server.url, bearer_token="${env:TOKEN}"), "metric", query="x")
        basic = session("prometheus", url=server.url, username="ana", password="${env:TOKEN}")
        other = await trouble(basic, "metric", query="x")
    assert server.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert server.asked[1].headers["authorization"].startswith("Basic ")
    assert SECRET not in str(found)
    assert server.asked[1].headers["authorization"].partition(" ")[2] not in str(other)
    assert "(hidden)" in found.message
    assert await basic.identity() == "ana"


async def test_an_endless_answer_is_cut() -> None:
    huge = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + b" " * (5 * 1024 * 1024)
    async with listening(lambda _: huge) as server:
        found = await trouble(session("prometheus", url=server.url), "metric", query="x")
    assert found.code == "garbage"
    assert "more than 4 MiB" in found.message


async def test_warnings_are_told() -> None:
    async with listening(lambda _: vector(({}, "1"), warnings=["store \x1b[31mA\x1b[0m didn't answer"])) as server:
        found = await evidence(session("prometheus", url=server.url), "metric", query="x")
    assert "it warns: store A didn't answer" in found.detail


async def test_check_says_who_answers_and_whether_the_clocks_agree() -> None:
    import time

    for apart in (0, 95):

        def say(asked: Asked, apart: int = apart) -> bytes:
            if asked.path.endswith("buildinfo"):
                return says({"status": "success", "data": {"version": "2.42.0"}})
            return data("scalar", [0, str(time.time() + apart)])

        async with listening(say) as server:
            found = [one async for one in session("prometheus", url=server.url).check()]
        assert "Prometheus 2.42.0" in found[0][0]
        clocks = found[1][1]
        assert clocks is None if apart == 0 else clocks is not None and "95 s ahead" in clocks.message


async def test_check_says_what_is_wrong() -> None:
    async with listening(lambda _: says("", 401)) as server:
        (found,) = [one async for one in session("prometheus", url=server.url).check()]
    assert found[1] is not None
    assert found[1].code == "unauthenticated"


async def test_an_error_in_an_answer_that_says_yes_is_told_in_its_own_words() -> None:
    """Proxies and gateways in front of Prometheus answer 200 at times, whatever is inside."""
    body = {"status": "error", "errorType": "execution", "error": "many-to-many matching not allowed"}
    async with listening(lambda _: says(body)) as server:
        found = await trouble(session("prometheus", url=server.url), "metric", query="up")
    assert found.code == "provider_error"
    assert "many-to-many matching" in found.message
