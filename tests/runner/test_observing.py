"""Probes against the sandbox's sites, over loopback HTTP: what users get, whatever was intended or is reported."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import dns.message
import dns.rcode
import dns.rrset
import pytest

from quarterdeck.fleet.observation import Observation
from quarterdeck.fleet.readings import Build, Destination, Reading, SlotReading, SlotsReading, TrafficReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Environment, Fleet, Place, Role
from quarterdeck.providers.base import ProviderError
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.rules import Route, Rulebook, Truth
from quarterdeck.release.survey import Limits, TrafficSurvey
from quarterdeck.runner.truth import HELD_PROBES, Harbour, NotAsked, Observer
from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.serve import announcement
from quarterdeck.sandbox.world.clock import WorldClock
from quarterdeck.sandbox.world.world import World

CHECKOUT = TargetId("production", "checkout")
SLOTS = Place("slots", CHECKOUT, Address("az", {"site": "checkout"}))
RAMP = Place("slot_traffic", CHECKOUT, Address("az", {"site": "checkout"}))
FLEET = Fleet("shop", (Environment("production"),), ("checkout",), (SLOTS, RAMP))
HOST = "checkout.azurewebsites.net"
WORLD: dict[str, Any] = {
    "groups": [{"name": "shop", "location": "westeurope"}],
    "sites": [
        {
            "group": "shop",
            "name": "checkout",
            "location": "West Europe",
            "slots": {"production": {"build": "2.14.3"}, "staging": {"build": "2.15.0"}},
        }
    ],
}
BY_HEADER = Truth("http://$host/", header="x-slot", probes=80)
INTENDED = {"staging": 25.0, "production": 75.0}


@asynccontextmanager
async def sandbox(staging: float) -> AsyncIterator[Running]:
    """The site with a rule that really sends that many percent of new clients to staging."""
    world = World(document=WORLD, clock=WorldClock(1_795_000_000.0, 0), seed=7)
    site = world.sites.named("checkout")
    assert site
    rule = {"actionHostName": site.slots["staging"].host, "reroutePercentage": staging, "name": "staging"}
    site.production.config["experiments"] = {"rampUpRules": [rule] if staging else []}
    async with running(Sandbox(world, latency=0)) as listening:
        yield listening


def observer(
    truth: Truth | None,
    harbour: Harbour | None,
    *,
    reported: float = 25,
    fleet: Fleet = FLEET,
    connections: Any = None,
    split: TrafficReading | None = None,
) -> Observer:
    readings: dict[str, Reading] = {
        SLOTS.subject: SlotsReading(
            (
                SlotReading("production", Build("2.14.3", "a"), host=HOST),
                SlotReading("staging", Build("2.15.0", "b"), host="checkout-staging.azurewebsites.net"),
            )
        ),
        fleet.places[-1].subject: TrafficReading(
            "ramp", (Destination("production", 100 - reported, host=HOST), Destination("staging", reported)), lag=3600
        ),
    }
    if split is not None:
        readings[fleet.places[1].subject] = split
    seen = {subject: Observation(subject, reading) for subject, reading in readings.items()}
    rules = Rulebook(routes=(Route(CHECKOUT, truth=truth),))
    return Observer(fleet, lambda: rules, lambda: seen, harbour, connections)


def gate(shares: Mapping[str, float] = INTENDED) -> GateSpec:
    return GateSpec("traffic-1", "traffic", options={"target": str(CHECKOUT), "shares": json.dumps(shares)})


@pytest.mark.parametrize(
    "truth",
    [
        BY_HEADER,
        replace(BY_HEADER, header=""),
        replace(BY_HEADER, header="x-version"),
        replace(BY_HEADER, header="", json="version"),
    ],
    ids=["slot header", "routing cookie", "version header", "json"],
)
async def test_what_is_intended_reported_and_observed_agrees(truth: Truth) -> None:
    async with sandbox(25) as listening:
        evidence = await observer(truth, Harbour.of(announcement(listening))).off_by(gate())
    assert evidence.value == 0
    assert "staging: intended 25, reported 25, observed" in evidence.detail
    assert "of 80" in evidence.detail
    assert evidence.detail.partition(": agrees")[1]


async def test_a_weight_that_never_arrived_is_seen_though_the_provider_reports_it() -> None:
    """Argo's #701 and #3333: setWeight was assumed to be in force, and the old side was switched off."""
    async with sandbox(0) as listening:
        evidence = await observer(BY_HEADER, Harbour.of(announcement(listening))).off_by(gate())
    assert evidence.value
    assert evidence.value > 15
    assert "reported 25, observed 0% (0 of 80" in evidence.detail
    assert "off by" in evidence.detail


