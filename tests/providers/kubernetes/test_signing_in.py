"""Into a cluster as a kubeconfig says it, as a pod, or with a token."""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.providers.kubernetes.api_server import ApiServer, certificate
from tests.providers.kubernetes.lab import Lab

from quarterdeck import config
from quarterdeck.clock import SystemClock
from quarterdeck.fleet.topology import Connection
from quarterdeck.providers import registry
from quarterdeck.providers.base import ProviderError, Session, SessionContext
from quarterdeck.providers.kubernetes.kubeconfig import Access, access_of, in_cluster, usual_files
from quarterdeck.providers.kubernetes.signing import FILE_SECONDS, Signing, credential_of
from quarterdeck.providers.kubernetes.trust import trusting


class Clock(SystemClock):
    at = 1_000_000.0

    def now(self) -> float:
        return self.at


def kubeconfig(folder: Path, url: str, user: dict[str, Any], **cluster: Any) -> Path:
    file = folder / "config"
    file.write_text(
        yaml.safe_dump(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "prod",
                "contexts": [{"name": "prod", "context": {"cluster": "c", "user": "alice"}}],
                "clusters": [{"name": "c", "cluster": {"server": url, **cluster}}],
                "users": [{"name": "alice", "user": user}],
            }
        )
    )
    return file


def opened(file: Path, **options: str) -> Session:
    context = SessionContext(SystemClock(), lambda _: None, lambda _: "")
    return registry.load("kubernetes").open(
        Connection("k8s", "kubernetes", {"kubeconfig": str(file), **options}), context
    )


def plugin(folder: Path, body: str, version: str = "client.authentication.k8s.io/v1") -> dict[str, Any]:
    """A program that gives a token, as a kubeconfig names it."""
    program = folder / "get-token"
    program.write_text(f"#!{sys.executable}\n{body}\n")
    program.chmod(0o700)
    environment = [{"name": "COLOUR", "value": "green"}]
    return {"exec": {"apiVersion": version, "command": "./get-token", "args": ["--for", "shop"], "env": environment,
                     "interactiveMode": "IfAvailable", "provideClusterInfo": True}}  # fmt: skip


GIVES = """
import json, os, pathlib, sys
assert sys.argv[1:] == ["--for", "shop"] and os.environ["COLOUR"] == "green"
told = json.loads(os.environ["KUBERNETES_EXEC_INFO"])
assert told["spec"]["interactive"] is False and told["spec"]["cluster"]["server"].startswith("https://")
count = pathlib.Path(__file__).with_name("runs")
count.write_text(count.read_text() + "x" if count.exists() else "x")
token = "alice-token" if len(count.read_text()) > FIRST else "expired-token"
print(json.dumps({"apiVersion": told["apiVersion"], "kind": "ExecCredential", "status": {"token": token}}))
"""


async def answers(session: Session) -> list[str]:
    lines = [f"{told}{f': {trouble.message}' if trouble else ''}" async for told, trouble in session.check()]
    await session.close()
    return lines


async def test_with_a_token_and_the_authority_of_a_kubeconfig(own: ApiServer, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, own.loopback.url, {"token": "alice-token"}, **{"certificate-authority": "ca.crt"})
    lines = await answers(opened(file))
    assert lines[0] == f"Kubernetes v1.20.2 at {own.loopback.url.removeprefix('https://')} knows us as alice"
    assert lines[1:] == [
        "Argo Rollouts is installed (argoproj.io/v1alpha1)",
        "the Gateway API is installed (gateway.networking.k8s.io/v1)",
    ]


async def test_a_server_without_the_authority_isnt_trusted(own: ApiServer, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, own.loopback.url, {"token": "alice-token"})
    (line,) = await answers(opened(file))
    assert "isn't trusted" in line
    assert own.loopback.asked == []


