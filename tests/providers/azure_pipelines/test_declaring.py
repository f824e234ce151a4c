"""What a configuration says of Azure DevOps: how to sign in, and which pipeline is meant."""

from __future__ import annotations

import pytest
from tests.providers.azure_pipelines.conftest import place
from tests.providers.loopback import SECRET, Asked, listening, says, session

from quarterdeck.config.options import flatten
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.pipelines import RunsReading
from quarterdeck.providers.azure_pipelines.schema import DevOpsConnection, PipelineAddress
from quarterdeck.providers.base import ProviderError


async def test_without_a_sign_in_nothing_is_asked_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_USERNAME"):
        monkeypatch.delenv(name, raising=False)
    async with listening(lambda _: says({})) as server:
        of = session("azure_pipelines", url=server.url, credential="environment")
        with pytest.raises(ProviderError) as caught:
            await of.identity()
        await of.close()
    assert caught.value.trouble.code == "unauthenticated"
    assert "az login" in caught.value.trouble.hint
    assert server.asked == []


async def test_a_token_is_the_password_of_nobody() -> None:
    async with listening(lambda _: says({"authenticatedUser": {"id": "1", "providerDisplayName": "ana"}})) as server:
        of = session("azure_pipelines", url=f"{server.url}/contoso", token="${env:TOKEN}")
        assert await of.identity() == "ana"
        await of.close()
    (asked,) = server.asked
    assert (asked.path, asked.headers["authorization"][:6]) == ("/contoso/_apis/connectionData", "Basic ")
    assert SECRET not in asked.headers["authorization"]


@pytest.mark.parametrize("options", [{}, {"token": "${env:TOKEN}", "credential": "cli"}])
def test_one_way_to_sign_in_must_be_given(options: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="either token or credential"):
        DevOpsConnection.model_validate({"url": "https://dev.azure.com/contoso", **options})


@pytest.mark.parametrize(
    ("parts", "says_"),
    [
        ({}, "either pipeline or release_definition"),
        ({"pipeline": "a", "release_definition": "b"}, "either pipeline or release_definition"),
        ({"release_definition": "b", "branch": "main"}, "for YAML pipelines"),
        ({"pipeline": "a?b"}, "pattern"),
    ],
)
def test_an_address_that_makes_no_sense_is_told(parts: dict[str, str], says_: str) -> None:
    with pytest.raises(ValueError, match=says_):
        PipelineAddress.model_validate({"project": "Shop", **parts})


async def test_a_name_that_pipelines_of_two_folders_have_is_told() -> None:
    both = [{"id": n, "name": "deploy", "path": f"\\{folder}"} for n, folder in ((3, "shop"), (4, "bank"))]

    def say(asked: Asked) -> bytes:
        return says({"value": both if asked.path.endswith("/definitions") else []})

    names = ("deploy", "bank\\deploy", "4")
    places = [place(name) for name in names]
    async with listening(say) as server:
        of = session("azure_pipelines", url=f"{server.url}/contoso", token="${env:TOKEN}")
        host = of.capability("pipelines")
        assert host is not None
        seen = [(await host.observe([one]))[one.subject] for one in places]
        await of.close()
    told = seen[0]
    assert isinstance(told, Trouble)
    assert (told.code, told.hint) == ("misconfigured", "write FOLDER\\NAME, or one of 3, 4")
    assert seen[1:] == [RunsReading(()), RunsReading(())]


def test_variable_groups_come_as_a_list(tmp_path: object) -> None:
    from pathlib import Path

    address = PipelineAddress(project="Shop", pipeline="deploy", variable_groups=("a", "b"))
    assert flatten(address, Path())["variable_groups"] == '["a", "b"]'
