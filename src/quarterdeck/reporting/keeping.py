"""A report as a file that only its owner can read."""

from __future__ import annotations

import re
from pathlib import Path

from quarterdeck import paths, private_files
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
    page = html.written(release_document(report))
    path, file = private_files.begin(folder, name, ".html")
    with file:
        file.write(page)
    return Path(path)
