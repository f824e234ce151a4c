"""The checker itself: it accepts what Microsoft publishes and finds what is wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.sandbox import conformance

EXAMPLES = Path(__file__).parent / "examples"
PROFILE = (
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/trafficManagerProfiles/p?api-version=2026-09-01"
)
ENDPOINT = PROFILE.replace("?", "/externalEndpoints/e?")


_BODIES = ("parameters", "entity", "siteEnvelope", "containerAppEnvelope", "originUpdateProperties")
"""What the examples call the body of a request."""


def published() -> Iterator[Any]:
    for path in sorted(EXAMPLES.glob("*/*.json")):
        document = json.loads(path.read_text("utf-8"))
        if "operationId" in document:
            yield pytest.param(document, id=path.stem)


@pytest.mark.parametrize("example", published())
def test_a_published_example_satisfies_its_specification(example: dict[str, Any]) -> None:
    operation = next(item for item in conformance.operations() if item.id == example["operationId"])
    given = example["parameters"]
    path = re.sub(r"\{(\w+)\}", lambda part: str(given.get(part[1], "x")), operation.definition["path"])
    bodies = [given.get(name) for name in _BODIES if name in given]
    found = [
        line
        for status, response in example["responses"].items()
        for line in conformance.violations(
            operation.method,
            path,
            int(status),
            response.get("body"),
            request_body=bodies[0] if bodies else None,
            version=given.get("api-version"),
        )
    ]
    # Microsoft's own examples have this one mistake: the documented values are key and key_label.
    assert [line for line in found if "composition_type: 'all'" not in line] == []


def endpoint(**properties: Any) -> dict[str, Any]:
    return {"name": "e", "properties": {"target": "a.example", "weight": 1, **properties}}


def test_a_good_exchange_passes() -> None:
    conformance.check("PUT", ENDPOINT, 201, endpoint(), request_body=endpoint())


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (endpoint(weight="1"), "response $.properties.weight: '1' is not of type 'integer'"),
        (endpoint(endpointStatus="On"), "response $.properties.endpointStatus: 'On' is not one of"),
        (endpoint(wieght=5), "('wieght' was unexpected)"),
        ({"name": "e", "properties": [], "id": 7}, "response $.properties: [] is not of type 'object'"),
        (None, "response: Endpoints_CreateOrUpdate 201 needs a body"),
    ],
)
def test_a_broken_answer_fails(answer: Any, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        conformance.check("PUT", ENDPOINT, 201, answer, request_body=endpoint())
    assert complaint in str(caught.value)


def test_a_missing_required_property_fails() -> None:
    with pytest.raises(AssertionError, match="'value' is a required property"):
        conformance.check("GET", PROFILE.replace("/p?", "?"), 200, {"nextLink": "https://x"})


@pytest.mark.parametrize(
    ("target", "body", "complaint"),
    [
        (ENDPOINT, None, "needs a body"),
        (ENDPOINT, endpoint(priority=1.5), "request $.properties.priority: 1.5 is not of type 'integer'"),
        (ENDPOINT.partition("?")[0] + "?x=1", endpoint(), "has no argument 'x'"),
        (ENDPOINT.partition("?")[0] + "?x=1", endpoint(), "needs the argument 'api-version'"),
    ],
)
def test_a_broken_request_fails(target: str, body: Any, complaint: str) -> None:
    with pytest.raises(AssertionError) as caught:
        conformance.check("PUT", target, 201, endpoint(), request_body=body)
    assert complaint in str(caught.value)


def test_a_status_that_is_not_published_fails() -> None:
    with pytest.raises(AssertionError, match="has no answer 202"):
        conformance.check("GET", PROFILE, 202, {})


def test_a_path_that_is_not_published_fails() -> None:
    with pytest.raises(AssertionError, match="no published operation"):
        conformance.check("GET", "/subscriptions/s/nonsense?api-version=1", 200, {})
