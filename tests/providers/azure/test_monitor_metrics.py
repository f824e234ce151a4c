"""Metrics of Azure Monitor as evidence: complete minutes, no data that is never 0, what can't be asked."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.providers.azure.conftest import Start
from tests.providers.azure.monitored import APP, ERRORS, SHOP, SITE, watched

from quarterdeck.providers.azure.monitor.metrics import Wanted, path_of, points_of
from quarterdeck.providers.azure.monitor.periods import Period, moment, period
from quarterdeck.providers.azure.monitor.schema import MetricQuestion
from quarterdeck.providers.base import ProviderError

EXAMPLES = Path(__file__).parents[2] / "sandbox" / "examples" / "monitor"
STAGING = {**ERRORS, "resource": f"{SITE}/slots/staging"}


def published(name: str) -> Any:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))["responses"]["200"]["body"]


async def test_errors_of_a_slot_are_a_part_of_its_requests(start: Start) -> None:
    shop = await watched(start, seconds=0)
    shop.shift(25)
    shop.world.advance(900)
    shop.azure.sandbox.requests.clear()

    found = await shop.metric(**STAGING)

    assert found.value == pytest.approx(0.5, abs=0.01)
    assert re.match(r"total Http5xx of total Requests: [\d.]+ of [\d.]+ in 5 points of 5 min, until", found.detail)
    assert shop.asked() == 1
    assert (await shop.metric(**ERRORS)).value == 0


async def test_what_a_release_calls_the_slot_production_is_the_site_itself(start: Start) -> None:
    shop = await watched(start)

    whole = await shop.metric(resource=SITE, metric="Requests")
    slot = await shop.metric(resource=f"{SITE}/slots/production", metric="Requests")

    assert (whole.value, slot.value) == (6000, 6000)


@pytest.mark.parametrize("seconds", [0, 1, 30, 59])
async def test_minutes_that_are_not_complete_are_left_out(start: Start, seconds: float) -> None:
    shop = await watched(start, seconds=900 + seconds)
    now = shop.world.clock.now()

    found = await shop.metric(resource=SITE, metric="Requests", window="10m")

    assert found.value == 20 * 600
    assert found.at is not None
    assert found.at % 60 == 0
    assert 180 <= now - found.at < 240


async def test_a_window_since_the_step_began_holds_nothing_of_before(start: Start) -> None:
    shop = await watched(start)
    shop.shift(100)
    early = await shop.metric(**STAGING, window="120")
    shop.world.advance(420)

    late = await shop.metric(**STAGING, window="420")

    assert early.value is None
    assert "no minute since the step began is complete" in early.detail
    assert late.value == pytest.approx(0.5, abs=0.01)
    assert late.at is not None
    assert "points of 3 min" in late.detail or "points of 4 min" in late.detail


async def test_no_data_is_not_zero(start: Start) -> None:
    shop = await watched(start)
    shop.azure.fault(kind="silence", site="checkout")
    shop.world.advance(900)

    for question in (ERRORS, {"resource": SITE, "metric": "Requests"}):
        found = await shop.metric(**question)
        assert (found.value, found.at) == (None, None)
        assert "no data" in found.detail


async def test_evidence_is_as_old_as_the_last_minute_that_has_data(start: Start) -> None:
    shop = await watched(start)
    silent = shop.world.clock.now()
    shop.azure.fault(kind="silence", site="checkout")
    shop.world.advance(300)

    found = await shop.metric(resource=SITE, metric="Requests")

    assert found.at is not None
    assert silent - 60 < found.at < silent + 60


async def test_a_part_of_nobodys_requests_is_no_data(start: Start) -> None:
    shop = await watched(start)

    found = await shop.metric(**STAGING)

    assert found.value is None
    assert found.detail.startswith("total Http5xx of total Requests: 0 of 0")


async def test_averages_are_seconds_as_the_service_has_them(start: Start) -> None:
    shop = await watched(start)

    found = await shop.metric(resource=SITE, metric="HttpResponseTime", aggregation="average")

    assert found.value == pytest.approx(0.05, rel=0.2)


async def test_a_part_of_one_metric_that_nothing_was_counted_of_is_none_of_it(start: Start) -> None:
    shop = await watched(start)
    failing = {"resource": APP, "metric": "Requests", "of": "Requests"}
    shop.azure.sandbox.requests.clear()

    async def errors(revision: str) -> float | None:
        one = f"revisionName eq '{revision}'"
        found = await shop.metric(**failing, filter=f"{one} and statusCodeCategory eq '4xx'", of_filter=one)
        return found.value

    assert await errors("checkout--b") == 0
    assert shop.asked() == 2
    assert await errors("no-such-revision") is None


async def test_a_filter_chooses_and_never_adds_up_what_it_divides(start: Start) -> None:
    shop = await watched(start)
    bad = "revisionName eq 'checkout--b'"

    errors = await shop.metric(
        resource=APP, metric="Requests", of="Requests", filter=f"{bad} and statusCodeCategory eq '5xx'", of_filter=bad
    )
    divided = await shop.trouble(resource=APP, metric="Requests", filter="revisionName eq '*'")

    assert errors.value == pytest.approx(0.5, abs=0.01)
    assert divided.code == "misconfigured"
    assert "2 series" in divided.message


@pytest.mark.parametrize(
    ("question", "code", "words"),
    [
        ({"resource": SITE, "metric": "Nonsense"}, "misconfigured", "Valid metrics: Requests"),
        ({"resource": SITE, "metric": "Requests", "aggregation": "average"}, "misconfigured", "Sampling type"),
        ({"resource": SITE, "metric": "Requests", "filter": "Colour eq 'red'"}, "misconfigured", "colour"),
        ({"resource": SITE, "metric": "Requests", "filter": "is red"}, "misconfigured", "filter"),
        ({"resource": SITE.replace("checkout", "ghost"), "metric": "Requests"}, "not_found", "ghost"),
        ({"resource": SITE.replace("checkout", ""), "metric": "Requests"}, "misconfigured", "is empty"),
        ({"resource": SITE, "metric": "Requests", "window": "soon"}, "misconfigured", "window"),
        ({"resource": SITE, "metric": ""}, "misconfigured", "no metric"),
    ],
)
async def test_what_can_not_be_asked_is_told(start: Start, question: dict[str, str], code: str, words: str) -> None:
    shop = await watched(start)

    trouble = await shop.trouble(**question)

    assert trouble.code == code
    assert words in trouble.message


async def test_whoever_may_not_read_metrics_is_told_the_role(start: Start) -> None:
    shop = await watched(start)
    shop.world.authorization.assign("*", f"/subscriptions/{shop.world.subscription}", "none")

    trouble = await shop.trouble(**ERRORS)

    assert trouble.code == "forbidden"
    assert "Monitoring Reader" in trouble.hint


async def test_a_service_that_asks_for_a_pause_is_given_it(start: Start) -> None:
    shop = await watched(start)
    shop.azure.fault(kind="status", status=429, retry_after=60, path="Insights/metrics", count=1)
    shop.azure.sandbox.requests.clear()

    first = await shop.trouble(**ERRORS)
    shop.world.advance(30)
    second = await shop.trouble(**ERRORS)
    asked = shop.asked()
    shop.world.advance(31)

    assert (first.code, second.code, asked) == ("throttled", "throttled", 1)
    assert "for 30 s" in second.message
    assert (await shop.metric(**ERRORS)).value == 0


@pytest.mark.parametrize("kind", ["html", "half", "garbage", "redirect"])
async def test_what_is_no_answer_is_no_evidence(start: Start, kind: str) -> None:
    shop = await watched(start)
    shop.azure.fault(kind=kind, path="Insights/metrics")

    assert (await shop.trouble(**ERRORS)).code == "garbage"


# --- without a server -------------------------------------------------------------------------------------------------
DAY = Period(moment("2021-04-20T00:00:00Z"), moment("2021-04-21T00:00:00Z"))


def test_a_published_answer_is_understood_though_its_interval_is_another_than_asked() -> None:
    points = points_of(published("Metrics_List"), Wanted("blobcount"), "average", DAY)

    assert points.length == 3600
    assert list(points.values.values()) == [7.0] * 5


def test_points_that_do_not_lie_within_the_window_are_left_out() -> None:
    short = Period(moment("2021-04-20T09:30:00Z"), moment("2021-04-20T11:00:00Z"))

    points = points_of(published("Metrics_List"), Wanted("BlobCount"), "maximum", short)

    assert list(points.values) == [moment("2021-04-20T10:00:00Z")]
    assert points.left_out == 4


def test_an_error_of_one_metric_inside_an_answer_of_200_is_told() -> None:
    answer, about = (
        published("Metrics_List_Error"),
        Period(moment("2021-06-07T21:00:00Z"), moment("2021-06-08T04:00:00Z")),
    )

    assert points_of(answer, Wanted("MongoRequests"), "average", about).values == {about.start + 51 * 60: 0.0}
    with pytest.raises(ProviderError, match="MongoRequestsCount: Sampling type is not found") as raised:
        points_of(answer, Wanted("MongoRequestsCount"), "average", about)
    assert raised.value.trouble.code == "misconfigured"


def test_a_step_that_goes_on_for_days_is_judged_by_its_last_day() -> None:
    assert period(DAY.end, "400000").minutes == period(DAY.end, "24h").minutes == 1440


def test_points_without_the_aggregation_have_no_data() -> None:
    assert points_of(published("Metrics_List"), Wanted("BlobCount"), "total", DAY).values == {}


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (SITE, f"/subscriptions/S/{SITE}"),
        (f"/{SITE}/slots/Production", f"/subscriptions/S/{SITE}"),
        (f"{SITE}/slots/staging", f"/subscriptions/S/{SITE}/slots/staging"),
        (f"/subscriptions/T/{SITE}", f"/subscriptions/T/{SITE}"),
        (SITE.replace("checkout", "a b?c"), f"/subscriptions/S/{SITE}".replace("checkout", "a%20b%3Fc")),
    ],
)
def test_a_resource_is_found_by_its_id_or_below_the_subscription(resource: str, path: str) -> None:
    assert path_of(resource, "S")[0] == path


@pytest.mark.parametrize(
    "wrong",
    [
        {"resource": "checkout"},
        {"resource": f"{SITE}?api-version=1"},
        {"resource": "resourceGroups/shop/providers/Microsoft.Web/sites"},
        {"window": "90s"},
        {"window": "2d"},
        {"window": "$slot"},
        {"aggregation": "median"},
        {"metric": "Http5xx,Requests"},
        {"of_filter": ""},
        {"of": "Http5xx"},
        {"query": "up"},
    ],
)
def test_a_question_that_makes_no_sense_is_refused_in_the_configuration(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        MetricQuestion.model_validate({"resource": SITE, "metric": "Http5xx", **wrong})


def test_a_question_in_a_configuration_may_hold_names() -> None:
    given = {"resource": f"{SITE[:-8]}$site/slots/$slot", "metric": "Http5xx", "of": "Requests", "window": "$window"}

    assert MetricQuestion.model_validate(given).model_dump(exclude_none=True) == {
        **given,
        "aggregation": "total",
        "filter": "",
        "namespace": "",
    }


assert SHOP["sites"][0]["rate"] == 20.0, "the numbers above are for 20 requests per second"
