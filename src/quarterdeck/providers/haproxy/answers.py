"""What the runtime API says, as values. Pure.

Columns and their meanings are those of HAProxy's management guide, sections 9.1 "CSV format" and 9.3 ("show servers
state", format version 1; "show info"; "show map"). They are found by name, not by position: releases add some.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quarterdeck.fleet.observation import TroubleCode
from quarterdeck.fleet.text import clean
from quarterdeck.providers.base import ProviderError

STATE = ("show info", "show servers state", "show stat -1 6 -1")
"""Everything about one process, in one line of commands, so that no reload comes in between."""

_MAINTENANCE = 0x01 | 0x02 | 0x20
_DRAIN = 0x08 | 0x10
_CHECK_ENABLED = 0x04
_CHECK_PASSED = 3
_WARMING, _RUNNING, _STOPPING = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a backend, as one HAProxy has it.

    Attributes:
        operational: 0 down, 1 warming up, 2 up, 3 up and wants no new clients.
        admin: what people decided, as bits (maintenance, drain).
        weight: as it is now, 0 to 256. `initial`: as the configuration has it, and as a reload would bring it back.
        backup: gets clients only while no other server is up.
        agent: something on the server may change its weight by itself.
    """

    name: str
    address: str
    operational: int
    admin: int
    weight: int
    initial: int
    checked: bool
    passed: bool
    backup: bool = False
    agent: bool = False

    @property
    def maintained(self) -> bool:
        """Whether somebody, or a server that it follows, took it out."""
        return bool(self.admin & _MAINTENANCE)

    @property
    def draining(self) -> bool:
        """Whether it keeps old clients, and gets no new ones."""
        return bool(self.admin & _DRAIN)

    @property
    def ready(self) -> bool:
        """Whether nobody has taken it out. HAProxy keeps the weight through maintenance and drain."""
        return not self.maintained and not self.draining

    @property
    def usable(self) -> bool:
        """Whether new clients are sent there if its weight says so."""
        return self.ready and self.operational in (_WARMING, _RUNNING)

    @property
    def status(self) -> str:
        """In HAProxy's own words."""
        if self.maintained:
            return "MAINT"
        if self.operational == 0:
            return "DOWN"
        if self.draining:
            return "DRAIN"
        if self.operational == _STOPPING:
            return "NOLB"
        if not self.checked:
            return "no check"
        return "warming up" if self.operational == _WARMING else "UP"

    @property
    def healthy(self) -> bool:
        """Whether HAProxy has checked it, and found it well."""
        return self.operational in (_WARMING, _RUNNING) and self.checked and self.passed and not self.maintained

    @property
    def unhealthy(self) -> bool:
        """Whether HAProxy has found that it can't serve."""
        return self.operational in (0, _STOPPING) and not self.maintained


@dataclass(frozen=True, slots=True)
class Backend:
    """`algorithm` and `cookie` are "" where the socket's level doesn't show them."""

    name: str
    servers: tuple[Server, ...] = ()
    algorithm: str = ""
    cookie: str = ""

    def server(self, name: str) -> Server | None:
        """The server of that name."""
        return next((server for server in self.servers if server.name == name), None)


@dataclass(frozen=True, slots=True)
class Process:
    """What one HAProxy is at a moment: which process, up for how many seconds, and its backends by name."""

    pid: int
    uptime: float
    version: str
    backends: dict[str, Backend]


def complaint(answer: str) -> str:
    """What HAProxy has against a write, as one clean line; "" if it was carried out."""
    lines = [line.strip() for line in answer.strip().splitlines()]
    if not lines or not "".join(lines):
        return ""
    if lines[0].startswith("Unknown command"):
        return "it doesn't know the command"
    return clean(" ".join(line for line in lines if line), 200)


def code_of(said: str) -> TroubleCode:
    """What kind of no a complaint is."""
    if said == "Permission denied":
        return "forbidden"
    if said.startswith(("No such", "Can't find", "Unknown map identifier", "entry not found")):
        return "not_found"
    return "provider_error"


