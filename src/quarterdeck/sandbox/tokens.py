"""Access tokens: shaped like Entra's, signed with a secret of this process, good for nothing anywhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Principal:
    """Who signed in. `id` is the object id, `name` the user name of a person or the app id of a program."""

    id: str
    name: str
    person: bool = False


def principal_of(name: str, *, person: bool = False) -> Principal:
    """The principal of a user name or app id; its object id follows from the name, so it is always the same."""
    return Principal(str(uuid.uuid5(uuid.NAMESPACE_URL, name.lower())), name, person)


class InvalidTokenError(Exception):
    """The token is not one of ours, or no longer good."""


class Tokens:
    """Issues and reads tokens. Tokens live in real time: clients judge their age by the machine's clock.

    Args:
        lifetime: seconds a token is good for.
    """

    def __init__(self, tenant: str, lifetime: float = 3600, now: Callable[[], float] = time.time) -> None:
        self.tenant = tenant
        self.lifetime = lifetime
        self._now = now
        self._secret = secrets.token_bytes(32)
        self._not_before = 0.0

    def issue(self, principal: Principal, audience: str, issuer: str) -> str:
        """A new access token."""
        return self._sign(self._claims(principal, audience, issuer))

    def issue_id(self, principal: Principal, client_id: str, issuer: str) -> str:
        """An id token, as sign-ins of people get beside the access token."""
        return self._sign(
            self._claims(principal, client_id, issuer)
            | {"preferred_username": principal.name, "sub": principal.id, "ver": "2.0"}
        )

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token.

        Raises:
            InvalidTokenError: saying whether it is foreign, expired or revoked.
        """
        signed, _, signature = token.rpartition(".")
        if not signed or not hmac.compare_digest(signature, self._signature(signed)):
            raise InvalidTokenError("The access token is invalid: it was not issued here.")
        claims: dict[str, Any] = json.loads(_decode(signed.partition(".")[2]))
        if claims["exp"] <= self._now():
            raise InvalidTokenError("The access token expiry UTC time is earlier than current UTC time.")
        if claims["iat_exact"] < self._not_before:
            raise InvalidTokenError("The access token has been revoked.")
        return claims

    def revoke_all(self) -> None:
        """Make every token issued so far worthless."""
        self._not_before = self._now()

    def _claims(self, principal: Principal, audience: str, issuer: str) -> dict[str, Any]:
        now = self._now()
        claims = {
            "aud": audience,
            "iss": issuer,
            "iat": int(now),
            "iat_exact": now,
            "nbf": int(now),
            "exp": now + self.lifetime,
            "tid": self.tenant,
            "oid": principal.id,
            "sub": principal.id,
            "ver": "1.0",
        }
        if principal.person:
            return claims | {"upn": principal.name, "unique_name": principal.name, "name": principal.name}
        return claims | {"appid": principal.name, "azp": principal.name, "idtyp": "app"}

    def _sign(self, claims: dict[str, Any]) -> str:
        head = _encode(json.dumps({"typ": "JWT", "alg": "HS256"}).encode())
        signed = f"{head}.{_encode(json.dumps(claims | {'exp': int(claims['exp'])}).encode())}"
        return f"{signed}.{self._signature(signed)}"

    def _signature(self, signed: str) -> str:
        return _encode(hmac.new(self._secret, signed.encode("utf-8", "replace"), hashlib.sha256).digest())


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
