"""Signing in: discovery, the token endpoint, device codes, managed identities; through azure-identity where it can."""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

import httpx
import pytest
from azure.identity import DeviceCodeCredential
from azure.identity.aio import ClientAssertionCredential, ManagedIdentityCredential

from quarterdeck.sandbox.assembly import Running
from quarterdeck.sandbox.world.world import World

SCOPE = "https://management.azure.com/.default"


def claims(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    decoded: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return decoded


@pytest.mark.parametrize(
    ("version", "shape"), [("2015-01-01", dict), ("2019-05-01", list), ("2022-09-01", dict), ("", dict)]
)
async def test_the_cloud_describes_itself_in_the_shape_that_is_asked_for(
    anonymous: httpx.AsyncClient, sandbox: Running, version: str, shape: type
) -> None:
    answer: Any = (
        await anonymous.get("/metadata/endpoints", params={"api-version": version} if version else {})
    ).json()
    found = type(answer)
    assert found is shape
    cloud = answer[0] if found is list else answer
    assert cloud["authentication"]["audiences"] == [sandbox.url]
    assert cloud["authentication"]["loginEndpoint"] == f"{sandbox.url}/"
    if version > "2018":
        # What the Azure CLI asks a token for before it deploys.
        assert cloud["appServiceResourceId"] == sandbox.url


async def test_discovery_leads_to_the_token_endpoint(anonymous: httpx.AsyncClient, world: World) -> None:
    for tenant in (world.tenant, "common", "organizations"):
        found = (await anonymous.get(f"/{tenant}/v2.0/.well-known/openid-configuration")).json()
        assert found["token_endpoint"].endswith(f"/{world.tenant}/oauth2/v2.0/token")
        assert found["authorization_endpoint"]
        assert found["issuer"]


async def token(client: httpx.AsyncClient, world: World, **form: str) -> httpx.Response:
    return await client.post(f"/{world.tenant}/oauth2/v2.0/token", data=form)


async def test_a_token_says_who_and_where_and_for_how_long(anonymous: httpx.AsyncClient, world: World) -> None:
    answer = await token(
        anonymous, world, grant_type="client_credentials", client_id="app", client_secret="x", scope=SCOPE
    )
    body = answer.json()
    found = claims(body["access_token"])
    assert (found["appid"], found["tid"], found["aud"]) == ("app", world.tenant, "https://management.azure.com")
    assert found["exp"] - found["iat"] == body["expires_in"] == 3600
    assert "refresh_token" not in body


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "client_credentials", "client_id": "app"}, "invalid_client"),
        ({"grant_type": "client_credentials", "client_secret": "x"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "stolen"}, "invalid_grant"),
        ({"grant_type": "device_code", "device_code": "unknown"}, "bad_verification_code"),
        ({"grant_type": "charm"}, "unsupported_grant_type"),
    ],
)
async def test_a_bad_sign_in_is_refused_in_oauths_words(
    anonymous: httpx.AsyncClient, world: World, form: dict[str, str], error: str
) -> None:
    answer = await token(anonymous, world, **form)
    assert answer.status_code in (400, 401)
    assert answer.json()["error"] == error


async def test_a_refresh_token_gets_another_token_for_the_same_person(
    anonymous: httpx.AsyncClient, world: World
) -> None:
    form = {"grant_type": "password", "username": "ben@contoso.example", "password": "x", "scope": SCOPE}
    first = (await token(anonymous, world, **form)).json()
    again = await token(anonymous, world, grant_type="refresh_token", refresh_token=first["refresh_token"])
    found = claims(again.json()["access_token"])
    assert found["upn"] == "ben@contoso.example"
    assert found["oid"] == claims(first["access_token"])["oid"]


async def test_a_workload_identity_signs_in_with_an_assertion(secure: Running) -> None:
    credential = ClientAssertionCredential(
        secure.world.tenant,
        "workload",
        lambda: "signed.by.somebody",
        authority=secure.url,
        disable_instance_discovery=True,
        connection_verify=str(secure.ca_file),
    )
    async with credential:
        got = await credential.get_token(SCOPE)
    assert claims(got.token)["appid"] == "workload"


async def test_a_person_signs_in_with_a_device_code(secure: Running) -> None:
    shown: list[str] = []

    def prompt(uri: str, user_code: str, expires: Any) -> None:
        shown.append(uri)
        secure.sandbox.device_codes.settle(user_code, "carla@contoso.example")

    credential = DeviceCodeCredential(
        "cockpit",
        authority=secure.url,
        tenant_id=secure.world.tenant,
        prompt_callback=prompt,
        disable_instance_discovery=True,
        connection_verify=str(secure.ca_file),
    )
    got = await asyncio.to_thread(credential.get_token, SCOPE)
    assert shown == [f"{secure.url}/devicelogin"]
    assert claims(got.token)["upn"] == "carla@contoso.example"


