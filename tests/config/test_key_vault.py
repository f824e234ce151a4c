"""`${keyvault:...}` through Microsoft's client, over TLS on loopback, signed in as a managed identity."""

from __future__ import annotations

import functools
import json
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import azure.keyvault.secrets
import pytest

from quarterdeck.config.secrets import SecretUnavailable, resolve
from quarterdeck.sandbox.tls import make_certificate

SECRET = "hunter2hunter2"
TOKEN = "a-token-for-nothing"


@dataclass
class Vault:
    """What the vault holds and refuses, and who asked with which authorization."""

    host: str = ""
    secrets: dict[str, str] = field(default_factory=dict)
    refuses: int = 0
    asked: list[str | None] = field(default_factory=list)

    def answer(self, path: str, authorization: str | None) -> tuple[int, dict[str, str], object]:
        self.asked.append(authorization)
        if authorization != f"Bearer {TOKEN}":
            challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.example"'
            return 401, {"WWW-Authenticate": challenge}, error("Unauthorized", "no token")
        if self.refuses:
            return self.refuses, {}, error("Forbidden", f"the policy of {SECRET} says no")
        name = path.partition("?")[0].split("/")[2]
        if name not in self.secrets:
            return 404, {}, error("SecretNotFound", "no such secret")
        return 200, {}, {"value": self.secrets[name], "id": f"https://{self.host}/secrets/{name}/1", "attributes": {}}


def error(code: str, message: str) -> dict[str, dict[str, str]]:
    return {"error": {"code": code, "message": message}}


def handler(vault: Vault) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.startswith("/msi"):
                expiry = str(int(time.time()) + 3600)
                body: object = {"access_token": TOKEN, "expires_on": expiry, "resource": "r", "token_type": "Bearer"}
                status, headers = 200, dict[str, str]()
            else:
                status, headers, body = vault.answer(self.path, self.headers.get("Authorization"))
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in (
                headers | {"Content-Type": "application/json", "Content-Length": str(len(data))}
            ).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *args: object) -> None:
            """Say nothing."""

    return Handler


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Vault]:
    made = Vault()
    plain, secure = (ThreadingHTTPServer(("127.0.0.1", 0), handler(made)) for _ in range(2))
    certificate, key = make_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    made.host = f"127.0.0.1:{secure.server_port}"
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"http://127.0.0.1:{plain.server_port}/msi/token")
    monkeypatch.setenv("IDENTITY_HEADER", "x")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    # The client insists that a vault's host ends in the domain of its tokens, which no loopback address can.
    real = azure.keyvault.secrets.SecretClient
    monkeypatch.setattr(
        azure.keyvault.secrets, "SecretClient", functools.partial(real, verify_challenge_resource=False)
    )
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield made
    for server in (plain, secure):
        server.shutdown()
        server.server_close()


def refused(reference: str) -> SecretUnavailable:
    with pytest.raises(SecretUnavailable) as caught:
        resolve(reference)
    assert SECRET not in f"{caught.value}{caught.value.trouble}"
    assert TOKEN not in f"{caught.value}{caught.value.trouble}"
    return caught.value


def test_a_secret_is_fetched_with_a_token(vault: Vault) -> None:
    vault.secrets["flags-key"] = SECRET
    assert resolve(f"${{keyvault:{vault.host}/flags-key}}") == SECRET
    assert vault.asked == [None, f"Bearer {TOKEN}"]


def test_a_vault_without_it_says_so(vault: Vault) -> None:
    found = refused(f"${{keyvault:{vault.host}/nothing}}")
    assert found.trouble.code == "not_found"
    assert found.trouble.message == f"the vault {vault.host} has no secret nothing"


def test_a_vault_that_refuses_names_the_role_that_is_needed(vault: Vault) -> None:
    vault.refuses = 403
    found = refused(f"${{keyvault:{vault.host}/flags-key}}")
    assert (found.trouble.code, found.trouble.hint) == ("forbidden", "the role Key Vault Secrets User is needed")


def test_an_empty_secret_is_no_secret(vault: Vault) -> None:
    vault.secrets["flags-key"] = ""
    assert "is empty" in str(refused(f"${{keyvault:{vault.host}/flags-key}}"))


def test_a_certificate_that_is_not_trusted_stops_it_before_a_token_is_sent(
    vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    found = refused(f"${{keyvault:{vault.host}/flags-key}}")
    assert found.trouble.code == "unreachable"
    assert vault.asked == []
