"""One message over real HTTP: what receivers get, and what is made of their answers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from tests.notify.receiver import Receiver, http, receiving

from quarterdeck.clock import SystemClock
from quarterdeck.config.secrets import SecretUnavailable
from quarterdeck.release.hooks import Hook, HookFormat, Post
from quarterdeck.release.notices import Notice
from quarterdeck.runner import courier
from quarterdeck.runner.courier import Delivery, Messenger, unfit
from quarterdeck.runner.hook_formats import body_of, message_of

HOOK = Hook("sre", "${env:HOOK}")
NOTICE = Notice(
    7, 1_000_000.0, "abc", "gate", "production", "checkout 2.15.0 in production waits for the approval sre",
    "approve checkout", "ana@jump1", ("qd approve r1/3",), "r1", "step", "3",
)  # fmt: skip
HOSTILE = replace(NOTICE, title="<!channel> & [click](https://evil.example) *all* `rm`", text="<script>")


async def delivered(receiver: Receiver | str, form: HookFormat = "generic", notice: Notice = NOTICE) -> Delivery:
    url = receiver if isinstance(receiver, str) else receiver.url
    hook = replace(HOOK, format=form)
    return await Messenger(lambda _: url, SystemClock()).deliver(hook, message_of("shop", hook, Post((notice,))))


async def test_our_own_format_says_who_what_where_and_how_to_answer() -> None:
    async with receiving() as receiver:
        assert await delivered(receiver) == Delivery("taken")
    (body,) = receiver.bodies
    assert (body["schema"], body["fleet"], body["title"]) == (1, "shop", NOTICE.title)
    assert body["answers"] == ["qd approve r1/3"]
    (one,) = body["notices"]
    assert (one["kind"], one["environment"], one["by"], one["about"]) == ("gate", "production", "ana@jump1", "r1")
    assert one["at"] == "1970-01-12T13:46:40Z"
    assert f"idempotency-key: {body['id']}" in receiver.headers[0].lower()


async def test_the_same_thing_has_the_same_id_and_another_one_another() -> None:
    first, again = (message_of("shop", HOOK, Post((NOTICE,))).id for _ in range(2))
    others = {
        message_of("shop", HOOK, Post((replace(NOTICE, mark="def"),))).id,
        message_of("shop", replace(HOOK, name="boss"), Post((NOTICE,))).id,
    }
    assert first == again
    assert first not in others
    assert len(others) == 2


def texts(body: Any, key: str) -> list[str]:
    """Every text under a key, wherever it stands."""
    if isinstance(body, dict):
        own = [body[key]] if isinstance(body.get(key), str) else []
        return own + [text for value in body.values() for text in texts(value, key)]
    return [text for value in body for text in texts(value, key)] if isinstance(body, list) else []


async def test_slack_gets_blocks_that_mention_nobody_and_format_nothing() -> None:
    async with receiving() as receiver:
        assert await delivered(receiver, "slack", HOSTILE) == Delivery("taken")
    (body,) = receiver.bodies
    assert "<" not in body["text"]
    assert "&lt;!channel&gt; &amp; [click]" in body["text"]
    assert {block["text"]["type"] for block in body["blocks"]} == {"plain_text"}
    assert body["blocks"][0]["text"]["text"] == f"shop: {HOSTILE.title}"
    assert body["blocks"][0]["block_id"] == message_of("shop", HOOK, Post((HOSTILE,))).id
    assert "qd approve r1/3" in body["blocks"][-1]["text"]["text"]


async def test_teams_gets_a_card_without_markdown() -> None:
    async with receiving(http("202 Accepted")) as receiver:
        assert await delivered(receiver, "teams", HOSTILE) == Delivery("taken")
    (body,) = receiver.bodies
    (card,) = body["attachments"]
    assert (body["type"], card["contentType"]) == ("message", "application/vnd.microsoft.card.adaptive")
    assert (card["content"]["type"], card["content"]["version"]) == ("AdaptiveCard", "1.4")
    assert {block["type"] for block in card["content"]["body"]} == {"RichTextBlock"}
    assert f"shop: {HOSTILE.title}" in texts(card, "text")
    assert "qd approve r1/3" in texts(card, "text")


@pytest.mark.parametrize("form", ["generic", "slack", "teams"])
async def test_a_summary_of_a_great_many_stays_within_what_receivers_take(form: HookFormat) -> None:
    many = tuple(replace(NOTICE, seq=n, title="t" * 150, answers=("a" * 200,)) for n in range(500))
    message = message_of("shop", HOOK, Post(many))
    assert message.title.startswith("500 things")
    assert message.lines[-1] == "and 490 more: qd history"
    if form != "generic":
        assert len(json.dumps(body_of(message, form))) < 28_000
    assert all(len(text) <= 3000 for text in texts(body_of(message, "slack"), "text"))


@pytest.mark.parametrize(
    ("answer", "state", "detail", "wait"),
    [
        (http("429 Too Many Requests", "Retry-After: 30"), "later", "HTTP 429", 30),
        (http("429 Too Many Requests", "Retry-After: 999999"), "later", "HTTP 429", 3600),
        (http("503 Busy", "Retry-After: Thu, 01 Jan 1970 00:00:00 GMT"), "later", "HTTP 503", 0),
        (http("429 Slow", "Retry-After: soon"), "later", "HTTP 429", 0),
        (http("404 Not Found", body="no_service"), "refused", "HTTP 404: no_service", 0),
        (http("403 Forbidden", body="<html>secret-part</html>"), "refused", "it answered HTTP 403", 0),
        (http("500 Oh", body="rollup_error"), "unsure", "HTTP 500", 0),
        ("HTTP/1.1 nonsense\r\n\r\n", "unsure", "the connection broke", 0),
    ],
)
async def test_what_an_answer_means(answer: str, state: str, detail: str, wait: float) -> None:
    async with receiving(answer) as receiver:
        found = await delivered(receiver)
    assert (found.state, found.wait) == (state, wait)
    assert detail in found.detail
    assert "secret-part" not in found.detail


async def test_a_redirect_is_not_followed() -> None:
    async with receiving() as elsewhere, receiving(http("302 Found", f"Location: {elsewhere.url}")) as receiver:
        found = await delivered(receiver)
    assert (found.state, elsewhere.bodies) == ("refused", [])
    assert "redirect" in found.detail
    assert elsewhere.url not in found.detail


async def test_a_receiver_that_hangs_may_have_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "TIMEOUT_SECONDS", 0.2)
    async with receiving("") as receiver:
        found = await delivered(receiver)
    assert (found.state, found.detail) == ("unsure", "no answer within 0.2 s")


async def test_a_receiver_that_is_not_there_has_surely_taken_nothing() -> None:
    async with receiving() as receiver:
        url = receiver.url
    found = await delivered(url)
    assert (found.state, found.detail) == ("later", "it can't be reached")


async def test_a_secret_that_is_not_there_is_waited_for() -> None:
    def nothing(_: str) -> str:
        raise SecretUnavailable("misconfigured", "the environment variable HOOK is not set", "export HOOK")

    found = await Messenger(nothing, SystemClock()).deliver(HOOK, message_of("shop", HOOK, Post((NOTICE,))))
    assert found == Delivery("later", "the environment variable HOOK is not set (export HOOK)")


@pytest.mark.parametrize("url", ["https://127.0.0.1:1/\ud800", "https://127.0.0.1:99999/x", "http://127.0.0.1:1/\x00"])
async def test_an_address_that_no_library_can_use_ends_like_any_other_that_does_not_work(url: str) -> None:
    found = await delivered(url)
    assert found.state != "taken"
    assert url not in found.detail


@pytest.mark.parametrize("url", ["http://hooks.example/x", "ftp://127.0.0.1/x", "hooks.example", "", "http://[::1"])
def test_an_address_that_would_give_the_secret_away_is_never_asked(url: str) -> None:
    assert unfit(url)
    assert url == "" or url not in unfit(url)


@pytest.mark.parametrize("url", ["https://hooks.example/x", "http://127.0.0.1:1/x", "http://localhost/x"])
def test_https_and_this_machine_itself_are_good_addresses(url: str) -> None:
    assert unfit(url) == ""
