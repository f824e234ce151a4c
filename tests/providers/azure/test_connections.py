"""From what a configuration says to the right endpoints, scopes and credentials; `qd check` says what works."""

from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError
from tests.providers.azure.conftest import Azure, Start, secret
from tests.providers.azure.test_flags import store_with

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers.azure import provider
from quarterdeck.providers.azure.clouds import CHINA, CLOUDS, PUBLIC, US_GOVERNMENT, custom_cloud
from quarterdeck.providers.azure.opening import cloud_of, nested
from quarterdeck.providers.azure.schema import AppConfigurationConnection, ArmConnection, CloudEndpoints, SlotsAddress
from quarterdeck.providers.base import ProviderError, Session, SessionContext


def opened(provider_name: str, **options: str) -> Session:
    context = SessionContext(SystemClock(), print, secret)
    return provider.open(Connection("c", provider_name, options), context)


async def checked(session: Session) -> dict[str, Trouble | None]:
    return {what: trouble async for what, trouble in session.check()}


def test_the_three_clouds_have_their_own_endpoints_and_scopes() -> None:
    assert {cloud.resource_manager for cloud in CLOUDS.values()} == {
        "https://management.azure.com",
        "https://management.usgovcloudapi.net",
        "https://management.chinacloudapi.cn",
    }
    assert US_GOVERNMENT.scope == "https://management.core.usgovcloudapi.net/.default"
    assert US_GOVERNMENT.authority == "https://login.microsoftonline.us"
    assert CHINA.app_configuration_scope == "https://azconfig.azure.cn/.default"
    assert PUBLIC.known_authority


def test_a_cloud_of_ones_own_is_its_endpoints_and_asks_no_public_service_about_its_authority() -> None:
    cloud = custom_cloud("https://management.stamp.example/", "https://login.stamp.example/adfs", "https://x/y")

    assert cloud.resource_manager == "https://management.stamp.example"
    assert cloud.scope == "https://x/y/.default"
    assert not cloud.known_authority
    assert custom_cloud("https://rm.example", "https://a.example").scope == "https://rm.example/.default"


def test_a_connection_names_a_cloud_or_describes_one() -> None:
    options = nested({"cloud.resource_manager": "https://rm.example", "cloud.authority": "https://a.example"})
    described = ArmConnection.model_validate({**options, "subscription": "s"})

    assert isinstance(described.cloud, CloudEndpoints)
    assert cloud_of(described.cloud).resource_manager == "https://rm.example"
    assert cloud_of("AzureUSGovernment") is US_GOVERNMENT


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"subscription": "s", "cloud": "AzureMoonCloud"},
        {"subscription": "s", "credential": "certificate"},
        {"subscription": "s", "credential": "client_secret", "client_id": "x"},
        {"subscription": "s", "colour": "blue"},
    ],
)
def test_a_connection_that_cant_work_is_misconfigured_before_anything_is_tried(options: dict[str, str]) -> None:
    with pytest.raises(ProviderError) as error:
        opened("azure", **options)

    assert error.value.trouble.code == "misconfigured"


def test_a_misconfigured_secret_is_not_repeated_in_the_message() -> None:
    with pytest.raises(ProviderError) as error:
        opened("azure", credential="client_secret", client_secret="hunter2")

    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize("options", [{}, {"endpoint": "https://a", "connection_string": "Endpoint=https://a"}])
def test_a_store_has_one_way_in(options: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="either"):
        AppConfigurationConnection.model_validate(options)


@pytest.mark.parametrize("version", ["auto", "image", "deployment", "setting:APP_VERSION"])
def test_a_version_can_be_read_from_four_places(version: str) -> None:
    assert SlotsAddress(resource_group="g", site="s", version=version).version == version


@pytest.mark.parametrize("version", ["tag", "setting:", ""])
def test_a_version_from_nowhere_is_refused(version: str) -> None:
    with pytest.raises(ValidationError):
        SlotsAddress(resource_group="g", site="s", version=version)


async def test_in_a_sandbox_nothing_of_the_real_connection_is_left(start: Start) -> None:
    azure = await start()
    real = Connection(
        "azure",
        "azure",
        {"subscription": "real", "tenant": "real", "credential": "cli", "client_secret": "${env:REAL}"},
    )

    pointed = provider.sandboxed(real, azure.announcement)

    assert "real" not in " ".join(pointed.options.values()).lower()
    assert pointed.options["cloud.resource_manager"] == azure.running.url


def test_a_sandbox_without_tls_is_refused_because_azures_clients_send_no_token_there() -> None:
    real = Connection("azure", "azure", {"subscription": "real"})

    with pytest.raises(ProviderError, match="TLS"):
        provider.sandboxed(real, {"arm": "http://127.0.0.1:1"})


async def test_checking_a_good_connection_finds_nothing_wrong(start: Start) -> None:
    azure = await start()

    result = await checked(azure.session)

    assert set(result.values()) == {None}
    assert "signed in as quarterdeck" in result
    assert any("swap slots" in what for what in result)


async def test_checking_says_what_a_reader_may_not(start: Start) -> None:
    azure = await start()
    azure.world.authorization.assign("*", "/", "reader")

    result = await checked(azure.session)

    missing = {what for what, trouble in result.items() if trouble}
    assert {trouble.code for trouble in result.values() if trouble} == {"forbidden"}
    assert any("swap slots" in what for what in missing)


async def test_checking_a_wrong_subscription_says_so_and_stops(start: Start) -> None:
    azure = await start()
    wrong = replace(
        azure.connection, options={**azure.connection.options, "subscription": "00000000-0000-0000-0000-000000000001"}
    )

    result = await checked(azure.restarted(wrong).session)

    *good, (what, trouble) = result.items()
    assert what.startswith("subscription")
    assert trouble
    assert trouble.code in ("not_found", "forbidden")
    assert len(good) == 1


async def test_checking_without_a_sign_in_says_so_and_stops(start: Start) -> None:
    azure = await start()
    azure.fault(plane="identity", kind="status", status=400, code="invalid_client", message="AADSTS7000215")

    result = await checked(azure.session)

    assert [trouble.code for trouble in result.values() if trouble] == ["unauthenticated"]
    assert len(result) == 1


async def unreachable(azure: Azure) -> Azure:
    options = {**azure.connection.options, "cloud.resource_manager": "https://127.0.0.1:1"}
    return azure.restarted(replace(azure.connection, options=options))


async def test_an_unreachable_cloud_says_where(start: Start) -> None:
    azure = await unreachable(await start())

    result = await checked(azure.session)

    troubles = [trouble for trouble in result.values() if trouble]
    assert [trouble.code for trouble in troubles] == ["unreachable"]
    assert "127.0.0.1:1" in troubles[0].message


@pytest.mark.parametrize("by_key", [False, True])
async def test_checking_a_store(start: Start, by_key: bool) -> None:
    azure = await store_with(start, by_key=by_key)

    assert set((await checked(azure.session)).values()) == {None}


async def test_a_connection_string_that_isnt_one_says_what_it_looks_like() -> None:
    session = opened("azure.app_configuration", connection_string="nonsense")

    troubles = [trouble for trouble in (await checked(session)).values() if trouble]

    await session.close()
    assert troubles
    assert troubles[0].code == "misconfigured"
