"""App Configuration through Microsoft's own SDK over real HTTP."""

from __future__ import annotations

import functools
import operator
from datetime import UTC, datetime

import pytest
from azure.appconfiguration import (
    ConfigurationSetting,
    ConfigurationSettingsFilter,
    FeatureFlagConfigurationSetting,
    ResourceReadOnlyError,
)
from azure.core import MatchConditions
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceModifiedError,
    ResourceNotFoundError,
)
from tests.sandbox.conftest import START, Harbour, Start, answer_of

FLAG = ".appconfig.featureflag/Beta"


async def test_a_setting_reads_back_as_it_was_written(harbour: Harbour) -> None:
    client = await harbour.configuration()
    written = await client.set_configuration_setting(
        ConfigurationSetting(
            key="shop/color",
            label="prod",
            value="blue",
            content_type="text/plain",
            tags={"owner": "web"},
            description="the buttons",
        )
    )
    read = await client.get_configuration_setting("shop/color", "prod")
    assert read is not None
    assert (read.value, read.content_type, read.tags, read.description) == (
        "blue",
        "text/plain",
        {"owner": "web"},
        "the buttons",
    )
    assert read.etag == written.etag
    assert read.last_modified == datetime.fromtimestamp(START, UTC)
    assert not read.read_only


async def test_no_label_and_a_label_are_two_settings(harbour: Harbour) -> None:
    client = await harbour.configuration()
    await client.set_configuration_setting(ConfigurationSetting(key="color", value="grey"))
    await client.set_configuration_setting(ConfigurationSetting(key="color", label="prod", value="blue"))
    plain = await client.get_configuration_setting("color")
    prod = await client.get_configuration_setting("color", "prod")
    assert plain is not None
    assert prod is not None
    assert (plain.value, prod.value) == ("grey", "blue")
    any_label = [item.value async for item in client.list_configuration_settings(key_filter="color")]
    no_label = [item.value async for item in client.list_configuration_settings(key_filter="color", label_filter="\0")]
    assert any_label == ["grey", "blue"]
    assert no_label == ["grey"]
    assert [label.name async for label in client.list_labels()] == [None, "prod"]


async def test_a_stale_write_is_refused_before_the_lock_is_looked_at(harbour: Harbour) -> None:
    client = await harbour.configuration()
    first = await client.set_configuration_setting(ConfigurationSetting(key="color", value="blue"))
    await client.set_configuration_setting(ConfigurationSetting(key="color", value="green"))
    await client.set_read_only(ConfigurationSetting(key="color"))
    first.value = "red"
    with pytest.raises(ResourceModifiedError):
        await client.set_configuration_setting(first, match_condition=MatchConditions.IfNotModified)
    fresh = await client.get_configuration_setting("color")
    assert fresh is not None
    assert fresh.read_only
    with pytest.raises(ResourceReadOnlyError):
        await client.set_configuration_setting(fresh, match_condition=MatchConditions.IfNotModified)
    with pytest.raises(ResourceReadOnlyError):
        await client.delete_configuration_setting("color")
    await client.set_read_only(fresh, False)
    deleted = await client.delete_configuration_setting("color")
    assert deleted is not None
    assert deleted.value == "green"
    assert [exchange.status for exchange in harbour.recorder.exchanges[3:]] == [412, 200, 409, 409, 200, 200]


async def test_a_write_that_changes_nothing_keeps_the_etag(harbour: Harbour) -> None:
    client = await harbour.configuration()
    one = await client.set_configuration_setting(ConfigurationSetting(key="color", value="blue"))
    two = await client.set_configuration_setting(ConfigurationSetting(key="color", value="blue"))
    three = await client.set_configuration_setting(ConfigurationSetting(key="color", value="green"))
    assert one.etag == two.etag != three.etag


async def test_adding_needs_absence_and_replacing_presence(harbour: Harbour) -> None:
    client = await harbour.configuration()
    await client.add_configuration_setting(ConfigurationSetting(key="color", value="blue"))
    with pytest.raises(ResourceExistsError):
        await client.add_configuration_setting(ConfigurationSetting(key="color", value="green"))
    with pytest.raises(ResourceNotFoundError):
        await client.set_configuration_setting(
            ConfigurationSetting(key="shape", value="round", etag="*"), match_condition=MatchConditions.IfPresent
        )
    with pytest.raises(ResourceNotFoundError):
        await client.get_configuration_setting("shape")


async def test_an_unchanged_setting_is_not_sent_again(harbour: Harbour) -> None:
    client = await harbour.configuration()
    written = await client.set_configuration_setting(ConfigurationSetting(key="color", value="blue"))
    again = await client.get_configuration_setting(
        "color", etag=written.etag, match_condition=MatchConditions.IfModified
    )
    assert again is None
    assert harbour.recorder.exchanges[-1].status == 304


