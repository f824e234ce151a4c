"""Where things are kept on this machine: the state folder, the configuration, the store of a fleet."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

CONFIG_NAME = "quarterdeck.yaml"


def state_dir() -> Path:
    """`$QUARTERDECK_STATE`, else `$XDG_STATE_HOME/quarterdeck`, else `~/.local/state/quarterdeck`. Not created."""
    if own := os.environ.get("QUARTERDECK_STATE"):
        return Path(own)
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "quarterdeck"


def config_dir() -> Path:
    """`$QUARTERDECK_CONFIG_DIR`, else `$XDG_CONFIG_HOME/quarterdeck`, else `~/.config/quarterdeck`. Not created."""
    if own := os.environ.get("QUARTERDECK_CONFIG_DIR"):
        return Path(own)
    base = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(base) / "quarterdeck"


def find_config(given: str | None) -> Path | None:
    """The configuration to use: the one given, `$QUARTERDECK_CONFIG`, `./quarterdeck.yaml`, the config folder's.

    None if there is none; a given path is returned as it is, whether it exists or not.
    """
    if named := given or os.environ.get("QUARTERDECK_CONFIG"):
        return Path(named)
    candidates = (Path.cwd() / CONFIG_NAME, config_dir() / CONFIG_NAME)
    return next((path for path in candidates if path.is_file()), None)


def fleet_dir(config: Path, *, sandbox: bool) -> Path:
    """The folder that holds all state of one configuration; a sandbox has one of its own, never the real one's.

    It depends on the path alone, so that a viewer finds the store without reading the configuration.
    """
    resolved = str(config.resolve())
    digest = hashlib.sha256(resolved.encode()).hexdigest()[:8]
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", config.stem)[:40]
    return state_dir() / ("sandbox" if sandbox else "fleets") / f"{name}-{digest}"


def store_path(config: Path, *, sandbox: bool) -> Path:
    """The SQLite store of a configuration."""
    return fleet_dir(config, sandbox=sandbox) / "store.db"


def private_dir(path: Path) -> Path:
    """Create a folder that only its owner can enter (0700), with its parents, and return it.

    Raises:
        OSError: if it can't be made.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def shared_dir(name: str) -> Path:
    """A folder of files that come with the program: `themes` or `sample-configs`.

    In an installed wheel they lie inside the package; in an editable install at the top of the checkout.
    """
    package = Path(__file__).parent
    packaged = package / f"_{name.replace('-', '_')}"
    return packaged if packaged.is_dir() else package.parent.parent / name
