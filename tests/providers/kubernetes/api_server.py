"""A small API server of our own on loopback, over TLS: objects with versions, lists in pages, patches on conditions,
reviews of rights. Its refusals are those that kube-apiserver 1.20.2 was seen to give."""

from __future__ import annotations

import asyncio
import copy
import datetime
import ipaddress
import itertools
import json
import re
import ssl
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from tests.providers.kubernetes.objects import Object
from tests.providers.loopback import Asked, Loopback, listening, says

KINDS = {"rollouts": ("argoproj.io", "Rollout"), "httproutes": ("gateway.networking.k8s.io", "HTTPRoute"),
         "replicasets": ("apps", "ReplicaSet"), "endpointslices": ("discovery.k8s.io", "EndpointSlice")}  # fmt: skip
USERS = {"admin-token": "admin", "alice-token": "alice", "bob-token": "bob"}
READING = {"get", "list"}
_PATH = re.compile(r"/apis/([^/]+)/[^/]+/namespaces/([^/]+)/([^/]+)(?:/([^/]+))?(?:/(status))?")


class No(Exception):
    """A refusal."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


@dataclass
class ApiServer:
    """What it holds. Alice may do everything, Bob may look."""

    objects: dict[tuple[str, str, str], Object] = field(default_factory=dict)
    loopback: Loopback = field(default_factory=lambda: Loopback(""))
    installed: set[str] = field(default_factory=lambda: set(KINDS))
    before_patch: Callable[[], None] | None = None
    """Happens between a client's read and its write, once."""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when Alice has changed something."""
    _versions: Any = field(default_factory=lambda: itertools.count(100))

    def say(self, asked: Asked) -> bytes:
        try:
            return says(self._answer(asked), Connection="close")
        except No as no:
            told = {"message": no.message, "reason": no.reason, "code": no.status}
            return says({"kind": "Status", "status": "Failure", **told}, no.status, Connection="close")

    def _answer(self, asked: Asked) -> Any:
        user = USERS.get(asked.headers.get("authorization", "").removeprefix("Bearer "))
        if user is None:
            raise No(401, "Unauthorized", "Unauthorized")
        if asked.path == "/version":
            return {"major": "1", "minor": "20", "gitVersion": "v1.20.2"}
        body = json.loads(asked.body) if asked.body else {}
        if asked.path.endswith("/selfsubjectaccessreviews"):
            verb = body["spec"]["resourceAttributes"]["verb"]
            return {"status": {"allowed": user != "bob" or verb in READING}}
        if asked.path in ("/apis/argoproj.io/v1alpha1", "/apis/gateway.networking.k8s.io/v1"):
            return {"kind": "APIResourceList"}
        if not (found := _PATH.fullmatch(asked.path)) or found[3] not in self.installed:
            raise No(404, "NotFound", "the server could not find the requested resource")
        group, namespace, resource, name, subresource = found.groups()
        verb = {"GET": "get" if name else "list", "POST": "create", "PATCH": "patch"}[asked.method]
        if user == "bob" and verb not in READING:
            what = f"{resource}/{subresource}" if subresource else resource
            text = f'User "bob" cannot {verb} resource "{what}" in API group "{group}" in the namespace "{namespace}"'
            raise No(403, "Forbidden", f'{resource}.{group} "{name}" is forbidden: {text}')
        if verb == "list":
            return self._list(namespace, resource, asked.params)
        if verb == "create":
            return self.put(namespace, resource, body)
        if verb == "get":
            return self._get(namespace, resource, name)
        now = self._patch((namespace, resource, name), subresource, asked.headers["content-type"], body)
        if user == "alice":
            self.changed.set()
        return now

    def _get(self, namespace: str, resource: str, name: str) -> Object:
        if (namespace, resource, name) not in self.objects:
            raise No(404, "NotFound", f'{resource}.{KINDS[resource][0]} "{name}" not found')
        return self.objects[namespace, resource, name]

    def _list(self, namespace: str, resource: str, params: dict[str, list[str]]) -> Object:
        items = [
            one for (where, what, _), one in sorted(self.objects.items()) if (where, what) == (namespace, resource)
        ]
        for selector in params.get("fieldSelector", []):
            items = [one for one in items if one["metadata"]["name"] == selector.removeprefix("metadata.name=")]
        for selector in params.get("labelSelector", []):
            label, _, values = selector.partition(" in ")
            allowed = values.strip("()").split(",")
            items = [one for one in items if one["metadata"].get("labels", {}).get(label) in allowed]
        start, limit = int(params.get("continue", ["0"])[0]), int(params.get("limit", ["500"])[0])
        further = str(start + limit) if start + limit < len(items) else ""
        return {"kind": "List", "metadata": {"continue": further}, "items": items[start : start + limit]}

    def put(self, namespace: str, resource: str, body: Object) -> Object:
        """A new object."""
        key = (namespace, resource, body["metadata"]["name"])
        if key in self.objects:
            raise No(409, "AlreadyExists", f'{resource} "{key[2]}" already exists')
        own = {"namespace": namespace, "uid": str(uuid.uuid4()), "resourceVersion": self._next(), "generation": 1}
        self.objects[key] = {**copy.deepcopy(body), "metadata": {**body["metadata"], **own}}
        return self.objects[key]

    def _patch(self, key: tuple[str, str, str], subresource: str | None, kind: str, body: Any) -> Object:
        if self.before_patch is not None:
            happens, self.before_patch = self.before_patch, None
            happens()
        was = self._get(*key)
        wanted = json_patched(was, body) if kind == "application/json-patch+json" else merged(was, body)
        if wanted["metadata"]["resourceVersion"] != was["metadata"]["resourceVersion"]:
            text = "the object has been modified; please apply your changes to the latest version and try again"
            raise No(409, "Conflict", f'Operation cannot be fulfilled on {key[1]} "{key[2]}": {text}')
        part = "status" if subresource else "spec"
        now = {**was, part: wanted.get(part, {})}
        if not subresource:
            now["metadata"] = wanted["metadata"]
        _require_valid(key[1], now)
        generation = was["metadata"]["generation"] + (now.get("spec") != was.get("spec"))
        now["metadata"] = {**now["metadata"], "resourceVersion": self._next(), "generation": generation}
        self.objects[key] = now
        return now

    def _next(self) -> str:
        return str(next(self._versions))


