"""Reading the configuration in a command itself; most commands leave that to the runner."""

from __future__ import annotations

from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.config import ConfigError
from quarterdeck.runner.configuration import Configuration


def load_configuration(invocation: Invocation) -> Configuration:
    """The configuration as its files are now.

    Raises:
        CommandError: there is none, or it can't be used; with every problem.
    """
    path = invocation.config_path()
    try:
        return Configuration(path)
    except ConfigError as error:
        raise CommandError(ExitCode.USAGE, f"{path} can't be used", str(error)) from error
