"""What every operation of the store has in common: versions, authentication, permission, refusals, Sync-Token."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from quarterdeck.sandbox.app_configuration import problems
from quarterdeck.sandbox.app_configuration.authentication import authenticate
from quarterdeck.sandbox.app_configuration.query import Query
from quarterdeck.sandbox.wire import Handler, Refusal, Request, Response
from quarterdeck.sandbox.world.configuration import Locked, PreconditionFailed
from quarterdeck.sandbox.world.configuration_snapshots import InvalidState, SnapshotExists
from quarterdeck.sandbox.world.world import World

API_VERSIONS = frozenset(("1.0", "2023-10-01", "2023-11-01", "2024-09-01", "2026-04-01", "2026-05-01-preview"))
_RESOURCE = "Microsoft.AppConfiguration/configurationStores"


class Gate:
    """Lets requests through to operations.

    Args:
        real_time: the time that clients sign with; the world's may differ.
    """

    def __init__(self, world: World, real_time: Callable[[], float] = time.time) -> None:
        self._world = world
        self._real_time = real_time

    def guarded(self, handler: Handler, action: str) -> Handler:
        """`handler` behind the gate; `action` is what it does to key-values: read, write or delete."""

        async def answer(request: Request) -> Response:
            token = {}
            try:
                authenticate(request, self._world.configuration.credentials, self._real_time())
                token = self._sync_token()
                self._check_permission(request, action)
                _check_version(request)
                with _refusing(request):
                    response = await handler(request)
            except Refusal as refusal:
                raise _with_headers(refusal, token) from refusal
            body = None if request.method == "HEAD" else response.body
            return replace(response, body=body, headers={**response.headers, **self._sync_token()})

        return answer

    def _check_permission(self, request: Request, action: str) -> None:
        if not request.principal:
            return
        scope = f"/subscriptions/{self._world.subscription}/providers/{_RESOURCE}/sandbox"
        role = self._world.authorization.role(request.principal, scope)
        if not role.allows(f"{_RESOURCE}/keyValues/{action}"):
            raise problems.forbidden()

    def _sync_token(self) -> dict[str, str]:
        number = self._world.configuration.sequence
        value = base64.b64encode(str(number).encode()).decode()
        return {"Sync-Token": f"zAJw6V16={value};sn={number}"}


def _check_version(request: Request) -> None:
    version = Query(request).api_version
    if not version:
        raise problems.unsupported_version("An API version is required, but was not specified.")
    if version not in API_VERSIONS:
        raise problems.unsupported_version(
            f"The HTTP resource that matches the request URI does not support the API version '{version}'."
        )


def _with_headers(refusal: Refusal, more: dict[str, str]) -> Refusal:
    return Refusal(refusal.status, refusal.code, refusal.message, {**refusal.headers, **more}, refusal.body)


@contextmanager
def _refusing(request: Request) -> Iterator[None]:
    """What the world does not allow, in the protocol's terms."""
    try:
        yield
    except PreconditionFailed as error:
        raise problems.bare(412) from error
    except Locked as error:
        raise problems.key_locked(str(error)) from error
    except SnapshotExists as error:
        raise problems.already_exists() from error
    except InvalidState as error:
        raise problems.invalid_state() from error
