"""Several load balancers, reloads that take back what was set, and lines that lead nowhere."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.providers.haproxy.balancer import Balancer, app, needs_haproxy, split
from tests.providers.haproxy.conftest import Harbour, checked, open_session, router_of, traffic_place

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

PLACE = traffic_place()


# --- several load balancers -------------------------------------------------------------------------------------------
@needs_haproxy
async def test_every_load_balancer_gets_every_change(pair: Harbour) -> None:
    await pair.shift(canary=25)
    assert [one.weight("app/canary") for one in pair.balancers] == [25, 25]
    assert [(await split(one.front, 40))["canary"] for one in pair.balancers] == pytest.approx([10, 10], abs=2)
    assert (await pair.reading()).drift == ""


@needs_haproxy
@pytest.mark.parametrize("wanted", [0.0, 12.5, 25.0])
async def test_where_they_disagree_it_is_told_and_any_shift_brings_them_together(pair: Harbour, wanted: float) -> None:
    await pair.shift(canary=50)
    pair.balancers[1].say("set server app/canary weight 0;set server app/stable weight 100")
    reading = await pair.reading()
    assert "disagree about stable" in reading.drift
    assert "weight 100" in reading.drift
    assert [d.share for d in reading.destinations] == [75, 25]
    survey = await pair.router.survey_traffic(PLACE.address)
    assert next(risk for risk in survey.risks if risk.code == "instances-differ").severity == "danger"
    await pair.shift(canary=wanted)
    assert len({one.weight("app/canary") for one in pair.balancers}) == 1
    assert (await pair.reading()).drift == ""


@needs_haproxy
async def test_one_that_is_gone_stops_a_write_before_any_is_changed(pair: Harbour) -> None:
    (first, *_) = await pair.steps(canary=25)
    pair.balancers[1].stop()
    with pytest.raises(Refused, match=r"nothing was sent.*nobody listens"):
        await pair.router.send(first)
    assert pair.balancers[0].weight("app/canary") == 0


@needs_haproxy
async def test_what_only_some_of_them_have_is_half_done_and_neither_done_nor_undone(pair: Harbour) -> None:
    (first, *_) = await pair.steps(canary=25)
    pair.balancers[0].say(f"set server app/canary weight {first.change['weight']:.0f}")
    found = await pair.router.settle(first)
    assert found.state == "changed_by_other"
    assert found.detail.startswith("half done: ")
    assert "lb2/admin.sock hasn't" in found.detail
    await pair.router.send(first)
    assert (await pair.router.settle(first)).state == "done"


# --- reloads ----------------------------------------------------------------------------------------------------------
@needs_haproxy
async def test_a_reload_cancels_a_canary_and_it_is_told(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    assert (await harbour.reading()).drift == ""
    harbour.balancer.reload()
    reading = await harbour.reading()
    assert [d.weight for d in reading.destinations] == [100, 0]
    assert reading.drift.startswith("a reload took back stable 75 -> 100, canary 25 -> 0 (at ")
    await checked(harbour.balancer)
    await harbour.shift(canary=25)
    assert (await harbour.reading()).drift == ""


@needs_haproxy
async def test_a_loss_is_settled_by_the_next_shift_also_where_it_had_nothing_to_write(pair: Harbour) -> None:
    await pair.shift(canary=25)
    await pair.reading()
    pair.balancers[0].reload()
    await checked(pair.balancers[0])
    assert "a reload took back" in (await pair.reading()).drift
    await pair.shift(canary=0)
    assert (await pair.reading()).drift == ""


@needs_haproxy
async def test_a_reload_after_a_dump_of_the_state_loses_nothing(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    await harbour.reading()
    harbour.balancer.state_file.write_text(harbour.balancer.say("show servers state"))
    harbour.balancer.reload()
    reading = await harbour.reading()
    assert [d.weight for d in reading.destinations] == [75, 25]
    assert reading.drift == ""


@needs_haproxy
async def test_a_configuration_with_another_weight_wins_over_the_dump_and_it_is_told(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    await harbour.reading()
    harbour.balancer.state_file.write_text(harbour.balancer.say("show servers state"))
    harbour.balancer.reload(app(harbour.backends.ports, {"stable": 100, "canary": 5}))
    assert (await harbour.reading()).drift.startswith("a reload took back canary 25 -> 5 (at ")


@needs_haproxy
async def test_a_reload_that_failed_has_changed_nothing(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    await harbour.reading()
    harbour.balancer.reload_in_vain("backend app\n  balance nonsense\n")
    reading = await harbour.reading()
    assert [d.weight for d in reading.destinations] == [75, 25]
    assert reading.drift == ""


@needs_haproxy
async def test_check_says_what_a_reload_would_lose_and_how_to_keep_it(harbour: Harbour) -> None:
    await harbour.shift(canary=25)
    told = [(what, trouble) async for what, trouble in harbour.session.check()]
    assert all(trouble is None for _, trouble in told)
    assert any("answers, level admin" in what for what, _ in told)
    (advice,) = [what for what, _ in told if "server-state-file" in what]
    assert "a reload now would set app/stable 75 -> 100, app/canary 25 -> 0" in advice


# --- rights -----------------------------------------------------------------------------------------------------------
@needs_haproxy
async def test_a_socket_of_a_lower_level_may_look_and_not_touch(harbour: Harbour, tmp_path: Path) -> None:
    watched = Balancer(
        tmp_path / "watched",
        harbour.balancer.body,
        sockets=f"  stats socket {tmp_path}/op.sock level operator\n  stats socket {tmp_path}/us.sock level user\n",
    )
    watched.start()
    try:
        for level, name in (("operator", "op.sock"), ("user", "us.sock")):
            session = open_session(f"{tmp_path}/{name}")
            router = router_of(session)
            assert not isinstance((await router.observe([PLACE]))[PLACE.subject], Trouble)
            assert await router.permitted(PLACE.address) is False
            (first, *_) = await harbour.steps(canary=25)
            with pytest.raises(Refused, match=f"has level {level}") as caught:
                await router.send(first)
            assert "level admin" in caught.value.trouble.hint
            troubles = [trouble async for _, trouble in session.check() if trouble]
            assert [trouble.code for trouble in troubles] == ["forbidden"]
        assert watched.weight("app/canary") == 0
    finally:
        watched.stop()


@needs_haproxy
async def test_it_can_listen_on_a_port_as_well(harbour: Harbour, tmp_path: Path) -> None:
    port = free_port()
    other = Balancer(
        tmp_path / "tcp", harbour.balancer.body, sockets=f"  stats socket ipv4@127.0.0.1:{port} level admin\n"
    )
    other.start()
    try:
        router = router_of(open_session(f"127.0.0.1:{port}"))
        (first, *_) = await harbour.steps(canary=25)
        await router.send(first)
        assert other.weight("app/canary") == first.change["weight"]
    finally:
        other.stop()


# --- lines that lead nowhere -------------------------------------------------------------------
@needs_haproxy
async def test_a_haproxy_that_stopped_leaves_a_file_and_that_is_told(harbour: Harbour) -> None:
    (first, *_) = await harbour.steps(canary=25)
    harbour.balancer.stop()
    assert os.path.exists(harbour.balancer.socket)  # noqa: ASYNC240
    found = await harbour.trouble()
    assert found.code == "unreachable"
    assert "has stopped left behind" in found.message
    with pytest.raises(Refused, match="nothing was sent"):
        await harbour.router.send(first)
    with pytest.raises(ProviderError):
        await harbour.router.settle(first)


async def test_a_socket_that_isnt_there_is_told(tmp_path: Path) -> None:
    found = await seen(str(tmp_path / "gone.sock"))
    assert (found.code, found.hint != "") == ("unreachable", True)
    assert "there is no socket" in found.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may open every socket")
async def test_a_socket_that_may_not_be_opened_is_told(tmp_path: Path) -> None:
    path = tmp_path / "closed.sock"
    with socket.socket(socket.AF_UNIX) as line:
        line.bind(str(path))
        line.listen()
        path.chmod(0)
        assert (await seen(str(path))).code == "forbidden"


@pytest.mark.parametrize(
    "answer", ["", "\n", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x1b[2J\n\n1\n\nx\n", "a\n\nb\n\nc\n"]
)
async def test_what_isnt_haproxy_is_told_without_its_control_characters(tmp_path: Path, answer: str) -> None:
    async with speaking(tmp_path, lambda _: answer) as path:
        found = await seen(path)
    assert found.code == "garbage"
    assert found.message.isprintable()


async def test_one_that_never_answers_costs_only_its_time(tmp_path: Path) -> None:
    async with speaking(tmp_path, lambda _: None) as path:
        found = await seen(path, timeout="0.05s")
    assert found.code == "timeout"


@needs_haproxy
async def test_a_line_that_breaks_after_the_command_leaves_it_in_doubt(harbour: Harbour, tmp_path: Path) -> None:
    """Reads are passed on, and the line dies at the first write."""
    (first, *_) = await harbour.steps(canary=25)

    def pass_on(line: str) -> str | None:
        return None if "weight" in line else harbour.balancer.say(line.strip())

    async with speaking(tmp_path, pass_on) as path:
        router = router_of(open_session(path, timeout="0.05s"))
        with pytest.raises(InDoubt, match="didn't answer"):
            await router.send(first)
        assert (await router.settle(first)).state == "not_done"


async def seen(path: str, **options: str) -> Trouble:
    found = (await router_of(open_session(path, **options)).observe([PLACE]))[PLACE.subject]
    assert isinstance(found, Trouble), found
    return found


class speaking:  # noqa: N801 - reads as what it does
    """A socket that answers each line with what a test wants; None: it never answers."""

    def __init__(self, folder: Path, say: Callable[[str], str | None]) -> None:
        self.path = str(folder / "spoken.sock")
        self._say = say
        self._lines: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> str:
        self._server = await asyncio.start_unix_server(self._serve, self.path)
        return self.path

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._lines:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._lines.add(writer)
        answer = self._say((await reader.readline()).decode())
        if answer is None:
            await reader.read()
        else:
            writer.write(answer.encode())
            await writer.drain()
        writer.close()


def free_port() -> int:
    with socket.socket() as line:
        line.bind(("127.0.0.1", 0))
        return int(line.getsockname()[1])