async def test_a_plugin_is_run_again_when_the_server_says_401(own: ApiServer, tmp_path: Path) -> None:
    authority = base64.b64encode((tmp_path / "ca.crt").read_bytes()).decode()
    user = plugin(tmp_path, GIVES.replace("FIRST", "1"))
    file = kubeconfig(tmp_path, own.loopback.url, user, **{"certificate-authority-data": authority})
    assert "knows us as alice" in (await answers(opened(file)))[0]
    assert (tmp_path / "runs").read_text() == "xx"


async def test_a_plugin_that_gives_nothing_says_why_and_shows_no_secret(own: ApiServer, tmp_path: Path) -> None:
    authority = {"certificate-authority": "ca.crt"}
    body = "import sys; print('secret-token'); sys.exit('you are signed out: run kubelogin')"
    file = kubeconfig(tmp_path, own.loopback.url, plugin(tmp_path, body), **authority)
    (line,) = await answers(opened(file))
    assert "get-token ended with 1: you are signed out: run kubelogin" in line
    assert "secret-token" not in line
    file = kubeconfig(tmp_path, own.loopback.url, {"exec": {"apiVersion": "v", "command": "/nowhere/x"}}, **authority)
    (line,) = await answers(opened(file))
    assert "x can't be run: No such file or directory" in line


def test_what_a_plugin_says_is_checked(tmp_path: Path) -> None:
    user = plugin(tmp_path, "")
    made = access_of([kubeconfig(tmp_path, "https://c.example", user)], None).plugin
    assert made is not None
    good = {"apiVersion": made.version, "kind": "ExecCredential",
            "status": {"token": "t", "expirationTimestamp": "2026-11-23T10:00:00Z"}}  # fmt: skip
    assert credential_of(json.dumps(good).encode(), made) == ("t", 1795428000.0)
    for body in ("", "[]", "{}", '{"status": 7}', json.dumps({**good, "status": {}}),
                 json.dumps({**good, "apiVersion": "client.authentication.k8s.io/v1beta1"})):  # fmt: skip
        with pytest.raises(ProviderError) as caught:
            credential_of(body.encode(), made)
        assert caught.value.trouble.code == "unauthenticated"


async def test_the_token_of_a_pod_is_read_again_after_a_minute(tmp_path: Path) -> None:
    account = tmp_path / "serviceaccount"
    account.mkdir()
    authority, _ = certificate(tmp_path)
    (account / "ca.crt").write_bytes(authority.read_bytes())
    (account / "token").write_text("first\n")
    environment = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    access = in_cluster(account, environment)
    assert access is not None
    assert access.url == "https://[fd00::1]:443"
    assert in_cluster(account, {}) is None
    clock = Clock()
    signing = Signing(access, clock)
    assert await signing.token() == "first"
    (account / "token").write_text("second\n")
    assert await signing.token() == "first"
    clock.at += FILE_SECONDS
    assert await signing.token() == "second"
    assert signing.forget()


def test_of_several_files_the_first_one_that_has_a_name_says_what_it_means(tmp_path: Path) -> None:
    for folder, token in (("a", "first"), ("b", "second")):
        (tmp_path / folder).mkdir()
        kubeconfig(tmp_path / folder, f"https://{folder}.example", {"token": token})
    files = [tmp_path / "missing", tmp_path / "a" / "config", tmp_path / "b" / "config"]
    access = access_of(files, None)
    assert (access.url, access.token) == ("https://a.example", "first")
    assert usual_files({"KUBECONFIG": f"{files[1]}:{files[2]}"}) == files[1:]
    assert "first" not in repr(access)


