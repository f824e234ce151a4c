"""Pipelines as a viewer shows them. All texts are cleaned; `release/paint_pipelines.py` makes them, at one moment."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator

from quarterdeck.fleet.pipelines import RunState, WaitKind
from quarterdeck.fleet.targets import TargetId
from quarterdeck.records import dataclass
from quarterdeck.release.freshness import Knowledge


@dataclass(frozen=True, slots=True)
class WaitView:
    """One thing that a run waits for.

    Attributes:
        key: `run:PIPELINE/RUN/ENVIRONMENT`, which answers it.
        kind: whether a person, a clock, another system or another run ends it; `for_people` in the first case.
        environment: as the host calls it; ours is `target.environment` ("" if it is none of ours).
        asks: the host's own key for it within the run, as a request names it.
        form: whether a yes has to fill in something, which only the host's own page can.
        text: in a few words, for example `approval for production`.
        who: who may decide, and whether we may.
        may_decide: whether the runner's credentials may; None if the host doesn't tell.
        so_far: who has said yes and who hasn't, where that takes several.
        url: the run's page.
        age: how long it has waited; expires, opens: time left, "" if it doesn't; until: when it expires (UNIX seconds).
    """

    key: str
    kind: WaitKind
    for_people: bool
    environment: str
    asks: str
    target: TargetId
    text: str
    blocks: str = ""
    who: str = ""
    may_decide: bool | None = None
    age: str = ""
    expires: str = ""
    opens: str = ""
    note: str = ""
    until: float | None = None
    so_far: str = ""
    form: bool = False
    url: str = ""

    @property
    def by_hand(self) -> str:
        """The commands that answer it, as a shell takes them; where there are none, the page that may."""
        page = self.url or "its host's own page"
        if not self.for_people:
            return ""
        if self.may_decide is False:
            return f"not with the runner's credentials: {page}"
        which = shlex.quote(self.key)
        no = f"qd reject {which} --reason TEXT"
        return f"{no} | a yes is filled in there: {page}" if self.form else f"qd approve {which} | {no}"


@dataclass(frozen=True, slots=True)
class PartView:
    """A job or stage; `took` how long it has run or ran."""

    name: str
    state: RunState
    took: str = ""


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. `key` is `run:PIPELINE/RUN`; `id` the host's own.

    `age` is counted from its end, or while it is open from its beginning; `waits_for` is one line, "" for nothing.
    `operation` is the id of the one that answers it now; `superseded` says which newer run of the same branch makes
    this one old. Both are "" for none.
    """

    key: str
    id: str
    target: TargetId
    number: str
    state: RunState
    open: bool
    title: str = ""
    ref: str = ""
    commit: str = ""
    actor: str = ""
    event: str = ""
    age: str = ""
    took: str = ""
    url: str = ""
    attempt: int = 1
    waits_for: str = ""
    superseded: str = ""
    waits: tuple[WaitView, ...] = ()
    parts: tuple[PartView, ...] = ()
    operation: str = ""

    @property
    def name(self) -> str:
        """`PIPELINE #NUMBER`."""
        return f"{self.target.name} #{self.number}"

    @property
    def decisions(self) -> tuple[WaitView, ...]:
        """What of it a person can end."""
        return tuple(one for one in self.waits if one.for_people)


@dataclass(frozen=True, slots=True)
class PipelineView:
    """A pipeline and its newest runs: those that wait for people first, then the newest first."""

    target: TargetId
    where: str
    known: Knowledge
    runs: tuple[RunView, ...]


def unread(pipelines: Iterable[PipelineView]) -> Iterator[tuple[TargetId, Knowledge]]:
    """Pipelines of which nobody can say now what waits in them."""
    return ((one.target, one.known) for one in pipelines if one.known.state in ("never", "trouble"))
