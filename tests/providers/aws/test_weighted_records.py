"""Weighted records, as moto plays Route 53: what is shown, what is sent, and what never is.

moto takes a DELETE with any values, so that the refusal of Route 53 itself is the one that its API reference describes.
"""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from tests.providers.aws.cloud import Shop, record
from tests.providers.aws.conftest import Harbour, named
from tests.providers.aws.wire import Told, refusal
from tests.servers import needs

from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Place
from quarterdeck.providers.base import InDoubt, ProviderError, Refused
from quarterdeck.release.action import Shift
from quarterdeck.release.plan import Refusal
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, check_shift

pytestmark = needs("moto_server")

ALIAS = {"HostedZoneId": "Z32O12XQLNTSW2", "DNSName": "lb.example.org", "EvaluateTargetHealth": True}


def a_name(shop: Shop, blue: int, green: int) -> str:
    name = f"n{shop.admin.another()}.example.com"
    shop.admin.records(shop.zone, record(name, "blue", blue), record(name, "green", green))
    return name


async def test_it_passes_the_kit_of_routers(shop: Shop, dns: Harbour) -> None:
    ghost = named(shop.zone, "ghost.example.com", target=TargetId("production", "ghost"))
    await check_observing(dns.router, [named(shop.zone)], ghost)
    await check_shift(dns.router, named(shop.zone), {"blue": 75, "green": 25})
    assert shop.admin.record_weights(shop.zone, shop.name) == {"blue": 90, "green": 10}


async def test_what_is_shown_is_what_new_answers_are(shop: Shop, dns: Harbour) -> None:
    reading = await dns.reading(named(shop.zone))
    assert [(d.name, d.share, d.weight, d.health, d.status, d.host) for d in reading.destinations] == [
        ("blue", 90, 90, "unknown", "no check", "192.0.2.1"),
        ("green", 10, 10, "unknown", "no check", "192.0.2.2"),
    ]
    assert reading.lag == 60


async def test_a_batch_deletes_exactly_what_was_read_and_creates_it_with_other_weights(
    shop: Shop, dns: Harbour
) -> None:
    await dns.router.send(await dns.step(named(shop.zone), green=25))
    (sent,) = dns.wire.of("ChangeResourceRecordSets")
    changes = re.findall(r"<Change>.*?</Change>", sent.body)
    told = [
        re.findall(r"<(?:Action|SetIdentifier|Weight|TTL|Value)>([^<]*)<", one.replace("\n", "")) for one in changes
    ]
    assert told == [
        ["DELETE", "blue", "90", "60", "192.0.2.1"],
        ["DELETE", "green", "10", "60", "192.0.2.2"],
        ["CREATE", "blue", "75", "60", "192.0.2.1"],
        ["CREATE", "green", "25", "60", "192.0.2.2"],
    ]


async def test_what_somebody_changed_between_reading_and_writing_is_refused_by_route_53(
    shop: Shop, dns: Harbour
) -> None:
    step = await dns.step(named(shop.zone), green=25)
    said = "[Tried to delete resource record set [name='shop.example.com.', type='A', set identifier='blue'] but the "
    dns.wire.once["ChangeResourceRecordSets"].append(
        refusal("InvalidChangeBatch", f"{said}values provided do not match the current values]")
    )
    with pytest.raises(Refused, match="do not match the current values") as caught:
        await dns.router.send(step)
    assert caught.value.trouble.hint.startswith("plan again")
    assert (await dns.router.settle(step)).state == "not_done"


async def test_what_somebody_changed_after_the_plan_is_not_sent_at_all(shop: Shop, dns: Harbour) -> None:
    step = await dns.step(named(shop.zone), green=25)
    shop.admin.records(shop.zone, record(shop.name, "green", 60, "192.0.2.2"))
    with pytest.raises(Refused, match=r"somebody changed it since the plan was made \(now blue 60%, green 40%\)"):
        await dns.router.send(step)
    assert not dns.wire.of("ChangeResourceRecordSets")
    assert (await dns.router.settle(step)).state == "changed_by_other"


