"""One policy for REST interfaces: conditional reads, limits, failing connections, writes that are sent once."""

from __future__ import annotations

import asyncio
import itertools
import os
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Self

import pytest
from tests.providers.loopback import Asked, Loopback, listening, says
from tests.runner.timepiece import ManualClock

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.providers.http.asking import Answer
from quarterdeck.providers.http.backing_off import LONGEST_PAUSE
from quarterdeck.providers.http.keeping import KeptAsking
from quarterdeck.providers.http.rest import QUIET_SECONDS, Manners, Rest, Writing
from quarterdeck.sandbox.tls import make_certificate, server_context


def nothing() -> None:
    """Nobody minds."""


def rest(
    server: Loopback, clock: ManualClock, manners: Manners | None = None, may_write: Callable[[], None] = nothing
) -> Rest:
    return Rest(KeptAsking(timeout=10), server.url, clock, may_write, manners)


class BrokenTls:
    """A server that reads one request over TLS, and answers with what can't be decrypted."""

    def __init__(self, folder: Path) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._listener.getsockname()[1]}"
        self.certificate, self._key = make_certificate(folder)
        self.got = b""

    async def __aenter__(self) -> Self:
        context = server_context(self.certificate, self._key)
        self._serving = asyncio.create_task(asyncio.to_thread(self._serve, context))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._serving
        self._listener.close()

    def _serve(self, context: ssl.SSLContext) -> None:
        self._listener.settimeout(5)
        line, _ = self._listener.accept()
        try:
            with context.wrap_socket(line, server_side=True) as wrapped:
                self.got = wrapped.recv(65536)
                if self.got:
                    os.write(wrapped.fileno(), b"\x17\x03\x03\x00\x20" + bytes(32))
                    wrapped.recv(1)
        except OSError:
            pass


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_what_has_not_changed_is_answered_from_memory(clock: ManualClock) -> None:
    def say(asked: Asked) -> bytes:
        if asked.headers.get("if-none-match") == '"1"':
            return says("", 304, ETag='"1"')
        return says({"n": 1}, ETag='"1"')

    async with listening(say) as server:
        api = rest(server, clock)
        assert [await api.get("/a", (("q", "x y"),), watching=True) for _ in range(3)] == [{"n": 1}] * 3
    assert ["if-none-match" in asked.headers for asked in server.asked] == [False, True, True]
    assert server.asked[0].params == {"q": ["x y"]}


async def test_what_a_person_waits_for_is_never_answered_from_memory(clock: ManualClock) -> None:
    """What a plan is made of, and what tells whether a write was done: some servers and proxies say "not modified" to
    whatever tag they are shown."""

    def say(asked: Asked) -> bytes:
        return says("", 304) if "if-none-match" in asked.headers else says({"n": len(server.asked)}, ETag='"same"')

    async with listening(say) as server:
        api = rest(server, clock)
        assert await api.get("/a", watching=True) == {"n": 1}
        assert await api.get("/a") == {"n": 2}
        assert await api.get("/a", watching=True) == {"n": 2}
        assert await api.get("/a") == {"n": 4}


@pytest.mark.parametrize("wish", ["nan", "inf", "-inf", "1e999"])
async def test_a_wish_for_quiet_that_is_no_length_of_time_silences_nobody_for_ever(
    wish: str, clock: ManualClock
) -> None:
    answers = [says({}, 429, Retry_After=wish), says({"n": 1})]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock)
        with pytest.raises(ProviderError) as caught:
            await api.get("/")
        assert caught.value.trouble.code == "throttled"
        clock.pass_unnoticed(QUIET_SECONDS + 1)
        assert await api.get("/") == {"n": 1}


async def test_whoever_says_too_fast_is_left_alone_as_long_as_it_says(clock: ManualClock) -> None:
    answers = [says({}, 429, Retry_After="30"), says({"n": 2})]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock)
        for _ in range(2):
            with pytest.raises(ProviderError) as caught:
                await api.get("/")
            assert caught.value.trouble.code == "throttled"
        with pytest.raises(Refused, match="asked nothing until"):
            await api.write("PUT", "/", {})
        assert len(server.asked) == 1
        clock.pass_unnoticed(31)
        assert await api.get("/") == {"n": 2}


@pytest.mark.parametrize("set_by", [-86_400, 86_400])
async def test_a_machine_whose_clock_is_set_keeps_quiet_as_long_as_it_was_asked_to(
    set_by: float, clock: ManualClock
) -> None:
    answers = [says({}, 429, Retry_After="30"), says({"n": 2})]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock)
        with pytest.raises(ProviderError):
            await api.get("/")
        clock.jump(set_by)
        clock.pass_unnoticed(29)
        with pytest.raises(ProviderError, match="asked nothing until"):
            await api.get("/")
        clock.pass_unnoticed(2)
        assert await api.get("/") == {"n": 2}


async def test_after_a_pause_a_crowd_of_watchers_finds_out_with_one_question_that_nobody_answers(
    clock: ManualClock,
) -> None:
    async with listening(lambda _: says({}, 500)) as server:
        api = Rest(KeptAsking(timeout=10), server.url, clock, at_once=1)
        for pause in (0, 3600):
            clock.pass_unnoticed(pause)
            before = len(server.asked)
            await asyncio.gather(*(api.get(f"/{n}", watching=True) for n in range(50)), return_exceptions=True)
            assert len(server.asked) - before == 1


