"""One call of the program: the options that all commands share, and those of the command itself."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck import paths
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.records import dataclass, field

if TYPE_CHECKING:
    from argparse import Namespace

READ_ONLY_VARIABLE = "QUARTERDECK_READ_ONLY"


def _no_arguments() -> Namespace:
    from argparse import Namespace  # the cockpit does without

    return Namespace()


@dataclass(frozen=True, slots=True)
class Invocation:
    """Attributes:
    config: `--config` as given, or None.
    store: `--store` as given ("" for the configuration's own).
    sandbox: act on a sandbox built from the configuration, never on the real systems.
    read_only: nothing may be changed.
    json: data for programs instead of text for people.
    arguments: what the command's own parser made of its words.
    words: what it left, for a command whose words have a grammar of their own.
    """

    config: str | None = None
    store: str = ""
    sandbox: bool = False
    read_only: bool = False
    json: bool = False
    arguments: Namespace = field(default_factory=_no_arguments)
    words: tuple[str, ...] = ()

    @classmethod
    def of(cls, parsed: Namespace, words: Sequence[str]) -> Invocation:
        """Read the common options; the environment can add read-only but never take it away."""
        return cls(
            config=getattr(parsed, "config", None),
            store=getattr(parsed, "store", ""),
            sandbox=getattr(parsed, "sandbox", False),
            read_only=getattr(parsed, "read_only", False) or _is_set(READ_ONLY_VARIABLE),
            json=getattr(parsed, "json", False),
            arguments=parsed,
            words=tuple(words),
        )

    def config_path(self) -> Path:
        """The configuration to use.

        Raises:
            CommandError: there is none.
        """
        found = paths.find_config(self.config)
        if found is None:
            raise CommandError(
                ExitCode.USAGE,
                f"no configuration: neither ./{paths.CONFIG_NAME} nor {paths.config_dir() / paths.CONFIG_NAME} exists",
                "name one with --config or QUARTERDECK_CONFIG, or try it all without one: qd demo",
            )
        if not found.is_file():
            raise CommandError(ExitCode.USAGE, f"{found}: no such file", "check --config and QUARTERDECK_CONFIG")
        return found

    def require_writing(self, hint: str = "") -> None:
        """Nothing changes in a read-only session.

        Raises:
            CommandError: this is one.
        """
        if self.read_only:
            raise CommandError(ExitCode.REFUSED, "this is a read-only session: nothing may be changed", hint)

    def store_path(self) -> Path:
        """The SQLite store of this invocation."""
        return Path(self.store) if self.store else paths.store_path(self.config_path(), sandbox=self.sandbox)


def actor() -> str:
    """Who asks: user@host, by the process's user id. The runner adds the identity that the credential proves."""
    import pwd  # Here, because a command that only reads asks nobody.

    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container's user without an entry
        user = str(os.getuid())
    return f"{user}@{os.uname().nodename}"


def _is_set(variable: str) -> bool:
    return os.environ.get(variable, "").strip().lower() not in ("", "0", "false", "no", "off")
