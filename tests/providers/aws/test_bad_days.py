"""What goes wrong between us and AWS: told clearly, without a secret, and never a doubt where there is none."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from tests.providers.aws.cloud import KEY, Shop, forward, record
from tests.providers.aws.conftest import Harbour, Sessions, forwarding, named
from tests.providers.aws.wire import Told, refusal
from tests.servers import needs

from quarterdeck.fleet.observation import Trouble
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

pytestmark = needs("moto_server")

SIGN_IN_PAGE = Told(200, "<!doctype html><html><body>Sign in</body>", "text/html")
DENIED = "User: arn:aws:iam::123456789012:user/ana is not authorized to perform: it"


@pytest.mark.parametrize(
    ("told", "code", "words"),
    [
        (refusal("ExpiredToken", "The security token is expired", 403), "unauthenticated", "sign in again"),
        (refusal("InvalidClientTokenId", f"{KEY} is invalid", 403), "unauthenticated", "sign in again"),
        (refusal("SignatureDoesNotMatch", "Signature=abc123 is wrong", 403), "unauthenticated", "sign in again"),
        (refusal("AccessDenied", DENIED, 403), "forbidden", "allow elasticloadbalancing:DescribeListeners"),
        (refusal("ListenerNotFound"), "not_found", "check the address"),
        (refusal("Throttling", "Rate exceeded"), "throttled", "ask less often"),
        (refusal("RequestLimitExceeded", "slow", 503), "throttled", "ask less often"),
        (refusal("InternalFailure", "oh", 500), "provider_error", ""),
        (SIGN_IN_PAGE, "garbage", "sign-in page"),
        (Told(200, "<DescribeListenersResponse/>"), "garbage", ""),
        (Told(lost="before"), "unreachable", "network"),
    ],
)
async def test_a_reading_that_fails_is_told_for_what_it_is(
    shop: Shop, alb: Harbour, told: Told, code: str, words: str
) -> None:
    alb.wire.always["DescribeListeners"] = told
    found = await alb.trouble(forwarding(shop.listener))
    assert found.code == code, found
    assert words in found.hint
    for secret in (KEY, "very-secret-key", "abc123"):
        assert secret not in repr(found)


@pytest.mark.parametrize(
    ("told", "kind", "code"),
    [
        (refusal("AccessDenied", DENIED, 403), Refused, "forbidden"),
        (refusal("Throttling", "Rate exceeded"), Refused, "throttled"),
        (refusal("TargetGroupNotFound"), Refused, "not_found"),
        (refusal("InternalFailure", "oh", 500), InDoubt, "provider_error"),
        (refusal("ServiceUnavailable", "oh", 503), InDoubt, "provider_error"),
        (SIGN_IN_PAGE, InDoubt, "garbage"),
        (Told(lost="before"), InDoubt, "unreachable"),
        (Told(lost="after"), InDoubt, "unreachable"),
    ],
)
async def test_a_write_that_fails_is_sent_once_and_in_doubt_only_if_it_is(
    shop: Shop, alb: Harbour, told: Told, kind: type[ProviderError], code: str
) -> None:
    step = await alb.step(forwarding(shop.listener), green=50)
    alb.wire.always["ModifyListener"] = told
    with pytest.raises(kind) as caught:
        await alb.router.send(step)
    assert type(caught.value) is kind
    assert caught.value.trouble.code == code, caught.value.trouble
    assert alb.wire.counted()["ModifyListener"] == 1
    assert (await alb.router.settle(step)).state == ("done" if told.lost == "after" else "not_done")


async def test_a_forbidden_write_names_the_action_that_is_missing(shop: Shop, alb: Harbour) -> None:
    rule = shop.admin.rule(shop.listener, forward((shop.blue, 1), (shop.green, 1)))
    step = await alb.step(forwarding(rule), green=10)
    alb.wire.always["ModifyRule"] = refusal("AccessDenied", DENIED, 403)
    with pytest.raises(Refused) as caught:
        await alb.router.send(step)
    assert caught.value.trouble.hint == "a policy has to allow elasticloadbalancing:ModifyRule"


@pytest.mark.parametrize("lacking", ["<TTL>60</TTL>", "<ResourceRecords>", "<Weight>1</Weight>", "<Name>"])
async def test_records_that_lack_something_are_a_trouble_and_nobody_elses(
    shop: Shop, dns: Harbour, lacking: str
) -> None:
    values = "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>"
    about = "<Name>n.example.com.</Name><Type>A</Type><SetIdentifier>a</SetIdentifier><Weight>1</Weight><TTL>60</TTL>"
    one = f"<ResourceRecordSet>{about}{values}</ResourceRecordSet>"
    cut = one.replace(values, "") if "Records" in lacking else re.sub(f"{lacking[:5]}[^/]*/[^>]*>", "", one)
    assert cut != one
    whole = f"<ResourceRecordSets>{cut}</ResourceRecordSets><IsTruncated>false</IsTruncated>"
    dns.wire.once["ListResourceRecordSets"].append(
        Told(body=f"<ListResourceRecordSetsResponse>{whole}</ListResourceRecordSetsResponse>")
    )
    found = await dns.seen(named(shop.zone, "n.example.com"))
    if "Records" in lacking:  # it says where, which nothing hangs on
        assert not isinstance(found, Trouble)
    else:
        assert isinstance(found, Trouble)
        assert found.code in ("garbage", "misconfigured")


async def test_after_too_fast_watching_stands_back_and_people_are_served(shop: Shop, alb: Harbour) -> None:
    place = forwarding(shop.listener)
    alb.wire.always["DescribeListeners"] = refusal("Throttling", "Rate exceeded")
    assert (await alb.trouble(place)).code == "throttled"
    asked = alb.wire.counted()["DescribeListeners"]
    assert 1 <= asked <= 2
    for _ in range(3):
        assert (await alb.trouble(place)).code == "throttled"
    assert not alb.wire.counted()
    del alb.wire.always["DescribeListeners"]
    assert (await alb.router.survey_traffic(place.address)).reading.destinations
    assert (await alb.reading(place)).destinations


async def test_health_that_cant_be_asked_leaves_what_was_known(shop: Shop, alb: Harbour) -> None:
    place = forwarding(shop.listener)
    alb.wire.always["DescribeTargetHealth"] = refusal("InternalFailure", "oh", 500)
    assert isinstance(await alb.seen(place), Trouble)
    alb.wire.always["DescribeTargetHealth"] = refusal("AccessDenied", DENIED, 403)
    reading = await alb.reading(place)
    assert [(d.share, d.health) for d in reading.destinations] == [(90, "unknown"), (10, "unknown")]


async def test_an_aws_that_hangs_costs_its_own_row_and_only_its_timeout(shop: Shop, sessions: Sessions) -> None:
    slow = sessions.open("aws.route53", timeout="1s")
    slow.wire.silent = asyncio.Event()
    try:
        async with asyncio.timeout(5):
            found = await slow.trouble(named(shop.zone))
    finally:
        slow.wire.silent.set()
    assert (found.code, found.message) == ("timeout", "Route 53 doesn't answer in time")


async def test_nobody_there_is_unreachable_and_a_write_was_surely_not_sent(shop: Shop, sessions: Sessions) -> None:
    step = await sessions.open("aws.alb").step(forwarding(shop.listener), green=50)
    nowhere = sessions.open("aws.alb", endpoint_url="http://127.0.0.1:9")
    assert (await nowhere.trouble(forwarding(shop.listener))).code == "unreachable"
    with pytest.raises(Refused, match="nothing was sent"):
        await nowhere.router.send(step)


async def test_without_credentials_it_says_how_to_get_some(
    shop: Shop, sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    alb = sessions.open("aws.alb")
    found = await alb.trouble(forwarding(shop.listener))
    assert (found.code, found.message) == ("unauthenticated", "not signed in to AWS: Unable to locate credentials")
    with pytest.raises(ProviderError, match="not signed in"):
        await alb.session.identity()
    assert [trouble.code async for _, trouble in alb.session.check() if trouble] == ["unauthenticated"]


async def test_a_profile_that_isnt_there_is_told(shop: Shop, sessions: Sessions) -> None:
    found = await sessions.open("aws.alb", profile="nobody").trouble(forwarding(shop.listener))
    assert found.code == "misconfigured"
    assert "nobody" in found.message


async def test_a_role_is_assumed_once_for_many_requests(shop: Shop, sessions: Sessions) -> None:
    alb = sessions.open("aws.alb", role_arn="arn:aws:iam::123456789012:role/release", external_id="shop")
    await alb.router.send(await alb.step(forwarding(shop.listener), green=50))
    sent = alb.wire.of("AssumeRole")
    assert len(sent) == 1
    assert sent[0].form["ExternalId"] == "shop"
    assert await alb.session.identity() == "arn:aws:sts::123456789012:assumed-role/release/quarterdeck"


async def test_a_role_that_may_not_be_assumed_is_told(shop: Shop, sessions: Sessions) -> None:
    alb = sessions.open("aws.alb", role_arn="arn:aws:iam::123456789012:role/release")
    alb.wire.always["AssumeRole"] = refusal("AccessDenied", DENIED, 403)
    found = await alb.trouble(forwarding(shop.listener))
    assert (found.code, found.hint) == ("forbidden", "a policy has to allow sts:AssumeRole")


def simulated(**decisions: str) -> Told:
    each = [
        f"<member><EvalActionName>{action.replace('_', ':')}</EvalActionName><EvalDecision>{decision}</EvalDecision>"
        f"</member>"
        for action, decision in decisions.items()
    ]
    result = f"<EvaluationResults>{''.join(each)}</EvaluationResults>"
    return Told(
        body=f"<SimulatePrincipalPolicyResponse><SimulatePrincipalPolicyResult>{result}"
        "</SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>"
    )


@pytest.mark.parametrize(("decision", "permitted"), [("allowed", True), ("implicitDeny", False)])
async def test_whether_a_write_is_allowed_is_asked_of_iam_once_in_a_while(
    shop: Shop, alb: Harbour, decision: str, permitted: bool
) -> None:
    alb.wire.always["SimulatePrincipalPolicy"] = simulated(elasticloadbalancing_ModifyListener=decision)
    for _ in range(3):
        assert await alb.router.permitted(forwarding(shop.listener).address) is permitted
    (asked,) = alb.wire.of("SimulatePrincipalPolicy")
    assert asked.form["ResourceArns.member.1"] == shop.listener


async def test_where_iam_doesnt_tell_nothing_is_forbidden(shop: Shop, alb: Harbour, dns: Harbour) -> None:
    alb.wire.always["SimulatePrincipalPolicy"] = refusal("AccessDenied", DENIED, 403)
    assert await alb.router.permitted(forwarding(shop.listener).address) is None
    assert await dns.router.permitted(named(shop.zone).address) is None


async def test_check_tells_the_account_and_which_actions_are_missing(alb: Harbour) -> None:
    alb.wire.always["SimulatePrincipalPolicy"] = simulated(
        elasticloadbalancing_DescribeListeners="allowed", elasticloadbalancing_DescribeRules="explicitDeny"
    )
    told = [(what, trouble.hint if trouble else "") async for what, trouble in alb.session.check()]
    assert told[0][0].startswith("signed in to AWS account 123456789012 as arn:aws:")
    assert ("allowed: elasticloadbalancing:DescribeListeners", "") in told
    hint = "a policy has to allow elasticloadbalancing:DescribeRules"
    assert ("allowed: elasticloadbalancing:DescribeRules", hint) in told


async def test_check_says_so_where_permissions_cant_be_asked(dns: Harbour) -> None:
    dns.wire.always["SimulatePrincipalPolicy"] = refusal("AccessDenied", DENIED, 403)
    told = [(what, trouble) async for what, trouble in dns.session.check()]
    assert len(told) == 2
    assert told[1][0].startswith("what is allowed can't be asked beforehand")


def test_without_boto3_it_says_what_to_install(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import sys
        from importlib.machinery import PathFinder

        class Missing(PathFinder):
            @classmethod
            def find_spec(cls, name, path=None, target=None):
                hidden = name.partition(".")[0] in ("boto3", "botocore")
                return None if hidden else super().find_spec(name, path, target)

        sys.meta_path[:] = [Missing if one is PathFinder else one for one in sys.meta_path]
        from quarterdeck.clock import SystemClock
        from quarterdeck.fleet.topology import Connection
        from quarterdeck.providers import registry
        from quarterdeck.providers.base import ProviderError, SessionContext

        provider = registry.load("aws.alb")
        provider.schema("aws.alb")
        try:
            provider.open(Connection("aws", "aws.alb", {}), SessionContext(SystemClock(), print, str))
        except ProviderError as error:
            print(error.trouble.code, error, error.trouble.hint, sep=" | ")
        """
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env={**os.environ})
    assert said.stdout == "misconfigured | boto3 isn't installed | install quarterdeck[aws]\n", said.stderr


