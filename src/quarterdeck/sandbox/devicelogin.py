"""The page behind a device code, for a person with a browser."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from quarterdeck.sandbox.devicecodes import DEMO_USER, DeviceCodes
from quarterdeck.sandbox.wire import Request, Response, Route

_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Sandbox sign-in</title></head><body>
<h1>Sign in to the sandbox</h1>
<p>{notice}</p>
<form method="post">
<p><label>Code <input name="code" autocomplete="off" required></label></p>
<p><label>User <input name="user" value="{user}"></label></p>
<p><button>Sign in</button></p>
</form></body></html>
"""


class DeviceLoginService:
    """Asks for a code and a user name; there are no passwords here."""

    def __init__(self, device_codes: DeviceCodes) -> None:
        self._device_codes = device_codes

    def routes(self) -> Iterable[Route]:
        """The page, and what it sends."""
        yield Route("GET", "/devicelogin", self.page, "identity")
        yield Route("POST", "/devicelogin", self.sign_in, "identity")

    async def page(self, request: Request) -> Response:
        """The form."""
        return _html("Enter the code that you were shown.")

    async def sign_in(self, request: Request) -> Response:
        """Grant the code to the user, or say that it is not known."""
        form = dict(parse_qsl(request.body.decode("utf-8", "replace")))
        known = self._device_codes.settle(form.get("code", "").strip(), form.get("user", "").strip() or DEMO_USER)
        return _html("You are signed in; close this page." if known else "That code is not known, or was used.")


def _html(notice: str) -> Response:
    body = _PAGE.format(notice=notice, user=DEMO_USER).encode()
    return Response(200, body, {"Content-Type": "text/html; charset=utf-8"})
