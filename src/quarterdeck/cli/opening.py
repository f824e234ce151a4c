"""Whether a command line asks for the cockpit and nothing else; told before `argparse` is loaded."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

_WITH_VALUE = ("--config", "--store")
_FLAGS = ("--sandbox", "--read-only")


def cockpit_options(words: Sequence[str]) -> dict[str, str] | None:
    """The options before a cockpit, by name; None for every other command line, also for one that is wrong."""
    options: dict[str, str] = {}
    rest = list(words)
    while rest:
        name, equals, value = rest.pop(0).partition("=")
        if name in _WITH_VALUE and (equals or (rest and not rest[0].startswith("-"))):
            options[name] = value if equals else rest.pop(0)
        elif name in _FLAGS and not equals:
            options[name] = "yes"
        else:
            return None
    return options


def store_of(options: dict[str, str]) -> str | None:
    """The store that these options mean; None if there is no configuration either."""
    if options.get("--store"):
        return options["--store"]
    from quarterdeck import locating

    config = locating.find_config(options.get("--config"))
    return None if config is None else locating.store_path(config, sandbox="--sandbox" in options)


def is_read_only(options: dict[str, str]) -> bool:
    """Whether the option or the environment wants nothing changed."""
    asked = os.environ.get("QUARTERDECK_READ_ONLY", "").strip().lower()
    return "--read-only" in options or asked not in ("", "0", "false", "no", "off")