@pytest.mark.parametrize(
    ("user", "cluster", "words"),
    [
        ({"token": "t"}, {"insecure-skip-tls-verify": True}, "not to be verified"),
        ({"token": "t"}, {"proxy-url": "http://proxy"}, "proxy-url of a kubeconfig isn't supported"),
        ({"token": "t"}, {"certificate-authority-data": "?"}, "isn't base64"),
        ({"token": "t"}, {"certificate-authority": "nowhere.crt"}, "No such file"),
        ({"username": "a", "password": "secret"}, {}, "gave up in 1.19"),
        ({"auth-provider": {"name": "gcp"}}, {}, "auth-provider"),
        ({"exec": {"apiVersion": "v1"}}, {}, "has no command"),
        ({"exec": {"command": "x", "interactiveMode": "Always"}}, {}, "nobody is at the runner's terminal"),
    ],
)
def test_what_would_weaken_the_line_or_is_given_up_is_refused(
    user: dict[str, Any], cluster: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(ProviderError) as caught:
        access_of([kubeconfig(tmp_path, "https://c.example", user, **cluster)], None)
    assert words in caught.value.trouble.message
    assert "secret" not in caught.value.trouble.message


@pytest.mark.parametrize(
    ("text", "context", "words"),
    [
        (None, None, "there is no kubeconfig"),
        ("a: [", None, "isn't YAML"),
        ("- a", None, "isn't a kubeconfig"),
        ("{}", None, "no current-context"),
        ("contexts: [{name: prod, context: {cluster: c}}]", "stage", "no context stage"),
        ("contexts: [{name: prod, context: {cluster: c}}]", "prod", "no cluster c"),
        (
            "contexts: [{name: prod, context: {cluster: c}}]\nclusters: [{name: c, cluster: {server: 'http://c'}}]",
            "prod",
            "no server with https",
        ),
    ],
)
def test_a_kubeconfig_that_leads_nowhere_says_where_it_ends(
    text: str | None, context: str | None, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "config"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ProviderError, match=words):
        access_of([file], context)


def test_a_client_certificate_is_shown(tmp_path: Path) -> None:
    authority, key = certificate(tmp_path)
    access = Access("https://c", "alice", authority.read_text(), "", None, None, authority.read_text(), key.read_text())
    assert trusting(access).get_ca_certs()
    for broken in (
        Access("https://c", "alice", "nothing"),
        Access("https://c", "alice", "", "", None, None, authority.read_text(), "no key"),
    ):
        with pytest.raises(ProviderError) as caught:
            trusting(broken)
        assert caught.value.trouble.code == "misconfigured"


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "https://c.example"}, "url and token belong together"),
        ({"url": "http://c.example", "token": "${env:T}"}, "must begin with https"),
        ({"url": "https://c.example", "token": "${env:T}", "context": "prod"}, "either url and token"),
        ({"ca_file": "/x"}, "certificate-authority"),
    ],
)
def test_a_connection_says_one_way(options: dict[str, str], words: str) -> None:
    context = SessionContext(SystemClock(), lambda _: None, lambda _: "")
    with pytest.raises(ProviderError, match=words):
        registry.load("kubernetes").open(Connection("k8s", "kubernetes", options), context)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("{connection: k, namespace: shop}", "either rollout or route"),
        ("{connection: k, namespace: shop, rollout: a, route: b}", "either rollout or route"),
        ("{connection: k, namespace: shop, rollout: a, rule: 1}", "rule belongs to a route"),
        ("{connection: k, namespace: ../x, rollout: a}", "namespace"),
    ],
)
def test_an_address_names_one_thing(address: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "quarterdeck.yaml"
    file.write_text(
        "fleet: shop\nconnections: {k: {provider: kubernetes}}\nenvironments: {production: {}}\n"
        f"services: {{web: {{production: {{traffic: {address}}}}}}}\n"
    )
    with pytest.raises(config.ConfigError) as caught:
        config.load(file, registry.schemas, environment={})
    assert words in str(caught.value.problems)


async def test_who_we_are_is_what_the_kubeconfig_says_where_the_server_doesnt(own_lab: Lab) -> None:
    assert await own_lab.session().identity() == "whoever the token is of"
    with pytest.raises(ProviderError) as caught:
        await own_lab.session("nobody").identity()
    assert caught.value.trouble.code == "unauthenticated"
