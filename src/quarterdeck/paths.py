"""Where things are kept on this machine: the state folder, the configuration, the store of a fleet."""

from __future__ import annotations

from pathlib import Path

from quarterdeck import locating

CONFIG_NAME = locating.CONFIG_NAME


def state_dir() -> Path:
    """`$QUARTERDECK_STATE`, else `$XDG_STATE_HOME/quarterdeck`, else `~/.local/state/quarterdeck`. Not created."""
    return Path(locating.state_dir())


def config_dir() -> Path:
    """`$QUARTERDECK_CONFIG_DIR`, else `$XDG_CONFIG_HOME/quarterdeck`, else `~/.config/quarterdeck`. Not created."""
    return Path(locating.config_dir())


def find_config(given: str | None) -> Path | None:
    """The configuration to use: the one given, `$QUARTERDECK_CONFIG`, `./quarterdeck.yaml`, the config folder's.

    None if there is none; a given path is returned as it is, whether it exists or not.
    """
    found = locating.find_config(given)
    return None if found is None else Path(found)


def fleet_dir(config: Path, *, sandbox: bool) -> Path:
    """The folder that holds all state of one configuration; a sandbox has one of its own, never the real one's.

    It depends on the path alone, so that a viewer finds the store without reading the configuration. Its name begins
    with the configuration's, for people.
    """
    return Path(locating.fleet_dir(str(config), sandbox=sandbox))


def store_path(config: Path, *, sandbox: bool) -> Path:
    """The SQLite store of a configuration."""
    return Path(locating.store_path(str(config), sandbox=sandbox))


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
