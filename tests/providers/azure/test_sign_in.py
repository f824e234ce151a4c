"""Signing in: every way the issue names is built, what can be run against a sandbox is run, and nothing leaks."""

from __future__ import annotations

import asyncio
import base64
import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from tests.providers.azure.conftest import Azure, Start, read, slots_place

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.azure.credentials import who
from quarterdeck.providers.base import ProviderError, Refused
from quarterdeck.release.plan import Step


def with_options(azure: Azure, **options: str) -> Connection:
    kept = {
        name: value
        for name, value in azure.connection.options.items()
        if name not in ("credential", "client_id", "client_secret")
    }
    return replace(azure.connection, options={**kept, **options})


def token(claims: dict[str, Any]) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.x"


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "quarterdeck")])
    now = datetime.datetime.now(datetime.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "sign-in.pem"
    plain = serialization.NoEncryption()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(pem + built.public_bytes(serialization.Encoding.PEM))
    return file


async def test_a_client_secret_signs_in_and_we_are_the_application(start: Start) -> None:
    azure = await start()

    assert await azure.session.identity() == "quarterdeck"


async def test_a_certificate_signs_in(start: Start, certificate: Path) -> None:
    azure = await start()
    options = {"credential": "certificate", "client_id": "robot", "certificate_path": str(certificate)}

    assert await azure.open(with_options(azure, **options)).identity() == "robot"


async def test_a_service_principal_of_the_environment_signs_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = await start()
    monkeypatch.setenv("AZURE_TENANT_ID", azure.connection.options["tenant"])
    monkeypatch.setenv("AZURE_CLIENT_ID", "pipeline")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "any")

    assert await azure.open(with_options(azure, credential="environment")).identity() == "pipeline"


async def test_a_workload_identity_signs_in_with_its_federated_token(start: Start, tmp_path: Path) -> None:
    azure = await start()
    (tmp_path / "token").write_text(token({"sub": "system:serviceaccount:shop:qd"}))
    options = {"credential": "workload_identity", "client_id": "pod", "token_file": str(tmp_path / "token")}

    assert await azure.open(with_options(azure, **options)).identity() == "pod"


async def test_a_managed_identity_signs_in(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    azure = await start()
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{azure.running.url}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")

    session = azure.open(with_options(azure, credential="managed_identity"))

    assert await session.identity()


async def test_a_device_code_is_shown_to_whoever_waits_and_then_we_are_that_person(start: Start) -> None:
    azure = await start()
    session = azure.open(with_options(azure, credential="device_code"))

    signing_in = asyncio.create_task(session.identity())
    async with asyncio.timeout(20):
        while not azure.told:  # noqa: ASYNC110 - told from a thread of the SDK's
            await asyncio.sleep(0.01)
        (code,) = azure.sandbox.device_codes.waiting()
        assert code in azure.told[0]
        azure.sandbox.device_codes.settle(code, "ana@contoso.example")
        assert await signing_in == "ana@contoso.example"


async def test_giving_up_on_a_device_code_doesnt_end_the_sign_in(start: Start) -> None:
    azure = await start()
    azure.sandbox.device_codes.patience = 0
    session = azure.open(with_options(azure, credential="device_code"))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(session.identity(), 1)
    (code,) = azure.sandbox.device_codes.waiting()
    azure.sandbox.device_codes.settle(code, "ana@contoso.example")

    assert await asyncio.wait_for(session.identity(), 20) == "ana@contoso.example"
    assert len(azure.told) == 1


async def test_without_a_sign_in_a_write_is_refused_because_nothing_was_sent(start: Start) -> None:
    azure = await start()
    azure.fault(plane="identity", kind="status", status=401, code="invalid_client", message="AADSTS7000215")
    place = slots_place()
    change = {"source": "staging", "destination": "production"}

    with pytest.raises(Refused) as refused:
        await azure.slots.send(Step("1", "swap", "slots", place.target, place.address, "", change, {}, {}))

    assert refused.value.trouble.code == "unauthenticated"
    assert azure.requests() == []


async def test_a_secret_that_isnt_there_is_said_without_showing_anything(start: Start) -> None:
    azure = await start()
    options = {"credential": "client_secret", "client_id": "x", "client_secret": "${env:NOPE}"}

    with pytest.raises(ProviderError) as error:
        await azure.open(with_options(azure, **options)).identity()

    assert error.value.trouble.code == "misconfigured"


async def test_a_certificate_file_that_isnt_one_is_said(start: Start, tmp_path: Path) -> None:
    azure = await start()
    (tmp_path / "x.pem").write_text("nonsense")
    options = {"credential": "certificate", "client_id": "x", "certificate_path": str(tmp_path / "x.pem")}

    with pytest.raises(ProviderError, match="certificate_path"):
        await azure.open(with_options(azure, **options)).identity()


async def test_a_server_whose_certificate_isnt_trusted_is_never_talked_to(start: Start) -> None:
    azure = await start()
    kept = {name: value for name, value in azure.connection.options.items() if name != "ca_file"}
    untrusting = azure.restarted(replace(azure.connection, options=kept))
    place = slots_place()

    observed = await untrusting.slots.observe([place])

    trouble = read(Trouble, observed, place)
    assert trouble.code == "tls"
    assert "ca_file" in trouble.hint
    assert (
        "ca_file" in read(Trouble, observed, place).hint
        or "certificate" in read(Trouble, observed, place).message.lower()
    )
    assert azure.requests() == []


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({"upn": "ana@contoso.example", "oid": "1"}, "ana@contoso.example"),
        ({"preferred_username": "bo@contoso.example"}, "bo@contoso.example"),
        ({"appid": "a1", "oid": "1"}, "a1"),
        ({"oid": "only"}, "only"),
        ({}, "unknown"),
    ],
)
def test_who_we_are_is_read_from_the_tokens_claims(claims: dict[str, str], name: str) -> None:
    assert who(token(claims)) == name