async def test_a_long_list_comes_in_pages_of_a_hundred_that_have_their_own_etags(harbour: Harbour) -> None:
    harbour.world.configuration.load([{"key": f"k{number:03}", "value": "v"} for number in range(250)])
    client = await harbour.configuration()
    everything = client.list_configuration_settings(key_filter="k*")
    pages = [[item.key async for item in page] async for page in everything.by_page()]
    assert [len(page) for page in pages] == [100, 100, 50]
    assert functools.reduce(operator.iadd, pages, []) == [f"k{number:03}" for number in range(250)]


async def test_a_revision_and_a_past_moment_can_be_read(harbour: Harbour) -> None:
    client = await harbour.configuration()
    for value in ("one", "two", "three"):
        await client.set_configuration_setting(ConfigurationSetting(key="color", value=value))
        harbour.world.advance(60)
    await client.delete_configuration_setting("color")
    assert [item.value async for item in client.list_revisions("color")] == ["three", "two", "one"]
    then = await client.get_configuration_setting("color", accept_datetime=datetime.fromtimestamp(START + 70, UTC))
    assert then is not None
    assert then.value == "two"
    past = client.list_configuration_settings(accept_datetime=datetime.fromtimestamp(START + 10, UTC))
    assert [item.value async for item in past] == ["one"]


async def test_tags_and_fields_narrow_a_list(harbour: Harbour) -> None:
    client = await harbour.configuration()
    for key, tags in (("a", {"ring": "early", "team": "web"}), ("b", {"ring": "early"}), ("c", {})):
        await client.set_configuration_setting(ConfigurationSetting(key=key, value="v", tags=tags))
    both = client.list_configuration_settings(tags_filter=["ring=early", "team=web"])
    assert [item.key async for item in both] == ["a"]
    selected = [item async for item in client.list_configuration_settings(fields=["key", "etag"])]
    assert [(item.key, item.value) for item in selected] == [("a", None), ("b", None), ("c", None)]


async def test_a_feature_flag_keeps_the_parts_that_the_sdk_does_not_know(harbour: Harbour) -> None:
    client = await harbour.configuration()
    await client.set_configuration_setting(
        FeatureFlagConfigurationSetting("Beta", enabled=False, label="prod", filters=[])
    )
    flag = await client.get_configuration_setting(FLAG, "prod")
    assert isinstance(flag, FeatureFlagConfigurationSetting)
    flag.enabled = True
    await client.set_configuration_setting(flag, match_condition=MatchConditions.IfNotModified)
    stored = harbour.world.configuration.get(FLAG, "prod")
    assert stored is not None
    assert stored.content_type == "application/vnd.microsoft.appconfig.ff+json;charset=utf-8"
    assert '"enabled": true' in (stored.value or "")


async def test_a_snapshot_is_frozen_and_can_be_archived_and_recovered(harbour: Harbour) -> None:
    client = await harbour.configuration()
    for key, value in (("app/a", "1"), ("app/b", "2"), ("other", "3")):
        await client.set_configuration_setting(ConfigurationSetting(key=key, value=value))
    poller = await client.begin_create_snapshot(
        "release-1", [ConfigurationSettingsFilter(key="app/*")], polling_interval=0
    )
    created = await poller.result()
    assert (created.status, created.items_count, created.composition_type) == ("ready", 2, "key")
    await client.set_configuration_setting(ConfigurationSetting(key="app/a", value="changed"))
    frozen = client.list_configuration_settings(snapshot_name="release-1")
    assert [(item.key, item.value) async for item in frozen] == [("app/a", "1"), ("app/b", "2")]
    archived = await client.archive_snapshot("release-1")
    assert archived.expires is not None
    assert [item.name async for item in client.list_snapshots(status=["archived"])] == ["release-1"]
    assert (await client.recover_snapshot("release-1")).expires is None
    await client.archive_snapshot("release-1")
    harbour.world.advance(31 * 24 * 3600)
    with pytest.raises(ResourceNotFoundError):
        await client.get_snapshot("release-1")


async def test_reads_after_writes_carry_the_newest_sync_token(harbour: Harbour) -> None:
    client = await harbour.configuration()
    seen: list[str] = []
    for value in ("one", "two"):
        await client.set_configuration_setting(
            ConfigurationSetting(key="color", value=value),
            raw_response_hook=lambda sent: seen.append(sent.http_response.headers["Sync-Token"]),
        )
    numbers = [int(token.rpartition("sn=")[2]) for token in seen]
    assert numbers == sorted(set(numbers))


