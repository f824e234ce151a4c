"""`python -m quarterdeck.sandbox`: the sandbox without the rest of the program."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path

from quarterdeck.sandbox.serve import serve
from quarterdeck.sandbox.settings import Settings


def main(arguments: list[str] | None = None) -> int:
    """Serve; 2 for a wrong argument or file."""
    parser = argparse.ArgumentParser(prog="python -m quarterdeck.sandbox", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tls", action="store_true", help="https with a self-signed certificate")
    parser.add_argument("--tls-folder", type=Path, help="where the certificate goes")
    parser.add_argument("--seed", type=int, help="of the world's chance")
    parser.add_argument("--scale", type=int, default=0, metavar="N", help="N more sites")
    parser.add_argument("--latency", type=float, default=0.0, metavar="MS", help="added to every answer")
    parser.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of faults")
    parser.add_argument("--world", type=Path, metavar="FILE", help="JSON file that says what exists")
    parser.add_argument("--fleet", type=Path, metavar="FILE", help="JSON file with a fleet: all of it exists")
    parser.add_argument("--announce", type=Path, metavar="FILE", help="gets the line printed when ready, and the pid")
    parser.add_argument("--idle", type=float, default=0.0, metavar="SECONDS", help="end when idle so long")
    given = parser.parse_args(arguments)
    try:
        settings = Settings(
            host=given.host,
            port=given.port,
            tls=given.tls,
            tls_folder=given.tls_folder,
            seed=given.seed,
            scale=given.scale,
            latency_ms=given.latency,
            faults=given.faults,
            world=given.world,
            fleet=given.fleet,
            announce=given.announce,
            idle_seconds=given.idle,
        )
        asyncio.run(serve(settings))
    except (ValueError, OSError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