def process_of(answer: str, host: str) -> Process:
    """Read the answers to `STATE`.

    Raises:
        ProviderError: garbage, or forbidden.
    """
    sections = [part for part in re.split(r"\n[ \t]*\n", answer.replace("\r", "")) if part.strip()]
    if len(sections) != len(STATE):
        said = complaint(answer)
        if "Permission denied" in said:
            raise ProviderError("forbidden", f"{host} lets nobody look", "give `stats socket` level operator or admin")
        raise _garbage(host)
    info, states, statistics = sections
    facts = dict(_facts(info))
    rows = _rows(statistics, host)
    try:
        backends = _backends(_states(states, host), rows)
        pid, uptime = int(facts["Pid"]), float(facts["Uptime_sec"])
    except (KeyError, ValueError):
        raise _garbage(host) from None
    return Process(pid, uptime, clean(facts.get("Version", ""), 40), backends)


def entries_of(answer: str, map_name: str, host: str) -> dict[str, str]:
    """Read the answer to `show map MAP`: values by key; of a key that stands there twice the first counts.

    Raises:
        ProviderError: there is no such map, or it is garbage.
    """
    found: dict[str, str] = {}
    for line in answer.strip().splitlines():
        reference, _, rest = line.strip().partition(" ")
        key, _, value = rest.partition(" ")
        if not re.fullmatch(r"0x[0-9a-f]+", reference) or not key:
            said = complaint(answer)
            if code_of(said) == "not_found":
                hint = "name the file as the configuration of HAProxy does; `show map` lists them"
                raise ProviderError("not_found", f"{host} has no map {clean(map_name, 100)}", hint)
            raise _garbage(host)
        found.setdefault(key, value)
    return found


def _garbage(host: str) -> ProviderError:
    return ProviderError("garbage", f"{host} doesn't answer as HAProxy does", "check socket: is that a `stats socket`?")


def _facts(section: str) -> Iterator[tuple[str, str]]:
    for line in section.splitlines():
        name, found, value = line.partition(": ")
        if found:
            yield name.strip(), value.strip()


def _rows(section: str, host: str) -> list[dict[str, str]]:
    """CSV with a header that begins with `# `. Raises ProviderError (garbage)."""
    lines = section.strip().splitlines()
    if not lines[0].startswith("# pxname,"):
        raise _garbage(host)
    reader = csv.DictReader([lines[0].removeprefix("# "), *lines[1:]], restval="")
    return list(reader)


def _states(section: str, host: str) -> list[dict[str, str]]:
    """The lines of `show servers state`. Raises ProviderError (garbage)."""
    lines = section.strip().splitlines()
    if len(lines) < 2 or lines[0].strip() != "1" or not lines[1].startswith("# be_id "):
        raise _garbage(host)
    names = lines[1].removeprefix("# ").split()
    data = (line.split() for line in lines[2:] if not line.startswith("#"))
    return [dict(zip(names, values, strict=False)) for values in data]


def _backends(states: Sequence[dict[str, str]], rows: Sequence[dict[str, str]]) -> dict[str, Backend]:
    """Put together what both lists say. Raises KeyError and ValueError for what isn't there, or is no number."""
    backups = {(row["pxname"], row["svname"]) for row in rows if row["type"] == "2" and row.get("bck") == "1"}
    servers: dict[str, list[Server]] = {row["pxname"]: [] for row in rows if row["svname"] == "BACKEND"}
    for state in states:
        name = state["be_name"]
        backup = (name, state["srv_name"]) in backups
        servers.setdefault(name, []).append(_server(state, backup=backup))
    about = {row["pxname"]: row for row in rows if row["svname"] == "BACKEND"}
    return {
        name: Backend(
            name,
            tuple(found),
            clean(about.get(name, {}).get("algo", ""), 40),
            clean(about.get(name, {}).get("cookie", ""), 60),
        )
        for name, found in servers.items()
    }


def _server(state: dict[str, str], *, backup: bool) -> Server:
    port = state.get("srv_port", "")
    address = clean(state["srv_addr"], 60)
    return Server(
        name=clean(state["srv_name"], 100),
        address=f"{address}:{clean(port, 8)}" if port not in ("", "-", "0") else address,
        operational=int(state["srv_op_state"]),
        admin=int(state["srv_admin_state"]),
        weight=int(state["srv_uweight"]),
        initial=int(state["srv_iweight"]),
        checked=bool(int(state["srv_check_state"]) & _CHECK_ENABLED),
        passed=int(state["srv_check_result"]) == _CHECK_PASSED,
        backup=backup,
        agent=bool(int(state["srv_agent_state"]) & _CHECK_ENABLED),
    )
