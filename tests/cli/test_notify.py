"""`qd notify`, and what `qd check` says of hooks."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from quarterdeck.cli.main import main
from quarterdeck.paths import store_path
from quarterdeck.store.base import Draft
from quarterdeck.store.opening import open_store

CONFIG = """\
fleet: shop
connections:
  probes: {provider: http, url: "http://127.0.0.1:9"}
environments:
  production: {}
services: {}
notify:
  - {name: sre, url: "${env:QD_TEST_HOOK}", on: [gate, failed]}
  - {name: boss, format: slack, url: "${env:QD_TEST_BOSS}", quiet: {from: "22:00", to: "07:00", tz: Europe/Berlin}}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("QUARTERDECK_STATE", str(tmp_path / "state"))
    file = tmp_path / "quarterdeck.yaml"
    file.write_text(CONFIG)
    return file


@pytest.fixture
def received(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What arrives at both hooks; the address of the second isn't taken there."""
    titles: list[str] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            titles.append(body.get("title") or body["text"])
            self.send_response(200 if self.path == "/sre" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing on stderr."""

    server = HTTPServer(("127.0.0.1", 0), Hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    port = server.server_address[1]
    monkeypatch.setenv("QD_TEST_HOOK", f"http://127.0.0.1:{port}/sre")
    monkeypatch.setenv("QD_TEST_BOSS", f"http://127.0.0.1:{port}/secret-part")
    yield titles
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_test_goes_to_each_and_says_what_came_of_it(
    config: Path, received: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "notify", "test"]) == 7
    out = capsys.readouterr().out
    assert out.splitlines() == ["ok    sre", "FAIL  boss: it answered HTTP 404"]
    assert received == ["a test: notices arrive here", "shop: a test: notices arrive here"]
    assert main(["--config", str(config), "notify", "test", "sre"]) == 0


def test_a_test_is_refused_where_nothing_may_be_changed_and_sent_nowhere_out_of_a_sandbox(
    config: Path, received: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--config", str(config), "--read-only", "notify", "test"]) == 3
    assert main(["--config", str(config), "--sandbox", "notify", "test", "boss"]) == 0
    assert "the sandbox sends nothing" in capsys.readouterr().out
    assert received == []


def test_a_name_that_nobody_has_is_told(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "notify", "test", "nobody"]) == 2
    assert "there is no hook nobody" in capsys.readouterr().err


def test_the_list_says_who_hears_of_what_and_what_became_of_the_last_message(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = store_path(config, sandbox=False)
    store = open_store(path, create=True)
    lease = store.take_lease("runner", "one", 0, 10, {})
    assert lease is not None
    body = {"title": "checkout failed", "detail": "it answered HTTP 404"}
    store.record([Draft("notice.failed", "notify:boss", body=body)], lease, 1)
    store.close()
    assert main(["--config", str(config), "notify", "list"]) == 0
    sre, boss = capsys.readouterr().out.splitlines()
    assert sre == "sre  generic  everywhere: gate, failed; told nothing yet"
    assert "quiet 22:00 to 07:00 Europe/Berlin; did not take 'checkout failed' at " in boss
    assert boss.endswith("(it answered HTTP 404)")
    assert main(["--config", str(config), "--json", "notify", "list"]) == 0
    hooks = json.loads(capsys.readouterr().out)["hooks"]
    assert [(one["name"], one["last"] and one["last"]["kind"]) for one in hooks] == [
        ("sre", None),
        ("boss", "notice.failed"),
    ]


def test_a_check_sends_nothing_and_finds_a_secret_that_is_missing_or_unfit(
    config: Path, received: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    main(["--config", str(config), "check"])
    assert "ok    notify sre  hears of gate, failed\n" in capsys.readouterr().out
    monkeypatch.delenv("QD_TEST_HOOK")
    monkeypatch.setenv("QD_TEST_BOSS", "http://hooks.example/secret-part")
    main(["--config", str(config), "check"])
    out = capsys.readouterr().out
    assert "FAIL  notify sre  can't be told anything: the environment variable QD_TEST_HOOK is not set" in out
    assert "FAIL  notify boss  can't be told anything: its address is not HTTPS" in out
    assert "secret-part" not in out
    assert received == []
