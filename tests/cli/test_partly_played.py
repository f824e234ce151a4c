"""A fleet of several systems in a sandbox that plays only some of them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.program import YES, Qd

pytestmark = pytest.mark.process

FLEET = """
fleet: little-shop
connections:
  azure: {{provider: azure, subscription: 00000000-0000-0000-0000-000000000000}}
  balancers: {{provider: haproxy, socket: "{host}"}}
  ci: {{provider: jenkins, url: "http://{host}", user: ben, token: "${{env:JENKINS_TOKEN}}"}}
environments:
  production: {{protected: true}}
services:
  checkout:
    production: {{slots: {{connection: azure, resource_group: shop, site: little-checkout}}}}
  cart:
    production: {{traffic: {{connection: balancers, backend: cart}}}}
pipelines:
  deploy: {{connection: ci, job: shop/deploy}}
"""


@pytest.fixture
def theirs() -> Iterator[socket.socket]:
    """Where the real HAProxy and the real Jenkins would listen."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        yield listener


def test_what_the_sandbox_does_not_play_costs_its_own_rows_and_is_never_reached(
    theirs: socket.socket, tmp_path: Path
) -> None:
    config = tmp_path / "quarterdeck.yaml"
    config.write_text(FLEET.format(host=f"127.0.0.1:{theirs.getsockname()[1]}"))
    qd = Qd(tmp_path / "state", config, "--sandbox")
    qd.environment["JENKINS_TOKEN"] = "s3cret"
    try:
        shown = qd("status", "--live").stdout
        assert "the sandbox has no HAProxy" in shown, shown
        assert "succeeded" in qd.done("shift", "production/checkout", "staging=10", *YES)
        refused = qd("shift", "production/cart", "blue=20", *YES)
        assert refused.returncode not in (0, 1), refused
        assert "the sandbox has no HAProxy" in refused.stderr
        told = qd("run", "deploy", *YES)
        assert "the sandbox has no Jenkins" in told.stderr, told
        checked = qd("check").stdout
        assert "FAIL  connection balancers  can't be used: the sandbox has no HAProxy" in checked
        assert "FAIL  connection ci  can't be used: the sandbox has no Jenkins" in checked
        assert "production/checkout may be changed" in checked
    finally:
        qd.leave()
    with pytest.raises(BlockingIOError):
        theirs.accept()
