"""What of the journal people are told where they are, when nobody looks at a screen: a line becomes a notice. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from typing import Any, Literal, Protocol, get_args

from quarterdeck.fleet.text import clean
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import moment
from quarterdeck.release.operation import Ending, Operation
from quarterdeck.release.release_plan import Ask, Pause, ReleaseStep
from quarterdeck.release.rollout import ITSELF, Release

NoticeKind = Literal[
    "gate", "needs_operator", "failed", "going_back", "rolled_back", "succeeded", "started", "freeze", "override"
]
"""What a notice is about.

- gate: a release waits for a person: an approval, a pause that somebody has to end, a yes to what was done.
- needs_operator: an operation or a release can't go on, and asks what to do.
- failed, rolled_back, succeeded: how one ended. going_back: a release begins to be taken back. started: one begins.
- freeze: somebody froze a place or stopped the line. override: somebody set aside what stood in the way.
"""
NOTICE_KINDS: tuple[NoticeKind, ...] = get_args(NoticeKind)
USUAL: tuple[NoticeKind, ...] = ("gate", "needs_operator", "failed", "going_back", "rolled_back")
"""What people are told who didn't say what they want to hear of."""

OF_RELEASES = frozenset(
    f"release.{what}" for what in ("started", "step_started", "confirming", "ordered", "recovering", "ended")
)
OF_GUARDS = frozenset(("hold.placed", "guard.overridden"))
"""Kinds of lines that may be worth a notice; `operation.ended` is another."""

Waiting = Literal["", "step", "pause", "yes"]

_TITLE, _TEXT = 150, 600


