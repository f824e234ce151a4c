"""The interlock between a build and its database: which versions of the schema a build can live with.

A build declares the range that it accepts; a gate tells which version the database is at. Once a contract phase has
run, the build that served before no longer fits, and going back to it would break what still works: that is refused.
"""

from __future__ import annotations

import re

from quarterdeck.release.plan import Refusal, Risk
from quarterdeck.release.rules import SchemaRange, SchemaRule


def accepts(rule: SchemaRule, version: str, current: float | None) -> str:
    """Why a build may not serve on the schema that is there; "" if it may, or if nothing is declared or known.

    Args:
        version: of the build; "" for a build that nobody knows.
        current: the schema version the database is at, None if it can't be read.
    """
    declared = range_of(rule, version)
    if declared is None or current is None or declared.low <= current <= declared.high:
        return ""
    side = "an older" if current > declared.high else "a newer"
    needs = f"{declared.low}" if declared.low == declared.high else f"{declared.low} to {declared.high}"
    return f"{version} accepts schema {needs}; the database is at {current:g}, and {version} was made for {side} one"


def range_of(rule: SchemaRule, version: str) -> SchemaRange | None:
    """What a build declares; None if it declares nothing."""
    return next((one for one in rule.accepts if version and _fits(one.version, version)), None)


def interlock(
    where: str, rule: SchemaRule, version: str, current: float | None, *, back: bool, trouble: str = ""
) -> Refusal | Risk | None:
    """What to say before a build serves users: it can't, it might not, or nothing.

    Args:
        where: the target, for people.
        back: whether the build served before (a rollback, a swap back). It was made for the past, so a schema that
            can't be read is a danger there, and only a warning for what is new.
        trouble: why the schema can't be read, for people.
    """
    if why_not := accepts(rule, version, current):
        if back:
            hint = "the contract phase has run: roll forward with a fix, or take the migration back first"
        else:
            hint = "migrate the database first (expand), then release"
        return Refusal("impossible", f"{where}: {why_not}", hint)
    if not version or range_of(rule, version) is None:
        text = f"{where}: {version or 'a build that nobody knows'} doesn't say which schema it accepts"
        return Risk("warning", "schema-unknown", text, "declare it: schema, accepts") if back else None
    if current is None:
        told = f": {trouble}" if trouble else ""
        text = f"{where}: nobody knows which schema the database is at{told}"
        remedy = f"look yourself whether {version} fits"
        if back:
            return Risk("danger", "schema-unread-going-back", text, remedy)
        return Risk("warning", "schema-unread", text, remedy)
    return None


def _fits(pattern: str, version: str) -> bool:
    parts = (re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(".*".join(parts), version, re.DOTALL) is not None
