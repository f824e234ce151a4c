"""A report as a file that only its owner can read."""

from __future__ import annotations

import os
import re
from pathlib import Path

from quarterdeck import paths
from quarterdeck.release.report import Report
from quarterdeck.reporting import html
from quarterdeck.reporting.release_page import release_document

FOLDER = "reports"
"""Inside the state folder."""


def keep(report: Report, state: Path) -> Path:
    """Write a report as HTML into the state folder; where it is. It is named after the release; what was written of it
    before stays, and the new one gets a number.

    Raises:
        OSError: if it can't be written.
    """
    folder = paths.private_dir(state / FOLDER)
    name = re.sub(r"[^A-Za-z0-9_-]", "_", report.id)
    page, number = html.written(release_document(report)), 1
    while True:
        path = folder / f"{name}{f'-{number}' if number > 1 else ''}.html"
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            number += 1
            continue
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(page)
        return path
