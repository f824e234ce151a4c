"""Releases: the list, one of them with all its steps, and one step with its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import about
from quarterdeck.release.gate import Sample
from quarterdeck.release.release_view import AskedView, MeasureView, ReleaseView, StepView
from quarterdeck.ui.pages import graphs, marks
from quarterdeck.ui.pages.plan import NO_WAY_BACK, command_lines
from quarterdeck.ui.spans import BLANK, Line, Span, Word, fit, join, line, spread, width, wrap
from quarterdeck.ui.widgets.grid import Column, GridRow

COLUMNS = (
    Column("RELEASE", least=18),
    Column("STATE", least=18),
    Column("WHERE", least=10),
    Column("STEPS", least=5),
    Column("NOW", least=4),
    Column("BY", least=4),
    Column("AGE", least=4),
)
"""NOW is the share of new clients on the unfinished version."""

_STEP, _STATE, _WHAT, _CLOCK = (
    Column("STEP", least=4),
    Column("STATE", least=10),
    Column("WHAT", least=24),
    Column("CLOCK", least=9),
)
_WRITES = ("swap", "shift", "flag", "deploy", "rollback", "run")
_LABEL = 11
_WIDEST = 120
"""Cells beyond which a clock at the right edge is too far from what it belongs to."""
_SAMPLES = 12


def rows(releases: Sequence[ReleaseView]) -> list[GridRow]:
    """One row per release."""
    return [
        GridRow(
            one.id,
            (
                line((one.title, "title"), (" hotfix" if one.hotfix else "", "protected")),
                line(marks.of_release(one)),
                line((one.environment, "protected" if one.protected else "text")),
                line((one.progress, "dim")),
                line((exposed(one), "bar")),
                line((one.actor.partition("@")[0], "dim")),
                line((one.age, "dim")),
            ),
        )
        for one in releases
    ]


def exposed(release: ReleaseView) -> str:
    """The share of new clients that is on its unfinished version now, "-" where that means nothing any more."""
    return "-" if release.exposed is None else marks.percent(release.exposed)


def release_lines(release: ReleaseView, now: float, cells: int, draining: str = "") -> list[Line]:
    """A release whole: where it stands, what it waits for, its steps, what else there is to know."""
    cells = min(cells, _WIDEST)
    lines = [*head_lines(release, cells, draining), *graphs_lines(release, now, cells), *steps_lines(release, cells)]
    for section in (_recovery, _background, _notes, _hotfix, _overrides, _command):
        part = list(section(release, cells))
        if part:
            lines += [BLANK, *part]
    return lines


def head_lines(release: ReleaseView, cells: int, draining: str = "") -> list[Line]:
    """What ships, what it waits for, who has it already (and who still has, after it went back: `draining`), and the
    way back: a few lines, the most urgent first."""
    from quarterdeck.release.release_plan import change  # loaded by now: there is a release

    cells = min(cells, _WIDEST)
    state, word = marks.RELEASE[release.state]
    badge = line(("  HOTFIX", "protected")) if release.hotfix else ()
    badge = (*badge, *line(("  PROTECTED", "protected"))) if release.protected else badge
    how = release.members[0].strategy if release.members else ""
    when = f"for {release.lasted}" if release.open and release.age != "now" else marks.ago(release.age)
    told = f"{how} by {release.actor}, {when}"
    title = line((release.title, "title"), ("  ", "text"), (state, word), *badge)
    lines: list[Line] = [spread(title, line("  ", (told, "dim")), cells)]
    if release.waits:
        label = "NOW" if release.open else "ENDED"
        lines += _labelled(label, release.waits, cells, "attention" if word in ("attention", "danger") else "text")
    share = "" if release.exposed is None else f", {_up_to(release)}{exposed(release)} of new clients have it"
    if release.exposed is not None and release.most_exposed > release.exposed:
        share += f", {marks.percent(release.most_exposed)} at most on the way"
    several = len(release.members) > 1
    for number, member in enumerate(release.members):
        versions = change(member.previous, member.version) or "?"
        told = f"{clean(member.target.name, 60)}  {versions}" if several else versions + share
        lines += _labelled("" if number else "USERS", told, cells)
    if several and share:
        lines += _labelled("", share.removeprefix(", "), cells)
    lines += _labelled("DRAINING", draining, cells, "attention") if draining else []
    return [*lines, *_way_back(release, cells)]


def graphs_lines(release: ReleaseView, now: float, cells: int) -> list[Line]:
    """The same as pictures: steps, and what changes while they are done."""
    cells = min(cells, _WIDEST)
    return [*graphs.steps_graph(release, cells), *progress_lines(release, now, cells)]


def progress_lines(release: ReleaseView, now: float, cells: int) -> list[Line]:
    """The clock of the step under way, the rings, and the share of new clients: each where there is one."""
    current = release.current if release.open else None
    return [
        *(graphs.clock_bar(current) if current is not None else ()),
        *graphs.rings_graph(release, min(cells, _WIDEST)),
        *graphs.share_graph(release, now),
    ]


def _up_to(release: ReleaseView) -> str:
    """A write under way, or one that failed half-way, counts as done where that is more."""
    step = release.current
    unsure = step is not None and step.kind in _WRITES and step.state in ("running", "failed")
    return "up to " if unsure and release.exposed else ""


def steps_lines(release: ReleaseView, cells: int) -> list[Line]:
    """All steps, with what the one under way is measured by below it."""
    went_back = release.state in ("recovering", "rolled back", "failed")
    came = f"  it came to step {release.done} of {len(release.steps)}" if went_back else f"  {release.progress} through"
    lines = [line(("STEPS", "heading"), (came, "dim"))]
    rings = max((len(step.ring) for step in release.steps), default=0)
    ids = max((len(step.id) for step in release.steps), default=1)
    phase = ""
    several = len(release.members) > 1
    for step in release.steps:
        if step.phase != phase:
            phase = step.phase
            lines.append(line(("  " + phase.upper(), "heading")))
        lines.append(_step(step, release, min(rings, 12), ids, cells, several=several))
        if step.current or step.state == "failed":
            lines += _under_way(step, cells)
    return lines


def _step(step: StepView, release: ReleaseView, ring_cells: int, id_cells: int, cells: int, *, several: bool) -> Line:
    what = f"{clean(step.target.name, 60)}: " if several else ""
    left: Line = (
        marks.pointer(step.current and release.open),
        *fit(line(marks.of_step(release, step)), 11),
        (f"{step.id:>{id_cells}}  ", "dim"),
        *(fit(line((step.ring, "heading")), ring_cells + 2) if ring_cells else ()),
        (what + step.summary, "title" if step.current and release.open else "text"),
    )
    if step.after:
        left = (*left, (f"  after {step.after}", "dim"))
    clock = step.clock or (marks.ago(step.age) if step.state != "waiting" else "")
    return spread(left, line("  ", (clock, "moving" if step.clock else "dim")), cells)


def _under_way(step: StepView, cells: int) -> Iterator[Line]:
    indent = line(" " * 4)
    if step.detail and not step.measures and step.asked is None:
        yield from wrap(step.detail, cells, first=indent, word="danger" if step.state == "failed" else "dim")
    elif step.detail and step.state == "failed":
        yield from wrap(step.detail, cells, first=indent, word="danger")
    yield from measures_lines(step.measures, cells)
    if step.asked is not None:
        yield from asked_lines(step.asked, cells)


def measures_lines(measures: Sequence[MeasureView], cells: int) -> Iterator[Line]:
    """The last answers of some gates: verdict as mark and word, value, what it should be, how they add up."""
    names = max((len(one.gate) for one in measures), default=0)
    for one in measures:
        yield from _measure(one, min(names, 24), cells)


def _measure(one: MeasureView, name_cells: int, cells: int) -> Iterator[Line]:
    told: Line = (
        ("    ", "text"),
        *fit(line(marks.VERDICT[one.verdict]), 12),
        *fit(line((one.gate, "title")), name_cells + 2),
        *fit(line(one.value or "-"), 8),
        (" " if len(one.value) >= 8 else "", "text"),
    )
    wanted = line((f"wants {one.wanted}  " if one.wanted else "", "dim"))
    old = f"{marks.ago(one.age)}  " if one.age not in ("", "now") else ""
    right = line((f"{old}{one.count}", "dim"), (f"  next {one.next_in}" if one.next_in else "", "moving"))
    if width(told) + width(wanted) + width(right) <= cells:
        told = (*told, *wanted)
        yield spread(told, right, cells)
    elif width(told) + width(right) <= cells:
        yield spread(told, right, cells)
    else:
        yield from (told, spread((), right, cells))
    if one.scale is not None and (history := graphs.samples_line(one, cells)):
        yield history
    if one.shadow:
        yield line(" " * 16, ("shadow: it is asked and shown, and decides nothing", "dim"))
    if one.detail and (one.telling or one.verdict != "pass"):
        yield from wrap(one.detail, cells, first=line(" " * 16), word="dim")


def asked_lines(asked: AskedView, cells: int) -> Iterator[Line]:
    """An approval: how many are missing, who may, what has been said."""
    indent = line(" " * 4)
    expires = f", expires in {asked.expires}" if asked.expires else ""
    missing = f"{asked.missing} of {asked.required} missing{expires}" if asked.state == "waiting" else asked.why
    yield from wrap(f"approval {asked.rule}: {missing or asked.state}", cells, first=indent, word="attention")
    yield from wrap(asked.who, cells, first=line(*indent, ("may approve: ", "heading")))
    if asked.note:
        yield from wrap(asked.note, cells, first=line(*indent, ("look at: ", "heading")))
    for one in asked.words:
        said: Span = ("✓ approved", "ok") if one.verdict == "approve" else ("✗ rejected", "danger")
        later = f", counts in {one.later}" if one.later else ""
        told = f"by {one.by} {marks.ago(one.age)}{later}" + (f": {one.reason}" if one.reason else "")
        yield from wrap(told, cells, first=line(*indent, said, " "))


def _labelled(label: str, text: str, cells: int, word: Word = "text") -> list[Line]:
    return wrap(text, cells, first=fit(line((label, "heading")), _LABEL), word=word)


def _way_back(release: ReleaseView, cells: int) -> Iterator[Line]:
    fuse = release.fuse
    if not release.open or release.state == "recovering" or not fuse.how:
        return  # what is being taken back needs no way back
    if not fuse.possible:
        mark, word = NO_WAY_BACK[fuse.lack]
        yield from _labelled("WAY BACK", mark + clean(fuse.how, 300), cells, word)
        return
    took = f", {about(fuse.seconds)}" if fuse.seconds is not None else ""
    lost = f"; lost: {fuse.lost}" if fuse.lost not in ("", "nothing") else ""
    until = f"; until {fuse.until}" if fuse.until else ""
    how = fuse.how.partition(": qd ")[0]  # A says the same in one key
    yield from _labelled("WAY BACK", clean(f"✓ {how}{took}{lost}{until}", 400), cells)


def _recovery(release: ReleaseView, cells: int) -> Iterator[Line]:
    recovery = release.recovery
    if recovery is None:
        return
    yield line(
        ("RECOVERY", "heading"),
        (f"  {recovery.done} of {len(recovery.steps)} taken back, {marks.ago(recovery.age)} begun", "dim"),
    )
    yield from wrap(recovery.why, cells, first=line("  ", ("because: ", "heading")), word="attention")
    for step_id in recovery.steps:
        step = release.step(step_id)
        if step is not None:
            state = marks.RELEASE_STEP[step.state]
            yield from wrap(f"step {step.id}: {step.summary}", cells, first=fit(line("  ", state), 13))
    if recovery.to:
        yield line((f"  then it pauses after step {recovery.to}", "dim"))


def _background(release: ReleaseView, cells: int) -> Iterator[Line]:
    if not release.background:
        return
    yield line(("ALL THE TIME", "heading"), ("  these gates must hold until the end", "dim"))
    yield from measures_lines(release.background, cells)


def _notes(release: ReleaseView, cells: int) -> Iterator[Line]:
    if release.reason:
        yield from _labelled("BECAUSE", release.reason, cells)
    told = [(one.severity, f"{one.text}  ({marks.ago(one.age)})") for one in reversed(release.notes)]
    told = [("warning", text) for text in release.warnings] + told
    if told:
        yield line(("NOTES", "heading"))
    for severity, text in told:
        yield from wrap(text, cells, first=line("  ", marks.of_severity(severity), " "))


def _hotfix(release: ReleaseView, cells: int) -> Iterator[Line]:
    if not release.hotfix:
        return
    yield line(("HOTFIX", "heading"), f"  of {release.ref or '?'}")
    for text in release.skipped:
        yield from wrap(text, cells, first=line("  ", ("○ skipped ", "attention")))
    for text in release.kept:
        yield from wrap(text, cells, first=line("  ", ("✓ kept    ", "ok")))


def _overrides(release: ReleaseView, cells: int) -> Iterator[Line]:
    if release.overrides:
        yield line(("SET ASIDE", "heading"))
    for text in release.overrides:
        yield from wrap(text, cells, first=line("  ", ("▲ ", "danger")))


def _command(release: ReleaseView, cells: int) -> Iterator[Line]:
    yield from wrap(release.id, cells, first=line(("ID  ", "heading")), word="dim")
    yield from command_lines(release.command, cells)


# --- the steps as a table -----------------------------------------------------------------------------------------
def step_columns(release: ReleaseView) -> tuple[Column, ...]:
    """Of its table; rings and phases only where it has some."""
    ring = (Column("RING", least=5),) if _in_parts(release) else ()
    return (_STEP, _STATE, *ring, _WHAT, _CLOCK)


def _in_parts(release: ReleaseView) -> bool:
    return any(step.ring or step.phase for step in release.steps)


def step_rows(release: ReleaseView) -> list[GridRow]:
    """One row per step."""
    several, parts = len(release.members) > 1, _in_parts(release)
    return [
        GridRow(
            step.id,
            (
                line((step.id, "dim")),
                line(marks.of_step(release, step)),
                *((line((step.ring or step.phase or "-", "heading" if step.ring else "dim")),) if parts else ()),
                line((f"{clean(step.target.name, 60)}: " if several else "") + step.summary, (_after(step), "dim")),
                line((step.clock or (step.age if step.state != "waiting" else ""), "moving" if step.clock else "dim")),
            ),
        )
        for step in release.steps
    ]


def _after(step: StepView) -> str:
    return f"  after {step.after}" if step.after else ""


def under_cursor(step: StepView, cells: int) -> list[Line]:
    """What is to know about one step, in a few lines."""
    cells = min(cells, _WIDEST)
    lines = [line((f"STEP {step.id}", "heading"), f"  {step.kind} of {step.target}"), *_under_way(step, cells)]
    if len(lines) == 1 and step.detail:
        lines += wrap(step.detail, cells, first=line(" " * 4))
    return lines


def step_lines(release: ReleaseView, step: StepView, samples: Sequence[Sample], cells: int) -> list[Line]:
    """One step in full: what it does, where it stands, who said what, and every sample that is at hand."""
    lines = wrap(step.summary, cells, word="title")
    state = line(marks.of_step(release, step), (f"  {step.clock or marks.ago(step.age)}", "dim"))
    lines += [state, *_labelled("target", str(step.target), cells)]
    facts = {"ring": step.ring, "phase": step.phase, "after": step.after, "operation": step.operation,
             "taken back": step.undo, "said": step.detail}  # fmt: skip
    for name, value in facts.items():
        if value:
            lines += _labelled(name, value, cells)
    lines += [BLANK, *_under_way(step, cells)] if step.measures or step.asked else []
    if samples:
        lines += [
            BLANK,
            line(("SAMPLES", "heading"), ("  the newest first; all gates are asked at the same moment", "dim")),
        ]
    for sample in list(reversed(samples))[:_SAMPLES]:
        parts = []
        for one in sample.measurements:
            mark, word = marks.VERDICT[one.verdict]
            value = "" if one.value is None else f" {one.value:.4g}"
            parts.append(line((mark, word), f" {clean(one.gate, 40)}{value}"))
        lines.append((*line((f"  {marks.clock_time(sample.at)}  ", "dim")), *join(parts, "  ")))
        for one in sample.measurements:
            if one.detail and one.verdict != "pass":
                lines += wrap(
                    f"{clean(one.gate, 40)}: {clean(one.detail, 200)}", cells, first=line(" " * 13), word="dim"
                )
    if release.hotfix and release.skipped:
        lines += [BLANK, *_hotfix(release, cells)]
    return lines
