"""Whatever goes wrong between us and Azure, as one clean line and the right kind of doubt.

Exceptions of the SDKs hold requests, answers and signed URLs. None of that leaves this module: the errors raised
here are made anew and carry no cause.
"""

from __future__ import annotations

import asyncio
import json
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import aiohttp
from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    DecodeError,
    HttpResponseError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceRequestTimeoutError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)

from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.text import clean as printable
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

_LONGEST = 300
_SECRETS = (
    (re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*"), r"\1"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)*"), "(token)"),
    (re.compile(r"(?i)\b(secret|signature|sig|password|access_token)=[^\s;&\"']+"), r"\1=(hidden)"),
)
_NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError, IndexError)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever a read raises into a ProviderError. `what` is read, in an operator's words."""
    try:
        yield
    except (ProviderError, asyncio.CancelledError):
        raise
    except Exception as error:
        trouble = trouble_of(error)
        message = trouble.message if trouble.message.startswith(what) else f"{what}: {trouble.message}"
        raise ProviderError(trouble.code, message, trouble.hint) from None


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn whatever a write raises into Refused (surely nothing happened) or InDoubt (it may have)."""
    try:
        yield
    except (ProviderError, asyncio.CancelledError):
        raise
    except Exception as error:
        trouble = trouble_of(error)
        kind = Refused if surely_nothing_happened(error) else InDoubt
        raise kind(trouble.code, f"{what}: {trouble.message}", trouble.hint) from None


def surely_nothing_happened(error: BaseException) -> bool:
    """Whether a write that ended with this error can't have had an effect.

    A refusal is an answer of 4xx other than 408; a connection that was never made sent nothing. Everything else
    may have happened: 504 means that the provider was too slow to say, and a dropped connection is raised as
    ServiceRequestError although the request was sent (measured with azure-core 1.41).
    """
    if isinstance(error, ClientAuthenticationError):
        return True
    status = _status(error)
    if status:
        return 400 <= status < 500 and status != 408
    return _was_never_connected(error)


def trouble_of(error: BaseException) -> Trouble:
    """What to tell people about an exception of an SDK or of the transport."""
    status = _status(error)
    if isinstance(error, (DecodeError, IncompleteReadError)):
        return Trouble("garbage", clean(_garbled(error)), "a proxy or a sign-in page may stand in between")
    if isinstance(error, ClientAuthenticationError) and status != 401:
        return Trouble("unauthenticated", f"not signed in: {clean(_first_line(error))}", "sign in again: az login")
    if status:
        return _answered(status, error)
    if isinstance(error, AzureError):
        return _not_answered(error)
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return Trouble("timeout", "no answer in time")
    if isinstance(error, (aiohttp.ClientError, OSError)):
        return _broken_line(error)
    if isinstance(error, _NOT_UNDERSTOOD) or type(error).__name__ == "DeserializationError":
        return Trouble("garbage", f"an answer that can't be understood ({type(error).__name__})")
    return Trouble("provider_error", f"{type(error).__name__}: {clean(str(error))}")


def clean(text: str) -> str:
    """One line that can be shown: nothing invisible, no signed URL, no token, not endless."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return printable(text, _LONGEST)


def said(error: HttpResponseError) -> tuple[str, str]:
    """The code and message in an error's body: ARM's envelope, App Service's own (`Code`, `Message` at top level,
    which the SDK doesn't read), App Configuration's problem details; ("", "") if it says neither."""
    return _code_and_message(_body(error))


def in_app_service_words(error: HttpResponseError) -> bool:
    """Whether an error is App Service's own and not one of ARM or of something in between."""
    body = _body(error)
    return isinstance(body, Mapping) and "Code" in body


def _body(error: HttpResponseError) -> Any:
    try:
        return json.loads(error.response.text()) if error.response is not None else None
    except Exception:  # an error's body can be anything, half of it or none: then it says nothing
        return None


def _code_and_message(body: Any) -> tuple[str, str]:
    if not isinstance(body, Mapping):
        return "", ""
    fields = {str(key).lower(): value for key, value in body.items()}
    if isinstance(fields.get("error"), Mapping):
        return _code_and_message(fields["error"])
    code = fields.get("code") or fields.get("error") or ""
    message = fields.get("message") or fields.get("detail") or fields.get("title") or ""
    return str(code), str(message or fields.get("error_description") or "")


