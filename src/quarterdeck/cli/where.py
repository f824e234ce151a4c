"""`qd where`: the files and folders in use, so that nobody has to guess."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path

from quarterdeck import paths
from quarterdeck.cli import output
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation


def configure(parser: ArgumentParser) -> None:
    """No arguments of its own."""
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print every place, whether it exists or not."""
    config = paths.find_config(invocation.config)
    places = {
        "configuration": config and config.resolve(),
        "store": invocation.store or (config and paths.store_path(config, sandbox=invocation.sandbox)),
        "fleet folder": config and paths.fleet_dir(config, sandbox=invocation.sandbox),
        "state folder": paths.state_dir(),
        "configuration folder": paths.config_dir(),
        "themes": paths.shared_dir("themes"),
        "sample configurations": paths.shared_dir("sample-configs"),
    }
    if invocation.json:
        found = {name.replace(" ", "_"): place and str(place) for name, place in places.items()}
        output.document("where", {**found, "output": _way_out()})
        return ExitCode.DONE
    for name, place in places.items():
        there = "" if place is None or Path(place).exists() else "  (not there yet)"
        output.data(f"{name:22} {place or '(none)'}{there}")
    output.data(f"{'output':22} {_way_out()}")
    return ExitCode.DONE


def _way_out() -> str:
    """How a cockpit's frames reach the terminal here."""
    from quarterdeck.ui import preferences
    from quarterdeck.ui.output import choosing

    try:
        wanted = preferences.read(paths.config_dir()).output
    except preferences.BadPreferences as error:
        return f"(unknown: {error})"
    if choosing.asked_for_stock(wanted):
        return "stock"
    problem = choosing.unknown_ground()
    return f"stock: {problem}" if problem else "cells"