async def test_what_fails_is_watched_less_and_less_and_asked_by_people_all_the_same(clock: ManualClock) -> None:
    async with listening(lambda _: says({"message": "sick"}, 500)) as server:
        api = rest(server, clock)
        looks = []
        for _ in range(600):
            before = len(server.asked)
            with pytest.raises(ProviderError, match="sick"):
                await api.get("/", watching=True)
            if len(server.asked) > before:
                looks.append(clock.monotonic())
            clock.pass_unnoticed(1)
        asked = len(server.asked)
        with pytest.raises(ProviderError):
            await api.get("/")
        assert len(server.asked) == asked + 1
    gaps = [later - earlier for earlier, later in itertools.pairwise(looks)]
    assert gaps[0] <= 3
    assert LONGEST_PAUSE / 2 <= max(gaps) <= LONGEST_PAUSE + 1


async def test_a_connection_that_works_again_is_watched_as_before(clock: ManualClock) -> None:
    answers = [says({}, 500), says({"n": 1}), says({"n": 2})]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock)
        with pytest.raises(ProviderError):
            await api.get("/", watching=True)
        clock.pass_unnoticed(3)
        assert await api.get("/", watching=True) == {"n": 1}
        assert await api.get("/", watching=True) == {"n": 2}


async def test_a_queue_of_watchers_stops_at_the_first_closed_door(clock: ManualClock) -> None:
    async with listening(lambda _: says({}, 500)) as server:
        api = Rest(KeptAsking(timeout=10), server.url, clock, at_once=1)
        found = await asyncio.gather(*(api.get(f"/{n}", watching=True) for n in range(50)), return_exceptions=True)
    assert all(isinstance(one, ProviderError) for one in found)
    assert len(server.asked) == 1


async def test_one_page_that_is_broken_costs_the_others_nothing(clock: ManualClock) -> None:
    def say(asked: Asked) -> bytes:
        return says({"message": "this one is sick"}, 500) if asked.path == "/sick" else says({"at": asked.path})

    async with listening(say) as server:
        api = Rest(KeptAsking(timeout=10), server.url, clock, at_once=1)
        await api.get("/well", watching=True)
        for _ in range(3):
            paths = ["/sick", *(f"/{n}" for n in range(20))]
            found = await asyncio.gather(*(api.get(path, watching=True) for path in paths), return_exceptions=True)
            assert isinstance(found[0], ProviderError)
            assert "sick" in str(found[0])
            assert found[1:] == [{"at": path} for path in paths[1:]]
            clock.pass_unnoticed(1)
        looks = sum(asked.path == "/sick" for asked in server.asked)
    assert looks < 3, "what is broken is itself looked at less and less"


async def test_a_system_of_which_nothing_works_any_more_is_watched_less_and_less(clock: ManualClock) -> None:
    working = True
    async with listening(lambda _: says({"n": 1}) if working else says({}, 500)) as server:
        api = Rest(KeptAsking(timeout=10), server.url, clock, at_once=1)
        await api.get("/well", watching=True)
        working = False
        clock.pass_unnoticed(LONGEST_PAUSE + 1)
        before = len(server.asked)
        await asyncio.gather(*(api.get(f"/{n}", watching=True) for n in range(50)), return_exceptions=True)
        assert len(server.asked) - before == 1


async def test_a_question_that_is_posted_is_a_read_in_every_respect(clock: ManualClock) -> None:
    def never() -> None:
        raise AssertionError("a read needs no leave to write")

    answers = [b"", says([1, 2]), says({}, 500)]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock, may_write=never)
        assert await api.query("/search", {"names": ["a"]}) == [1, 2]
        with pytest.raises(ProviderError):
            await api.query("/search", {}, watching=True)
        with pytest.raises(ProviderError):
            await api.query("/search", {}, watching=True)
    assert [(asked.method, asked.body) for asked in server.asked] == [
        ("POST", b'{"names":["a"]}'),
        ("POST", b'{"names":["a"]}'),
        ("POST", b"{}"),
    ]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_a_write_goes_out_once_with_leave_asked_last(method: Writing, clock: ManualClock) -> None:
    asked_for_leave: list[int] = []
    async with listening(lambda _: says({"message": "down"}, 503)) as server:
        api = rest(server, clock, may_write=lambda: asked_for_leave.append(len(server.asked)))
        with pytest.raises(InDoubt, match="down"):
            await api.write(method, "/x", {"a": 1}, headers={"If-Match": '"7"'})
    assert asked_for_leave == [0]
    (only,) = server.asked
    assert (only.method, only.body, only.headers["if-match"]) == (method, b'{"a":1}', '"7"')


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (says({"message": "no"}, 409), Refused),
        (says({"message": "no"}, 412), Refused),
        (says({"message": "no"}, 408), InDoubt),
        (says({"message": "no"}, 500), InDoubt),
        (says("", 302, Location="/login"), Refused),
        (b"", InDoubt),
    ],
    ids=["conflict", "precondition", "too slow", "fell over", "redirect", "line cut"],
)
async def test_what_a_write_amounts_to(answer: bytes, kind: type[ProviderError], clock: ManualClock) -> None:
    async with listening(lambda _: answer) as server:
        with pytest.raises(kind):
            await rest(server, clock).write("POST", "/x", {})
    assert len(server.asked) == 1


