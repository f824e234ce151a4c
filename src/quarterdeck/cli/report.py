"""`qd report`: a release told whole for people who weren't there, and how releases go in a period."""

from __future__ import annotations

import json
import sys
import time
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from quarterdeck.cli import output
from quarterdeck.cli.connected import existing_store
from quarterdeck.cli.errors import CommandError
from quarterdeck.cli.exit_codes import ExitCode
from quarterdeck.cli.invocation import Invocation
from quarterdeck.cli.release_finding import find_release
from quarterdeck.cli.scope import Scope
from quarterdeck.cli.times import moment_argument
from quarterdeck.reporting import html, markdown
from quarterdeck.reporting.as_json import dora_body, release_body
from quarterdeck.reporting.document import Document
from quarterdeck.reporting.dora_page import dora_document
from quarterdeck.reporting.gathering import dora_of, report_of
from quarterdeck.reporting.release_page import release_document
from quarterdeck.store.base import Store

_PERIOD = 30 * 86_400.0
"""Seconds that measures look back unless told otherwise."""

_EXAMPLES = """\
qd report production/checkout                     the last release of a service
qd report 0199aa01 --format html --out april.html
qd report --dora production --since 90d           DORA's four measures"""


def configure(parser: ArgumentParser) -> None:
    """Which release, or which part of the fleet; how, and where to."""
    which = "id of a release, the beginning of one, or ENV/SERVICE for its last; with --dora: ENV or ENV/SERVICE"
    parser.add_argument("release", nargs="?", default="", metavar="RELEASE", help=which)
    parser.add_argument(
        "--format", choices=("md", "html", "json"), help="md (the usual one), one html page that stands alone, or json"
    )
    parser.add_argument("--out", default="", metavar="FILE", help="write it there instead of printing it")
    parser.add_argument("--dora", action="store_true", help="how releases went in a period, by DORA's four measures")
    parser.add_argument(
        "--since", type=moment_argument, metavar="TIME", help="with --dora: from when on; 30d ago unless it says so"
    )
    parser.epilog = _EXAMPLES
    parser.set_defaults(run=run)


def run(invocation: Invocation) -> ExitCode:
    """Print the report, or write it into a file."""
    given = invocation.arguments
    if invocation.json and given.format not in (None, "json"):
        raise CommandError(ExitCode.USAGE, f"--json and --format {given.format} contradict each other", "leave one out")
    if given.since is not None and not given.dora:
        raise CommandError(ExitCode.USAGE, "--since goes with --dora: a release is told from its start", "leave it out")
    if not given.release and not given.dora:
        raise CommandError(
            ExitCode.USAGE, "which release? name one", "qd release list shows them; or: qd report --dora"
        )
    with existing_store(invocation) as store:
        return _dora(store, invocation) if given.dora else _release(store, invocation)


def _release(store: Store, invocation: Invocation) -> ExitCode:
    release = find_release(store, invocation.arguments.release)
    report = report_of(store, release.id, time.time())
    _deliver(invocation, "report", release_document(report), release_body(report))
    if report.evidence.faults:
        output.complain(
            f"the journal is not what was written: {len(report.evidence.faults)} faults; the report can't be relied on",
            "see each of them: qd history --verify",
        )
        return ExitCode.FAILED
    return ExitCode.DONE


def _dora(store: Store, invocation: Invocation) -> ExitCode:
    now, given = time.time(), invocation.arguments
    scope = _scope(store, given.release)
    since = now - _PERIOD if given.since is None else given.since
    if since >= now:
        raise CommandError(
            ExitCode.USAGE, "--since lies ahead: measures are about what has been", "name an earlier time"
        )
    dora = dora_of(store, scope.environment, scope.service, since, now)
    _deliver(invocation, "dora", dora_document(dora), dora_body(dora))
    return ExitCode.DONE


def _scope(store: Store, text: str) -> Scope:
    """The part of the fleet; what the fleet doesn't have any more may still be in the journal."""
    if not text:
        return Scope()
    try:
        scope = Scope.parse(text)
    except ValueError as error:
        raise CommandError(ExitCode.USAGE, str(error), "qd status shows what there is") from error
    fleet = store.fleet()
    names = [one.name for one in fleet.environments] if fleet else []
    if names and scope.environment not in names:
        message = f"there is no environment {scope.environment!r}; there are: {', '.join(names)}"
        raise CommandError(ExitCode.USAGE, message, "qd status shows what there is")
    if fleet and scope.service and scope.service not in fleet.services:
        message = f"there is no service {scope.service!r}; there are: {', '.join(fleet.services)}"
        raise CommandError(ExitCode.USAGE, message, "qd status shows what there is")
    return scope


def _deliver(invocation: Invocation, kind: str, document: Document, body: Mapping[str, Any]) -> None:
    wanted = "json" if invocation.json else invocation.arguments.format or "md"
    if wanted == "json":
        text = json.dumps({"schema": output.SCHEMA, "kind": kind, **body}, ensure_ascii=True) + "\n"
    else:
        text = html.written(document) if wanted == "html" else markdown.written(document)
    if not invocation.arguments.out:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    path = Path(invocation.arguments.out)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CommandError(ExitCode.USAGE, f"{path} can't be written: {reason}", "name another file") from error
    output.narrate(f"written: {path}")