def test_a_program_ends_though_aws_hangs(tmp_path: Path) -> None:
    script = textwrap.dedent(
        """
        import asyncio, socket
        from quarterdeck.clock import SystemClock
        from quarterdeck.fleet.topology import Connection
        from quarterdeck.providers import registry
        from quarterdeck.providers.base import SessionContext

        async def main():
            with socket.create_server(("127.0.0.1", 0)) as deaf:
                options = {"endpoint_url": f"http://127.0.0.1:{deaf.getsockname()[1]}", "timeout": "60s"}
                context = SessionContext(SystemClock(), print, str)
                session = registry.load("aws.alb").open(Connection("aws", "aws.alb", options), context)
                asking = asyncio.create_task(session.identity())
                await asyncio.to_thread(deaf.accept)
                asking.cancel()
                await session.close()

        asyncio.run(main())
        """
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


async def test_listeners_come_page_by_page(shop: Shop, alb: Harbour) -> None:
    page = "<Listeners/><NextMarker>the-second</NextMarker>"
    alb.wire.once["DescribeListeners"].append(
        Told(
            body=f"<DescribeListenersResponse><DescribeListenersResult>{page}</DescribeListenersResult>"
            "</DescribeListenersResponse>"
        )
    )
    assert (await alb.reading(forwarding(shop.listener))).destinations
    assert [one.form.get("Marker") for one in alb.wire.of("DescribeListeners")] == [None, "the-second"]


async def test_health_checks_come_page_by_page(shop: Shop, dns: Harbour) -> None:
    check = shop.admin.route53.create_health_check(
        CallerReference="paged", HealthCheckConfig={"Type": "HTTP", "IPAddress": "192.0.2.2", "Port": 80}
    )["HealthCheck"]["Id"]
    shop.admin.records(shop.zone, record("paged.example.com", "blue", 1, HealthCheckId=check))
    page = "<HealthChecks/><IsTruncated>true</IsTruncated><NextMarker>second</NextMarker>"
    dns.wire.once["ListHealthChecks"].append(Told(body=f"<ListHealthChecksResponse>{page}</ListHealthChecksResponse>"))
    reading = await dns.reading(named(shop.zone, "paged.example.com"))
    assert reading.destinations[0].health == "healthy"
    assert dns.wire.counted()["ListHealthChecks"] == 2
