"""What ARM does around every call."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from quarterdeck.sandbox.assembly import Running, Sandbox, running
from quarterdeck.sandbox.throttling import Limit, Throttle
from quarterdeck.sandbox.world.furniture import many_sites
from quarterdeck.sandbox.world.world import World

from .conftest import API_VERSION, bearer, shop


async def test_every_answer_has_its_ids(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> None:
    first, second = await arm.get(site_path()), await arm.get(site_path())
    assert uuid.UUID(first.headers["x-ms-request-id"]) != uuid.UUID(second.headers["x-ms-request-id"])
    assert first.headers["x-ms-correlation-request-id"]


async def test_an_api_version_is_required(
    anonymous: httpx.AsyncClient, sandbox: Running, site_path: Callable[..., str]
) -> None:
    answer = await anonymous.get(site_path(), headers=bearer(sandbox))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MissingApiVersionParameter")


@pytest.mark.parametrize("version", ["banana", "2025", "2025-05-01 ", "2025-05-01-", "٢٠٢٥-05-01"])
async def test_an_api_version_is_a_date(arm: httpx.AsyncClient, site_path: Callable[..., str], version: str) -> None:
    answer = await arm.get(f"{site_path()}?api-version={quote(version)}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidApiVersionParameter")


@pytest.mark.parametrize("version", ["2018-11-01", "2026-05-01-preview", "2016-09-01-PREVIEW"])
async def test_older_and_newer_api_versions_are_served(
    arm: httpx.AsyncClient, site_path: Callable[..., str], version: str
) -> None:
    assert (await arm.get(f"{site_path()}?api-version={version}")).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer made.up.token"}, {"Authorization": "Basic eDp5"}])
async def test_nobody_gets_in_without_a_good_token(
    anonymous: httpx.AsyncClient, site_path: Callable[..., str], headers: dict[str, str]
) -> None:
    answer = await anonymous.get(site_path(), params={"api-version": API_VERSION}, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Bearer authorization_uri=")
    assert "error" in answer.json()


async def test_an_expired_token_is_told_apart(sandbox: Running, anonymous: httpx.AsyncClient) -> None:
    sandbox.sandbox.tokens.lifetime = -1
    headers = bearer(sandbox)
    answer = await anonymous.get("/subscriptions", params={"api-version": API_VERSION}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "ExpiredAuthenticationToken")


async def test_paths_ignore_letter_case(arm: httpx.AsyncClient, site_path: Callable[..., str]) -> None:
    answer = await arm.get(site_path("SLOTS", "Staging").replace("resourceGroups", "resourcegroups").upper())
    assert answer.status_code == 200
    assert answer.json()["name"] == "checkout/staging"


@pytest.mark.parametrize(
    ("group", "name", "below", "code"),
    [
        ("nowhere", "checkout", (), "ResourceGroupNotFound"),
        ("Shop", "nothing", (), "ResourceNotFound"),
        ("Shop", "checkout", ("slots", "nothing"), "ResourceNotFound"),
        ("empty", "checkout", (), "ResourceNotFound"),
        ("Shop", "checkout", ("hovercraft",), "InvalidResourceType"),
    ],
)
async def test_what_is_missing_is_named_in_arms_envelope(
    arm: httpx.AsyncClient,
    site_path: Callable[..., str],
    group: str,
    name: str,
    below: tuple[str, ...],
    code: str,
) -> None:
    answer = await arm.get(site_path(*below, group=group, name=name))
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


async def test_another_subscription_is_not_found(arm: httpx.AsyncClient) -> None:
    answer = await arm.get(f"/subscriptions/{uuid.uuid4()}/providers/Microsoft.Web/sites")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SubscriptionNotFound")


@pytest.mark.parametrize("body", [b"{half", b"\xff", b"[" * 100_000], ids=["half", "bytes", "deep"])
async def test_a_body_that_is_not_json_is_refused(
    arm: httpx.AsyncClient, site_path: Callable[..., str], body: bytes
) -> None:
    answer = await arm.put(site_path("config", "appsettings"), content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequestContent")


@pytest.mark.parametrize("body", [[], "text", {"properties": []}, {"properties": "text"}])
@pytest.mark.parametrize("below", [("config", "web"), ("config", "appsettings"), (), ("slots", "new")])
async def test_a_body_of_the_wrong_shape_is_refused(
    arm: httpx.AsyncClient, site_path: Callable[..., str], below: tuple[str, ...], body: object
) -> None:
    assert (await arm.put(site_path(*below), json=body)).status_code == 400


async def test_requests_above_the_bucket_are_told_when_to_come_back(world: World) -> None:
    time = [0.0]
    throttle = Throttle({"reads": Limit(2, 0.5)}, lambda: time[0])
    async with running(Sandbox(world, throttle=throttle)) as sandbox:
        params = {"api-version": API_VERSION}
        async with httpx.AsyncClient(base_url=sandbox.url, params=params) as client:

            async def read(who: str) -> httpx.Response:
                return await client.get("/subscriptions", headers=bearer(sandbox, who))

            left = [(await read("a")).headers["x-ms-ratelimit-remaining-subscription-global-reads"] for _ in "12"]
            refused = await read("a")
            assert left == ["1", "0"]
            assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
            assert refused.json()["error"]["code"] == "SubscriptionRequestsThrottled"
            assert (await read("b")).status_code == 200, "everyone has a bucket of their own"
            time[0] = 2.0
            assert (await read("a")).status_code == 200


async def test_an_answer_names_only_the_buckets_it_was_charged_to(
    arm: httpx.AsyncClient, site_path: Callable[..., str]
) -> None:
    def named(answer: httpx.Response) -> set[str]:
        prefix = "x-ms-ratelimit-remaining-subscription-"
        return {name.removeprefix(prefix) for name in answer.headers if name.startswith(prefix)}

    assert named(await arm.get(site_path())) == {"global-reads"}
    assert named(await arm.post(site_path("config", "appsettings", "list"))) == {"resource-requests"}
    assert named(await arm.post(site_path("resetSlotConfig"))) == {"global-writes", "writes"}


async def test_a_long_list_comes_in_pages(document: dict[str, object]) -> None:
    world = World(document={**shop(), "sites": many_sites(250)})
    async with running(Sandbox(world)) as sandbox, httpx.AsyncClient(headers=bearer(sandbox)) as client:
        url = f"{sandbox.url}/subscriptions/{world.subscription}/providers/Microsoft.Web/sites?api-version=2025-05-01"
        names: list[str] = []
        sizes: list[int] = []
        while url:
            body = (await client.get(url)).json()
            names += [site["name"] for site in body["value"]]
            sizes.append(len(body["value"]))
            url = body["nextLink"]
            assert not url or parse_qs(urlsplit(url).query)["api-version"] == ["2025-05-01"]
    assert sizes == [100, 100, 50]
    assert names == [f"scale-{number:05d}" for number in range(1, 251)]


async def test_a_made_up_page_is_refused(arm: httpx.AsyncClient, world: World) -> None:
    path = f"/subscriptions/{world.subscription}/providers/Microsoft.Web/sites"
    answer = await arm.get(path, params={"api-version": API_VERSION, "$skipToken": "bogus"})
    assert answer.status_code == 400


GROUP = "/subscriptions/{}/resourceGroups/Shop"


async def test_a_reader_reads_and_does_not_write(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str]
) -> None:
    world.authorization.assign("release-tool", GROUP.format(world.subscription), "reader")
    assert (await arm.get(site_path())).status_code == 200
    entity = {"targetSlot": "production", "preserveVnet": True}
    swap = await arm.post(site_path("slots", "staging", "slotsswap"), json=entity)
    settings = await arm.post(site_path("config", "appsettings", "list"))
    assert swap.status_code == settings.status_code == 403
    assert swap.json()["error"]["code"] == "AuthorizationFailed"
    assert "'Microsoft.Web/sites/slots/slotsswap/action'" in swap.json()["error"]["message"]
    assert "'Microsoft.Web/sites/config/list/action'" in settings.json()["error"]["message"]
    assert not world.log.of("swap")


async def test_what_one_may_not_see_is_left_out_of_lists(arm: httpx.AsyncClient, world: World) -> None:
    world.authorization.assign("release-tool", GROUP.format(world.subscription), "none")
    subscription = f"/subscriptions/{world.subscription}"
    sites = (await arm.get(f"{subscription}/providers/Microsoft.Web/sites")).json()["value"]
    groups = (await arm.get(f"{subscription}/resourcegroups")).json()["value"]
    assert sites == []
    assert [group["name"] for group in groups] == ["empty"]


async def test_everyone_may_ask_for_their_own_permissions(
    arm: httpx.AsyncClient, world: World, site_path: Callable[..., str]
) -> None:
    permissions = "/providers/Microsoft.Authorization/permissions"
    world.authorization.assign("*", GROUP.format(world.subscription), "reader")
    on_site = (await arm.get(site_path() + permissions)).json()["value"]
    on_slot = (await arm.get(site_path("slots", "staging") + permissions)).json()["value"]
    above = (await arm.get(f"/subscriptions/{world.subscription}{permissions}")).json()["value"]
    assert on_site == on_slot == [{"actions": ["*/read"], "notActions": [], "dataActions": [], "notDataActions": []}]
    assert above[0]["actions"] == ["*"]


async def test_subscriptions_and_groups(arm: httpx.AsyncClient, world: World) -> None:
    listed = (await arm.get("/subscriptions")).json()["value"]
    one = (await arm.get(f"/subscriptions/{world.subscription}")).json()
    group = await arm.get(f"/subscriptions/{world.subscription}/resourcegroups/shop")
    assert listed == [one]
    assert (one["state"], one["tenantId"]) == ("Enabled", world.tenant)
    assert (group.json()["name"], group.json()["location"]) == ("Shop", "westeurope")
    assert (await arm.head(f"/subscriptions/{world.subscription}/resourcegroups/none")).status_code == 404