async def test_the_live_slot_is_meant_to_get_what_a_step_leaves_it() -> None:
    async with sandbox(25) as listening:
        evidence = await observer(BY_HEADER, Harbour.of(announcement(listening))).off_by(gate({"staging": 25.0}))
    assert "production: intended 75, reported 75, observed" in evidence.detail


@pytest.mark.parametrize(("header", "share"), [("x-version", 0.0), ("x-version", 30.0), ("x-site", 100.0)])
async def test_shares_of_regions_are_told_by_what_names_a_region_only(header: str, share: float) -> None:
    """A version tells which slot answered. That no answer named a region is no proof that it gets nobody."""
    between = replace(RAMP, role="traffic", address=Address("az", {"profile": "tm"}))
    fleet = replace(FLEET, places=(SLOTS, between, RAMP))
    ends = (Destination("west", share, host=HOST), Destination("east", 100 - share, host="elsewhere.azurewebsites.net"))
    async with sandbox(0) as listening:
        truth, split = replace(BY_HEADER, header=header), TrafficReading("tm", ends, lag=60)
        seen = observer(truth, Harbour.of(announcement(listening)), fleet=fleet, split=split)
        evidence = await seen.off_by(gate({"west": share}))
    if header == "x-site":
        assert evidence.value == 0
        assert "west: intended 100, reported 100, observed 100%" in evidence.detail
    else:
        assert evidence.value is None
        assert "80 said production, which is none of west, east" in evidence.detail


async def test_without_a_routing_cookie_all_is_the_live_slots_only_if_nothing_is_divided() -> None:
    whole, cookie = {"production": 100.0, "staging": 0.0}, replace(BY_HEADER, header="")
    async with sandbox(0) as listening:
        harbour = Harbour.of(announcement(listening))
        assert (await observer(cookie, harbour, reported=0).off_by(gate(whole))).value == 0
        assert (await observer(cookie, harbour, reported=25).off_by(gate())).value is None


async def test_probes_are_new_clients_each_and_pinned_ones_stay_where_their_cookie_holds_them() -> None:
    async with sandbox(25) as listening:
        asking = observer(BY_HEADER, Harbour.of(announcement(listening)))
        fresh = await asking.observe(CHECKOUT, INTENDED)
        pinned = await asking.observe(CHECKOUT, INTENDED, pinned="staging")
    assert {share.name: share.seen > 5 for share in fresh.comparison.shares} == {"production": True, "staging": True}
    assert {share.name: share.seen for share in pinned.comparison.shares} == {"production": 0, "staging": HELD_PROBES}


async def test_evidence_says_where_clients_come_that_a_cookie_holds() -> None:
    async with sandbox(25) as listening:
        harbour = Harbour.of(announcement(listening))
        evidence = await observer(BY_HEADER, harbour).off_by(gate())
        by_cookie = await observer(replace(BY_HEADER, header=""), harbour).off_by(gate())
    assert "held on staging by a cookie: staging 3 of 3" in evidence.detail
    assert "held on" not in by_cookie.detail


async def test_a_service_that_answers_nobody_is_no_evidence() -> None:
    harbour = Harbour("http://127.0.0.1:9")
    evidence = await observer(replace(BY_HEADER, probes=5), harbour).off_by(gate())
    assert evidence.value is None
    assert "5 of 5 told nothing" in evidence.detail


@pytest.mark.parametrize(
    ("truth", "words"),
    [
        (None, "nothing says how to observe"),
        (replace(BY_HEADER, url="http://$nobody/"), "nobody"),
        (replace(BY_HEADER, url="ftp://$host/"), "is not a URL to ask"),
    ],
)
async def test_what_can_not_be_asked_is_told(truth: Truth | None, words: str) -> None:
    evidence = await observer(truth, Harbour("http://127.0.0.1:9")).off_by(gate())
    assert evidence.value is None
    assert words in evidence.detail


async def test_in_a_sandbox_no_probe_ever_leaves_it() -> None:
    silent = observer(replace(BY_HEADER, url="https://example.com/"), Harbour(""))
    with pytest.raises(NotAsked, match="answers no requests"):
        await silent.observe(CHECKOUT, INTENDED)
    async with sandbox(25) as listening:
        truth = replace(BY_HEADER, url="https://example.com/", probes=3, resolvers=("192.0.2.1:53",))
        sight = await observer(truth, Harbour.of(announcement(listening))).observe(CHECKOUT, INTENDED)
    assert sight.comparison.asked == 0  # the sandbox knows no such host, and nobody else was asked


