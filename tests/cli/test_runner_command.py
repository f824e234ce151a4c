"""`qd runner --status`: who is in charge, and what troubles it."""

from __future__ import annotations

import time
from typing import Any


def test_a_runner_tells_what_troubles_it_in_full(written: Any, qd: Any) -> None:
    problem = "the changed configuration can't be used, the old one stays: " + "quarterdeck.yaml:3: unknown key; " * 10
    written.store.release_lease(written.lease)
    assert written.store.take_lease("runner", "ana@jump", time.time(), 60, {"host": "jump", "problem": problem})
    text = qd("runner", "--status").out
    assert "alive: ana@jump" in text
    assert problem.strip() in text
    assert qd("runner", "--status", "--json").json["problem"] == problem


def test_without_a_runner_that_is_said_and_none_is_started(written: Any, qd: Any) -> None:
    written.store.release_lease(written.lease)
    assert qd("runner", "--status").out == "no runner\n"
    assert qd("runner", "--status", "--json").json["alive"] is False
