"""The headers that prove who we are."""

from __future__ import annotations

import base64

from pydantic import SecretStr

from quarterdeck.providers.base import SessionContext
from quarterdeck.providers.http.schema import Access


class Credential:
    """What a connection's options amount to: a header, and the texts that must never be told."""

    def __init__(self, access: Access, context: SessionContext) -> None:
        """Raises ProviderError if a secret can't be had."""
        self.headers: dict[str, str] = {}
        self.secrets: tuple[str, ...] = ()
        self.who = ""
        if access.bearer_token is not None:
            token = revealed(access.bearer_token, context)
            self.headers["Authorization"] = f"Bearer {token}"
            self.secrets = (token,)
            self.who = "whoever the bearer token is of"
        if access.username is not None and access.password is not None:
            password = revealed(access.password, context)
            pair = base64.b64encode(f"{access.username}:{password}".encode()).decode()
            self.headers["Authorization"] = f"Basic {pair}"
            self.secrets = (password, pair)
            self.who = access.username


def revealed(reference: SecretStr, context: SessionContext) -> str:
    """The secret behind a reference, without the line break that files end with. Raises ProviderError."""
    return context.secret(reference.get_secret_value()).strip()
