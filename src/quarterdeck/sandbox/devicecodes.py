"""Device codes on their way to being granted."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from quarterdeck.sandbox.wire import Refusal

DEMO_USER = "ana@contoso.example"
"""Who signs in when nobody says otherwise."""


@dataclass(slots=True)
class PendingCode:
    """One sign-in that waits for a person. `user` is set once it is granted; `polls` counts the asking."""

    device_code: str
    user_code: str
    client_id: str
    scope: str
    user: str = ""
    denied: bool = False
    polls: int = 0


class DeviceCodes:
    """Codes by device code.

    Args:
        patience: after so many polls a code is granted to the demo user by itself; 0 waits for the control
            interface.
    """

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self._codes: dict[str, PendingCode] = {}

    def begin(self, client_id: str, scope: str) -> PendingCode:
        """A new code."""
        alphabet = "BCDFGHJKLMNPQRSTVWXYZ23456789"
        user_code = "".join(secrets.choice(alphabet) for _ in range(9))
        pending = PendingCode(secrets.token_urlsafe(48), user_code, client_id, scope)
        self._codes[pending.device_code] = pending
        return pending

    def redeem(self, device_code: str) -> str:
        """Who signed in with the code; it is used up.

        Raises:
            Refusal: 400 authorization_pending, authorization_declined, or bad_verification_code.
        """
        pending = self._codes.get(device_code)
        if pending is None:
            raise Refusal(400, "bad_verification_code", "AADSTS70019: The verification code is not known.")
        if pending.denied:
            raise Refusal(400, "authorization_declined", "AADSTS70020: The sign-in was declined.")
        pending.polls += 1
        if not pending.user and self.patience and pending.polls >= self.patience:
            pending.user = DEMO_USER
        if not pending.user:
            raise Refusal(400, "authorization_pending", "AADSTS70016: Authorization is pending.")
        del self._codes[device_code]
        return pending.user

    def settle(self, user_code: str, user: str) -> bool:
        """Grant a code to a user, or deny it when `user` is empty; False when the code is not known."""
        for pending in self._codes.values():
            if pending.user_code == user_code.upper():
                pending.user, pending.denied = user, not user
                return True
        return False

    def waiting(self) -> list[str]:
        """The user codes that nobody answered yet."""
        return [pending.user_code for pending in self._codes.values() if not pending.user and not pending.denied]
