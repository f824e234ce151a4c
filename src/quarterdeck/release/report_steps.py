"""Every go at each step of a release, from the lines of its journal. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.fleet.redaction import visible
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.report import Attempt, Outcome

_ENDINGS: Mapping[str, Outcome] = {
    "release.step_done": "done",
    "release.step_failed": "failed",
    "release.step_skipped": "skipped",
}


@dataclass(slots=True)
class Attempts:
    """By step, its goes in their order."""

    by_step: dict[str, list[Attempt]] = field(default_factory=dict)

    def read(self, kind: str, body: Mapping[str, Any], at: float) -> None:
        """Go on by one line; what isn't about a step changes nothing."""
        if kind.startswith("release.step_"):
            step, detail = str(body["step"]), visible(body.get("detail") or "")
            self._of_step(kind, self.by_step.setdefault(step, []), detail, str(body.get("operation") or ""), at)

    def _of_step(self, kind: str, goes: list[Attempt], detail: str, operation: str, at: float) -> None:
        if kind == "release.step_started":
            goes.append(Attempt(at, None, "running", detail, operation))
            return
        if not goes or (kind in _ENDINGS and goes[-1].ended is not None):
            goes.append(Attempt(at, None, "running", detail, operation))  # over as soon as it came up
        last = goes[-1]
        match kind:
            case "release.step_undoing":
                began = last.going_back or at
                goes[-1] = replace(last, outcome="going back", going_back=began, undo=operation or last.undo)
            case "release.step_undone":
                goes[-1] = replace(
                    last, outcome="taken back", going_back=last.going_back or at, went_back=at, ended=last.ended or at,
                    detail="; ".join(filter(None, (last.detail, detail))),
                )  # fmt: skip
            case _:
                goes[-1] = replace(last, outcome=_ENDINGS[kind], ended=at, detail=detail or last.detail)

    def of(self, step: str, release_ended: float | None) -> tuple[Attempt, ...]:
        """The goes at a step; what still ran when the release ended was cut short."""
        goes = self.by_step.get(step, ())
        if release_ended is None:
            return tuple(goes)
        return tuple(
            replace(one, outcome="cut short", ended=one.ended or release_ended)
            if one.outcome in ("running", "going back")
            else one
            for one in goes
        )
