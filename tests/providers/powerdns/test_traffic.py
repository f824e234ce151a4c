"""Shares of clients by the answers of a real PowerDNS: what is shown, what is written, and what resolvers get."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from tests.providers.loopback import Asked, listening, says
from tests.providers.powerdns.harbour import (
    APP,
    CANARY,
    KEY,
    NAMES,
    STABLE,
    Harbour,
    PowerDNS,
    lua,
    needs_powerdns,
    open_session,
    place,
    router_of,
)

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import TrafficReading
from quarterdeck.providers.base import ProviderError, Refused, Session
from quarterdeck.testing.conformance import check_observing, check_shift

pytestmark = needs_powerdns
REQUESTS = 1_000


async def checked(session: Session) -> dict[str, Trouble | None]:
    return {said: trouble async for said, trouble in session.check()}


async def test_it_passes_the_kit_of_routers(harbour: Harbour) -> None:
    await check_observing(harbour.router, [APP], place("ghost.lab.test."))
    await check_shift(harbour.router, APP, {"stable": 75, "canary": 25})


async def test_resolvers_get_the_shares_of_each_step(harbour: Harbour) -> None:
    for share in (5, 25, 50, 100):
        await harbour.shift(canary=share)
        answered = harbour.server.divided("app.lab.test.", REQUESTS)
        print(f"{share}%: {dict(answered)}")
        # Each answer is drawn by chance: five standard deviations either way.
        spread = 5 * (REQUESTS * share / 100 * (1 - share / 100)) ** 0.5
        assert answered[CANARY] == pytest.approx(REQUESTS * share / 100, abs=spread)
        assert answered.total() == answered[CANARY] + answered[STABLE] == REQUESTS


async def test_the_record_reads_as_percent_and_keeps_its_function_and_ttl(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "app.lab.test.", lua({STABLE: 1, CANARY: 0}, function="pickwhashed"), ttl=30)
    await harbour.shift(canary=12.5)
    assert harbour.content() == lua({STABLE: 875, CANARY: 125}, function="pickwhashed")
    found = await harbour.seen()
    assert isinstance(found, TrafficReading)
    assert (found.method, found.lag) == ("pickwhashed", 30)


async def test_old_answers_are_kept_as_long_as_the_ttl_says_and_the_plan_tells_so(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "app.lab.test.", lua({STABLE: 1, CANARY: 0}), ttl=300)
    survey = await harbour.router.survey_traffic(APP.address)
    assert survey.limits.lag == survey.reading.lag == 300


async def test_a_write_names_the_serial_number_before_and_after(harbour: Harbour) -> None:
    before = harbour.server.ask_api("GET", "/zones/lab.test.")[1]["edited_serial"]
    receipt = await harbour.router.send(await harbour.step(canary=25))
    assert receipt.reference == f"serial {before} -> {before + 1}"


async def test_what_else_stands_at_the_name_stays(harbour: Harbour) -> None:
    six = lua({"2001:db8::1": 70, "2001:db8::2": 30}, kind="AAAA")
    text = 'TXT "os.date()"'
    harbour.server.put("lab.test.", "app.lab.test.", six, lua({STABLE: 100, CANARY: 0}), text)
    survey = await harbour.router.survey_traffic(APP.address)
    assert "over IPv6" in next(risk.text for risk in survey.risks if risk.code == "other-family")
    await harbour.shift(canary=25)
    expected = {six, lua({STABLE: 75, CANARY: 25}), text}
    assert set(harbour.server.contents("lab.test.", "app.lab.test.")) == expected
    both = place(kind="AAAA", **{"names.stable": "2001:db8::1", "names.canary": "2001:db8::2"})
    await harbour.shift(both, canary=50)
    assert lua({"2001:db8::1": 50, "2001:db8::2": 50}, kind="AAAA") in harbour.server.contents(
        "lab.test.", "app.lab.test."
    )


async def test_names_are_divided_like_addresses(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "www.lab.test.", lua({"a.cdn.test": 100, "b.cdn.test": 0}, kind="CNAME"))
    await harbour.shift(place("www.lab.test.", kind="CNAME"), **{"b.cdn.test": 100})
    assert harbour.server.resolve("www.lab.test.", 5) == {"b.cdn.test.": 5}


async def test_a_long_record_is_written_in_strings_that_end_between_addresses(harbour: Harbour) -> None:
    many = {f"192.0.2.{number}": int(number == 1) for number in range(1, 60)}
    harbour.server.put("lab.test.", "app.lab.test.", lua(many))
    where = place()
    await harbour.shift(where, **{"192.0.2.59": 40})
    strings = harbour.content().removeprefix('A "').removesuffix('"').split('" "')
    assert all(len(text) <= 255 and text.endswith(("},", "})")) for text in strings)
    assert len(strings) > 1
    assert set(harbour.server.resolve("app.lab.test.", 50)) == {STABLE, "192.0.2.59"}


async def test_what_somebody_else_changed_after_the_plan_is_not_written_over(harbour: Harbour) -> None:
    step = await harbour.step(canary=25)
    harbour.server.put("lab.test.", "app.lab.test.", lua({STABLE: 60, CANARY: 40}))
    with pytest.raises(Refused, match=r"somebody changed it since the plan.*canary 40%"):
        await harbour.router.send(step)
    assert harbour.content() == lua({STABLE: 60, CANARY: 40})
    assert (await harbour.router.settle(step)).state == "changed_by_other"


async def test_of_two_that_write_in_the_same_moment_the_last_wins_and_the_first_is_told(harbour: Harbour) -> None:
    """There is no conditional write: all that can be done is to find out."""
    step = await harbour.step(canary=25)
    session = open_session(harbour.server)
    await router_of(session).send(step)
    harbour.server.put("lab.test.", "app.lab.test.", lua({STABLE: 60, CANARY: 40}))
    assert (await router_of(session).settle(step)).state == "changed_by_other"
    await session.close()


async def test_the_serial_number_tells_of_somebody_else_at_the_zone(harbour: Harbour) -> None:
    def meanwhile() -> None:
        harbour.server.put("lab.test.", "other.lab.test.", "192.0.2.7", kind="A")

    before = harbour.server.ask_api("GET", "/zones/lab.test.")[1]["edited_serial"]
    session = open_session(harbour.server, meanwhile)
    receipt = await router_of(session).send(await harbour.step(canary=25))
    assert receipt.reference == f"serial {before} -> {before + 2}"
    await session.close()


async def test_a_write_repeated_changes_nothing_and_is_done(harbour: Harbour) -> None:
    step = await harbour.step(canary=25)
    for _ in range(2):
        await harbour.router.send(step)
        assert (await harbour.router.settle(step)).state == "done"
    assert harbour.content() == lua({STABLE: 75, CANARY: 25})


async def test_all_switched_off_is_never_sent(harbour: Harbour) -> None:
    step = await harbour.step(canary=25)
    nothing = {"shares": {"stable": 0.0, "canary": 0.0}}
    with pytest.raises(Refused, match="nothing would receive traffic"):
        await harbour.router.send(replace(step, change=nothing, after=nothing))
    assert harbour.server.resolve("app.lab.test.") == {STABLE: 1}


async def test_no_write_leaves_once_the_right_to_write_is_lost(harbour: Harbour) -> None:
    def lost() -> None:
        raise Refused("provider_error", "somebody else took over")

    session = open_session(harbour.server, lost)
    with pytest.raises(Refused, match="took over"):
        await router_of(session).send(await harbour.step(canary=25))
    assert harbour.content() == lua({STABLE: 100, CANARY: 0})
    await session.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("A \"pickwrandom({{90,'192.0.2.1'\"", "isn't one that is understood"),
        ("A \";return '192.0.2.1'\"", "isn't one that is understood"),
        ("A \"ifurlup('http://x.test/', {{'192.0.2.1'}})\"", "isn't one that is understood"),
        ("A \"pickwrandom({{1.5,'192.0.2.1'},{1,'192.0.2.2'}})\"", "isn't one that is understood"),
        ("A \"pickwrandom({{-1,'192.0.2.1'},{2,'192.0.2.2'}})\"", "isn't one that is understood"),
        ("A \"pickwrandom({{1,'192.0.2.1'},{1,'nowhere'}})\"", "nowhere is nothing for A"),
        ("A \"pickwrandom({{1,'192.0.2.1'},{1,'2001:db8::1'}})\"", "is nothing for A"),
        ("A \"pickwrandom({{1,'192.0.2.1'},{1,'192.0.2.1'}})\"", "the same address twice"),
        ("A \"pickwrandom({{0,'192.0.2.1'},{0,'192.0.2.2'}})\"", "add up to 0"),
        ("A \"pickwrandom({{2147483647,'192.0.2.1'},{2147483647,'192.0.2.2'}})\"", "add up to 4294967294"),
    ],
)
async def test_a_record_that_isnt_of_the_one_shape_is_told_and_never_touched(
    harbour: Harbour, content: str, told: str
) -> None:
    step = await harbour.step(canary=25)
    assert harbour.server.put("lab.test.", "app.lab.test.", content) == 204
    found = await harbour.trouble()
    assert (found.code, told in found.message) == ("misconfigured", True), found
    with pytest.raises(Refused, match="nothing was sent"):
        await harbour.router.send(step)
    assert harbour.content() == content


async def test_a_record_that_blanks_were_put_into_is_read_all_the_same(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "app.lab.test.", "A \"pickwrandom( { { 3 , '192.0.2.1' } , {1, '192.0.2.2'} } )\"")
    found = await harbour.seen()
    assert isinstance(found, TrafficReading)
    assert [destination.share for destination in found.destinations] == [75, 25]


async def test_plain_records_beside_it_are_told_as_the_danger_they_are(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "app.lab.test.", "192.0.2.9", kind="A")
    assert harbour.server.resolve("app.lab.test.") == {f"{STABLE}, 192.0.2.9": 1}
    survey = await harbour.router.survey_traffic(APP.address)
    (risk,) = [risk for risk in survey.risks if risk.code == "plain-records"]
    assert (risk.severity, "192.0.2.9" in risk.text) == ("danger", True)


async def test_plain_records_alone_are_told_with_what_to_write(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "plain.lab.test.", "192.0.2.9", kind="A")
    found = await harbour.trouble(place("plain.lab.test."))
    assert (found.code, "it has plain A records" in found.message) == ("not_found", True)
    assert "pickwrandom" in found.hint


async def test_two_records_of_a_kind_are_told(harbour: Harbour) -> None:
    harbour.server.put("lab.test.", "app.lab.test.", lua({STABLE: 1, CANARY: 0}), lua({CANARY: 1}))
    assert "2 LUA records for A" in (await harbour.trouble()).message


async def test_disabled_records_are_told_and_outlive_a_write(harbour: Harbour) -> None:
    off = {"content": lua({"2001:db8::1": 1}, kind="AAAA"), "disabled": True}
    on = {"content": lua({STABLE: 100, CANARY: 0}), "disabled": False}
    change = {"name": "app.lab.test.", "type": "LUA", "ttl": 5, "changetype": "REPLACE", "records": [off, on]}
    assert harbour.server.ask_api("PATCH", "/zones/lab.test.", {"rrsets": [change]})[0] == 204
    await harbour.shift(canary=25)
    rrsets = harbour.server.ask_api("GET", "/zones/lab.test.")[1]["rrsets"]
    (records,) = [one["records"] for one in rrsets if one["type"] == "LUA"]
    assert {record["content"]: record["disabled"] for record in records} == {
        off["content"]: True,
        lua({STABLE: 75, CANARY: 25}): False,
    }
    others = [place(f"app{number}.lab.test.") for number in range(3)]  # so many that the whole zone is read
    found = (await harbour.router.observe([*others, place(kind="AAAA")]))[place(kind="AAAA").subject]
    assert isinstance(found, Trouble)
    assert "is disabled" in found.message


async def test_a_name_for_an_address_that_isnt_there_is_told(harbour: Harbour) -> None:
    found = await harbour.trouble(place(**NAMES, **{"names.third": "192.0.2.3"}))
    assert "no address 192.0.2.3" in found.message
    assert STABLE in found.hint


@pytest.mark.parametrize(
    ("kind", "before", "after"),
    [("AAAA", "2001:DB8:0:0::1", "2001:DB8:0:0::2"), ("CNAME", "Old.Lab.Test", "New.Lab.Test")],
)
async def test_what_is_answered_in_another_spelling_is_the_same(
    harbour: Harbour, kind: str, before: str, after: str
) -> None:
    name = "spelt.lab.test."
    harbour.server.put("lab.test.", name, f"{kind} \"pickwrandom({{{{100,'{before}'}},{{0,'{after}'}}}})\"")
    where = place(name, kind=kind, **{"names.before": before, "names.after": after})
    await harbour.shift(where, before=0, after=100)


async def test_a_name_that_another_address_has_already_is_told(harbour: Harbour) -> None:
    trouble = await harbour.trouble(place(**{f"names.{CANARY}": STABLE}))
    assert trouble.code == "misconfigured"
    assert CANARY in trouble.message


async def test_a_record_that_cant_be_answered_is_no_success_though_the_api_took_it(harbour: Harbour) -> None:
    """Lua that can't be run stands beside ours, and PowerDNS asks it first."""
    step = await harbour.step(canary=25)
    ours = lua({STABLE: 100, CANARY: 0})
    assert harbour.server.put("lab.test.", "app.lab.test.", ours, 'CNAME "pickwrandom({{1,"') == 204
    assert harbour.server.resolve("app.lab.test.") == {"SERVFAIL": 1}
    survey = await harbour.router.survey_traffic(APP.address)
    assert "answers SERVFAIL" in next(risk.text for risk in survey.risks if risk.code == "unanswered")
    await harbour.router.send(step)
    settled = await harbour.router.settle(step)
    assert settled.state == "changed_by_other"
    assert "answers SERVFAIL for it: clients get no address" in settled.detail