async def test_a_change_is_followed_until_all_name_servers_have_it(shop: Shop, dns: Harbour) -> None:
    step = await dns.step(named(shop.zone), green=25)
    receipt = await dns.router.send(step)
    assert receipt.reference.startswith("C")
    pending = f"<ChangeInfo><Id>/change/{receipt.reference}</Id><Status>PENDING</Status></ChangeInfo>"
    dns.wire.once["GetChange"].append(Told(body=f"<GetChangeResponse>{pending}</GetChangeResponse>"))
    first, then = await dns.router.poll(step, receipt), await dns.router.poll(step, receipt)
    assert (first.state, then.state) == ("running", "finished")
    assert first.wait > 0


async def test_whoever_may_not_ask_for_a_change_isnt_kept_waiting_for_it(shop: Shop, dns: Harbour) -> None:
    step = await dns.step(named(shop.zone), green=25)
    receipt = await dns.router.send(step)
    dns.wire.always["GetChange"] = refusal("AccessDenied", "not authorized to perform: route53:GetChange", 403)
    progress = await dns.router.poll(step, receipt)
    assert progress.state == "finished"
    assert "route53:GetChange" in progress.detail
    assert (await dns.router.settle(step)).state == "done"


async def test_both_families_of_addresses_are_written_in_one_batch(shop: Shop, dns: Harbour) -> None:
    name = a_name(shop, 90, 10)
    shop.admin.records(shop.zone, record(name, "blue", 9, "2001:db8::1"), record(name, "green", 1, "2001:db8::2"))
    place = named(shop.zone, name, "A", "AAAA")
    await check_shift(dns.router, place, {"blue": 50, "green": 50})
    counted = dns.wire.counted()
    assert counted["ChangeResourceRecordSets"] == 2
    assert shop.admin.record_weights(shop.zone, name) == shop.admin.record_weights(shop.zone, name, "AAAA")


async def test_families_that_disagree_are_told_and_nothing_is_planned(shop: Shop, dns: Harbour) -> None:
    name = a_name(shop, 90, 10)
    shop.admin.records(shop.zone, record(name, "blue", 1, "2001:db8::1"), record(name, "green", 1, "2001:db8::2"))
    place = named(shop.zone, name, "A", "AAAA")
    reading = await dns.reading(place)
    assert "disagree about blue: A gives it 90%, AAAA 50%" in reading.drift
    assert [d.share for d in reading.destinations] == [70, 30]
    with pytest.raises(ProviderError, match="disagree about blue"):
        await dns.router.survey_traffic(place.address)


async def test_aliases_keep_all_they_say(shop: Shop, dns: Harbour) -> None:
    name = f"n{shop.admin.another()}.example.com"
    for which in ("blue", "green"):
        alias = {"Name": name, "Type": "A", "SetIdentifier": which, "Weight": 1, "AliasTarget": ALIAS}
        shop.admin.records(shop.zone, alias)
    assert (await dns.reading(named(shop.zone, name))).lag == 60
    await dns.router.send(await dns.step(named(shop.zone, name), green=20))
    assert shop.admin.record_weights(shop.zone, name) == {"blue": 80, "green": 20}
    body = dns.wire.of("ChangeResourceRecordSets")[0].body
    assert body.count("<EvaluateTargetHealth>true</EvaluateTargetHealth>") == 4


async def test_weights_that_are_all_0_mean_equal_shares_and_are_shown_so(shop: Shop, dns: Harbour) -> None:
    place = named(shop.zone, a_name(shop, 0, 0))
    reading = await dns.reading(place)
    assert [(d.share, d.weight) for d in reading.destinations] == [(50, 0), (50, 0)]
    assert reading.status == "all weights are 0: given equally"
    step = await dns.step(place, green=100)
    assert step.before["shares"] == {"blue": 50, "green": 50}
    await dns.router.send(step)
    assert (await dns.router.settle(step)).state == "done"


