"""A real kube-apiserver on an etcd of its own, both on loopback."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.providers.kubernetes.objects import Object, kinds
from tests.servers import answers, free_port, program, running

TOKENS = 'admin-token,admin,1,"system:masters"\nalice-token,alice,2\nbob-token,bob,3\n'


@dataclass
class RealServer:
    url: str
    authority: Path

    def ask(self, path: str, document: Object | None = None) -> int:
        """What it answers to an administrator: the status."""
        request = Request(f"{self.url}{path}", method="POST" if document else "GET")
        request.add_header("Authorization", "Bearer admin-token")
        request.add_header("Content-Type", "application/json")
        trust = ssl.create_default_context(cafile=str(self.authority))
        try:
            opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trust))
            with opener.open(request, json.dumps(document).encode() if document else None, 10) as answer:
                return int(answer.status)
        except HTTPError as error:
            return error.code
        except (URLError, OSError):
            return 0

    def namespace(self, name: str) -> str:
        """A new one, where Alice may do everything and Bob may look."""
        assert self.ask("/api/v1/namespaces", {"metadata": {"name": name}}) == 201
        groups = ["argoproj.io", "gateway.networking.k8s.io", "apps"]
        roles = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}"
        for user, verbs in (("alice", ["*"]), ("bob", ["get", "list"])):
            rule = {"apiGroups": groups, "resources": ["*"], "verbs": verbs}
            assert self.ask(f"{roles}/roles", {"metadata": {"name": user}, "rules": [rule]}) == 201
            role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user}
            subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
            binding = {"metadata": {"name": user}, "roleRef": role, "subjects": [subject]}
            assert self.ask(f"{roles}/rolebindings", binding) == 201
        return name


@contextmanager
def kube_apiserver(folder: Path) -> Iterator[RealServer]:
    """With the kinds of `objects`. Skips the test where it isn't here."""
    etcd, apiserver = program("etcd"), program("kube-apiserver")
    client, peer, port = free_port(), free_port(), free_port()
    peers, store = f"http://127.0.0.1:{peer}", f"http://127.0.0.1:{client}"
    (folder / "api").mkdir(parents=True)
    key, tokens = folder / "api" / "sa.key", folder / "api" / "tokens.csv"
    tokens.write_text(TOKENS)
    pem, plain = serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    key.write_bytes(made.private_bytes(serialization.Encoding.PEM, pem, plain))
    authority = folder / "api" / "certs" / "apiserver.crt"
    server = RealServer(f"https://127.0.0.1:{port}", authority)
    keeps: list[str | Path] = [etcd, "--data-dir", folder / "etcd" / "data", "--listen-client-urls", store,
             "--advertise-client-urls", store, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers,
             "--initial-cluster", f"default={peers}"]  # fmt: skip
    serves: list[str | Path] = [
        apiserver,
        f"--etcd-servers={store}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        f"--secure-port={port}",
        f"--cert-dir={authority.parent}",
        f"--service-account-key-file={key}",
        f"--service-account-signing-key-file={key}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--token-auth-file={tokens}",
        "--authorization-mode=RBAC",
        "--disable-admission-plugins=ServiceAccount",
        "--service-cluster-ip-range=10.96.0.0/24",
    ]

    def ready() -> bool:
        return authority.exists() and server.ask("/readyz") == 200

    with (
        running(keeps, cwd=folder / "etcd", ready=lambda: answers(client)),
        running(serves, cwd=folder / "api", ready=ready) as api,
    ):
        for kind in kinds():
            assert server.ask("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", kind) == 201
        for path in ("/apis/argoproj.io/v1alpha1/rollouts", "/apis/gateway.networking.k8s.io/v1/httproutes"):
            api.wait_for(lambda path=path: server.ask(path) == 200)  # type: ignore[misc]
        yield server
