"""How a cluster is reached and who we are there, as a kubeconfig says it, or the service account of a pod. No network.

The format is that of the Kubernetes documentation ("Organizing Cluster Access Using kubeconfig Files", "kubeconfig
(v1)"): of several files in `KUBECONFIG` the first one that has a name says what it means, and relative paths are
relative to the file they stand in. What would weaken the line, or what clusters have given up, is refused with what to
do instead.

No client library is used for it: of those that are kept, one needs 76 MB and more than a second to be imported, one
leaves decoded keys behind in files, and one doesn't know the version of the plugin protocol that is current.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where a pod finds its service account (Kubernetes documentation, "Accessing the Kubernetes API from a Pod")."""


@dataclass(frozen=True, slots=True)
class Plugin:
    """A program that gives a token: `exec` of a user (Kubernetes documentation, "client-go credential plugins")."""

    command: str
    args: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    version: str
    hint: str
    cluster: Mapping[str, Any] | None = field(default=None, repr=False)
    """What it is told of the cluster; None if it doesn't want to know."""


@dataclass(frozen=True, slots=True)
class Access:
    """A way into a cluster. `who` is what the kubeconfig calls the user; certificates and keys are PEM."""

    url: str
    who: str
    authority: str = ""
    token: str = field(default="", repr=False)
    token_file: Path | None = None
    plugin: Plugin | None = None
    certificate: str = ""
    key: str = field(default="", repr=False)


def access_of(files: Sequence[Path], context: str | None) -> Access:
    """The way that a context of a kubeconfig describes. Raises ProviderError (misconfigured)."""
    texts = {path: _read(path) for path in files if path.exists()}
    if not texts:
        named = ", ".join(str(path) for path in files)
        raise _wrong(f"there is no kubeconfig {named}", "name one with kubeconfig, or set KUBECONFIG")
    name = context or next((str(its["current-context"]) for its in texts.values() if its.get("current-context")), "")
    if not name:
        raise _wrong("the kubeconfig has no current-context", "name one with context")
    chosen, _ = _named(texts, "contexts", "context", name)
    cluster, beside = _named(texts, "clusters", "cluster", str(chosen.get("cluster") or ""))
    user, home = ({}, beside) if not chosen.get("user") else _named(texts, "users", "user", str(chosen["user"]))
    url = str(cluster.get("server") or "").rstrip("/")
    if not url.startswith("https://"):
        raise _wrong(f"the cluster of context {name} has no server with https://", "a credential is sent nowhere else")
    if cluster.get("insecure-skip-tls-verify"):
        hint = "give the cluster its certificate-authority instead"
        raise _wrong(f"context {name} wants the certificate of its server not to be verified", hint)
    for key in ("tls-server-name", "proxy-url"):
        if cluster.get(key):
            raise _wrong(f"{key} of a kubeconfig isn't supported (context {name})", "reach the server by its own name")
    _require_alive(user, name)
    authority = _pem(cluster, "certificate-authority", beside)
    return Access(
        url,
        clean(str(chosen.get("user") or "nobody"), 60),
        authority,
        str(user.get("token") or ""),
        _path(user["tokenFile"], home) if user.get("tokenFile") and not user.get("token") else None,
        _plugin(user["exec"], home, url, authority) if user.get("exec") else None,
        _pem(user, "client-certificate", home),
        _pem(user, "client-key", home),
    )


def in_cluster(account: Path = ACCOUNT, environment: Mapping[str, str] = os.environ) -> Access | None:
    """The service account of the pod that this program runs in; None outside of a cluster."""
    host, port = environment.get("KUBERNETES_SERVICE_HOST"), environment.get("KUBERNETES_SERVICE_PORT")
    if not host or not port or not (account / "token").exists():
        return None
    where = f"[{host}]" if ":" in host else host
    authority = _text(account / "ca.crt")
    return Access(f"https://{where}:{port}", "the service account of this pod", authority, token_file=account / "token")


def usual_files(environment: Mapping[str, str] = os.environ) -> list[Path]:
    """Where kubectl looks."""
    named = [Path(one).expanduser() for one in environment.get("KUBECONFIG", "").split(os.pathsep) if one]
    return named or [Path("~/.kube/config").expanduser()]


def _plugin(entry: Any, home: Path, url: str, authority: str) -> Plugin:
    if not isinstance(entry, Mapping) or not entry.get("command"):
        raise _wrong("the exec of a user in the kubeconfig has no command")
    if entry.get("interactiveMode") == "Always":
        raise _wrong(f"{clean(str(entry['command']), 60)} wants to ask somebody: nobody is at the runner's terminal")
    command = str(entry["command"])
    if os.sep in command:  # a plain name is looked for in PATH
        command = str(_path(command, home))
    cluster = {"server": url}
    if authority:
        cluster["certificate-authority-data"] = base64.b64encode(authority.encode()).decode()
    return Plugin(
        command,
        tuple(str(one) for one in entry.get("args") or ()),
        {str(one["name"]): str(one["value"]) for one in entry.get("env") or ()},
        str(entry.get("apiVersion") or ""),
        clean(str(entry.get("installHint") or ""), 200),
        cluster if entry.get("provideClusterInfo") else None,
    )


def _require_alive(user: Mapping[str, Any], context: str) -> None:
    """Raises ProviderError for ways to sign in that clusters have given up."""
    if user.get("auth-provider"):
        raise _wrong(
            f"context {context} signs in with an auth-provider, which Kubernetes gave up", "use an exec plugin"
        )
    if user.get("username") or user.get("password"):
        raise _wrong(f"context {context} signs in with a password, which Kubernetes gave up in 1.19", "use a token")


def _named(texts: Mapping[Path, Mapping[str, Any]], kind: str, key: str, name: str) -> tuple[Mapping[str, Any], Path]:
    """The first entry of that name, and the folder of its file."""
    known = []
    for path, document in texts.items():
        for entry in document.get(kind) or ():
            if not isinstance(entry, Mapping):
                continue
            if entry.get("name") == name:
                return entry.get(key) or {}, path.parent
            known.append(str(entry.get("name")))
    there = f"there are {clean(', '.join(known), 200)}" if known else ""
    raise _wrong(f"the kubeconfig has no {key} {clean(name, 60) or '(none is named)'}", there)


def _pem(entry: Mapping[str, Any], key: str, home: Path) -> str:
    """A certificate or a key, which stands there itself in base64, or in a file."""
    if data := entry.get(f"{key}-data"):
        try:
            return base64.b64decode(str(data), validate=True).decode()
        except (binascii.Error, ValueError):
            raise _wrong(f"{key}-data in the kubeconfig isn't base64 of a PEM text") from None
    return _text(_path(str(entry[key]), home)) if entry.get(key) else ""


def _path(text: str, home: Path) -> Path:
    return home / Path(text).expanduser()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "isn't text"
        raise _wrong(f"{path}: {reason}") from None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(_text(path))
    except yaml.YAMLError:
        raise _wrong(f"{path} isn't YAML") from None
    if not isinstance(document, Mapping):
        raise _wrong(f"{path} isn't a kubeconfig")
    return document


def _wrong(message: str, hint: str = "") -> ProviderError:
    return ProviderError("misconfigured", message, hint)
