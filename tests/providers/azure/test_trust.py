"""Whom a session trusts, over real TLS: the certificates of `ca_file` as they are when it opens."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from quarterdeck.providers.azure.transport import _trust
from quarterdeck.providers.base import ProviderError
from quarterdeck.sandbox.tls import make_certificate, server_context


async def shakes_hands(server: ssl.SSLContext, client: ssl.SSLContext) -> bool:
    """Whether a client that trusts so talks to a server that shows that."""

    def greeted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async with await asyncio.start_server(greeted, "127.0.0.1", 0, ssl=server) as listening:
        port = listening.sockets[0].getsockname()[1]
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        except ssl.SSLCertVerificationError:
            return False
        writer.close()
        return True


async def test_a_certificate_that_is_written_anew_is_trusted_by_the_next_session(tmp_path: Path) -> None:
    old_server, old = server_context(*make_certificate(tmp_path)), _trust(tmp_path / "sandbox-ca.pem")
    new_server, new = server_context(*make_certificate(tmp_path)), _trust(tmp_path / "sandbox-ca.pem")
    assert [await shakes_hands(old_server, old), await shakes_hands(new_server, new)] == [True, True]
    assert [await shakes_hands(new_server, old), await shakes_hands(old_server, new)] == [False, False]


def test_what_is_trusted_is_loaded_once_for_all_sessions(tmp_path: Path) -> None:
    ca_file, _ = make_certificate(tmp_path)
    assert _trust(ca_file) is _trust(ca_file)
    assert _trust(None) is _trust(None)


@pytest.mark.parametrize("text", [None, "no certificate"])
def test_a_file_that_has_none_is_told(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "ca.pem").write_text(text)
    for _ in range(2):
        with pytest.raises(ProviderError, match=rf"ca_file {tmp_path}/ca\.pem: \S"):
            _trust(tmp_path / "ca.pem")
