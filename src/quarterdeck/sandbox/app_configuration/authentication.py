"""Who may talk to the store: HMAC-SHA256 signed requests, or bearer tokens.

Signatures are taken over the request target exactly as it was sent: clients differ in how they encode a key.
Dates are read leniently: Microsoft's JavaScript SDK sends RFC 1123, its Python SDK `Nov, 22 2026 22:56:08.587106
GMT` (measured with azure-appconfiguration 1.10.0). Challenges are those of Microsoft's documentation.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from quarterdeck.sandbox.app_configuration.problems import unauthorized
from quarterdeck.sandbox.wire import Request

WINDOW = 15 * 60.0
"""Seconds by which the date of a signed request may be off."""

_PYTHON_SDK_DATE = "%b, %d %Y %H:%M:%S.%f GMT"
_REQUIRED_HEADERS = ("host", "x-ms-content-sha256")
_BAD_TOKEN = 'HMAC-SHA256, Bearer error="invalid_token", error_description="Authorization token failed validation"'  # noqa: S105


def authenticate(request: Request, credentials: Mapping[str, str], now: float) -> None:
    """Let a signed request, or one with a good bearer token, pass.

    Args:
        credentials: access key ids and their base64 secrets.
        now: the real time, in UNIX seconds; clients know no other.

    Raises:
        Refusal: 401 with the challenge that says why.
    """
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "hmac-sha256":
        _check_signature(request, rest, credentials, now)
    elif scheme.lower() == "bearer":
        if not request.principal:
            raise unauthorized(_BAD_TOKEN)
    else:
        raise unauthorized("HMAC-SHA256, Bearer")


def _check_signature(request: Request, parameters: str, credentials: Mapping[str, str], now: float) -> None:
    given = dict(re.findall(r"(Credential|SignedHeaders|Signature)=([^&,\s]*)", parameters))
    if len(given) != 3:
        raise _refused("[Credential][SignedHeaders][Signature] is required")
    secret = credentials.get(given["Credential"])
    if secret is None:
        raise _refused("Invalid Credential")
    signed = [name.lower() for name in given["SignedHeaders"].split(";")]
    missing = [name for name in _REQUIRED_HEADERS if name not in signed]
    if "x-ms-date" not in signed and "date" not in signed:
        missing.append("x-ms-date")
    if missing:
        raise _refused(f"{missing[0]} is required as a signed header")
    for name in signed:
        if name not in request.headers:
            raise _refused(f"Signed request header '{name}' is not provided")
    sent = _date(request.headers.get("x-ms-date") or request.headers.get("date", ""))
    if sent is None:
        raise _refused("Invalid access token date")
    if abs(sent - now) > WINDOW:
        raise _refused("The access token has expired")
    digest = base64.b64encode(hashlib.sha256(request.body).digest()).decode()
    values = ";".join(request.headers[name] for name in signed)
    expected = sign(request.method, request.target, values, secret)
    if request.headers["x-ms-content-sha256"] != digest or not hmac.compare_digest(expected, given["Signature"]):
        raise _refused("Invalid Signature")


def sign(method: str, target: str, signed_values: str, secret: str) -> str:
    """The base64 signature of a request; `signed_values` are its signed headers joined by semicolons."""
    text = f"{method}\n{target}\n{signed_values}"
    return base64.b64encode(hmac.digest(base64.b64decode(secret), text.encode(), "sha256")).decode()


def _date(text: str) -> float | None:
    try:
        return datetime.strptime(text, _PYTHON_SDK_DATE).replace(tzinfo=UTC).timestamp()
    except ValueError:
        pass
    try:
        return parsedate_to_datetime(text).timestamp()
    except ValueError:
        return None


def _refused(reason: str) -> Exception:
    return unauthorized(f'HMAC-SHA256 error="invalid_token" error_description="{reason}", Bearer')