async def test_the_wrong_key_and_a_bad_token_are_told_apart_by_the_challenge(harbour: Harbour) -> None:
    harbour.world.configuration.credentials["other"] = "b3RoZXI="
    forged = await harbour.configuration()
    harbour.world.configuration.credentials["sandbox"] = "Y2hhbmdlZA=="
    with pytest.raises(ClientAuthenticationError) as caught:
        await forged.get_configuration_setting("color")
    assert "Invalid Signature" in answer_of(caught).headers["WWW-Authenticate"]
    stranger = await harbour.configuration_by_token("not-a-token")
    with pytest.raises(ClientAuthenticationError) as caught:
        await stranger.get_configuration_setting("color", enforce_https=False)
    assert 'Bearer error="invalid_token"' in answer_of(caught).headers["WWW-Authenticate"]


async def test_a_bearer_token_opens_the_store_as_far_as_its_role_goes(harbour: Harbour) -> None:
    harbour.world.authorization.assign("bo@contoso.example", "", "reader")
    owner = await harbour.configuration_by_token(harbour.token("ana@contoso.example"))
    reader = await harbour.configuration_by_token(harbour.token("bo@contoso.example"))
    await owner.set_configuration_setting(ConfigurationSetting(key="color", value="blue"), enforce_https=False)
    read = await reader.get_configuration_setting("color", enforce_https=False)
    assert read is not None
    assert read.value == "blue"
    with pytest.raises(HttpResponseError) as caught:
        await reader.set_configuration_setting(ConfigurationSetting(key="color", value="red"), enforce_https=False)
    assert caught.value.status_code == 403


async def test_a_malformed_filter_says_where(harbour: Harbour) -> None:
    client = await harbour.configuration()
    with pytest.raises(HttpResponseError) as caught:
        [item async for item in client.list_configuration_settings(key_filter="a*b")]
    assert answer_of(caught).json() == {
        "type": "https://azconfig.io/errors/invalid-argument",
        "title": "Invalid request parameter 'key'",
        "name": "key",
        "detail": "key(2): Invalid character",
        "status": 400,
    }


@pytest.mark.parametrize("version", ["1.0", "2023-10-01", "2023-11-01", "2024-09-01", "2026-04-01"])
async def test_every_api_version_is_served(harbour: Harbour, version: str) -> None:
    client = await harbour.configuration(api_version=version)
    await client.set_configuration_setting(ConfigurationSetting(key="a", value="b"))
    assert [item.key async for item in client.list_configuration_settings()] == ["a"]


async def test_an_unknown_api_version_is_refused(harbour: Harbour) -> None:
    client = await harbour.configuration(api_version="2019-01-01")
    with pytest.raises(HttpResponseError) as caught:
        await client.get_configuration_setting("a")
    assert caught.value.status_code == 400


async def test_what_a_store_dumps_makes_the_same_store_again(start: Start) -> None:
    settings = [
        {"key": "a", "value": "1", "locked": True},
        {"key": "a", "label": "prod", "value": "2", "tags": {"x": "y"}},
    ]
    first = await start({"configuration": settings})
    dumped = first.world.configuration.dump()
    second = await start({"configuration": dumped})
    assert second.world.configuration.dump() == dumped
    item = second.world.configuration.get("a")
    assert item is not None
    assert item.locked


async def test_a_throttled_store_says_in_milliseconds_when_to_come_back(harbour: Harbour) -> None:
    rule = {"kind": "status", "plane": "data", "status": 429, "retry_after": 0.01, "count": 1}
    harbour.running.sandbox.faults.add(rule)
    client = await harbour.configuration()
    with pytest.raises(HttpResponseError) as caught:
        await client.set_configuration_setting(ConfigurationSetting(key="a", value="1"))
    answer = answer_of(caught)
    assert (answer.status_code, answer.headers["retry-after-ms"]) == (429, "10")
    assert answer.headers["Content-Type"].startswith("application/problem+json")
    assert answer.json()["type"] == "https://azconfig.io/errors/too-many-requests"


async def test_a_page_that_has_not_changed_is_skipped_and_the_next_one_is_still_found(harbour: Harbour) -> None:
    client = await harbour.configuration()
    for number in range(120):
        await client.set_configuration_setting(ConfigurationSetting(key=f"p{number:03}", value="1"))
    pages = client.list_configuration_settings(key_filter="p*").by_page()
    etags = [pages.etag async for _ in pages]
    await client.set_configuration_setting(ConfigurationSetting(key="p110", value="2"))
    changed = client.list_configuration_settings(key_filter="p*").by_page(match_conditions=etags)
    assert [[item.key async for item in page] async for page in changed] == [[f"p{n:03}" for n in range(100, 120)]]
