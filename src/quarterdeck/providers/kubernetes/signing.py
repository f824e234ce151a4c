"""Tokens for a cluster: one that stands somewhere, one in a file that is renewed, one that a program gives.

A pod's token is written anew before it expires (Kubernetes documentation, "Managing Service Accounts"), so a file is
read again after a minute. A program is run again when its token has expired, or when the cluster says 401 (Kubernetes
documentation, "client-go credential plugins").
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from quarterdeck.clock import Clock
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError
from quarterdeck.providers.kubernetes.kubeconfig import Access, Plugin

FILE_SECONDS = 60.0
"""So long a token that was read from a file is used."""

EARLY_SECONDS = 10.0
"""A token isn't used any more so shortly before it expires."""

PLUGIN_SECONDS = 30.0
"""A program that gives a token may take so long: some ask an identity provider far away."""


class Signing:
    """The token to be sent now."""

    def __init__(self, access: Access, clock: Clock) -> None:
        self._access = access
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token = access.token
        self._good_until = float("inf") if access.token else float("-inf")

    async def token(self) -> str:
        """ "" where a certificate says who we are. Raises ProviderError (unauthenticated)."""
        async with self._lock:
            if self._clock.now() >= self._good_until:
                await self._renew()
            return self._token

    def forget(self) -> bool:
        """The cluster didn't take it. False if there is no other one to be had."""
        if self._access.token_file is None and self._access.plugin is None:
            return False
        self._good_until = float("-inf")
        return True

    async def _renew(self) -> None:
        if (file := self._access.token_file) is not None:
            try:
                self._token = file.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError):
                raise _unsigned(f"the token in {file} can't be read") from None
            self._good_until = self._clock.now() + FILE_SECONDS
        elif (plugin := self._access.plugin) is not None:
            self._token, expires = credential_of(await _run(plugin), plugin)
            self._good_until = expires - EARLY_SECONDS
        else:
            self._good_until = float("inf")


def credential_of(text: bytes, plugin: Plugin) -> tuple[str, float]:
    """The token that a program gave, and when it expires (infinity if it doesn't say). Raises ProviderError."""
    name = os.path.basename(plugin.command)
    try:
        document = json.loads(text)
        status = document["status"]
        token, until = str(status.get("token") or ""), status.get("expirationTimestamp")
        expires = datetime.fromisoformat(str(until)).timestamp() if until else float("inf")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _unsigned(f"{name} gave no ExecCredential") from None
    if document.get("apiVersion") != plugin.version:
        wanted, given = clean(plugin.version, 60), clean(str(document.get("apiVersion")), 60)
        raise _unsigned(f"{name} speaks {given}, and the kubeconfig wants {wanted}")
    if not token:
        raise _unsigned(f"{name} gave no token", "client certificates of plugins aren't supported")
    return token, expires


async def _run(plugin: Plugin) -> bytes:
    """What the program prints. Its words of failure are told, as that is how it asks for a sign-in."""
    name = os.path.basename(plugin.command)
    spec: Mapping[str, Any] = {"interactive": False} | ({"cluster": plugin.cluster} if plugin.cluster else {})
    told = {"apiVersion": plugin.version, "kind": "ExecCredential", "spec": spec}
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            env={**os.environ, **plugin.env, "KUBERNETES_EXEC_INFO": json.dumps(told)},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
        )
    except OSError as error:
        raise _unsigned(f"{name} can't be run: {error.strerror}", plugin.hint or "install it") from None
    try:
        async with asyncio.timeout(PLUGIN_SECONDS):
            output, words = await process.communicate()
    except TimeoutError:
        raise _unsigned(f"{name} gave no token within {PLUGIN_SECONDS:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        said = clean((words.decode(errors="replace").strip().splitlines() or [""])[-1], 160)
        raise _unsigned(f"{name} ended with {process.returncode}" + (f": {said}" if said else ""), plugin.hint)
    return output


def _unsigned(message: str, hint: str = "") -> ProviderError:
    return ProviderError("unauthenticated", message, hint)
