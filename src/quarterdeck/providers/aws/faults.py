"""Whatever goes wrong between us and AWS, as one clean line and the right kind of doubt.

Exceptions of botocore hold requests and answers. None of that leaves this module: the errors raised here are made anew
and carry no cause. Error codes are those of the services' API references, section "Common Errors", and of each
operation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as botocore  # type: ignore[import-untyped]
from botocore.parsers import ResponseParserError  # type: ignore[import-untyped]

from quarterdeck.fleet.observation import Trouble, TroubleCode
from quarterdeck.fleet.text import clean as printable
from quarterdeck.providers.base import InDoubt, ProviderError, Refused

SIGN_IN = "sign in again (`aws sso login`, fresh keys), or name the right `profile`"

_KINDS: Mapping[TroubleCode, str] = {
    "throttled": """
        Throttling ThrottlingException ThrottledException RequestLimitExceeded RequestThrottled
        RequestThrottledException TooManyRequestsException SlowDown BandwidthLimitExceeded""",
    "unauthenticated": """
        ExpiredToken ExpiredTokenException RequestExpired InvalidClientTokenId UnrecognizedClientException AuthFailure
        SignatureDoesNotMatch IncompleteSignature MissingAuthenticationToken InvalidSignatureException
        MissingAuthenticationTokenException InvalidAccessKeyId""",
    "forbidden": "AccessDenied AccessDeniedException UnauthorizedOperation OptInRequired NotAuthorized",
    "not_found": """
        ListenerNotFound RuleNotFound LoadBalancerNotFound TargetGroupNotFound NoSuchHostedZone NoSuchHealthCheck
        NoSuchChange NoSuchEntity""",
}
_BY_STATUS: Mapping[int, TroubleCode] = {
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    429: "throttled",
}
_BY_CODE: Mapping[str, TroubleCode] = {code: kind for kind, codes in _KINDS.items() for code in codes.split()}
_SECRETS = (
    (re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{12,}\b"), "(access key)"),
    (re.compile(r"(?i)\b(x-amz-[a-z-]+|signature|credential|secret\w*|token)\s*[=:]\s*[^\s;&,\"']+"), r"\1=(hidden)"),
    (re.compile(r"(https?://[^\s?\"']+)\?[^\s\"']*"), r"\1"),
)
_PREFIXES = {"elbv2": "elasticloadbalancing"}
"""Of actions in a policy, where they aren't botocore's name of the service."""

_NAMES = {"elbv2": "Elastic Load Balancing", "route53": "Route 53", "sts": "AWS STS", "iam": "AWS IAM"}

_UNSENT = (
    botocore.EndpointConnectionError,
    botocore.ConnectTimeoutError,
    botocore.ProxyConnectionError,
    botocore.ParamValidationError,
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.ProfileNotFound,
    botocore.SSOError,
)
"""botocore raises these before a request has left."""

_CREDENTIALS = (
    botocore.NoCredentialsError,
    botocore.PartialCredentialsError,
    botocore.CredentialRetrievalError,
    botocore.SSOError,
    botocore.TokenRetrievalError,
)
_NOT_UNDERSTOOD = (ValueError, TypeError, KeyError, AttributeError, IndexError, ResponseParserError)


@contextmanager
def reading(service: str) -> Iterator[None]:
    """Turn whatever a read raises into a ProviderError."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        trouble = trouble_of(error, service)
        raise ProviderError(trouble.code, trouble.message, trouble.hint) from None


@contextmanager
def writing(service: str) -> Iterator[None]:
    """Turn whatever a write raises into Refused (surely nothing happened) or InDoubt (it may have)."""
    try:
        yield
    except ProviderError:
        raise
    except Exception as error:
        trouble = trouble_of(error, service)
        kind = Refused if surely_nothing_happened(error) else InDoubt
        raise kind(trouble.code, trouble.message, trouble.hint) from None


def surely_nothing_happened(error: BaseException) -> bool:
    """Whether a write that ended so can't have had an effect: an answer of 4xx other than 408, or nothing was sent.

    Throttling is one of them: a service that says so hasn't begun (AWS General Reference, "Error retries").
    """
    if isinstance(error, botocore.ClientError):
        return 400 <= _status(error) < 500 and _status(error) != 408
    return isinstance(error, _UNSENT)


def trouble_of(error: BaseException, service: str) -> Trouble:
    """What to tell people about an exception of botocore. `service` is botocore's name of the one that was asked."""
    if isinstance(error, botocore.ClientError):
        return _answered(error, "sts" if error.operation_name == "AssumeRole" else service)
    service = _NAMES.get(service, service)
    if isinstance(error, botocore.ProfileNotFound):
        return Trouble("misconfigured", clean(str(error)), "check `profile`: `aws configure list-profiles`")
    if isinstance(error, _CREDENTIALS):
        return Trouble("unauthenticated", f"not signed in to AWS: {clean(str(error))}", SIGN_IN)
    if isinstance(error, (botocore.ConnectTimeoutError, botocore.ReadTimeoutError)):
        return Trouble("timeout", f"{service} doesn't answer in time")
    if isinstance(error, botocore.SSLError):
        return Trouble("tls", f"{service}: {clean(str(error))}", "check ca_file, and the clock")
    if isinstance(error, (botocore.HTTPClientError, botocore.ConnectionError, OSError)):
        return Trouble("unreachable", f"can't reach {service}: {clean(str(error))}", "check the network and the region")
    if isinstance(error, (botocore.ParamValidationError, botocore.NoRegionError)):
        return Trouble("misconfigured", clean(str(error)))
    if isinstance(error, _NOT_UNDERSTOOD):
        hint = "a proxy or a sign-in page may stand in between"
        return Trouble("garbage", f"{service} gave an answer that can't be understood ({type(error).__name__})", hint)
    return Trouble("provider_error", f"{service}: {type(error).__name__}: {clean(str(error))}")


def clean(text: str) -> str:
    """One line that can be shown: nothing invisible, no key, no signature, not endless."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return printable(text, 300)


def _answered(error: Any, service: str) -> Trouble:
    """About an answer that says no."""
    about = error.response.get("Error", {})
    code, said = str(about.get("Code") or ""), clean(str(about.get("Message") or ""))
    status, operation = _status(error), str(error.operation_name)
    action = f"{_PREFIXES.get(service, service)}:{operation}"
    service = _NAMES.get(service, service)
    told = f"{service}: {said or clean(code) or f'HTTP {status}'}"
    kind = _BY_CODE.get(code) or _BY_STATUS.get(status, "provider_error")
    if kind == "throttled":
        return Trouble(kind, f"{told} ({operation})", "AWS limits the requests of an account: ask less often")
    if kind == "unauthenticated":
        return Trouble(kind, f"not signed in to AWS: {clean(code)}: {said}", SIGN_IN)
    if kind == "forbidden":
        return Trouble(kind, told, f"a policy has to allow {action}")
    if kind == "not_found":
        return Trouble(kind, told, "check the address, its region and its account")
    if code == "InvalidChangeBatch":
        return Trouble(kind, told, "plan again: somebody changed these records, or protects them")
    return Trouble(kind, f"{told} ({operation})", "" if code and code != str(status) else "is that AWS?")


def _status(error: Any) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
