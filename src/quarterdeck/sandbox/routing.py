"""Finding the route that answers a path."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from quarterdeck.sandbox.wire import Route


@dataclass(frozen=True, slots=True)
class Match:
    """A route and the values of its `{name}` parts."""

    route: Route
    parameters: Mapping[str, str]


class Router:
    """Matches raw paths against templates: literals without letter case, the most literal template first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._fixed: dict[tuple[str, int], list[tuple[Route, list[str]]]] = defaultdict(list)
        self._open: dict[str, list[tuple[Route, list[str]]]] = defaultdict(list)
        for route in routes:
            parts = _segments(route.template)
            entry = (route, parts)
            if parts and parts[-1].endswith("+}"):
                self._open[route.method].append(entry)
            else:
                self._fixed[(route.method, len(parts))].append(entry)
        for entries in (*self._fixed.values(), *self._open.values()):
            entries.sort(key=lambda entry: [_is_name(part) for part in entry[1]])

    def match(self, method: str, path: str) -> Match | None:
        """The route for a raw (percent-encoded) path, or None."""
        given = _segments(path)
        for route, parts in self._fixed.get((method, len(given)), ()):
            parameters = _bind(parts, given)
            if parameters is not None:
                return Match(route, parameters)
        for route, parts in self._open.get(method, ()):
            head, rest = _head_and_rest(path, len(parts) - 1)
            parameters = _bind(parts[:-1], head) if rest else None
            if parameters is not None:
                parameters[parts[-1][1:-2]] = unquote(rest)
                return Match(route, parameters)
        return None


def _segments(path: str) -> list[str]:
    return path.strip("/").split("/") if path.strip("/") else []


def _head_and_rest(path: str, length: int) -> tuple[list[str], str]:
    """The first segments, and all that comes after them with every slash in its place."""
    *head, rest = path.removeprefix("/").split("/", length)
    return (head, rest) if len(head) == length else ([], "")


def _is_name(part: str) -> bool:
    return part.startswith("{")


def _bind(parts: list[str], given: list[str]) -> dict[str, str] | None:
    parameters: dict[str, str] = {}
    for part, value in zip(parts, given, strict=True):
        if _is_name(part):
            parameters[part[1:-1]] = unquote(value)
        elif part.lower() != unquote(value).lower():
            return None
    return parameters
