"""Real servers on loopback, for the tests that speak to one: found, started, and ended by process id.

    pytestmark = needs("caddyserver")

    @pytest.fixture(scope="module")
    def caddy(tmp_path_factory):
        port = free_port()
        command = [program("caddyserver"), "run", "--config", "..."]
        with running(command, cwd=tmp_path_factory.mktemp("caddy"), ready=lambda: answers(port)) as server:
            yield server

`.ci/servers` installs them. A test whose server isn't here is skipped and says which one is missing; what each test ran
against goes into the results (`tests.servers.recording`), where `.ci/summary` counts it.
"""

from tests.servers.finding import needs, node_package, program, servers_python
from tests.servers.postgres import Database, postgres
from tests.servers.starting import PATIENCE, Server, answers, free_port, running

__all__ = [
    "PATIENCE",
    "Database",
    "Server",
    "answers",
    "free_port",
    "needs",
    "node_package",
    "postgres",
    "program",
    "running",
    "servers_python",
]