def merged(was: Any, patch: Any) -> Any:
    """RFC 7396."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    now = copy.deepcopy(was) if isinstance(was, dict) else {}
    for key, value in patch.items():
        if value is None:
            now.pop(key, None)
        else:
            now[key] = merged(now.get(key), value)
    return now


def json_patched(was: Object, operations: list[Object]) -> Object:
    """RFC 6902, as far as it is used."""
    now = copy.deepcopy(was)
    for one in operations:
        *way, last = one["path"].strip("/").split("/")
        place: Any = now
        try:
            for key in way:
                place = place[int(key) if isinstance(place, list) else key]
        except (KeyError, IndexError):
            raise No(422, "Invalid", "the server rejected our request due to an error in our request") from None
        place[int(last) if isinstance(place, list) else last] = one["value"]
    return now


def _require_valid(resource: str, document: Object) -> None:
    if resource != "httproutes":
        return
    for rule in document["spec"].get("rules", []):
        for backend in rule.get("backendRefs", []):
            weight = backend.get("weight", 1)
            if not isinstance(weight, int) or not 0 <= weight <= 1_000_000:
                text = f"spec.rules.backendRefs.weight: Invalid value: {weight!r}"
                raise No(422, "Invalid", f'HTTPRoute "{document["metadata"]["name"]}" is invalid: {text}')


def certificate(folder: Path) -> tuple[Path, Path]:
    """Files with a certificate for 127.0.0.1 that vouches for itself, and with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "kubernetes of a test")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(address, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "ca.crt", folder / "server.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, pem, plain))
    return files


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[ApiServer, Path]]:
    """The server, and the file with its certificate."""
    authority, key = certificate(folder)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(authority, key)
    server = ApiServer()
    async with listening(server.say, tls) as loopback:
        server.loopback = loopback
        yield server, authority
