"""What HAProxy says and what is made of it, without a HAProxy: these run everywhere.

The texts were received from HAProxy 2.6.12.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Place
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.haproxy.answers import Backend, Server, code_of, complaint, entries_of, process_of
from quarterdeck.providers.haproxy.router import settled
from quarterdeck.providers.haproxy.runtime import Endpoint, endpoint_of
from quarterdeck.providers.haproxy.splits import LIMITS, difference, shares, traffic_reading
from quarterdeck.release.action import Shift
from quarterdeck.release.outline import Outline
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.release.survey import TrafficSurvey

INFO = "Name: HAProxy\nVersion: 2.6.12-1+deb12u3\nPid: 20715\nUptime: 0d 0h01m22s\nUptime_sec: 82\nnode: vm\n"
STATES = """1
# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight \
srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state \
bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr \
srv_agent_port
3 app 1 stable 127.0.0.1 2 0 100 100 83 6 3 4 6 0 0 0 - 29981 - 0 0 - - 0
3 app 2 canary 127.0.0.1 0 8 10 0 79 8 2 0 6 0 0 0 - 29982 - 0 0 - - 0
3 app 3 nocheck - 2 0 0 0 83 1 0 2 0 0 0 0 - 0 - 0 0 - - 0
3 app 4 bk 127.0.0.1 2 0 1 1 83 1 0 2 0 0 0 0 - 29984 - 0 0 - - 0
8 tpl 1 t1 127.0.0.1 2 4 1 1 0 1 0 2 6 0 0 0 - 29981 - 0 0 - - 0
8 tpl 2 t2 127.0.0.1 0 5 1 1 167 1 0 0 14 0 0 0 - 29981 - 0 0 - - 0
"""
STATISTICS = """# pxname,svname,status,weight,act,bck,type,cookie,algo,
app,stable,UP,100,1,0,2,,,
app,canary,DRAIN,10,1,0,2,,,
app,nocheck,no check,0,1,0,2,,,
app,bk,no check,1,0,1,2,,,
app,BACKEND,UP,100,1,1,1,SRV,roundrobin,
tpl,t1,UP,1,1,0,2,,,
tpl,t2,MAINT,1,1,0,2,,,
tpl,BACKEND,UP,1,1,0,1,,roundrobin,
empty,BACKEND,UP,0,0,0,1,,roundrobin,
"""
WHOLE = f"{INFO}\n{STATES}\n{STATISTICS}\n"


def test_the_answers_of_a_real_one_are_understood() -> None:
    process = process_of(WHOLE, "lb")
    assert (process.pid, process.uptime, process.version) == (20715, 82, "2.6.12-1+deb12u3")
    app = process.backends["app"]
    assert (app.algorithm, app.cookie) == ("roundrobin", "SRV")
    assert [server.status for server in app.servers] == ["UP", "DOWN", "no check", "no check"]
    assert [server.backup for server in app.servers] == [False, False, False, True]
    assert [server.address for server in app.servers][:3] == ["127.0.0.1:29981", "127.0.0.1:29982", "-"]
    assert process.backends["empty"].servers == ()


def test_what_the_configuration_took_out_is_back_when_somebody_put_it_back() -> None:
    back, still_out = process_of(WHOLE, "lb").backends["tpl"].servers
    assert (back.ready, still_out.ready, still_out.status) == (True, False, "MAINT")


def test_columns_that_a_later_release_adds_do_no_harm() -> None:
    later = (
        WHOLE.replace("type,cookie", "type,brand_new,cookie").replace(",2,,", ",2,x,,").replace(",1,SRV", ",1,x,SRV")
    )
    assert process_of(later, "lb").backends["app"].cookie == "SRV"


@given(st.text(max_size=300))
def test_no_answer_whatever_it_is_is_more_than_a_trouble(answer: str) -> None:
    troubles = []
    for told in (
        answer,
        f"{INFO}\n{answer}",
        f"{INFO}\n{STATES}\n{answer}",
        f"{INFO}\n1\n# be_id {answer}\n\n# pxname,",
    ):
        with suppress(ProviderError):
            process_of(told, "lb")
            troubles.append(complaint(told))
    with suppress(ProviderError):
        entries_of(answer, "a.map", "lb")
    troubles.append(complaint(answer))
    assert all(trouble.isprintable() for trouble in troubles)


def test_an_empty_line_is_the_only_yes() -> None:
    assert complaint("\n") == complaint("\n\n") == complaint("") == ""


@pytest.mark.parametrize(
    ("answer", "said", "code"),
    [
        ("No such server.\n\n", "No such server.", "not_found"),
        ("No such backend.\n\n", "No such backend.", "not_found"),
        ("Permission denied\n\n", "Permission denied", "forbidden"),
        ("entry not found.\n\n", "entry not found.", "not_found"),
        ("Unknown map identifier. Please use #<id> or <file>.\n\n",
         "Unknown map identifier. Please use #<id> or <file>.", "not_found"),
        ("Absolute weight can only be between 0 and 256 inclusive.\n\n",
         "Absolute weight can only be between 0 and 256 inclusive.", "provider_error"),
        ("Empty weight string empty or preceded by garbage\n\n",
         "Empty weight string empty or preceded by garbage", "provider_error"),
        ("Unknown command, but maybe one of the following ones is a better match:\n  show fd [num]\n",
         "it doesn't know the command", "provider_error"),
        ("\x1b[31mred\n", "red", "provider_error"),
    ],
)  # fmt: skip
def test_every_other_answer_to_a_write_is_a_no_in_its_own_words(answer: str, said: str, code: str) -> None:
    assert complaint(answer).replace("\ufffd", "").endswith(said)
    assert code_of(said) == code


def test_of_a_key_that_stands_in_a_map_twice_the_first_counts() -> None:
    answer = "0x556aa529db90 shop.test blue\n0x556aa529dc20 shop.test green\n0x556aa529dc30 void\n\n"
    assert entries_of(answer, "live.map", "lb") == {"shop.test": "blue", "void": ""}


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("/run/haproxy/admin.sock", Endpoint(path="/run/haproxy/admin.sock")),
        ("127.0.0.1:9999", Endpoint(host="127.0.0.1", port=9999)),
        ("lb-1.internal:9999", Endpoint(host="lb-1.internal", port=9999)),
        ("[::1]:9999", Endpoint(host="::1", port=9999)),
    ],
)
def test_where_a_runtime_api_listens(text: str, endpoint: Endpoint) -> None:
    assert endpoint_of(text) == endpoint


@pytest.mark.parametrize(
    "text", ["", "admin.sock", "host", "host:", "host:0", "host:70000", ":1", "http://host:1", "/\x1b"]
)
def test_what_is_no_place_to_listen_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        endpoint_of(text)


# --- shares -----------------------------------------------------------------------------------------------------------
def server(name: str, weight: int, admin: int = 0, operational: int = 2) -> Server:
    return Server(name, "", operational, admin, weight, weight, checked=True, passed=operational == 2)


servers = st.builds(
    server,
    st.just(""),
    st.integers(0, 256),
    st.sampled_from([0, 1, 4, 5, 8, 32]),
    st.sampled_from([0, 1, 2, 3]),
)


@st.composite
def a_backend(draw: st.DrawFn, least: int = 1) -> Backend:
    drawn = draw(st.lists(servers, min_size=least, max_size=5))
    return Backend("app", tuple(replace(one, name=f"s{number}") for number, one in enumerate(drawn)), "roundrobin")


@given(a_backend())
def test_shares_are_everything_or_nothing_and_only_of_what_can_be_used(backend: Backend) -> None:
    found = shares(backend)
    assert sum(found.values()) == pytest.approx(100) or not any(found.values())
    assert all(share == 0 for name, share in found.items() if not (s := backend.server(name)) or not s.usable)


@given(a_backend(), a_backend())
def test_instances_that_differ_are_told_and_have_a_weight_that_nothing_wanted_equals(
    one: Backend, two: Backend
) -> None:
    reading = traffic_reading({"lb1": one, "lb2": two})
    for destination in reading.destinations:
        here, there = one.server(destination.name), two.server(destination.name)
        same = here and there and (here.weight, here.ready) == (there.weight, there.ready)
        assert float(destination.weight).is_integer() == bool(same)
        assert same or reading.drift == difference({"lb1": one, "lb2": two}) != ""


@given(a_backend(least=2), st.data())
def test_any_plan_is_in_range_has_a_receiver_between_writes_and_settles(backend: Backend, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([one.name for one in backend.servers]))
    wanted = data.draw(st.integers(0, 100))
    place = Place("traffic", TargetId("production", "app"), Address("lb", {"backend": "app"}))
    reading = traffic_reading({"lb": backend})
    outline = plan_shift(Shift(place.target, {name: wanted}), [Router(place, TrafficSurvey(reading, LIMITS))])
    if not isinstance(outline, Outline):
        return
    now = backend
    served = receives(reading)
    for step in outline.steps:
        weight = step.change["weight"]
        assert float(weight).is_integer()
        assert 0 <= weight <= 256
        assert settled(step, {"lb": now}).state in ("not_done", "done")
        now = after(now, step.change)
        assert settled(step, {"lb": now}).state == "done"
        served = served or receives(traffic_reading({"lb": now}))
        assert not served or receives(traffic_reading({"lb": now}))


def receives(reading: TrafficReading) -> bool:
    """Whether some server that is switched on has a weight."""
    return any(one.enabled and one.weight > 0 for one in reading.destinations)


def after(backend: Backend, change: Mapping[str, object]) -> Backend:
    return replace(
        backend,
        servers=tuple(
            replace(one, weight=int(float(str(change["weight"]))), admin=0 if change["enabled"] else 8)
            if one.name == change["destination"]
            else one
            for one in backend.servers
        ),
    )
