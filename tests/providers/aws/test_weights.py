"""Shares as whole weights, and names as people write them: pure, over many of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.fleet.weights import largest_remainder
from quarterdeck.providers.aws.arns import forwarding_of, principal_of, target_group_name
from quarterdeck.providers.aws.records import (
    CheckHealth,
    check_health,
    given_reading,
    plain_name,
    weighted_of,
)
from quarterdeck.providers.aws.weights import shares_of, weights_for
from quarterdeck.providers.base import ProviderError

HEAD = "arn:aws:elasticloadbalancing:eu-west-1:123456789012"


@given(st.lists(st.integers(0, 999), min_size=1, max_size=5).filter(any))
def test_whatever_weights_there_were_can_be_had_again(weights: list[int]) -> None:
    before = shares_of({str(number): weight for number, weight in enumerate(weights)})
    found = weights_for(before, 999)
    assert found is not None
    assert shares_of(found) == pytest.approx(before, abs=1e-6)
    assert max(found.values()) <= 999


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=5).filter(any))
def test_every_tenth_of_a_percent_that_a_plan_may_want_can_be_had(shares: list[int]) -> None:
    parts = largest_remainder({str(number): share for number, share in enumerate(shares)}, 1000)
    assert weights_for({name: part / 10 for name, part in parts.items()}, 999) is not None


@given(st.lists(st.integers(0, 200), min_size=2, max_size=8).filter(any))
def test_every_half_percent_fits_weights_of_255(shares: list[int]) -> None:
    parts = largest_remainder({str(number): share for number, share in enumerate(shares)}, 200)
    found = weights_for({name: part / 2 for name, part in parts.items()}, 255)
    assert found is not None
    assert any(found.values())


def test_whole_percents_read_as_percents() -> None:
    assert weights_for({"blue": 95, "green": 5}, 999) == {"blue": 95, "green": 5}
    assert weights_for({"blue": 100, "green": 0}, 255) == {"blue": 100, "green": 0}


@pytest.mark.parametrize("name", ["blue  1", "blue\u200b", "b\x1b[31mlue", " blue"])
def test_a_set_identifier_that_would_be_shown_as_another_one_is_told(name: str) -> None:
    with pytest.raises(ProviderError, match="set identifier"):
        weighted_of("www.shop.example", a_set(**{name: (1, ""), "blue": (9, "")}))


@pytest.mark.parametrize("arn", [f"{HEAD}:listener/app/shop/0a/1b", f"{HEAD}:listener-rule/app/shop/0a/1b/2c"])
def test_an_arn_says_where_it_belongs(arn: str) -> None:
    at = forwarding_of(arn)
    assert at.arn == arn
    assert (at.region, at.listener) == ("eu-west-1", f"{HEAD}:listener/app/shop/0a/1b")
    assert at.balancer == f"{HEAD}:loadbalancer/app/shop/0a"


def test_the_principal_of_a_session_is_its_role() -> None:
    assert (
        principal_of("arn:aws-cn:sts::123456789012:assumed-role/deploy/qd")
        == "arn:aws-cn:iam::123456789012:role/deploy"
    )
    assert principal_of("arn:aws:iam::123456789012:user/ana") == "arn:aws:iam::123456789012:user/ana"
    assert target_group_name(f"{HEAD}:loadbalancer/app/shop/0a") == ""


def test_names_are_told_as_people_write_them() -> None:
    assert plain_name("\\052.Example.com.") == "*.example.com"


def a_set(**weights: tuple[int, str]) -> dict[str, list[dict[str, Any]]]:
    about = {"TTL": 30, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    return {
        "A": [
            {"SetIdentifier": name, "Weight": weight, "HealthCheckId": check, **about}
            for name, (weight, check) in weights.items()
        ]
    }


@pytest.mark.parametrize(
    ("weights", "failed", "shares"),
    [
        ((3, 1, 0), "", [75, 25, 0]),
        ((3, 1, 0), "a", [0, 100, 0]),
        ((3, 1, 0), "ab", [0, 0, 100]),  # a record of weight 0 is given when all others have failed
        ((3, 1, 0), "abc", [75, 25, 0]),  # when all have failed, all count as healthy
        ((3, 0, 0), "a", [0, 50, 50]),
        ((0, 0, 0), "b", [50, 0, 50]),
    ],
)
def test_answers_are_divided_as_route_53_documents_it(
    weights: tuple[int, ...], failed: str, shares: list[float]
) -> None:
    weighted = weighted_of("x", a_set(**{name: (weight, name) for name, weight in zip("abc", weights, strict=True)}))
    checks = {name: CheckHealth("unhealthy" if name in failed else "healthy", "") for name in "abc"}
    assert [d.share for d in given_reading(weighted, checks).destinations] == shares


def test_records_of_a_traffic_policy_are_left_to_it() -> None:
    records = a_set(a=(1, ""))
    records["A"][0]["TrafficPolicyInstanceId"] = "t"
    with pytest.raises(ProviderError, match="belongs to a traffic policy"):
        weighted_of("x", records)


@pytest.mark.parametrize("config", [{"Disabled": True}, {"Inverted": True}, {"Type": "CALCULATED"}], ids=str)
def test_checks_that_nobody_reports_on_are_unknown(config: dict[str, Any]) -> None:
    assert check_health(config, {}).health == "unknown"