class Line(Protocol):
    """What is read of a line of the journal; `store.base.Event` has all of it."""

    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> float: ...
    @property
    def kind(self) -> str: ...
    @property
    def actor(self) -> str: ...
    @property
    def target(self) -> str: ...
    @property
    def body(self) -> Mapping[str, Any]: ...
    @property
    def hash(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell. All texts are single lines, clean, and hold no secret.

    Attributes:
        seq, at, mark: the line's number, time (UNIX seconds) and hash.
        environment: where; "" is the whole fleet.
        by: who is behind it; `quarterdeck` if no person is.
        answers: command lines that answer it.
        about: the id of the release or operation, "" for neither.
        waiting: what has to be so still for it to be worth telling later; with "step", the step `step`.
    """

    seq: int
    at: float
    mark: str
    kind: NoticeKind
    environment: str
    title: str
    text: str = ""
    by: str = ""
    answers: tuple[str, ...] = ()
    about: str = ""
    waiting: Waiting = ""
    step: str = ""


def notice_of(line: Line, release: Release | None, operation: Operation | None) -> Notice | None:
    """The notice that a line of the journal is worth, if any. `release` or `operation` is what the line is about."""
    if line.kind in OF_GUARDS:
        return _of_guards(line)
    if line.kind == "operation.ended" and operation is not None and not operation.release:
        return _of_operation(line, operation)
    return _of_release(line, release) if release is not None else None


def still(notice: Notice, release: Release | None) -> bool:
    """Whether it is worth telling still: what waits for a person may have been answered meanwhile."""
    if not notice.waiting:
        return True
    if release is None or not release.open or release.recovery is not None:
        return False
    match notice.waiting:
        case "step":
            return release.standing(notice.step).state == "running"
        case "pause":
            return release.paused is not None
    return release.confirm_by is not None


# --- releases ---------------------------------------------------------------------------------------------------------
def _of_release(line: Line, release: Release) -> Notice | None:
    body, name = line.body, release.id
    match line.kind:
        case "release.started":
            return _told(line, release, "started", "begins", release.reason)
        case "release.step_started":
            step = release.plan.step(str(body.get("step", "")))
            return _asked(line, release, step) if step is not None else None
        case "release.confirming":
            until = f"taken back by itself at {moment(float(body.get('until') or 0))} unless somebody confirms it"
            answers = (f"qd release confirm {name}", f"qd release abort {name}")
            return _told(line, release, "gate", "is done and waits to be confirmed", until, answers, "yes")
        case "release.ordered" if body.get("order") == "pause" and line.actor == ITSELF:
            answers = (f"qd release resume {name}", f"qd release abort {name}")
            return _told(line, release, "gate", "is paused: somebody has to look", body.get("reason"), answers, "pause")
        case "release.recovering":
            return _told(line, release, "going_back", "is being taken back", body.get("why"))
        case "release.ended":
            return _ended(line, release)
    return None


def _asked(line: Line, release: Release, step: ReleaseStep) -> Notice | None:
    name = release.id
    match step.work:
        case Ask(rule):
            which = shlex.quote(f"{name}/{step.id}")
            answers = (f"qd approve {which}", f"qd reject {which} --reason TEXT")
            what = f"waits for the approval {rule}"
        case Pause(None):
            answers = (f"qd release promote {name}", f"qd release abort {name}")
            what = "waits until somebody promotes it"
        case _:
            return None
    return _told(line, release, "gate", what, step.summary, answers, "step", step.id)


def _ended(line: Line, release: Release) -> Notice:
    choices = [str(one) for one in line.body.get("choices") or ()]
    ending: Ending = line.body.get("ending", "failed")
    if ending == "needs_operator" and not choices:
        return _told(line, release, "failed", "was abandoned as it stands", line.body.get("detail"))
    words = {"needs_operator": "needs an operator", "rolled_back": "was rolled back"}
    answers = tuple(f"qd release {one} {release.id}" for one in choices)
    return _told(line, release, ending, words.get(ending, ending), line.body.get("detail"), answers)


def _told(
    line: Line,
    release: Release,
    kind: NoticeKind,
    what: str,
    text: Any = "",
    answers: tuple[str, ...] = (),
    waiting: Waiting = "",
    step: str = "",
) -> Notice:
    title = f"{release.plan.title} in {release.plan.environment} {what}"
    by = release.actor if line.actor == ITSELF else line.actor
    return _notice(
        line, kind, release.plan.environment, title, text, by, answers, release.id, waiting=waiting, step=step
    )


# --- operations and guards --------------------------------------------------------------------------------------------
def _of_operation(line: Line, operation: Operation) -> Notice:
    target, command = operation.plan.action.target, operation.plan.command
    choices = [str(one) for one in line.body.get("choices") or ()]
    ending: Ending = line.body.get("ending", "failed")
    words = {"needs_operator": "needs an operator", "rolled_back": "was rolled back"}
    what = words.get(ending, ending) if choices or ending != "needs_operator" else "was abandoned half-done"
    kind: NoticeKind = "failed" if ending == "needs_operator" and not choices else ending
    answers = tuple(f"qd operation {operation.id} {one}" for one in choices)
    title, text = f"{command or target} {what}", line.body.get("detail")
    return _notice(line, kind, target.environment, title, text, operation.actor, answers, operation.id)


def _of_guards(line: Line) -> Notice | None:
    body = line.body
    if line.kind == "guard.overridden":
        environment = line.target.partition("/")[0]
        title = f"{line.actor} set aside: {body.get('what', '')}"
        return _notice(line, "override", environment, title, body.get("reason"), line.actor)
    hold = body.get("hold") or {}
    if hold.get("kind") not in ("freeze", "stop"):
        return None
    scope = str(hold.get("scope", ""))
    where = "everything" if scope == "*" else scope
    what = "the line is stopped for" if hold["kind"] == "stop" else "frozen:"
    until = f" until {moment(float(hold['until']))}" if hold.get("until") else ""
    environment = "" if scope == "*" else scope.partition("/")[0]
    return _notice(line, "freeze", environment, f"{what} {where}{until}", hold.get("reason"), line.actor)


def _notice(
    line: Line,
    kind: NoticeKind,
    environment: str,
    title: str,
    text: Any,
    by: str,
    answers: tuple[str, ...] = (),
    about: str = "",
    *,
    waiting: Waiting = "",
    step: str = "",
) -> Notice:
    return Notice(
        seq=line.seq,
        at=line.at,
        mark=line.hash,
        kind=kind,
        environment=environment,
        title=clean(title, _TITLE),
        text=clean(str(text or ""), _TEXT),
        by=clean(by, 100),
        answers=tuple(clean(one, 200) for one in answers),
        about=about,
        waiting=waiting,
        step=step,
    )


# --- several at once --------------------------------------------------------------------------------------------------
MOST_LINES = 10
"""So many of the notices that were held back are told one by one; the others are counted."""


def summary_lines(notices: tuple[Notice, ...]) -> Iterator[str]:
    """What was held back, the oldest first, each in one line."""
    for one in notices[:MOST_LINES]:
        answer = f" ({one.answers[0]})" if one.answers else ""
        yield f"{moment(one.at)} {one.title}{answer}"
    if len(notices) > MOST_LINES:
        yield f"and {len(notices) - MOST_LINES} more: qd history"
