"""A real Buildbot in a folder of its own, on loopback; its worker lives in the same process."""

from __future__ import annotations

import base64
import json
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.providers.loopback import SECRET
from tests.servers import Server, free_port, program

MASTER = """
from datetime import timedelta

from buildbot.plugins import schedulers, steps, util, worker

text = util.StringParameter
lock = util.MasterLock("production")

def builder(name, *command, **more):
    factory = util.BuildFactory([steps.ShellCommand(name="work", command=list(command))])
    return util.BuilderConfig(name=name, workernames=["w"], factory=factory, **more)

BuildmasterConfig = {
    "workers": [worker.LocalWorker("w")],
    "protocols": {"pb": {"port": "tcp:0:interface=127.0.0.1"}},
    "schedulers": [
        schedulers.ForceScheduler(
            name="by-hand",
            builderNames=["test", "deploy", "migrate"],
            properties=[text(name="version", regex=r"^\\d+[.]\\d+$", default="1.0")],
        ),
        schedulers.ForceScheduler(name="by-night", builderNames=["migrate"]),
        schedulers.Triggerable(name="others", builderNames=["lonely"]),
    ],
    "builders": [
        builder("test", "true"),
        builder("deploy", "sleep", "600", locks=[lock.access("exclusive")]),
        builder("migrate", "sleep", "600", locks=[lock.access("exclusive")], collapseRequests=False),
        builder("lonely", "true"),
    ],
    "www": {
        "port": "tcp:PORT:interface=127.0.0.1",
        "cookie_expiration_time": timedelta(seconds=2),
        "auth": util.UserPasswordAuth([("alice", "SECRET"), ("bob", "SECRET")]),
        "authz": util.Authz(
            allowRules=[util.AnyControlEndpointMatcher(role="admins")],
            roleMatchers=[util.RolesFromUsername(roles=["admins"], usernames=["alice"])],
        ),
    },
    "db": {"db_url": "sqlite:///state.sqlite"},
    "buildbotURL": "http://127.0.0.1:PORT/",
    "buildbotNetUsageData": None,
}
"""


@dataclass(frozen=True)
class Master:
    """A master that runs."""

    url: str
    server: Server

    def signed_in(self) -> str:
        """The cookie of somebody who has just signed in; it lasts for two seconds."""
        sign_in = urllib.request.Request(f"{self.url}/auth/login")
        sign_in.add_header("Authorization", f"Basic {base64.b64encode(f'alice:{SECRET}'.encode()).decode()}")
        with urllib.request.build_opener(_Stay).open(sign_in, timeout=5) as answer:
            return str(answer.headers.get_all("Set-Cookie")[-1].partition(";")[0])

    def knows(self, cookie: str) -> bool:
        """Whether a session goes on."""
        question = urllib.request.Request(f"{self.url}/config", headers={"Cookie": cookie})
        with urllib.request.urlopen(question, timeout=5) as answer:
            return "username" in json.load(answer)["user"]


class _Stay(urllib.request.HTTPRedirectHandler):
    """Shows the redirect itself."""

    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


@contextmanager
def buildbot(folder: Path) -> Iterator[Master]:
    """Ready when its worker is. Four builders: `deploy` and `migrate` never end and want the same lock."""
    tool, port = program("buildbot"), free_port()
    subprocess.run([tool, "create-master", "--quiet", folder], check=True, capture_output=True)
    (folder / "master.cfg").write_text(MASTER.replace("PORT", str(port)).replace("SECRET", SECRET))
    command: list[str | Path] = [tool.with_name("twistd"), "--nodaemon", "--pidfile=", "-y", "buildbot.tac"]
    server = Server(command, cwd=folder, ready=lambda: _has_a_worker(port))
    server.start()
    try:
        yield Master(f"http://127.0.0.1:{port}", server)
    finally:
        server.stop()


def _has_a_worker(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v2/workers", timeout=2) as answer:
        return any(worker["connected_to"] for worker in json.load(answer)["workers"])
    return False
