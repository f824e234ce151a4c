"""Carries requests over aiohttp: one handler for everything, each answer written in one go."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qsl

from aiohttp import web

from quarterdeck.sandbox.application import Application
from quarterdeck.sandbox.outcome import Outcome, Severed
from quarterdeck.sandbox.wire import Request, Response

LARGEST_BODY = 256 * 1024 * 1024
"""Bytes; zip deployments are the big ones."""


@asynccontextmanager
async def listening(
    application: Application,
    host: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
    on_request: Callable[[], None] | None = None,
) -> AsyncIterator[str]:
    """Serve while the block runs; gives the base URL. Port 0 takes a free one.

    Raises:
        OSError: when the port cannot be had.
    """
    scheme = "https" if tls else "http"

    async def handle(incoming: web.BaseRequest) -> web.StreamResponse:
        if on_request is not None:
            on_request()
        outcome = await application.answer(await _read(incoming, scheme))
        return await _write(incoming, outcome)

    loop = asyncio.get_running_loop()

    def make_request(message: Any, payload: Any, protocol: Any, writer: Any, task: Any) -> web.BaseRequest:
        return web.BaseRequest(message, payload, protocol, writer, task, loop, client_max_size=LARGEST_BODY)

    runner = web.ServerRunner(web.Server(handle, request_factory=make_request, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        # One address: with port 0, each address behind "localhost" would get a port of its own.
        address = "127.0.0.1" if host.lower() == "localhost" else host
        site = web.TCPSite(runner, address, port, ssl_context=tls)
        await site.start()
        actual = runner.addresses[0][1]
        yield f"{scheme}://{f'[{host}]' if ':' in host else host}:{actual}"
    finally:
        await runner.cleanup()


async def _read(incoming: web.BaseRequest, scheme: str) -> Request:
    target = incoming.raw_path
    path, _, query = target.partition("?")
    return Request(
        method=incoming.method.upper(),
        target=target,
        path=path,
        parameters={},
        query=dict(parse_qsl(query, keep_blank_values=True)),
        headers={name.lower(): value for name, value in incoming.headers.items()},
        body=await incoming.read(),
        base_url=f"{scheme}://{incoming.headers.get('Host', '127.0.0.1')}",
    )


async def _write(incoming: web.BaseRequest, outcome: Outcome) -> web.StreamResponse:
    if isinstance(outcome, Response):
        body, headers = _encode(outcome)
        return web.Response(status=outcome.status, body=body, headers=headers)
    return await _sever(incoming, outcome)


async def _sever(incoming: web.BaseRequest, severed: Severed) -> web.StreamResponse:
    answer = web.StreamResponse()
    if severed.response is not None:
        encoded, headers = _encode(severed.response)
        body = encoded or b""
        answer = web.StreamResponse(status=severed.response.status, headers=headers)
        answer.content_length = len(body)
        await answer.prepare(incoming)
        await answer.write(body[: len(body) // 2])
    if incoming.transport is not None:
        if severed.response is None:
            incoming.transport.abort()
        else:
            incoming.transport.close()
    return answer


def _encode(response: Response) -> tuple[bytes | None, dict[str, str]]:
    headers = dict(response.headers)
    if response.body is None:
        return None, headers
    if isinstance(response.body, bytes):
        return response.body, headers
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json; charset=utf-8"
    return json.dumps(response.body, separators=(",", ":")).encode(), headers
