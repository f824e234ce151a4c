"""Reports as JSON for programs, schema 1: the fields of `release.report.Report` and `release.dora.Dora` by their names.

Times are UNIX seconds (UTC), lengths of time are seconds, shares are percent; what nobody knows is null.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.records import asdict
from quarterdeck.release.dora import DEFINITIONS, Dora
from quarterdeck.release.report import Report


def release_body(report: Report) -> Mapping[str, Any]:
    """A release: `report` holds all of it."""
    body = asdict(report)
    phases = [{"phase": phase, "seconds": seconds} for phase, seconds in report.durations.phases]
    return {"report": {**body, "durations": {**body["durations"], "phases": phases}}}


def dora_body(dora: Dora) -> Mapping[str, Any]:
    """The measures, the first of them over all; with what each counts."""
    return {"dora": {**asdict(dora), "definitions": dict(DEFINITIONS)}}
