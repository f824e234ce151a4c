"""Do requests and answers satisfy Microsoft's published specifications?

The specifications are Swagger 2.0. Their schemas become JSON Schema 2019-09 with three rules of that world applied:

- an optional property may be null unless `x-nullable` forbids it (Microsoft's own validator, oav, reads them so, and
  published examples need it);
- a property that is both required and read-only is not required in a request;
- what a schema does not name is not allowed (`unevaluatedProperties`), so that a misspelt name is found; unless it
  stands at the same place in a published example or in a recording of the live service, which says more than the
  specification does.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from jsonschema import Draft201909Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT201909

ROOT = Path(__file__).parent / "specs"
_TRAFFIC_MANAGER = "trafficmanager/resource-manager/Microsoft.Network"
SPECIFICATIONS = (
    f"{_TRAFFIC_MANAGER}/TrafficManager/stable/2026-09-01/trafficmanager.json",
    f"{_TRAFFIC_MANAGER}/stable/2022-04-01/trafficmanager.json",
    "web/resource-manager/Microsoft.Web/stable/2023-12-01/WebApps.json",
    "resources/resource-manager/Microsoft.Resources/stable/2022-12-01/subscriptions.json",
    "appconfiguration/data-plane/Microsoft.AppConfiguration/stable/2023-11-01/appconfiguration.json",
    "app/containerApps.json",
    "cdn/frontDoor.json",
    "cloudservices/cloudServices.json",
    "cloudservices/vipSwap.json",
    "monitor/alerts.json",
    "monitor/metricAlerts.json",
    "monitor/metrics.json",
    "monitor/scheduledQueryRules.json",
)

EXAMPLES = Path(__file__).parent / "examples"
_AREAS = {
    "trafficmanager": "trafficmanager",
    "web": "web",
    "resources": "",
    "appconfiguration": "appconfiguration",
    "app": "containerapps",
    "cdn": "cdn",
    "cloudservices": "cloudservices",
    "monitor": "monitor",
}
_BODY_NOT_SPECIFIED = frozenset(("WebApps_CreateOneDeployOperation",))
"""Operations that are documented to take a body which their specification leaves out."""


@dataclass(frozen=True)
class Operation:
    """One method of one path in one specification."""

    file: str
    id: str
    version: str
    pattern: re.Pattern[str]
    method: str
    definition: Mapping[str, Any]


def check(
    method: str,
    target: str,
    status: int,
    body: Any = None,
    *,
    request_body: Any = None,
    version: str | None = None,
) -> None:
    """Compare one exchange with its operation.

    Args:
        target: path and query; the query is compared too when there is one.
        body, request_body: JSON data, None for an empty body.
        version: the api-version, when `target` has none. Without a specification of exactly that version the
            newest one counts.

    Raises:
        AssertionError: with every violation.
    """
    found = list(violations(method, target, status, body, request_body=request_body, version=version))
    assert not found, f"{method} {target} -> {status}\n" + "\n".join(f"  {line}" for line in found)


def violations(
    method: str,
    target: str,
    status: int,
    body: Any = None,
    *,
    request_body: Any = None,
    version: str | None = None,
) -> Iterator[str]:
    """What does not agree with the specification, in words."""
    path, _, query = target.partition("?")
    arguments = dict(parse_qsl(query, keep_blank_values=True))
    wanted = version or next((value for name, value in arguments.items() if name.lower() == "api-version"), "")
    operation = find(method, path, wanted)
    if operation is None:
        yield "no published operation has this method and path"
        return
    if query:
        yield from _query(operation, arguments)
    yield from _request(operation, request_body)
    yield from _response(operation, status, body)


def find(method: str, path: str, version: str = "") -> Operation | None:
    """The operation for a method and path: of that version, or else the newest."""
    fitting = [item for item in operations() if item.method == method.lower() and item.pattern.fullmatch(path)]
    # A literal segment beats a named one, as in `/sites/{name}/slots` against `/{type}/{name}`.
    fitting.sort(key=lambda item: (item.version == version, item.version, -item.pattern.groups), reverse=True)
    return fitting[0] if fitting else None


def _query(operation: Operation, arguments: Mapping[str, str]) -> Iterator[str]:
    known = {item["name"].lower(): item for item in _parameters(operation) if item["in"] == "query"}
    for name in arguments:
        if name.lower() not in known:
            yield f"query: {operation.id} has no argument {name!r}"
    for name, item in known.items():
        if item.get("required") and name not in (given.lower() for given in arguments):
            yield f"query: {operation.id} needs the argument {name!r}"


def _request(operation: Operation, body: Any) -> Iterator[str]:
    expected = next((item for item in _parameters(operation) if item["in"] == "body"), None)
    if expected is None:
        if body is not None and operation.id not in _BODY_NOT_SPECIFIED:
            yield f"request: {operation.id} takes no body"
    elif body is not None:
        yield from _errors("request", operation, _where(operation, expected, "schema"), body)
    elif expected.get("required"):
        yield f"request: {operation.id} needs a body"


def _response(operation: Operation, status: int, body: Any) -> Iterator[str]:
    responses = operation.definition["responses"]
    name = str(status)
    if name not in responses:
        name = "default"
        if status < 400 or name not in responses:
            yield f"response: {operation.id} has no answer {status}, only {', '.join(responses)}"
            return
    if "schema" in responses[name]:
        if body is None:
            if status < 400:
                yield f"response: {operation.id} {status} needs a body"
            return
        pointer = f"{_pointer(operation)}/responses/{name}/schema"
        yield from _errors("response", operation, pointer, body)
    elif body is not None:
        yield f"response: {operation.id} {status} has no body"


def _errors(part: str, operation: Operation, pointer: str, value: Any) -> Iterator[str]:
    schema = {"$ref": f"http://{part}/{operation.file}#{pointer}", "unevaluatedProperties": False}
    validator = Draft201909Validator(schema, registry=_registry(part), format_checker=_FORMATS)
    for error in sorted(validator.iter_errors(value), key=lambda error: str(error.json_path)):
        for leaf in _leaves(error):
            if not _is_seen_on_the_wire(leaf, operation.file):
                yield f"{part} {leaf.json_path}: {leaf.message[:300]}"


def _leaves(error: Any) -> Iterator[Any]:
    """The innermost reasons; of an optional value's alternatives, those that are not about null."""
    inner = [leaf for leaf in error.context or () if leaf.schema != _NULL]
    if not inner:
        yield error
    for leaf in inner:
        yield from _leaves(leaf)