async def test_what_never_left_is_refused(clock: ManualClock) -> None:
    async with listening(lambda _: b"") as server:
        gone = server.url
    with pytest.raises(Refused, match="nothing was sent"):
        await Rest(KeptAsking(timeout=10), gone, clock).write("POST", "/x", {})


async def test_tls_that_breaks_when_a_write_has_left_is_doubt(clock: ManualClock, tmp_path: Path) -> None:
    async with BrokenTls(tmp_path) as server:
        asking = KeptAsking(timeout=2, ca_file=server.certificate)
        with pytest.raises(InDoubt):
            await Rest(asking, server.url, clock).write("POST", "/x", {})
    assert server.got.startswith(b"POST /x ")


async def test_a_server_that_isnt_trusted_gets_no_write(clock: ManualClock, tmp_path: Path) -> None:
    async with BrokenTls(tmp_path) as server:
        with pytest.raises(Refused, match="nothing was sent"):
            await Rest(KeptAsking(timeout=10), server.url, clock).write("POST", "/x", {})
    assert server.got == b""


async def test_what_takes_time_before_a_write_comes_before_the_leave_to_write(clock: ManualClock) -> None:
    order: list[str] = []

    class Signing(KeptAsking):
        async def ready(self) -> None:
            order.append("signed in")

    async with listening(lambda _: says({})) as server:
        await Rest(Signing(timeout=2), server.url, clock, lambda: order.append("leave")).write("PUT", "/x", {})
    assert order == ["signed in", "leave"]


async def test_a_write_for_which_nobody_could_sign_in_was_refused(clock: ManualClock) -> None:
    class Signing(KeptAsking):
        async def ready(self) -> None:
            raise ProviderError("unauthenticated", "no sign-in")

    async with listening(lambda _: says({})) as server:
        with pytest.raises(Refused, match="no sign-in"):
            await Rest(Signing(timeout=2), server.url, clock).write("PUT", "/x", {})
    assert not server.asked


@pytest.mark.parametrize("path", ["/projects/../users", "/job/a/./b", "/job/..", "/job/.?tree=x"])
async def test_a_name_that_leads_elsewhere_is_asked_nowhere(path: str, clock: ManualClock) -> None:
    """HTTP clients resolve such paths: a job that is called `..` would be the folder that it is in."""
    async with listening(lambda _: says({})) as server:
        api = rest(server, clock)
        with pytest.raises(ProviderError, match="leads elsewhere"):
            await api.get(path)
        with pytest.raises(Refused, match="leads elsewhere"):
            await api.write("POST", path, {})
        assert await api.get("/branches/v1..v2", (("q", "../x"),)) == {}
    assert len(server.asked) == 1


async def test_a_system_may_say_with_500_that_it_surely_refused(clock: ManualClock) -> None:
    class Its(Manners):
        def surely_refused(self, answer: Answer) -> bool:
            return b"TEST_FAILED" in answer.body or super().surely_refused(answer)

    async with listening(lambda _: says({"message": "TEST_FAILED"}, 500)) as server:
        with pytest.raises(Refused):
            await rest(server, clock, Its()).write("PATCH", "/x", [])


async def test_a_web_page_instead_of_a_writes_answer_is_doubt(clock: ManualClock) -> None:
    async with listening(lambda _: says("<html>sign in</html>", kind="text/html")) as server:
        api = rest(server, clock)
        with pytest.raises(InDoubt, match="web page"):
            api.json_of(await api.write("POST", "/x", {}))


async def test_a_redirect_is_a_yes_only_where_a_system_shows_a_page_after_what_was_done(clock: ManualClock) -> None:
    class Its(Manners):
        def is_done(self, answer: Answer) -> bool:
            return "login" not in answer.headers.get("location", "")

    answers = [says("", 302, Location="/job/x/"), says("", 302, Location="/login")]
    async with listening(lambda _: answers.pop(0)) as server:
        api = rest(server, clock, Its())
        assert (await api.write("POST", "/x")).status == 302
        with pytest.raises(Refused, match="redirect"):
            await api.write("POST", "/x")


async def test_a_yes_that_is_a_page_to_sign_in_is_a_no_and_a_write_so_answered_had_no_effect(
    clock: ManualClock,
) -> None:
    class Its(Manners):
        def disguised(self, answer: Answer) -> Trouble | None:
            return Trouble("unauthenticated", "sign in first") if answer.status == 203 else None

    async with listening(lambda _: says("<html>sign in</html>", 203, kind="text/html")) as server:
        api = rest(server, clock, Its())
        with pytest.raises(ProviderError, match="sign in first"):
            await api.get("/x")
        with pytest.raises(Refused, match="sign in first"):
            await api.write("POST", "/x", {})
