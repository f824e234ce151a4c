"""A PostgreSQL of one's own: trust on loopback, nothing kept."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers.finding import program
from tests.servers.starting import Server, as_account, free_port, ids, running

ACCOUNTS = ("postgres", "nobody")
"""PostgreSQL doesn't run as root; root runs it as the first of these that there is."""

HASTE = {"fsync": "off", "full_page_writes": "off"}
"""A test's data needn't outlive the machine. It outlives a server that is killed: commits stay synchronous for that."""


@dataclass(frozen=True)
class Database:
    """A database cluster that answers."""

    server: Server
    port: int
    user: str = "postgres"
    """Its superuser; no password is asked for."""

    def url(self, database: str = "postgres") -> str:
        """As programs take it."""
        return f"postgres://{self.user}@127.0.0.1:{self.port}/{database}"

    def say(self, statement: str, database: str = "postgres") -> str:
        """What psql answers to a statement: lines of values separated by `|`. Raises AssertionError with its words."""
        words = [str(program("psql")), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", self.url(database), "-c", statement]
        said = subprocess.run(words, check=False, capture_output=True, text=True)
        assert said.returncode == 0, said.stderr
        return said.stdout.strip()

    def create(self, database: str) -> str:
        """Makes a database; its URL."""
        self.say(f'CREATE DATABASE "{database}"')
        return self.url(database)


@contextmanager
def postgres() -> Iterator[Database]:
    """An empty PostgreSQL on a port of loopback, in a folder that is gone afterwards. Skips the test without it."""
    server_program, initdb, is_ready = program("postgres"), program("initdb"), program("pg_isready")
    account = _account()
    folder = Path(tempfile.mkdtemp(prefix="postgres-"))  # a test's own folder is closed to the other account
    try:
        if account:
            os.chown(folder, *ids(account))
        make: list[str | Path] = [
            initdb,
            "-D",
            folder / "data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]
        made = subprocess.run(make, capture_output=True, text=True, cwd=folder, **as_account(account))
        assert made.returncode == 0, made.stdout + made.stderr
        port = free_port()
        settings = {**HASTE, "listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": str(folder)}
        command: list[str | Path] = [server_program, "-D", folder / "data"]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]

        def ready() -> bool:
            asked = [str(is_ready), "-q", "-h", "127.0.0.1", "-p", str(port)]
            return subprocess.run(asked, check=False).returncode == 0

        with running(command, cwd=folder, ready=ready, user=account) as server:
            yield Database(server, port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _account() -> str | None:
    """Whom to run it as; None is whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    raise AssertionError(f"PostgreSQL doesn't run as root, and there is none of {', '.join(ACCOUNTS)}")
