"""What a line of the journal says, apart from who, where and when: one line for people."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from quarterdeck.fleet.text import clean
from quarterdeck.release.freshness import stamp

Body = Mapping[str, Any]
Names = Mapping[str, str]

_TOLD = ("command", "step", "ending", "choice", "detail", "message", "by", "reference", "reason")
"""Keys of a body that are for people, in the order in which they are shown; for events that need no words of their
own."""
_NAMED = {"step": "step", "by": "by", "reference": "reference", "reason": "reason:"}
"""Those that need a word before them to be understood."""

_LINE = 300


def told(kind: str, body: Body, steps: Names | None = None) -> str:
    """What an event of that kind says. `steps` names the steps of its release or operation by id, if the reader has it
    at hand."""
    parts = list(_SPOKEN.get(kind, _keys)(body, steps or {}))
    identities = body.get("identities") or {}
    parts += [f"signed in to {connection} as {who}" for connection, who in identities.items()]
    return "; ".join(cleaned for part in parts if (cleaned := clean(str(part), _LINE)))


def value(number: Any) -> str:
    """A measured number, as exact as anybody can use."""
    return f"{number:.4g}" if isinstance(number, int | float) else ""


def _keys(body: Body, steps: Names) -> Iterator[str]:
    for key in _TOLD:
        if body.get(key):
            what = f": {steps[body[key]]}" if key == "step" and body[key] in steps else ""
            yield f"{_NAMED.get(key, '')} {body[key]}".strip() + what


def _quoted(reason: Any) -> Iterator[str]:
    if reason:
        yield f"reason: {reason}"


def _operation(body: Body, _: Names) -> Iterator[str]:
    yield str((body.get("plan") or {}).get("command", ""))
    if body.get("release"):
        yield f"step {body.get('step', '')} of release {body['release']}"
    yield from _quoted(body.get("reason"))


def _planned(body: Body, _: Names) -> Iterator[str]:
    yield str(body.get("command", ""))
    yield from _quoted(body.get("reason"))


def _started(body: Body, _: Names) -> Iterator[str]:
    plan = body.get("plan") or {}
    yield str(plan.get("command", ""))
    yield ", ".join(_member(one) for one in plan.get("members", ()))
    steps = len(plan.get("steps", ()))
    yield f"{steps} step{'' if steps == 1 else 's'}"
    yield from (f"set aside: {sentence}" for sentence in plan.get("overrides", ()))
    yield from _quoted(body.get("reason"))


def _member(member: Body) -> str:
    from quarterdeck.release.release_plan import change

    versions = change(str(member.get("previous") or ""), str(member.get("version") or ""))
    return f"{(member.get('target') or {}).get('name', '')} {versions}" if versions else ""


def _step(body: Body, steps: Names) -> Iterator[str]:
    step = str(body.get("step", ""))
    yield f"step {step}" + (f": {steps[step]}" if step in steps else "")
    yield str(body.get("detail", ""))
    if body.get("operation"):
        yield f"operation {body['operation']}"
    if body.get("until"):
        yield f"until {stamp(body['until'])}"


def _sampled(body: Body, steps: Names) -> Iterator[str]:
    step = str(body.get("step", ""))
    yield "background" if step == "*" else f"step {step}"
    for one in (body.get("sample") or {}).get("measurements", ()):
        yield measured(one)


def measured(one: Body) -> str:
    """One gate's measurement: `error-rate 0.0213 FAIL`, with what the source said where there is no number."""
    verdict = str(one.get("verdict", "")).replace("_", " ")
    words = [str(one.get("gate", "")), value(one.get("value")), verdict.upper() if verdict != "pass" else verdict]
    words += ["(shadow)"] if one.get("shadow") else []
    words += [f"({one['detail']})"] if one.get("detail") and one.get("value") is None else []
    return " ".join(word for word in words if word)


def _decided(body: Body, steps: Names) -> Iterator[str]:
    decision = body.get("decision") or {}
    said = {"approve": "approved", "reject": "REJECTED"}.get(str(decision.get("verdict")), "?")
    later = decision.get("effective_at") or 0
    yield f"{said} by {decision.get('by', '')}" + (f", from {stamp(later)}" if later > decision.get("at", 0) else "")
    yield from _step({"step": body.get("step", "")}, steps)
    yield from _quoted(decision.get("reason"))