async def test_a_gate_without_shares_is_no_evidence() -> None:
    for options in ({}, {"target": "x"}, {"target": "p/c", "shares": "[1]"}, {"target": "p/c", "shares": "{"}):
        spec = GateSpec("t", "traffic", options=options)
        assert (await observer(BY_HEADER, Harbour("")).off_by(spec)).value is None


# --- several resolvers ------------------------------------------------------------------------------------------------
class NameServer(asyncio.DatagramProtocol):
    """Says 127.0.0.1 for every name, or that there is no such name."""

    def __init__(self, knows: bool) -> None:
        self.asked = 0
        self._knows = knows

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        query = dns.message.from_wire(data)
        answer = dns.message.make_response(query)
        if self._knows:
            answer.answer.append(dns.rrset.from_text(query.question[0].name, 23, "IN", "A", "127.0.0.1"))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        self._transport.sendto(answer.to_wire(), addr)


@asynccontextmanager
async def resolver(knows: bool = True) -> AsyncIterator[tuple[str, NameServer]]:
    loop = asyncio.get_running_loop()
    transport, server = await loop.create_datagram_endpoint(lambda: NameServer(knows), local_addr=("127.0.0.1", 0))
    try:
        yield f"127.0.0.1:{transport.get_extra_info('sockname')[1]}", server
    finally:
        transport.close()


async def test_each_resolver_is_asked_for_the_public_name_and_its_answer_and_ttl_are_told() -> None:
    async with sandbox(25) as listening, resolver() as (one, first), resolver() as (two, second):
        port = urlsplit(listening.url).port
        truth = replace(BY_HEADER, url=f"http://$host:{port}/", resolvers=(one, two))
        evidence = await observer(truth, None).off_by(gate())
    assert (first.asked, second.asked) == (1, 1)
    assert evidence.value == 0
    assert f"{one} says {HOST} for 23 s; {two} says {HOST} for 23 s" in evidence.detail


async def test_a_resolver_that_knows_nothing_is_left_out_and_none_at_all_is_told() -> None:
    async with sandbox(25) as listening, resolver() as (one, _), resolver(knows=False) as (two, _):
        port = urlsplit(listening.url).port
        truth = replace(BY_HEADER, url=f"http://$host:{port}/", probes=10, resolvers=(one, two))
        assert (await observer(truth, None).observe(CHECKOUT, INTENDED)).comparison.asked == 10
        lost = await observer(replace(truth, resolvers=(two,)), None).off_by(gate())
    assert lost.value is None
    assert "has an address" in lost.detail


async def test_where_names_are_divided_each_resolver_is_one_draw() -> None:
    """Fifty probes through one resolver's cache are one answer, however sure fifty look."""
    fleet = replace(FLEET, places=(SLOTS, replace(RAMP, role="traffic")))
    async with sandbox(100) as listening, resolver() as (one, _):
        port = urlsplit(listening.url).port
        truth = replace(BY_HEADER, url=f"http://$host:{port}/", resolvers=(one,))
        sight = await observer(truth, None, fleet=fleet).observe(CHECKOUT, {"staging": 50, "production": 50})
    assert sight.comparison.asked == 1
    assert sight.comparison.off_by == 0


class Reports:
    """Connections whose router says something else than was last observed, or nothing."""

    def __init__(self, staging: float | None) -> None:
        self._staging = staging
        self.source = "router"

    def capability(self, connection: str, role: Role) -> Any:
        if self._staging is None:
            raise ProviderError("unreachable", "no route")
        return self

    async def survey_traffic(self, address: Address) -> TrafficSurvey:
        assert self._staging is not None
        shares = (Destination("production", 100 - self._staging), Destination("staging", self._staging))
        return TrafficSurvey(TrafficReading("ramp", shares), Limits())

    observe = permitted = send = poll = settle = gates = identity = capability


async def test_what_is_reported_is_asked_at_the_same_moment_not_remembered() -> None:
    async with sandbox(25) as listening:
        harbour = Harbour.of(announcement(listening))
        fresh = await observer(BY_HEADER, harbour, reported=0, connections=Reports(25)).off_by(gate())
        silent = await observer(BY_HEADER, harbour, reported=0, connections=Reports(None)).off_by(gate())
    assert "reported 25" in fresh.detail
    assert "reported" not in silent.detail
    assert silent.value == 0
