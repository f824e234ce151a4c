"""Resource Graph through Microsoft's own SDK over real HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.core.exceptions import HttpResponseError
from azure.mgmt.resourcegraph.models import QueryRequest, QueryRequestOptions
from tests.sandbox.conftest import Harbour, Start, answer_of

SLOTS = (
    "Resources | where type in~ ('microsoft.web/sites', 'microsoft.web/sites/slots')"
    " | project id, name, host=properties.defaultHostName, state=properties.state | order by id asc"
)
EXAMPLES = Path(__file__).parent / "examples" / "resourcegraph"


def asking(query: str, harbour: Harbour, **options: Any) -> QueryRequest:
    return QueryRequest(
        subscriptions=[harbour.world.subscription],
        query=query,
        options=QueryRequestOptions(result_format="objectArray", **options),
    )


async def test_sites_and_slots_come_in_one_query(harbour: Harbour) -> None:
    client = await harbour.resource_graph()
    answer = await client.resources(asking(SLOTS, harbour))
    assert [(row["name"], row["host"], row["state"]) for row in answer.data] == [
        ("checkout-neu", "checkout-neu.azurewebsites.net", "Running"),
        ("checkout-neu/staging", "checkout-neu-staging.azurewebsites.net", "Running"),
        ("checkout-weu", "checkout-weu.azurewebsites.net", "Running"),
        ("checkout-weu/staging", "checkout-weu-staging.azurewebsites.net", "Running"),
    ]
    assert (answer.total_records, answer.count, answer.result_truncated) == (4, 4, "false")


async def test_a_thousand_sites_with_slots_come_in_two_pages(start: Start) -> None:
    harbour = await start(
        {
            "builds": [{"version": "1"}],
            "sites": [
                {
                    "group": "shop",
                    "name": f"site-{number:04}",
                    "location": "westeurope",
                    "slots": {"production": {"build": "1"}, "staging": {"build": "1"}},
                }
                for number in range(1000)
            ],
        }
    )
    client = await harbour.resource_graph()
    first = await client.resources(asking(SLOTS, harbour))
    second = await client.resources(asking(SLOTS, harbour, skip_token=first.skip_token))
    names = [row["name"] for row in (*first.data, *second.data)]
    assert (first.total_records, first.count, first.result_truncated) == (2000, 1000, "true")
    assert (second.count, second.skip_token, second.result_truncated) == (1000, None, "false")
    assert len(set(names)) == 2000


async def test_without_ids_what_is_beyond_a_page_is_lost(harbour: Harbour) -> None:
    client = await harbour.resource_graph()
    answer = await client.resources(asking("Resources | project name", harbour, top=1))
    assert (answer.count, answer.result_truncated, answer.skip_token) == (1, "true", None)


async def test_only_what_the_caller_may_read_is_found(harbour: Harbour) -> None:
    scope = (
        f"/subscriptions/{harbour.world.subscription}/resourceGroups/shop/providers/Microsoft.Web/sites/checkout-neu"
    )
    harbour.world.authorization.assign("bo@contoso.example", "", "none")
    harbour.world.authorization.assign("bo@contoso.example", scope, "reader")
    client = await harbour.resource_graph("bo@contoso.example")
    answer = await client.resources(asking("Resources | project id, name", harbour))
    assert [row["name"] for row in answer.data] == ["checkout-neu", "checkout-neu/staging"]


async def test_profiles_show_their_endpoints(start: Start) -> None:
    harbour = await start(
        {
            "profiles": [
                {
                    "id": "/subscriptions/{subscription}/resourceGroups/shop/providers"
                    "/Microsoft.Network/trafficManagerProfiles/front",
                    "properties": {
                        "trafficRoutingMethod": "Weighted",
                        "dnsConfig": {"relativeName": "front", "ttl": 30},
                        "endpoints": [
                            {"name": "blue", "type": "externalEndpoints", "properties": {"target": "b.example"}}
                        ],
                    },
                }
            ],
        }
    )
    client = await harbour.resource_graph()
    query = (
        "Resources | where type =~ 'Microsoft.Network/trafficManagerProfiles'"
        " | project id, first=properties.endpoints[0].properties.endpointMonitorStatus"
    )
    answer = await client.resources(asking(query, harbour))
    assert [row["first"] for row in answer.data] == ["Online"]
    containers = await client.resources(asking("ResourceContainers | project id, name | order by name asc", harbour))
    assert [row["name"] for row in containers.data] == ["Quarterdeck sandbox", "shop"]


async def test_the_published_queries_are_answered_in_the_published_shape(harbour: Harbour) -> None:
    client = await harbour.resource_graph()
    for name in ("Resources_Basic.json", "Resources_Properties.json"):
        example = json.loads((EXAMPLES / name).read_text())
        published = example["responses"]["200"]["body"]
        answer = await client.resources(asking(example["parameters"]["query"]["query"], harbour))
        assert set(answer.serialize(keep_readonly=True)) == set(published)
        assert isinstance(answer.result_truncated, str)
        if answer.data:
            assert set(answer.data[0]) == set(published["data"][0])


@pytest.mark.parametrize(
    ("query", "token"),
    [
        ("Resources | parse id with *", "parse"),
        ("Resources | where type == 'a' or", ""),
        ("Resources | project nonsense", "nonsense"),
        ("Resources | where strcat(name, 'x') == 'y'", "strcat"),
        ("Nothing | limit 1", "nothing"),
        ("Resources | where name == #", "#"),
    ],
)
async def test_a_query_beyond_the_sandbox_is_refused_as_the_service_refuses(
    harbour: Harbour, query: str, token: str
) -> None:
    client = await harbour.resource_graph()
    with pytest.raises(HttpResponseError) as caught:
        await client.resources(asking(query, harbour))
    assert caught.value.status_code == 400
    error = answer_of(caught).json()["error"]
    assert error["code"] == "BadRequest"
    assert error["details"][0]["code"] == "InvalidQuery"
    assert error["details"][1]["token"] == token
    assert "In this sandbox" in error["details"][1]["message"]


async def test_a_table_has_typed_columns_and_bare_rows(harbour: Harbour) -> None:
    client = await harbour.resource_graph()
    query = "resources | where type =~ 'microsoft.web/sites' | project name, properties.httpsOnly, tags | order by name"
    asked = asking(query, harbour)
    asked.options = QueryRequestOptions(result_format="table")
    answer = await client.resources(asked)
    assert answer.data == {
        "columns": [
            {"name": "name", "type": "string"},
            {"name": "properties_httpsOnly", "type": "boolean"},
            {"name": "tags", "type": "object"},
        ],
        "rows": [["checkout-weu", True, {}], ["checkout-neu", True, {}]],
    }


@pytest.mark.parametrize(
    "body",
    [
        {"query": "resources", "options": "all"},
        {"query": "resources", "options": [1]},
        {"query": "resources", "options": {"resultFormat": "xml"}},
        {"query": f"resources | where {'(' * 5000}1 == 1{')' * 5000}"},
        {"query": f"resources | where {' and '.join(['1 == 1'] * 5000)}"},
    ],
    ids=["options-text", "options-list", "format", "parentheses", "conditions"],
)
async def test_what_cannot_be_answered_is_refused_in_the_services_envelope(
    harbour: Harbour, body: dict[str, Any]
) -> None:
    async with httpx.AsyncClient(base_url=harbour.url) as client:
        answer = await client.post(
            "/providers/Microsoft.ResourceGraph/resources",
            params={"api-version": "2021-03-01"},
            headers={"Authorization": f"Bearer {harbour.token()}"},
            json=body,
        )
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["code"] == "InvalidQuery"