async def test_a_code_waits_until_it_is_granted_or_declined(
    sandbox: Running, anonymous: httpx.AsyncClient, world: World
) -> None:
    sandbox.sandbox.device_codes.patience = 0

    async def begin() -> dict[str, str]:
        path = f"/{world.tenant}/oauth2/v2.0/devicecode"
        got: dict[str, str] = (await anonymous.post(path, data={"client_id": "cockpit", "scope": SCOPE})).json()
        return got

    async def ask(code: dict[str, str]) -> httpx.Response:
        return await token(anonymous, world, grant_type="device_code", device_code=code["device_code"])

    granted, declined = await begin(), await begin()
    assert (await ask(granted)).json()["error"] == "authorization_pending"
    sandbox.sandbox.device_codes.settle(granted["user_code"], "dora@contoso.example")
    sandbox.sandbox.device_codes.settle(declined["user_code"], "")
    assert claims((await ask(granted)).json()["access_token"])["upn"] == "dora@contoso.example"
    assert (await ask(granted)).json()["error"] == "bad_verification_code", "a code is good once"
    assert (await ask(declined)).json()["error"] == "authorization_declined"


async def test_a_code_is_granted_after_a_few_polls_when_nobody_cares(
    anonymous: httpx.AsyncClient, world: World
) -> None:
    code = (await anonymous.post(f"/{world.tenant}/oauth2/v2.0/devicecode", data={"client_id": "x"})).json()
    form = {"grant_type": "device_code", "device_code": code["device_code"]}
    answers = [await token(anonymous, world, **form) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [400, 400, 200]
    assert answers[-1].json()["id_token"]


async def test_a_person_can_enter_the_code_on_the_page_they_are_sent_to(
    sandbox: Running, anonymous: httpx.AsyncClient, world: World
) -> None:
    sandbox.sandbox.device_codes.patience = 0
    code = (await anonymous.post(f"/{world.tenant}/oauth2/v2.0/devicecode", data={"client_id": "x"})).json()
    assert "<form" in (await anonymous.get(code["verification_uri"])).text
    wrong = await anonymous.post(code["verification_uri"], data={"code": "<script>"})
    assert "not known" in wrong.text
    assert "<script>" not in wrong.text
    await anonymous.post(code["verification_uri"], data={"code": code["user_code"], "user": "eve@contoso.example"})
    answer = await token(anonymous, world, grant_type="device_code", device_code=code["device_code"])
    assert claims(answer.json()["access_token"])["upn"] == "eve@contoso.example"


async def test_app_services_managed_identity(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{sandbox.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "secret")
    async with ManagedIdentityCredential() as credential:
        got = await credential.get_token(SCOPE)
    assert claims(got.token)["aud"] == "https://management.azure.com"


async def test_a_managed_identity_needs_its_header(anonymous: httpx.AsyncClient) -> None:
    resource = {"resource": "https://management.azure.com"}
    virtual = "/metadata/identity/oauth2/token"
    assert (await anonymous.get("/msi/token", params=resource)).status_code == 401
    assert (await anonymous.get(virtual, params=resource)).status_code == 400
    got = await anonymous.get(virtual, params=resource, headers={"Metadata": "true"})
    assert claims(got.json()["access_token"])["appid"] == "sandbox-managed-identity"


async def test_revoked_tokens_do_not_open_arm(sandbox: Running, arm: httpx.AsyncClient) -> None:
    assert (await arm.get("/subscriptions")).status_code == 200
    sandbox.sandbox.tokens.revoke_all()
    assert (await arm.get("/subscriptions")).status_code == 401


async def test_an_altered_token_does_not_open_arm(sandbox: Running, anonymous: httpx.AsyncClient, world: World) -> None:
    form = {"grant_type": "client_credentials", "client_id": "app", "client_secret": "x", "scope": SCOPE}
    head, body, signature = (await token(anonymous, world, **form)).json()["access_token"].split(".")
    forged = json.dumps({**claims(f"{head}.{body}."), "appid": "root"}).encode()
    altered = f"{head}.{base64.urlsafe_b64encode(forged).rstrip(b'=').decode()}.{signature}"
    headers = {"Authorization": f"Bearer {altered}"}
    answer = await anonymous.get("/subscriptions", params={"api-version": "2022-12-01"}, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")


async def test_tls_is_not_trusted_without_its_ca(secure: Running) -> None:
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        async with httpx.AsyncClient() as client:
            await client.get(secure.url)