async def test_lua_records_that_are_switched_off_are_told_and_no_success_either(tmp_path: Path) -> None:
    server = PowerDNS(tmp_path, "enable-lua-records=no")
    server.server.start()
    try:
        server.make("lab.test.")
        server.put("lab.test.", "app.lab.test.", lua({STABLE: 100, CANARY: 0}))
        session = open_session(server, dns=server.dns)
        harbour = Harbour(server, session)
        (trouble,) = [trouble for trouble in (await checked(session)).values() if trouble]
        assert "ENABLE-LUA-RECORDS" in trouble.message
        step = await harbour.step(canary=25)
        await harbour.router.send(step)
        settled = await harbour.router.settle(step)
        assert (settled.state, "answers NXDOMAIN" in settled.detail) == ("changed_by_other", True)
        server.server.stop()
        assert (await harbour.trouble()).code == "unreachable"
        with pytest.raises(Refused, match="nothing was sent"):
            await harbour.router.send(step)
        await session.close()
    finally:
        server.server.stop()


async def test_a_check_tells_version_lua_records_and_dns(harbour: Harbour) -> None:
    found = await checked(harbour.session)
    assert not any(found.values())
    assert any("(authoritative)" in said for said in found)
    assert "Lua records: yes" in found
    assert (
        await harbour.session.identity() == f"whoever has the API key of {harbour.server.url.removeprefix('http://')}"
    )