def _answered(status: int, error: BaseException) -> Trouble:
    code, message = said(error) if isinstance(error, HttpResponseError) else ("", "")
    text = clean(message) or f"answered {status}"
    match status:
        case 300 | 301 | 302 | 303 | 307 | 308:
            return Trouble("garbage", f"answered {status}, a redirect", "a proxy or sign-in page stands in between")
        case 401:
            return Trouble("unauthenticated", f"not accepted: {text}", _sign_in_hint(error, code))
        case 403:
            return Trouble("forbidden", text, "ask for the role that allows this, or use another credential")
        case 404:
            return Trouble("not_found", text, _not_found_hint(code))
        case 408 | 504:
            return Trouble("timeout", text if message else f"answered {status}: too slow")
        case 409:
            return Trouble("provider_error", text, _conflict_hint(text))
        case 412:
            return Trouble("provider_error", "somebody else changed it in the meantime", "read it again, then decide")
        case 429:
            return Trouble("throttled", text, _throttle_hint(error, code))
        case _:
            return Trouble("provider_error", f"{text} ({status})" if message else text)


def _sign_in_hint(error: BaseException, code: str) -> str:
    challenge = _header(error, "WWW-Authenticate").lower()
    if "insufficient_claims" in challenge:
        return "the sign-in was revoked or needs more proof: sign in again"
    if "expired" in code.lower():
        return "the token has expired: sign in again"
    if "wrong issuer" in challenge or "InvalidAuthenticationTokenTenant" in code:
        return "the token is of another tenant: set tenant"
    return "sign in again: az login"


def _not_found_hint(code: str) -> str:
    return {
        "SubscriptionNotFound": "check subscription, and that this credential can see it",
        "InvalidSubscriptionId": "subscription is not an id",
        "ResourceGroupNotFound": "check resource_group and subscription",
    }.get(code, "check the names in the configuration")


def _conflict_hint(text: str) -> str:
    lowered = text.lower()
    if "operation" in lowered and "in progress" in lowered:
        return "wait for it to end, then look again"
    if "prepared for swap" in lowered:
        return "a swap preview is pending: complete or cancel it first"
    if "read-only" in lowered or "locked" in lowered:
        return "it is locked: unlock it first"
    return ""


def _throttle_hint(error: BaseException, code: str) -> str:
    if code == "RetryableErrorDueToAnotherOperation":
        return "another operation holds it: wait, then try again"
    wait = _header(error, "Retry-After")
    return f"try again in {wait} s" if wait.isdigit() else "try again in a while"


def _not_answered(error: AzureError) -> Trouble:
    inner = error.inner_exception
    if isinstance(error, (ServiceRequestTimeoutError, ServiceResponseTimeoutError)):
        return Trouble("timeout", "no answer in time")
    if inner is not None and inner is not error:
        return _broken_line(inner)
    if isinstance(error, (ServiceRequestError, ServiceResponseError)):
        return Trouble("unreachable", clean(_first_line(error)))
    return Trouble("provider_error", clean(_first_line(error)))


def _broken_line(error: BaseException) -> Trouble:
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.SSLError, aiohttp.ClientSSLError)):
        return Trouble(
            "tls",
            f"the server's certificate or TLS isn't trusted: {clean(_first_line(error))}",
            "if the cloud has its own certificate authority, name it with ca_file",
        )
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return Trouble("unreachable", f"{error.host} has no address (DNS)", "check the name, the network, the VPN")
    if isinstance(error, aiohttp.ClientConnectorError):
        return Trouble("unreachable", f"can't connect to {error.host}:{error.port}", "check the network, the VPN")
    if isinstance(error, (asyncio.TimeoutError, TimeoutError)):
        return Trouble("timeout", "no answer in time")
    if isinstance(error, aiohttp.ClientPayloadError):
        return Trouble("garbage", "the answer broke off half-way")
    return Trouble("unreachable", f"the connection broke: {clean(_first_line(error)) or type(error).__name__}")


def _was_never_connected(error: BaseException) -> bool:
    inner = error.inner_exception if isinstance(error, AzureError) else error
    return isinstance(inner, (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError))


def _garbled(error: BaseException) -> str:
    if isinstance(error, IncompleteReadError):
        return "the answer broke off half-way"
    text = _first_line(error)
    return text if "web page" in text else "an answer that isn't JSON"


def _first_line(error: BaseException) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), "")


def _status(error: BaseException) -> int:
    """The status code of an answer that said no; 0 when there was none or it said yes (and was garbled)."""
    status = getattr(error, "status_code", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    return status if isinstance(status, int) and status >= 300 else 0


def _header(error: BaseException, name: str) -> str:
    response = getattr(error, "response", None)
    return str(response.headers.get(name, "")) if response is not None else ""