def _ordered(body: Body, steps: Names) -> Iterator[str]:
    yield str(body.get("order", "")).replace("_", " ")
    if body.get("step"):
        yield from _step({"step": body["step"]}, steps)
    yield from _quoted(body.get("reason"))


def _recovering(body: Body, _: Names) -> Iterator[str]:
    yield str(body.get("why", ""))
    yield "takes back " + (", ".join(f"step {step}" for step in body.get("steps", ())) or "nothing: nothing was done")
    if body.get("to"):
        yield f"and pauses after step {body['to']}"


def _confirming(body: Body, _: Names) -> Iterator[str]:
    yield f"taken back at {stamp(body['until'])} unless confirmed"


def _noted(body: Body, _: Names) -> Iterator[str]:
    severity = str(body.get("severity", ""))
    yield f"{severity.upper() if severity != 'info' else 'note'}: {body.get('text', '')}"


def _ended(body: Body, _: Names) -> Iterator[str]:
    yield str(body.get("ending", "")).replace("_", " ")
    yield str(body.get("detail", ""))
    if body.get("choices"):
        yield f"it takes: {', '.join(body['choices'])}"


def _taken(body: Body, _: Names) -> Iterator[str]:
    yield f"the conn of {_scope(body)}" + (f", from {body['from']}" if body.get("from") else "")
    yield from _quoted(body.get("reason"))


def _offered(body: Body, _: Names) -> Iterator[str]:
    yield f"the conn of {_scope(body)} to {body.get('to', '')}"


def _given(body: Body, _: Names) -> Iterator[str]:
    yield f"the conn of {_scope(body)}"


def _placed(body: Body, _: Names) -> Iterator[str]:
    hold = body.get("hold") or {}
    until = f" until {stamp(hold['until'])}" if hold.get("until") else ""
    yield f"{hold.get('kind', '')} of {_scope(hold)}{until}"
    yield from _quoted(hold.get("reason"))
    yield f"id {hold.get('id', '')}"


def _lifted(body: Body, _: Names) -> Iterator[str]:
    yield f"id {body.get('id', '')}"
    yield from _quoted(body.get("reason"))


def _owed(body: Body, _: Names) -> Iterator[str]:
    debt = body.get("debt") or {}
    yield str(debt.get("text", ""))
    yield f"id {debt.get('id', '')}"


def _paid(body: Body, _: Names) -> Iterator[str]:
    yield f"id {body.get('id', '')}"
    yield f"evidence: {body.get('evidence', '')}"


def _overridden(body: Body, _: Names) -> Iterator[str]:
    yield f"set aside: {body.get('what', '')}"
    yield from _quoted(body.get("reason"))


def _noticed(body: Body, _: Names) -> Iterator[str]:
    yield str(body.get("title", ""))
    if (sends := body.get("sends", 1)) != 1:
        yield f"sent {sends} times"
    yield str(body.get("detail", ""))


def _scope(body: Body) -> str:
    from quarterdeck.release.clearance import spoken  # which reads calendars: most lines of a journal need it not

    return spoken(str(body.get("scope", "")))


_SPOKEN: Mapping[str, Callable[[Body, Names], Iterator[str]]] = {
    "operation.started": _operation,
    "release.planned": _planned,
    "release.started": _started,
    "release.step_started": _step,
    "release.step_done": _step,
    "release.step_failed": _step,
    "release.step_skipped": _step,
    "release.step_undoing": _step,
    "release.step_undone": _step,
    "release.sampled": _sampled,
    "release.decided": _decided,
    "release.ordered": _ordered,
    "release.recovering": _recovering,
    "release.confirming": _confirming,
    "release.noted": _noted,
    "release.ended": _ended,
    "conn.taken": _taken,
    "conn.offered": _offered,
    "conn.given": _given,
    "hold.placed": _placed,
    "hold.lifted": _lifted,
    "debt.owed": _owed,
    "debt.paid": _paid,
    "guard.overridden": _overridden,
    "notice.sent": _noticed,
    "notice.failed": _noticed,
}