async def test_a_wrong_key_is_told_and_never_shown(harbour: Harbour) -> None:
    step = await harbour.step(canary=25)
    session = open_session(harbour.server, key="wr0ng-key")
    (trouble,) = (await checked(session)).values()
    assert trouble is not None
    assert (trouble.code, "`api-key`" in trouble.hint) == ("unauthenticated", True)
    with pytest.raises(Refused) as caught:
        await router_of(session).send(step)
    assert caught.value.trouble.code == "unauthenticated"
    assert "wr0ng-key" not in f"{caught.value}{trouble}{session!r}"
    await session.close()


async def test_a_zone_that_isnt_there_is_told(harbour: Harbour) -> None:
    step = await harbour.step(canary=25)
    harbour.server.ask_api("DELETE", "/zones/lab.test.")
    found = await harbour.trouble()
    assert (found.code, "check zone" in found.hint) == ("not_found", True)
    with pytest.raises(Refused):
        await harbour.router.send(step)


async def test_a_secondary_zone_is_shown_and_not_written_though_the_api_would(harbour: Harbour) -> None:
    harbour.server.make("sec.test.", "Slave", masters=["127.0.0.9"])
    name = "app.sec.test."
    assert harbour.server.put("sec.test.", name, lua({STABLE: 100, CANARY: 0})) == 204
    where = place(name, "sec.test.", **NAMES)
    assert isinstance(await harbour.seen(where), TrafficReading)
    with pytest.raises(ProviderError, match="next transfer takes changes back") as caught:
        await harbour.router.survey_traffic(where.address)
    assert "127.0.0.9" in caught.value.trouble.hint
    assert await harbour.router.permitted(where.address) is False
    assert await harbour.router.permitted(APP.address) is True
    step = await harbour.step(canary=25)
    with pytest.raises(Refused, match="secondary zone"):
        await harbour.router.send(replace(step, address=where.address))