def _is_seen_on_the_wire(error: Any, file: str) -> bool:
    if error.validator != "unevaluatedProperties":
        return False
    holder = next((step for step in reversed(error.absolute_path) if isinstance(step, str)), "")
    unknown = re.findall(r"'([^']+)'", error.message)
    known = _published_names(_AREAS[file.partition("/")[0]])
    return all((_holder(holder), name) in known for name in unknown)


@cache
def _published_names(area: str) -> frozenset[tuple[str, str]]:
    """Every name in the examples of an area, with the name of the property that holds it."""
    found: set[tuple[str, str]] = set()

    def gather(node: Any, holder: str) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                found.add((_holder(holder), name))
                gather(value, name)
        elif isinstance(node, list):
            for item in node:
                gather(item, holder)

    for path in sorted((EXAMPLES / area).glob("*.json")) if area else ():
        gather(json.loads(path.read_text("utf-8")), "")
    return frozenset(found)


def _holder(name: str) -> str:
    """A resource stands alone, as the body of an answer, or in a list; that makes no difference."""
    return "" if name in ("body", "value", "items") else name


_NULL = {"type": "null"}
_FORMATS = FormatChecker(formats=())


@_FORMATS.checks("date-time", raises=ValueError)
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value) is not None


@_FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return not isinstance(value, int) or -(2**31) <= value < 2**31


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(_read_operations())


def _read_operations() -> Iterator[Operation]:
    for file in SPECIFICATIONS:
        document = _document(file)
        for path, item in document["paths"].items():
            wide = [name for name in _names_of(path) if name == "key" or _is_wide(item, name)]
            escaped = re.escape(path)
            for name in wide:
                escaped = escaped.replace(re.escape(f"{{{name}}}"), "(.+)")
            pattern = re.sub(r"\\\{[^}]*\\\}", "([^/]+)", escaped)
            for method, definition in item.items():
                if method != "parameters":
                    yield Operation(
                        file,
                        definition["operationId"],
                        document["info"]["version"],
                        re.compile(pattern, re.IGNORECASE),
                        method,
                        {**definition, "path": path},
                    )