@pytest.mark.parametrize("text", ["", "opaque", "a.b.c", "e30.W10.x"])
def test_an_opaque_token_doesnt_say_who_we_are(text: str) -> None:
    assert who(text) == "unknown"


async def test_the_default_chain_takes_what_the_environment_offers(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    azure = await start()
    monkeypatch.setenv("AZURE_TENANT_ID", azure.connection.options["tenant"])
    monkeypatch.setenv("AZURE_CLIENT_ID", "pipeline")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "any")

    assert await azure.open(with_options(azure, credential="default")).identity() == "pipeline"


async def test_without_the_azure_cli_its_credential_says_what_to_do(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    azure = await start()
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ProviderError) as error:
        await azure.open(with_options(azure, credential="cli")).identity()

    assert error.value.trouble.code == "unauthenticated"
    assert "Azure CLI" in error.value.trouble.message


async def test_the_azure_clis_token_is_used_where_it_is_signed_in(
    start: Start, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    azure = await start()
    answer = {"accessToken": token({"upn": "ana@contoso.example"}), "expires_on": 4_000_000_000, "tokenType": "Bearer"}
    az = tmp_path / "az"
    az.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    az.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    assert await azure.open(with_options(azure, credential="cli")).identity() == "ana@contoso.example"


async def test_a_service_that_hangs_up_is_asked_twice_and_not_again(start: Start) -> None:
    azure = await start()
    calls = 0

    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        writer.close()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    async with server:
        authority = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        options = {"credential": "client_secret", "client_id": "robot", "client_secret": "any"}
        with pytest.raises(ProviderError) as error:
            await azure.open(with_options(azure, **options, **{"cloud.authority": authority})).identity()

    assert error.value.trouble.code == "unreachable"
    assert calls == 2


async def test_a_revoked_sign_in_is_a_trouble_that_says_to_sign_in_again(start: Start) -> None:
    azure = await start()
    await azure.slots.observe([slots_place()])
    azure.sandbox.tokens.revoke_all()

    trouble = read(Trouble, await azure.slots.observe([slots_place()]), slots_place())

    assert trouble.code == "unauthenticated"
    assert "sign in again" in trouble.hint
