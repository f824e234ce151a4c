"""Where things are kept on this machine, as plain text: what the first frame needs, before anything is loaded.

`quarterdeck.paths` gives the same as `Path`s; everything else asks that.
"""

from __future__ import annotations

import os

CONFIG_NAME = "quarterdeck.yaml"
_LONGEST_NAME = 40


def state_dir() -> str:
    """See `paths.state_dir`."""
    if own := os.environ.get("QUARTERDECK_STATE"):
        return own
    base = os.environ.get("XDG_STATE_HOME") or os.path.join(os.path.expanduser("~"), ".local", "state")
    return os.path.join(base, "quarterdeck")


def config_dir() -> str:
    """See `paths.config_dir`."""
    if own := os.environ.get("QUARTERDECK_CONFIG_DIR"):
        return own
    base = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return os.path.join(base, "quarterdeck")


def find_config(given: str | None) -> str | None:
    """See `paths.find_config`."""
    if named := given or os.environ.get("QUARTERDECK_CONFIG"):
        return named
    candidates = (os.path.join(os.getcwd(), CONFIG_NAME), os.path.join(config_dir(), CONFIG_NAME))
    return next((path for path in candidates if os.path.isfile(path)), None)


def fleet_dir(config: str, *, sandbox: bool) -> str:
    """See `paths.fleet_dir`."""
    import hashlib  # not for who names a store

    resolved = os.path.realpath(config)
    digest = hashlib.sha256(resolved.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    return os.path.join(state_dir(), "sandbox" if sandbox else "fleets", f"{_plain(_stem(config))}-{digest}")


def store_path(config: str, *, sandbox: bool) -> str:
    """See `paths.store_path`."""
    return os.path.join(fleet_dir(config, sandbox=sandbox), "store.db")


def _stem(path: str) -> str:
    """The last part of a path without its ending."""
    name = os.path.basename(path.rstrip("/"))
    dot = name.rfind(".")
    return name[:dot] if 0 < dot < len(name) - 1 else name


def _plain(name: str) -> str:
    """A name that any file system takes: each run of other characters than `A-Za-z0-9._-` becomes one hyphen."""
    told = ""
    replaced = False
    for letter in name:
        fits = letter.isascii() and (letter.isalnum() or letter in "._-")
        if fits or not replaced:
            told += letter if fits else "-"
        replaced = not fits
    return told[:_LONGEST_NAME]