async def test_a_primary_zone_tells_of_its_secondaries_and_of_a_serial_number_that_stays(harbour: Harbour) -> None:
    harbour.server.make("prim.test.", "Master", soa_edit_api="")
    harbour.server.put("prim.test.", "app.prim.test.", lua({STABLE: 100, CANARY: 0}))
    survey = await harbour.router.survey_traffic(place("app.prim.test.", "prim.test.").address)
    assert {"secondaries", "serial-stays"} <= {risk.code for risk in survey.risks}


async def test_a_signed_zone_is_shifted_like_any_other(harbour: Harbour) -> None:
    harbour.server.make("signed.test.", dnssec=True)
    harbour.server.put("signed.test.", "app.signed.test.", lua({STABLE: 100, CANARY: 0}))
    await harbour.shift(place("app.signed.test.", "signed.test.", **NAMES), canary=100)
    assert harbour.server.resolve("app.signed.test.") == {CANARY: 1}


async def test_a_hundred_places_of_a_zone_cost_one_request() -> None:
    """Counted on loopback, which answers as the real one does."""
    content = lua({STABLE: 100, CANARY: 0})
    names = [f"svc{number}.lab.test." for number in range(100)]
    records = [{"content": content, "disabled": False}]
    rrsets = [{"name": name, "type": "LUA", "ttl": 5, "records": records, "comments": []} for name in names]
    zone = {"name": "lab.test.", "kind": "Native", "edited_serial": 1, "rrsets": rrsets}
    async with listening(lambda _: says(zone)) as server:
        session = open_session(_At(server.url))  # type: ignore[arg-type]
        found = await router_of(session).observe([place(name) for name in names])
        assert len(found) == len(server.asked) * 100 == 100
        assert all(isinstance(one, TrafficReading) for one in found.values())
        assert {asked.headers["x-api-key"] for asked in server.asked} == {KEY}
        await session.close()


