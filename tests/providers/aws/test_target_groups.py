"""Weighted target groups, as moto plays them: what is shown, what is sent, and what never is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.providers.aws.cloud import Shop, forward
from tests.providers.aws.conftest import Harbour, Sessions, forwarding
from tests.providers.aws.wire import Told, refusal
from tests.servers import needs

from quarterdeck.fleet.targets import TargetId
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.action import Shift
from quarterdeck.release.outline import Outline
from quarterdeck.release.plan import Refusal, Step
from quarterdeck.release.shift import Router, plan_shift
from quarterdeck.testing.conformance import check_observing, check_shift

pytestmark = needs("moto_server")

OIDC = {
    "Type": "authenticate-oidc",
    "Order": 1,
    "AuthenticateOidcConfig": {
        "Issuer": "https://id.example.com",
        "AuthorizationEndpoint": "https://id.example.com/authorize",
        "TokenEndpoint": "https://id.example.com/token",
        "UserInfoEndpoint": "https://id.example.com/userinfo",
        "ClientId": "shop",
        "ClientSecret": "hush",
        "Scope": "openid email",
    },
}


async def test_listeners_and_rules_pass_the_kit_of_routers(shop: Shop, alb: Harbour) -> None:
    rule = shop.admin.rule(shop.listener, forward((shop.blue, 1), (shop.green, 0)))
    listener, of_rule = forwarding(shop.listener), forwarding(rule, TargetId("production", "cart"))
    ghost = forwarding(shop.listener[:-16] + "0123456789abcdef", TargetId("production", "ghost"))
    await check_observing(alb.router, [listener, of_rule], ghost)
    for place in (listener, of_rule):
        await check_shift(alb.router, place, {"blue": 75, "green": 25})
    assert shop.admin.weights(shop.listener) == [90, 10]
    assert shop.admin.weights(rule) == [100, 0]


async def test_what_is_shown_is_what_new_clients_get(shop: Shop, alb: Harbour) -> None:
    reading = await alb.reading(forwarding(shop.listener))
    assert [(d.name, d.share, d.weight, d.health, d.status) for d in reading.destinations] == [
        ("blue", 90, 90, "healthy", "1/1 healthy"),
        ("green", 10, 10, "healthy", "1/1 healthy"),
    ]
    assert reading.lag == 300
    assert not reading.status


async def test_a_tenth_of_a_percent_can_be_set_and_less_is_refused(shop: Shop, alb: Harbour) -> None:
    place = forwarding(shop.listener)
    await alb.router.send(await alb.step(place, green=0.1))
    assert shop.admin.weights(shop.listener) == [999, 1]
    survey = await alb.router.survey_traffic(place.address)
    refusal = plan_shift(Shift(place.target, {"green": 0.04}), [Router(place, survey)])
    assert isinstance(refusal, Refusal)
    assert "too little" in refusal.message


async def test_thirds_are_rounded_and_the_plan_says_so(shop: Shop, alb: Harbour) -> None:
    red = shop.admin.group("red")
    arn = shop.admin.listener(shop.balancer, forward((shop.blue, 1), (shop.green, 1), (red, 1)))
    place = forwarding(arn)
    survey = await alb.router.survey_traffic(place.address)
    outline = plan_shift(Shift(place.target, {"blue": 50, "green": 33.33, "red": 16.67}), [Router(place, survey)])
    assert isinstance(outline, Outline)
    assert "33.33% -> 33.3%" in next(risk.text for risk in outline.risks if risk.code == "rounded")
    await alb.router.send(outline.steps[0])
    assert shop.admin.weights(arn) == [500, 333, 167]


async def test_odd_weights_of_somebody_else_come_back_exactly(shop: Shop, alb: Harbour) -> None:
    arn = shop.admin.listener(shop.balancer, forward((shop.blue, 613), (shop.green, 997)))
    place = forwarding(arn)
    there = await alb.step(place, green=25)
    back = replace(there, change={"shares": there.before["shares"]}, before=there.after, after=there.before)
    for step in (there, back):
        await alb.router.send(step)
        assert (await alb.router.settle(step)).state == "done"
    assert shop.admin.weights(arn) == [613, 997]


async def test_everything_else_of_a_rule_stays_as_it_was(shop: Shop, alb: Harbour) -> None:
    rule = shop.admin.rule(shop.listener, OIDC, forward((shop.blue, 3), (shop.green, 1), sticky=600, Order=2))
    await alb.router.send(await alb.step(forwarding(rule), green=50))
    sent = alb.wire.of("ModifyRule")[0].form
    first = "Actions.member.1.AuthenticateOidcConfig."
    assert sent[f"{first}ClientId"] == "shop"
    assert sent[f"{first}Scope"] == "openid email"
    assert sent[f"{first}UseExistingClientSecret"] == "true"
    assert not [name for name in sent if name.endswith("ClientSecret") and "UseExisting" not in name]
    assert (sent["Actions.member.1.Order"], sent["Actions.member.2.Order"]) == ("1", "2")
    kept = "Actions.member.2.ForwardConfig.TargetGroupStickinessConfig."
    assert (sent[f"{kept}Enabled"], sent[f"{kept}DurationSeconds"]) == ("true", "600")
    assert not [name for name in sent if name.startswith(("Conditions", "Transforms"))]
    assert shop.admin.weights(rule) == [50, 50]


async def test_a_listener_gets_its_actions_and_nothing_else(shop: Shop, alb: Harbour) -> None:
    await alb.router.send(await alb.step(forwarding(shop.listener), green=20))
    names = {name.split(".")[0] for name in alb.wire.of("ModifyListener")[0].form}
    assert names == {"Action", "Version", "ListenerArn", "DefaultActions"}


async def test_a_single_group_in_the_short_form_is_read_and_gets_everything(shop: Shop, alb: Harbour) -> None:
    arn = shop.admin.listener(shop.balancer, {"Type": "forward", "TargetGroupArn": shop.blue})
    reading = await alb.reading(forwarding(arn))
    assert [(d.name, d.share) for d in reading.destinations] == [("blue", 100)]


async def test_what_somebody_else_changed_after_the_plan_is_not_written_over(shop: Shop, alb: Harbour) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    shop.admin.elbv2.modify_listener(
        ListenerArn=shop.listener, DefaultActions=[forward((shop.blue, 60), (shop.green, 40))]
    )
    with pytest.raises(Refused, match=r"somebody changed it.*green 40%"):
        await alb.router.send(step)
    assert shop.admin.weights(shop.listener) == [60, 40]
    assert (await alb.router.settle(step)).state == "changed_by_other"


async def test_a_target_group_that_came_after_the_plan_is_not_thrown_out(shop: Shop, alb: Harbour) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    three = forward((shop.blue, 90), (shop.green, 10), (shop.admin.group("white"), 0))
    shop.admin.elbv2.modify_listener(ListenerArn=shop.listener, DefaultActions=[three])
    with pytest.raises(Refused, match="came or went since the plan was made: white"):
        await alb.router.send(step)
    assert shop.admin.weights(shop.listener) == [90, 10, 0]


async def test_other_changes_of_a_listener_survive_ours(shop: Shop, alb: Harbour) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    longer = forward((shop.blue, 90), (shop.green, 10), sticky=900)
    shop.admin.elbv2.modify_listener(ListenerArn=shop.listener, DefaultActions=[longer])
    await alb.router.send(step)
    config = shop.admin.default_actions(shop.listener)[0]["ForwardConfig"]
    assert config["TargetGroupStickinessConfig"]["DurationSeconds"] == 900


async def test_a_write_repeated_sends_nothing_and_is_done(shop: Shop, alb: Harbour) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    receipt = await alb.router.send(step)
    await alb.router.send(step)
    assert alb.wire.counted()["ModifyListener"] == 1
    assert receipt.reference
    assert not receipt.token
    assert (await alb.router.poll(step, receipt)).state == "finished"
    assert (await alb.router.settle(step)).state == "done"


@pytest.mark.parametrize(
    "shares",
    [
        {"blue": 150.0, "green": -50.0},
        {"blue": 50.0, "green": 40.0},
        {"blue": 0.0, "green": 0.0},
        {"blue": 33.33333, "green": 66.66667 - 1e-9},
        {"blue": float("nan"), "green": 100.0},
        {"blue": 99.99, "green": 0.01},
    ],
    ids=str,
)
async def test_nonsense_is_never_sent(shop: Shop, alb: Harbour, shares: dict[str, float]) -> None:
    step = with_shares(await alb.step(forwarding(shop.listener), green=50), shares)
    if shares["blue"] == 33.33333:  # a third is a weight of 1 and one of 2
        await alb.router.send(step)
        assert shop.admin.weights(shop.listener) == [1, 2]
        return
    with pytest.raises(Refused, match=r"no weights from 0 to 999|nothing would receive"):
        await alb.router.send(step)
    assert not alb.wire.of("ModifyListener")


@pytest.mark.parametrize("shares", [{"blue": 50.0, "grey": 50.0}, {"blue": 100.0}], ids=str)
async def test_groups_that_arent_there_are_never_sent(shop: Shop, alb: Harbour, shares: dict[str, float]) -> None:
    step = with_shares(await alb.step(forwarding(shop.listener), green=50), shares)
    with pytest.raises(Refused, match="came or went"):
        await alb.router.send(step)
    assert not alb.wire.of("ModifyListener")


async def test_a_group_without_targets_is_unhealthy_and_the_plan_says_so(shop: Shop, alb: Harbour) -> None:
    shop.admin.elbv2.deregister_targets(TargetGroupArn=shop.green, Targets=[{"Id": "10.0.0.1"}])
    place = forwarding(shop.listener)
    green = (await alb.reading(place)).destinations[1]
    assert (green.share, green.health, green.status) == (10, "unhealthy", "no targets")
    survey = await alb.router.survey_traffic(place.address)
    outline = plan_shift(Shift(place.target, {"green": 50}), [Router(place, survey)])
    assert isinstance(outline, Outline)
    assert {"no-failover", "destination-unhealthy"} <= {risk.code for risk in outline.risks}
    refusal = plan_shift(Shift(place.target, {"green": 100}), [Router(place, survey)])
    assert isinstance(refusal, Refusal)
    assert "last healthy" in refusal.message


async def test_the_last_healthy_group_keeps_its_share_even_if_it_became_the_last_after_the_plan(
    shop: Shop, alb: Harbour
) -> None:
    step = await alb.step(forwarding(shop.listener), green=100)
    shop.admin.elbv2.deregister_targets(TargetGroupArn=shop.green, Targets=[{"Id": "10.0.0.1"}])
    with pytest.raises(Refused, match="last healthy destination"):
        await alb.router.send(step)
    assert shop.admin.weights(shop.listener) == [90, 10]


async def test_weights_that_are_all_0_forward_nothing_and_it_is_told(shop: Shop, alb: Harbour) -> None:
    arn = shop.admin.listener(shop.balancer, forward((shop.blue, 0), (shop.green, 0)))
    reading = await alb.reading(forwarding(arn))
    assert [d.share for d in reading.destinations] == [0, 0]
    assert reading.status == "all weights are 0: nothing is forwarded"
    await alb.router.send(await alb.step(forwarding(arn), blue=100, green=0))
    assert shop.admin.weights(arn) == [100, 0]


@pytest.mark.parametrize(
    ("tag", "keeper"),
    [("elbv2.k8s.aws/cluster", "AWS Load Balancer Controller"), ("aws:cloudformation:stack-name", "CloudFormation")],
)
async def test_who_would_take_a_change_back_is_told_before_it(shop: Shop, alb: Harbour, tag: str, keeper: str) -> None:
    arn = shop.admin.listener(shop.balancer, forward((shop.blue, 1), (shop.green, 1)))
    tags = f"<Tags><member><Key>{tag}</Key><Value>shop</Value></member></Tags>"
    one = f"<member><ResourceArn>{arn}</ResourceArn>{tags}</member>"
    result = f"<DescribeTagsResult><TagDescriptions>{one}</TagDescriptions></DescribeTagsResult>"
    alb.wire.once["DescribeTags"].append(Told(body=f"<DescribeTagsResponse>{result}</DescribeTagsResponse>"))
    survey = await alb.router.survey_traffic(forwarding(arn).address)
    assert keeper in next(risk.text for risk in survey.risks if risk.code == "kept-by-others")
    assert not (await alb.router.survey_traffic(forwarding(arn).address)).risks
    alb.wire.always["DescribeTags"] = refusal("AccessDenied", "no", 403)
    assert not (await alb.router.survey_traffic(forwarding(arn).address)).risks


REDIRECT = {"Type": "redirect", "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}


async def test_what_doesnt_forward_is_a_trouble_that_says_what_it_does(shop: Shop, alb: Harbour) -> None:
    arn = shop.admin.listener(shop.balancer, REDIRECT)
    found = await alb.trouble(forwarding(arn))
    assert found.code == "misconfigured"
    assert "its actions: redirect" in found.message


async def test_a_default_rule_leads_to_its_listener(shop: Shop, alb: Harbour) -> None:
    rules = shop.admin.elbv2.describe_rules(ListenerArn=shop.listener)["Rules"]
    default = next(rule["RuleArn"] for rule in rules if rule["IsDefault"])
    found = await alb.trouble(forwarding(default))
    assert (found.code, found.hint) == ("misconfigured", f"name the listener instead: {shop.listener}")


@pytest.mark.parametrize("part", ["listener", "rule", "balancer"])
async def test_what_is_gone_is_not_found(shop: Shop, alb: Harbour, part: str) -> None:
    rule = shop.admin.rule(shop.listener, forward((shop.blue, 1), (shop.green, 1)))
    gone = {
        "listener": shop.listener[:-16] + "0" * 16,
        "rule": rule[:-16] + "0" * 16,
        "balancer": shop.listener.replace("/app/shop/", "/app/shoq/"),
    }[part]
    assert (await alb.trouble(forwarding(gone))).code == "not_found"
    with pytest.raises(ProviderError) as caught:
        await alb.router.survey_traffic(forwarding(gone).address)
    assert caught.value.trouble.code == "not_found"
    with pytest.raises(Refused, match="nothing was sent"):
        await alb.router.send(replace(await alb.step(forwarding(rule), green=25), address=forwarding(gone).address))


async def test_one_listener_that_is_gone_costs_the_others_nothing(shop: Shop, alb: Harbour) -> None:
    gone = forwarding(shop.listener[:-16] + "0" * 16, TargetId("production", "ghost"))
    here = forwarding(shop.listener)
    found = await alb.router.observe([gone, here])
    assert getattr(found[gone.subject], "code", "") == "not_found"
    assert getattr(found[here.subject], "destinations", ())


async def test_a_hundred_listeners_take_turns_and_come_by_load_balancer(shop: Shop, alb: Harbour) -> None:
    actions = forward((shop.blue, 9), (shop.green, 1))
    arns = [
        shop.admin.listener(balancer, actions)
        for balancer in [shop.admin.balancer(f"lb{number}") for number in range(4)]
        for _ in range(25)
    ]
    places = [forwarding(arn, TargetId("production", f"s{number}")) for number, arn in enumerate(arns)]
    alb.wire.counted()
    seen: set[str] = set()
    for _ in range(5):
        found = await alb.router.observe(places)
        assert not seen & set(found)
        seen |= set(found)
        counted = alb.wire.counted()
        assert counted["DescribeListeners"] <= 4
        assert counted["DescribeTargetHealth"] == 2
        assert counted.total() <= 6
    assert seen == {place.subject for place in places}


async def test_no_write_leaves_once_the_right_to_write_is_lost(shop: Shop, alb: Harbour, sessions: Sessions) -> None:
    def lost() -> None:
        raise Refused("provider_error", "somebody else took over")

    step = await alb.step(forwarding(shop.listener), green=50)
    with pytest.raises(Refused, match="took over"):
        await sessions.open("aws.alb", may_write=lost).router.send(step)
    assert not alb.wire.of("ModifyListener")
    assert shop.admin.weights(shop.listener) == [90, 10]


async def test_a_verb_that_load_balancers_dont_have_is_refused(shop: Shop, alb: Harbour) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    with pytest.raises(Refused, match="nothing can set_destination"):
        await alb.router.send(replace(step, verb="set_destination"))


def with_shares(step: Step, shares: dict[str, Any]) -> Step:
    return replace(step, change={**step.change, "shares": shares}, after={"shares": shares})