def _names_of(path: str) -> list[str]:
    return re.findall(r"\{([^}]*)\}", path)


def _is_wide(item: Mapping[str, Any], name: str) -> bool:
    """Whether the part of a path with this name may hold several segments: an id of a resource goes in as it is."""
    definitions = [definition for method, definition in item.items() if method != "parameters"]
    parameters = [one for definition in definitions for one in definition.get("parameters", ())]
    return any(one.get("name") == name and one.get("x-ms-skip-url-encoding") for one in parameters)


def _parameters(operation: Operation) -> list[Mapping[str, Any]]:
    return [_followed(operation.file, item) for item in operation.definition.get("parameters", ())]


def _followed(file: str, item: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in item:
        other, _, pointer = item["$ref"].partition("#")
        file = _joined(file, other)
        item = _at(_document(file), pointer)
    return item


def _where(operation: Operation, parameter: Mapping[str, Any], part: str) -> str:
    for number, item in enumerate(operation.definition["parameters"]):
        if item is parameter:
            return f"{_pointer(operation)}/parameters/{number}/{part}"
    raise LookupError(f"{operation.id} has its body parameter in another file")


def _pointer(operation: Operation) -> str:
    path = operation.definition["path"].replace("~", "~0").replace("/", "~1")
    return f"/paths/{path.replace('{', '%7B').replace('}', '%7D').replace('$', '%24')}/{operation.method}"


@cache
def _document(file: str) -> Any:
    return json.loads((ROOT / file).read_text("utf-8"))


def _joined(file: str, other: str) -> str:
    if not other:
        return file
    return str((ROOT / file).parent.joinpath(other).resolve().relative_to(ROOT))


def _at(document: Any, pointer: str) -> Any:
    for part in pointer.strip("/").split("/"):
        document = document[part.replace("~1", "/").replace("~0", "~")]
    return document


@cache
def _registry(part: str) -> Registry[Any]:
    """All documents, with their subschemas found once and for all: a registry that fills itself would look for them
    again at every reference, because registries don't change."""
    resources = (
        (f"http://{part}/{file}", _resource(file, part))
        for file in (str(path.relative_to(ROOT)) for path in sorted(ROOT.rglob("*.json")))
    )
    return Registry().with_resources(resources).crawl()


def _resource(file: str, part: str) -> Resource[Any]:
    contents = _strict(_document(file), file, part == "request")
    return Resource.from_contents(contents, default_specification=DRAFT201909)


def _strict(node: Any, file: str, is_request: bool) -> Any:
    """The same document with the three rules of the module's docstring applied to every schema in it."""
    if isinstance(node, list):
        return [_strict(item, file, is_request) for item in node]
    if not isinstance(node, dict):
        return node
    result = {
        name: _strict(value, file, is_request)
        for name, value in node.items()
        if name not in ("example", "x-ms-examples")
    }
    properties = node.get("properties")
    if isinstance(properties, dict) and all(isinstance(value, dict) for value in properties.values()):
        required = set(node.get("required", ()))
        result["properties"] = {
            name: _use(_strict(value, file, is_request), value, file, optional=name not in required)
            for name, value in properties.items()
        }
        if is_request and required:
            result["required"] = [name for name in sorted(required) if not properties.get(name, {}).get("readOnly")]
    for name in ("items", "additionalProperties"):
        if isinstance(node.get(name), dict) and "type" in node:
            result[name] = _use(result[name], node[name], file, optional=False)
    return result


def _use(strict: dict[str, Any], schema: Mapping[str, Any], file: str, *, optional: bool) -> dict[str, Any]:
    used = {**strict, "unevaluatedProperties": False} if _names_properties(schema, file) else strict
    if schema.get("x-nullable", optional):
        return {"anyOf": [used, _NULL]}
    return used


def _names_properties(schema: Mapping[str, Any], file: str) -> bool:
    """Whether a schema says what properties there are; one that does not allows any."""
    if "$ref" in schema:
        other, _, pointer = schema["$ref"].partition("#")
        target = _joined(file, other)
        return _names_properties(_at(_document(target), pointer), target)
    return bool(schema.get("properties")) or any(_names_properties(item, file) for item in schema.get("allOf", ()))
