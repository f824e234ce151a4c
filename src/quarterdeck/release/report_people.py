"""What people said and did about a release, what went wrong, what stood guard: from the lines of the journal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from quarterdeck.fleet.codec import from_json
from quarterdeck.fleet.redaction import visible
from quarterdeck.records import dataclass, field, replace
from quarterdeck.release.guards import Debt, Hold, covers
from quarterdeck.release.report import DebtTold, EndingTold, GuardTold, Said, SampleTold, WayBack
from quarterdeck.release.rollout import BACKGROUND, ITSELF, Release
from quarterdeck.release.telling import value

if TYPE_CHECKING:
    from quarterdeck.release.retelling import Entry


@dataclass(slots=True)
class People:
    """What the lines so far have told."""

    orders: list[Said] = field(default_factory=list)
    overrides: list[Said] = field(default_factory=list)
    alarms: list[Said] = field(default_factory=list)
    notes: list[Said] = field(default_factory=list)
    ways_back: list[WayBack] = field(default_factory=list)
    endings: list[EndingTold] = field(default_factory=list)
    debts: dict[str, DebtTold] = field(default_factory=dict)

    def read(self, entry: Entry, release: Release | None) -> None:
        """Go on by one line of the release or of one of its operations."""
        body, at, by = entry.body, entry.at, visible(entry.actor)
        match entry.kind:
            case "release.ordered":
                self._ordered(body, at, by)
            case "release.recovering":
                steps = tuple(map(str, body["steps"]))
                self.ways_back.append(WayBack(at, by, visible(body["why"]), steps, str(body.get("to", "")), None))
            case "release.noted":
                said = Said(at, by, visible(body["text"]))
                (self.notes if body.get("severity") == "info" else self.alarms).append(said)
            case "release.step_failed":
                what = f"step {body['step']} failed: {body.get('detail', '')}"
                self.alarms.append(Said(at, by, visible(what)))
            case "release.ended":
                self._ended(body, at)
            case "guard.overridden":
                self.overrides.append(Said(at, by, visible(body.get("what", "")), visible(body.get("reason", ""))))
            case "operator.chose":
                what = f"{body.get('choice', '')} (operation {entry.operation})"
                self.orders.append(Said(at, by, visible(what), visible(body.get("reason", ""))))
            case "debt.owed":
                owed = from_json(Debt, body["debt"])
                self.debts[owed.id] = DebtTold(visible(owed.id), visible(owed.text), at, None, "", "")
            case "debt.paid" if (debt := self.debts.get(str(body["id"]))) is not None:
                paid = replace(debt, paid_at=at, paid_by=by, evidence=visible(body.get("evidence", "")))
                self.debts[str(body["id"])] = paid

    def alarm(self, at: float, step: str, gate: str, sample: SampleTold) -> None:
        """A gate that no longer passes."""
        where = "asked all the time" if step == BACKGROUND else f"step {step}"
        said = f": {sample.detail}" if sample.detail else ""
        what = f"gate {gate} {value(sample.value)}".rstrip()
        self.alarms.append(Said(at, ITSELF, f"{what}: {sample.verdict.replace('_', ' ')} ({where}){said}"))

    def _ordered(self, body: Mapping[str, Any], at: float, by: str) -> None:
        about = f" {body['step']}" if body.get("step") else ""
        said = Said(at, by, visible(f"{str(body['order']).replace('_', ' ')}{about}"), visible(body.get("reason", "")))
        if by == ITSELF:
            self.alarms.append(said)
        else:
            self.orders.append(said)
        self._back_until(at)

    def _ended(self, body: Mapping[str, Any], at: float) -> None:
        choices = tuple(str(one).replace("_", " ") for one in body.get("choices", ()))
        self.endings.append(EndingTold(at, body["ending"], visible(body.get("detail", "")), choices))
        self._back_until(at)

    def _back_until(self, at: float) -> None:
        if self.ways_back and self.ways_back[-1].ended is None:
            self.ways_back[-1] = replace(self.ways_back[-1], ended=at)

    def guards(self, around: Sequence[Entry], release: Release, until: float) -> Iterator[GuardTold]:
        """What held for something of the release at some time between its start and this moment."""
        for one in _holds(around):
            ended = min((at for at in (one.lifted_at, one.until) if at is not None), default=None)
            concerns = any(covers(one.scope, target) for target in release.targets)
            if concerns and one.since <= until and (ended is None or ended >= release.started_at):
                yield replace(one, scope=visible(one.scope), by=visible(one.by), reason=visible(one.reason))


def _holds(around: Sequence[Entry]) -> Iterator[GuardTold]:
    """Every hold and conn, with its end."""
    found: dict[str, GuardTold] = {}
    for entry in around:
        body = entry.body
        match entry.kind:
            case "hold.placed":
                hold = from_json(Hold, body["hold"])
                found[hold.id] = GuardTold(
                    hold.kind, hold.scope, hold.by, hold.reason, hold.since, hold.until, None, ""
                )
            case "hold.lifted" if (held := found.get(str(body["id"]))) is not None:
                found[str(body["id"])] = replace(held, lifted_at=entry.at, lifted_by=visible(entry.actor))
            case "conn.taken" | "conn.given":
                scope = str(body["scope"])
                was = found.pop(f"conn {scope}", None)
                if was is not None:
                    found[f"conn {scope} {entry.seq}"] = replace(
                        was, lifted_at=entry.at, lifted_by=visible(entry.actor)
                    )
                if entry.kind == "conn.taken":
                    reason = str(body.get("reason", ""))
                    found[f"conn {scope}"] = GuardTold("conn", scope, entry.actor, reason, entry.at, None, None, "")
    yield from sorted(found.values(), key=lambda one: one.since)