async def test_a_zone_too_large_to_be_read_whole_is_read_by_name() -> None:
    records = [{"content": lua({STABLE: 100, CANARY: 0}), "disabled": False}]

    def say(asked: Asked) -> bytes:
        if not (name := asked.params.get("rrset_name")):
            return says({"rrsets": ["x" * 5 * 1024 * 1024]})
        return says({"kind": "Native", "rrsets": [{"name": name[0], "type": "LUA", "ttl": 5, "records": records}]})

    async with listening(say) as server:
        session = open_session(_At(server.url))  # type: ignore[arg-type]
        places = [place(f"{name}.lab.test.") for name in "abcd"]
        for _ in range(2):
            found = await router_of(session).observe(places)
            assert all(isinstance(found[one.subject], TrafficReading) for one in places)
        assert len(server.asked) == 1 + 2 * len(places)  # that it is too large is found out once
        await session.close()


class _At:
    def __init__(self, url: str) -> None:
        self.url = url


@pytest.mark.parametrize("body", ["<html>sign in</html>", "null", "[1]", '{"rrsets": "?"}', '{"rrsets": [1, {}]}'])
async def test_somebody_else_at_the_url_is_a_trouble_of_each_place(body: str) -> None:
    kind = "text/html" if body.startswith("<") else "application/json"
    async with listening(lambda _: says(body, kind=kind)) as server:
        session = open_session(_At(server.url))  # type: ignore[arg-type]
        places = [place(f"{name}.lab.test.") for name in "abcd"]
        found = await router_of(session).observe(places)
        assert all(isinstance(found[one.subject], Trouble) for one in places)
        await session.close()
