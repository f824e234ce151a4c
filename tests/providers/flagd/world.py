"""Definition files, stores of ours on them, and the evaluator that applications have in their process."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml
from openfeature.contrib.tools.flagd.core import FlagdCore
from openfeature.evaluation_context import EvaluationContext

from quarterdeck.clock import SystemClock
from quarterdeck.fleet.observation import Trouble
from quarterdeck.fleet.readings import FlagReading, FlagsReading
from quarterdeck.fleet.targets import TargetId
from quarterdeck.fleet.topology import Address, Connection, Place
from quarterdeck.providers import registry
from quarterdeck.providers.base import FlagStore, Session, SessionContext
from quarterdeck.release.action import FlagChange
from quarterdeck.release.flag import plan_flag
from quarterdeck.release.plan import Refusal, Step


def flag(targeting: Any = None, default: str | None = "off", state: str = "ENABLED", **more: Any) -> dict[str, Any]:
    """A definition as people write one."""
    rules = {} if targeting is None else {"targeting": targeting}
    return {"state": state, "variants": {"on": True, "off": False}, "defaultVariant": default, **rules, **more}


def share(on: int, *key: Any) -> dict[str, Any]:
    return {"fractional": [*key, ["on", on], ["off", 100 - on]]}


def ring(group: str, result: Any, rest: Any) -> dict[str, Any]:
    return {"if": [{"==": [{"var": "ring"}, group]}, result, rest]}


@dataclass
class Definition:
    """A file with flags in it."""

    path: Path

    @classmethod
    def of(cls, folder: Path, flags: Mapping[str, Any], suffix: str = ".json", shared: Any = None) -> Definition:
        found = cls(folder / f"flags{suffix}")
        document = {"flags": flags, **({"$evaluators": shared} if shared else {})}
        found.write(yaml.safe_dump(document, sort_keys=False) if suffix == ".yaml" else json.dumps(document, indent=2))
        return found

    @property
    def text(self) -> str:
        return self.path.read_bytes().decode()

    def write(self, text: str) -> None:
        self.path.write_bytes(text.encode())

    def document(self) -> Any:
        """As the evaluator's own reader takes it from a file."""
        return yaml.safe_load(self.text) if self.path.suffix == ".yaml" else json.loads(self.text)

    def place(self, environment: str = "production", **parts: str) -> Place:
        address = Address("flags", {"file": str(self.path), "group_field": "ring", **parts})
        return Place("flags", TargetId(environment, "flags"), address)

    def seen_by(
        self, name: str, users: Iterable[str | None], in_code: bool = False, **context: Any
    ) -> list[str | None]:
        """The users for whom OpenFeature's evaluator says that it is on."""
        core = FlagdCore()
        core.set_flags(json.dumps(self.document()))

        def on(user: str | None) -> bool:
            return bool(core.resolve_boolean_value(name, in_code, EvaluationContext(user, dict(context))).value)

        return [user for user in users if on(user)]


USERS = [f"5f1c7a90-{number:04x}-4e3b-9d2f-{number * 7919:012x}" for number in range(1000)]


def session(may_write: Callable[[], None] = lambda: None, **options: str) -> Session:
    """As the runner opens it."""
    context = SessionContext(SystemClock(), print, lambda reference: reference, may_write)
    return registry.load("flagd").open(Connection("flags", "flagd", options), context)


def store(may_write: Callable[[], None] = lambda: None, **options: str) -> FlagStore:
    return cast(FlagStore, session(may_write, **options).capability("flags"))


async def seen(where: Place, of: FlagStore | None = None) -> dict[str, FlagReading]:
    """As a round of watching reads them, by name."""
    found = (await (of or store()).observe([where]))[where.subject]
    assert isinstance(found, FlagsReading), found
    return {one.name: one for one in found.flags}


async def trouble(where: Place) -> Trouble:
    found = (await store().observe([where]))[where.subject]
    assert isinstance(found, Trouble), found
    return found


async def planned(where: Place, name: str, of: FlagStore | None = None, **change: Any) -> Step:
    """The one step of a change."""
    action = FlagChange(TargetId(where.target.environment, name, flag=True), **change)
    outline = plan_flag(action, where, await (of or store()).survey_flag(where.address, name, ""))
    assert not isinstance(outline, Refusal), outline
    (step,) = outline.steps
    return step


async def change(where: Place, name: str, of: FlagStore | None = None, **change: Any) -> Step:
    """Planned, sent, and read back."""
    mine = of or store()
    step = await planned(where, name, mine, **change)
    await mine.send(step)
    settlement = await mine.settle(step)
    assert settlement.state == "done", settlement
    return step


def git(folder: Path, *words: str) -> str:
    """What git says. Raises AssertionError with its words if it fails."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