@pytest.mark.parametrize(
    "shares",
    [{"blue": 0.0, "green": 0.0}, {"blue": 99.9, "green": 0.1}, {"blue": 300.0, "green": -200.0}],
    ids=str,
)
async def test_nonsense_is_never_sent(shop: Shop, dns: Harbour, shares: dict[str, float]) -> None:
    step = await dns.step(named(shop.zone), green=50)
    with pytest.raises(Refused, match=r"no weights from 0 to 255|nothing would receive"):
        await dns.router.send(replace(step, change={"shares": shares}, after={"shares": shares}))
    assert not dns.wire.of("ChangeResourceRecordSets")


async def test_half_a_percent_can_be_set_and_less_is_refused(shop: Shop, dns: Harbour) -> None:
    place = named(shop.zone, a_name(shop, 1, 0))
    await dns.router.send(await dns.step(place, green=0.5))
    survey = await dns.router.survey_traffic(place.address)
    assert [d.weight for d in survey.reading.destinations] == [199, 1]
    refusal = plan_shift(Shift(place.target, {"green": 0.2}), [Router(place, survey)])
    assert isinstance(refusal, Refusal)
    assert "too little" in refusal.message


async def test_a_write_repeated_sends_nothing_and_is_done(shop: Shop, dns: Harbour) -> None:
    step = await dns.step(named(shop.zone), green=50)
    await dns.router.send(step)
    assert await dns.router.send(step) is not None
    assert dns.wire.counted()["ChangeResourceRecordSets"] == 1
    assert (await dns.router.settle(step)).state == "done"


async def test_an_answer_that_was_lost_leaves_a_doubt_that_reading_ends(shop: Shop, dns: Harbour) -> None:
    step = await dns.step(named(shop.zone), green=50)
    for lost, then in (("before", "not_done"), ("after", "done")):
        dns.wire.once["ChangeResourceRecordSets"].append(Told(lost=lost))  # type: ignore[arg-type]
        with pytest.raises(InDoubt):
            await dns.router.send(step)
        assert (await dns.router.settle(step)).state == then
    assert dns.wire.counted()["ChangeResourceRecordSets"] == 2


def checkers(*said: str) -> Told:
    each = [
        f"<HealthCheckObservation><Region>eu-west-1</Region><IPAddress>192.0.2.{number}</IPAddress><StatusReport>"
        f"<Status>{status}</Status></StatusReport></HealthCheckObservation>"
        for number, status in enumerate(said)
    ]
    whole = f"<HealthCheckObservations>{''.join(each)}</HealthCheckObservations>"
    return Told(body=f"<GetHealthCheckStatusResponse>{whole}</GetHealthCheckStatusResponse>")


GOOD, BAD = "Success: HTTP Status Code 200, OK", "Failure: Connection timed out"


def checked_name(shop: Shop, green: int = 10) -> Place:
    """Only green has a health check."""
    name = f"n{shop.admin.another()}.example.com"
    config = {"Type": "HTTP", "IPAddress": "192.0.2.2", "Port": 80}
    made = shop.admin.route53.create_health_check(CallerReference=name, HealthCheckConfig=config)
    check = made["HealthCheck"]["Id"]
    shop.admin.records(
        shop.zone, record(name, "blue", 90), record(name, "green", green, "192.0.2.2", HealthCheckId=check)
    )
    return named(shop.zone, name)


@pytest.mark.parametrize(
    ("said", "health", "shares"),
    [
        ([GOOD] * 15, "healthy", [90, 10]),
        ([GOOD] * 3 + [BAD] * 12, "healthy", [90, 10]),  # 20% of the checkers
        ([GOOD] * 2 + [BAD] * 13, "unhealthy", [100, 0]),  # 13%
        ([], "unknown", [90, 10]),
    ],
)
async def test_a_failing_health_check_takes_its_record_out_of_the_answers(
    shop: Shop, dns: Harbour, said: list[str], health: str, shares: list[float]
) -> None:
    dns.wire.always["GetHealthCheckStatus"] = checkers(*said)
    place = checked_name(shop)
    reading = await dns.reading(place)
    assert reading.destinations[1].health == health
    assert [d.share for d in reading.destinations] == shares


