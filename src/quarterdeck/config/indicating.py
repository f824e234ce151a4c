"""Indicators: what is measured of services all the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field, model_validator

from quarterdeck.config.checking import check
from quarterdeck.config.gating import Gating
from quarterdeck.config.names import Names, section
from quarterdeck.config.nodes import Mapping, Node, child, dotted
from quarterdeck.config.nodes import Path as NodePath
from quarterdeck.config.problems import Mark, Report
from quarterdeck.config.quantities import Part, Span
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.indicator import Indicator, Scale

_ANY_NUMBER = "result == result"
"""An indicator isn't passed or failed: every number is an answer."""

Number = Annotated[float, Field(allow_inf_nan=False)]


def indicators(
    tree: Mapping, gating: Gating, gates: Sequence[GateSpec], names: Names, report: Report
) -> tuple[Indicator, ...]:
    """All indicators of a configuration. `gates` are those that it declares."""
    work = _Indicating(gating, {gate.name: gate for gate in gates}, names, report)
    found = [work.indicator(*entry) for entry in section(tree, "indicators").items()]
    return tuple(one for one in found if one)


class IndicatorEntry(Part):
    """What is measured, and how it is drawn; see `release.indicator.Indicator`."""

    analysis: str = ""
    connection: str = ""
    unit: str = Field(default="", max_length=8)
    times: Number = 1
    low: Number = 0
    high: Number
    bad_above: Number | None = None
    bad_below: Number | None = None
    interval: Annotated[Span, Field(ge=1)] = 30
    max_age: Span | None = None
    about: str = Field(default="", alias="for")

    @model_validator(mode="after")
    def _on_a_scale(self) -> IndicatorEntry:
        if self.low >= self.high:
            raise ValueError(f"the scale goes nowhere: from low {self.low:g} to high {self.high:g}")
        for name, limit in (("bad_above", self.bad_above), ("bad_below", self.bad_below)):
            if limit is not None and not self.low <= limit <= self.high:
                raise ValueError(f"{name} {limit:g} isn't on the scale from low {self.low:g} to high {self.high:g}")
        if self.times == 0:
            raise ValueError("times 0 makes every answer nothing")
        return self


_OURS = [field.alias or key for key, field in IndicatorEntry.model_fields.items()]


class _Indicating:
    def __init__(self, gating: Gating, gates: dict[str, GateSpec], names: Names, report: Report) -> None:
        self._gating, self._gates, self._names, self._report = gating, gates, names, report

    def indicator(self, name: str, mark: Mark, node: Node) -> Indicator | None:
        path: NodePath = ("indicators", name)
        if not isinstance(node, Mapping):
            self._report.add(mark, dotted(path), "must hold keys with values")
            return None
        question = self._question(name, mark, node, path)
        entry = check(IndicatorEntry, node.only(_OURS), path, self._report)
        if question is None or entry is None:
            return None
        longest = entry.max_age or question.max_age
        asked = replace(question, name=name, success=_ANY_NUMBER, failure="", interval=entry.interval, max_age=longest)
        scale = Scale(entry.low, entry.high, entry.bad_above, entry.bad_below)
        return Indicator(name, asked, scale, entry.unit, entry.times, entry.about)

    def _question(self, name: str, mark: Mark, node: Mapping, path: NodePath) -> GateSpec | None:
        """What is asked: the question of an analysis or a gate, or one of its own."""
        analysis = child(node, "analysis")
        if (analysis is None) == (child(node, "connection") is None):
            hint = "write `analysis: NAME`, or `connection: NAME` with a question to it"
            self._report.add(mark, dotted(path), "must name what is asked, in one way", hint)
            return None
        if analysis is None:
            options = self._gating.question(node, mark, path, _OURS)
            connection = node.entries["connection"]
            return None if options is None else GateSpec(name, "metric", getattr(connection, "text", "") or "", options)
        for key, key_mark, _ in node.without(*_OURS).items():
            self._report.add(key_mark, dotted((*path, key)), "unknown key", "what is asked is said by the analysis")
        found = self._names.refer("gate", analysis, (*path, "analysis"))
        return self._gates.get(found[0]) if found else None
