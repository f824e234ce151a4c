"""A report as a file that only its owner can read."""

from __future__ import annotations

import os
import time
from pathlib import Path

from quarterdeck import paths
from quarterdeck.release.report import Report
from quarterdeck.reporting import html
from quarterdeck.reporting.release_page import release_document

FOLDER = "reports"
"""Inside the state folder."""


def keep(report: Report, state: Path) -> Path:
    """Write a report as HTML into the state folder; where it is. What was written before stays.

    Raises:
        OSError: if it can't be written.
    """
    folder = paths.private_dir(state / FOLDER)
    stamp = time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime(report.made_at))
    page, number = html.written(release_document(report)), 1
    while True:
        path = folder / f"{stamp}-{report.id}{f'-{number}' if number > 1 else ''}.html"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        return path
