"""Refusals as App Configuration writes them: problem+json, or no body at all where the documentation shows none."""

from __future__ import annotations

from collections.abc import Mapping

from quarterdeck.sandbox.wire import Refusal

_CONTENT_TYPE = {"Content-Type": "application/problem+json; charset=utf-8"}
_ERRORS = "https://azconfig.io/errors/"


def bare(status: int, headers: Mapping[str, str] | None = None) -> Refusal:
    """404, 304 and 412 have no body."""
    return Refusal(status, "", "", headers, body=b"")


def invalid_argument(name: str, detail: str) -> Refusal:
    """400: a parameter or field is wrong."""
    return _problem(
        400,
        "invalid-argument",
        {"title": f"Invalid request parameter '{name}'", "name": name, "detail": detail},
    )


def unsupported_version(detail: str) -> Refusal:
    """400: api-version is missing or unknown."""
    return _problem(
        400,
        "invalid-argument",
        {"title": "API version is not supported", "name": "api-version", "detail": detail},
    )


def key_locked(key: str) -> Refusal:
    """409: read-only. The spelling of the title is the service's."""
    return _problem(
        409,
        "key-locked",
        {
            "title": f"Modifing key '{key}' is not allowed",
            "name": key,
            "detail": "The key is read-only. To allow modification unlock it first.",
        },
    )


def already_exists() -> Refusal:
    """409: a snapshot of that name is there."""
    return _problem(409, "already-exists", {"title": "The resource already exists.", "detail": ""})


def invalid_state() -> Refusal:
    """409: a snapshot is neither ready nor archived."""
    return _problem(
        409,
        "invalid-state",
        {
            "title": "Target resource state invalid.",
            "detail": "The target resource is not in a valid state to perform the requested operation.",
        },
    )


def forbidden() -> Refusal:
    """403: known, but without the data role."""
    return _problem(
        403,
        "forbidden",
        {"title": "Access denied", "detail": "The principal lacks the permission for this operation."},
    )


def unauthorized(challenge: str) -> Refusal:
    """401; why stands in the challenge only."""
    return Refusal(401, "", "", {"WWW-Authenticate": challenge}, body=b"")


def _problem(status: int, kind: str, facts: dict[str, str]) -> Refusal:
    body = {"type": _ERRORS + kind, **facts, "status": status}
    return Refusal(status, kind, facts["title"], _CONTENT_TYPE, body)
