"""`qd sandbox serve | status | reset | stop`: a loopback Azure to practise on and to test other clients against."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path

from quarterdeck import paths
from quarterdeck.cli import output
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.fleet.codec import to_json


def configure(parser: ArgumentParser) -> None:
    """What to do with which sandbox."""
    deeds = parser.add_subparsers(metavar="DEED", dest="deed", required=True)
    _configure_serve(deeds.add_parser("serve", help="serve --config's fleet, or a shop; one JSON line when ready"))
    for name, help_text, run in (
        ("status", "whether the fleet's sandbox runs, and where", status),
        ("reset", "put the fleet's sandbox back to how it began", reset),
        ("stop", "end the fleet's sandbox", stop),
    ):
        deeds.add_parser(name, help=help_text).set_defaults(run=run)


def _configure_serve(parser: ArgumentParser) -> None:
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="0, the default, takes a free one")
    parser.add_argument("--tls", action="store_true", help="HTTPS with a self-signed certificate")
    parser.add_argument("--seed", type=int, metavar="N", help="of the world's chance")
    parser.add_argument(
        "--scale", type=int, default=0, metavar="N", help="so many sites more, each with a staging slot"
    )
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="added to every answer")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of faults to come")
    parser.add_argument("--world", type=Path, metavar="FILE", help="JSON file that says what exists")
    parser.set_defaults(run=serve)


def serve(invocation: Invocation) -> ExitCode:
    """Serve in the foreground."""
    import asyncio

    from quarterdeck.sandbox.serve import serve as serve_until_stopped
    from quarterdeck.sandbox.settings import Settings

    given = invocation.arguments
    try:
        settings = Settings(
            host=given.host,
            port=given.port,
            tls=given.tls,
            seed=given.seed,
            scale=given.scale,
            latency_ms=given.latency,
            faults=given.faults,
            world=given.world,
            fleet=_declared(invocation) if invocation.config and not given.world else None,
        )
        asyncio.run(serve_until_stopped(settings))
    except OSError as error:
        why = ": ".join(filter(None, (error.filename, error.strerror))) or str(error)
        raise CommandError(ExitCode.USAGE, f"the sandbox can't be served: {why}") from error
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, f"the sandbox can't be served: {error}") from error
    return ExitCode.DONE


def _declared(invocation: Invocation) -> Path:
    """A file with the fleet of the configuration, for a world in which all of it exists."""
    from quarterdeck.cli.loading import load_configuration

    folder = paths.private_dir(paths.fleet_dir(invocation.config_path(), sandbox=True))
    file = folder / "served-fleet.json"
    file.write_text(json.dumps(to_json(load_configuration(invocation).fleet)))
    return file


def status(invocation: Invocation) -> ExitCode:
    """Print the line that the fleet's sandbox announced itself with."""
    from quarterdeck.runner.sandboxing import running

    found = running(invocation.config_path())
    if invocation.json:
        output.document("sandbox", {"running": found is not None, "announcement": found})
    elif found is None:
        output.data("no sandbox runs for this configuration")
    else:
        for key, value in found.items():
            output.data(f"{key:18} {value}")
    return ExitCode.DONE


def reset(invocation: Invocation) -> ExitCode:
    """Begin again."""
    from quarterdeck.runner.sandboxing import reset_sandbox

    return _told(reset_sandbox(invocation.config_path()), "the sandbox is as it was at the start")


def stop(invocation: Invocation) -> ExitCode:
    """End it."""
    from quarterdeck.runner.sandboxing import stop_sandbox

    return _told(stop_sandbox(invocation.config_path()), "the sandbox has ended")


def _told(done: bool, sentence: str) -> ExitCode:
    output.narrate(sentence if done else "no sandbox runs for this configuration")
    return ExitCode.DONE
