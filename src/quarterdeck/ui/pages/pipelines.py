"""Runs of pipelines: one row each, and one of them in full."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.fleet.pipelines import origin
from quarterdeck.fleet.targets import PIPELINE_PREFIX
from quarterdeck.release.pipeline_view import PipelineView, RunView
from quarterdeck.ui.pages import marks
from quarterdeck.ui.spans import BLANK, Line, Span, line, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow

_ROOM_FOR_TITLES = 110
"""Cells from which what a run is about stands in its row."""


def columns(cells: int) -> list[Column]:
    """What fits into so many cells."""
    return [
        Column("RUN", least=9),
        Column("STATE", least=11),
        Column("WAITS FOR", least=22),
        *([Column("WHAT", least=24)] if cells >= _ROOM_FOR_TITLES else []),
        Column("BRANCH", least=6),
        *([Column("COMMIT", least=8)] if cells >= _ROOM_FOR_TITLES else []),
        Column("BY", least=5),
        Column("AGE", least=4),
    ]


def rows(pipelines: Sequence[PipelineView], cells: int) -> list[GridRow]:
    """What waits for people first, over all pipelines; then pipeline by pipeline, the newest first. A pipeline that
    can't be read, or has no runs, says so in a row of its own."""
    of_all = [(pipeline, run) for pipeline in pipelines for run in pipeline.runs]
    asked = [_row(pipeline, run, cells) for pipeline, run in of_all if run.decisions]
    rest: list[GridRow] = []
    for pipeline in pipelines:
        if not pipeline.runs or pipeline.known.state == "trouble":
            rest.append(_row_of_pipeline(pipeline, len(columns(cells))))
        rest += [_row(pipeline, run, cells) for run in pipeline.runs if not run.decisions]
    return [*asked, *rest]


def key_of(pipeline: PipelineView) -> str:
    """The key of a pipeline's own row."""
    return str(pipeline.target)


def is_pipeline(key: str) -> bool:
    """Whether a row is a pipeline's own."""
    return key.startswith(PIPELINE_PREFIX)


def _row(pipeline: PipelineView, run: RunView, cells: int) -> GridRow:
    waits = line((run.waits_for or "-", "text" if run.waits_for else "dim"))
    if run.superseded:
        waits = (*waits, (" ▲ older", "attention"))
    if run.operation:
        waits = (*waits, (" ▸ being answered", "moving"))
    roomy = cells >= _ROOM_FOR_TITLES
    return GridRow(
        run.key,
        (
            line((run.name, "title"), (f" ({run.attempt})" if run.attempt > 1 else "", "dim")),
            line(_state(pipeline, run)),
            waits,
            *([line(run.title)] if roomy else []),
            line(run.ref),
            *([line((run.commit, "dim"))] if roomy else []),
            line(run.actor),
            line((run.age or "-", "dim")),
        ),
    )


def _state(pipeline: PipelineView, run: RunView) -> Span:
    """A run's state; one that may have gone on since is only what it was."""
    state, word = marks.RUN[run.state]
    if run.open and pipeline.known.state in ("stale", "trouble"):
        return (f"{state[0]} was {run.state}", "dim")
    return (state, word)


def _row_of_pipeline(pipeline: PipelineView, wide: int) -> GridRow:
    known = pipeline.known
    if known.trouble is not None:
        state, waits = line(("✗ trouble", "danger")), line((known.trouble.message, "danger"))
    elif known.state == "never":
        state, waits = line(("○ not read", "dim")), line(("not read yet", "dim"))
    else:
        state, waits = line(("○ no runs", "dim")), line(("nothing ran here yet", "dim"))
    told = (line((pipeline.target.name, "title")), state, waits)
    return GridRow(key_of(pipeline), (*told, *[BLANK] * (wide - len(told))))


def detail_line(pipeline: PipelineView | None, run: RunView | None) -> Line:
    """Where a pipeline is, and how old that is."""
    if pipeline is None:
        return BLANK
    told = (*line("  ", (pipeline.where, "dim"), "  "), *marks.of_knowledge(pipeline.known))
    return (*told, ("  Enter: the whole run", "dim")) if run is not None else told


def run_lines(pipeline: PipelineView, run: RunView, cells: int) -> list[Line]:
    """One run: for what it waits and who may end that, what it is about, its parts, and where to look."""
    attempt = f"  attempt {run.attempt}" if run.attempt > 1 else ""
    when = f"for {run.age}" if run.open and run.age not in ("", "now") else marks.ago(run.age)
    lines: list[Line] = [line((run.name, "title"), "  ", _state(pipeline, run), (f"  {when}{attempt}".rstrip(), "dim"))]
    if run.superseded:
        lines += wrap(run.superseded, cells, first=line(("▲ ", "danger")), word="danger")
    for wait in run.waits:
        since = f", for {wait.age}" if wait.age not in ("", "now") else ""
        ends = f", fails by itself in {wait.expires}" if wait.expires else ""
        opens = f"; a timer holds it for {wait.opens}" if wait.opens and wait.kind != "timer" else ""
        lines += _labelled("WAITS FOR", f"{wait.text}{since}{opens}{ends}", cells)
        lines += _labelled("SO FAR", wait.so_far, cells)
        lines += _labelled("BLOCKS", wait.blocks, cells)
        lines += _labelled("WHO MAY", wait.who, cells)
        lines += _labelled("NOTE", wait.note, cells)
        if wait.for_people:
            lines += _labelled("BY HAND", wait.by_hand, cells)
    by = origin(run.commit, run.ref, run.actor, run.event)
    lines += _labelled("WHAT", f"{run.title} ({by})".strip() if by else run.title, cells)
    for number, part in enumerate(run.parts):
        mark, kind = marks.RUN[part.state]
        first = line((f"{'PARTS' if not number else '':<11}", "heading"), (f"{mark:<12} ", kind))
        lines += wrap(f"{part.name}{f'  {part.took}' if part.took else ''}", cells, first=first)
    lines += _labelled("TOOK", run.took, cells)
    lines += _labelled("LINK", run.url, cells)
    lines += _labelled("RUN", run.key, cells)
    read = marks.of_knowledge(pipeline.known)
    return [*lines, (*line((f"{'READ':<11}", "heading")), *read)]


def pipeline_lines(pipeline: PipelineView, cells: int) -> list[Line]:
    """A pipeline without a run under the cursor: what is wrong with it, or that nothing ran."""
    lines: list[Line] = [line((pipeline.target.name, "title"), (f"  {pipeline.where}", "dim"))]
    if pipeline.known.trouble is not None:
        lines += _labelled("TROUBLE", pipeline.known.trouble.message, cells)
        lines += _labelled("WHAT TO DO", pipeline.known.trouble.hint, cells)
    return [*lines, (*line((f"{'READ':<11}", "heading")), *marks.of_knowledge(pipeline.known))]


def _labelled(label: str, text: str, cells: int) -> list[Line]:
    return wrap(text, cells, first=line((f"{label:<11}", "heading"))) if text else []