async def test_a_plan_changes_weights_whatever_the_checks_say_and_tells_of_them(shop: Shop, dns: Harbour) -> None:
    dns.wire.always["GetHealthCheckStatus"] = checkers(BAD)
    place = checked_name(shop)
    survey = await dns.router.survey_traffic(place.address)
    assert [d.share for d in survey.reading.destinations] == [90, 10]
    assert "green 10% -> 0%" in next(risk.text for risk in survey.risks if risk.code == "failing-checks")
    step = await dns.step(place, green=5)
    await dns.router.send(step)
    assert (await dns.router.settle(step)).state == "done"


async def test_only_unhealthy_records_are_never_left_alone(shop: Shop, dns: Harbour) -> None:
    dns.wire.always["GetHealthCheckStatus"] = checkers(GOOD)
    place = checked_name(shop)
    step = await dns.step(place, green=100)
    dns.wire.always["GetHealthCheckStatus"] = checkers(BAD)
    with pytest.raises(Refused, match="only unhealthy destinations"):
        await dns.router.send(step)


async def test_checks_that_may_not_be_asked_are_unknown_and_the_weights_are_seen(shop: Shop, dns: Harbour) -> None:
    place = checked_name(shop)
    dns.wire.always["GetHealthCheckStatus"] = refusal("AccessDenied", "no", 403)
    green = (await dns.reading(place)).destinations[1]
    assert (green.health, green.share) == ("unknown", 10)
    assert green.status.startswith("health unknown")


async def test_records_that_arent_weighted_are_a_trouble(shop: Shop, dns: Harbour) -> None:
    plain = {"Name": "plain.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.9"}]}
    shop.admin.records(shop.zone, plain)
    found = await dns.trouble(named(shop.zone, "plain.example.com"))
    assert (found.code, found.message) == ("misconfigured", "A plain.example.com isn't divided by weight")


async def test_a_zone_that_is_gone_costs_the_others_nothing(shop: Shop, dns: Harbour) -> None:
    gone = named("Z00000000000000000000", target=TargetId("production", "ghost"))
    found = await dns.router.observe([gone, named(shop.zone)])
    assert getattr(found[gone.subject], "code", "") == "not_found"
    assert getattr(found[named(shop.zone).subject], "destinations", ())


async def test_a_hundred_names_in_a_large_zone_are_read_by_the_page(shop: Shop, dns: Harbour) -> None:
    zone = shop.admin.zone("large.example")
    for first in range(0, 500, 100):  # a thousand records
        shop.admin.records(
            zone,
            *(
                record(f"n{number:03}.large.example", which, 1)
                for number in range(first, first + 100)
                for which in ("blue", "green")
            ),
        )
    near = [named(zone, f"n{n:03}.large.example", target=TargetId("p", f"s{n}")) for n in range(100)]
    far = [named(zone, f"n{n:03}.large.example", target=TargetId("p", f"s{n}")) for n in (0, 499)]
    for places, requests in ((near, 1), (far, 2), ([*near, *far[1:]], 2)):
        dns.wire.counted()
        found = await dns.router.observe(places)
        assert set(found) == {place.subject for place in places}
        assert all(getattr(one, "destinations", ()) for one in found.values())
        assert dns.wire.counted() == {"ListResourceRecordSets": requests}


async def test_names_with_health_checks_take_turns(shop: Shop, dns: Harbour) -> None:
    places = [replace(checked_name(shop), target=TargetId("production", f"s{n}")) for n in range(7)]
    plain = named(shop.zone)
    dns.wire.counted()
    first = await dns.router.observe([*places, plain])
    assert dns.wire.counted() == {"ListResourceRecordSets": 1, "ListHealthChecks": 1, "GetHealthCheckStatus": 5}
    second = await dns.router.observe([*places, plain])
    assert plain.subject in first
    assert plain.subject in second
    assert {place.subject for place in places} <= {*first, *second}
