"""Gates, approvals and shares in a few words, as a person would say what they ask for."""

from __future__ import annotations

from quarterdeck.release.approval import ApprovalRule
from quarterdeck.release.freshness import length
from quarterdeck.release.gate import GateSpec
from quarterdeck.release.traffic_gates import in_words


def gate_words(gate: GateSpec) -> str:
    """What a gate wants to see, how often, and what it puts up with."""
    if gate.kind == "traffic":
        return in_words(gate)
    wants = f"passes while {gate.success}" if gate.success else gate.kind
    words = [wants + (f", fails when {gate.failure}" if gate.failure else "")]
    words.append(f"every {length(gate.interval)}" + (f", {gate.count} times" if gate.count > 1 else ""))
    if gate.evaluation_delay:
        words.append(f"first after {length(gate.evaluation_delay)}")
    if gate.steady_for:
        words.append(f"steady for {length(gate.steady_for)}")
    if gate.failure_limit:
        words.append(f"{gate.failure_limit} may fail")
    words.append(f"no data: {_policy(gate.on_no_data)}, stale: {_policy(gate.on_stale)}")
    words.append(f"at most {length(gate.timeout)}")
    if gate.shadow:
        words.append("shadow: shown, decides nothing")
    return "; ".join(words)


def _policy(policy: str) -> str:
    return {"wait": "waits", "pass": "passes", "fail": "fails", "pause": "pauses"}[policy]


def approval_words(rule: ApprovalRule) -> str:
    """How many, of whom, until when."""
    people = "person" if rule.required == 1 else "different people"
    words = [f"{rule.required} {people}" + (f" of {', '.join(rule.groups)}" if rule.groups else "")]
    words.append("whoever started it counts too" if rule.self_approval else "not whoever started it")
    if rule.expires_after is not None:
        words.append(f"rejected after {length(rule.expires_after)} without an answer")
    if rule.note:
        words.append(rule.note)
    return "; ".join(words)
