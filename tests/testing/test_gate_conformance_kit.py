"""The kit finds what is wrong with a source of evidence: each of these is broken in one way."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from quarterdeck.providers.base import Evidence, ProviderError
from quarterdeck.release.gate import GateSpec
from quarterdeck.testing.conformance import NotConforming
from quarterdeck.testing.gate_conformance import check_evidence

ANSWERED = GateSpec("answered", "metric", options={"query": "up"})
SILENT = GateSpec("silent", "metric", options={"query": "nothing"})
WRONG = GateSpec("wrong", "metric", options={"query": "("})


class Source:
    """Answers as told."""

    source = "memory"

    def __init__(self, answers: dict[str, Callable[[], Evidence]] | None = None) -> None:
        self._answers = answers or {}

    async def measure(self, gate: GateSpec) -> Evidence:
        if gate.name in self._answers:
            return self._answers[gate.name]()
        if gate.options.get("query") == "up":
            return Evidence(1.0, time.time(), "up is 1")
        if gate.options.get("query") == "nothing":
            return Evidence(None, detail="matches nothing")
        raise ProviderError("misconfigured", "no such question", "correct it")


def raising(error: Exception) -> Callable[[], Evidence]:
    def answer() -> Evidence:
        raise error

    return answer


async def test_a_source_that_does_everything_right_conforms() -> None:
    await check_evidence(Source(), ANSWERED, SILENT, WRONG)


@pytest.mark.parametrize(
    ("gate", "answer", "words"),
    [
        ("answered", lambda: Evidence(None, detail="gone"), "has no value"),
        ("answered", lambda: Evidence(1, detail="a whole number"), "type int"),
        ("answered", lambda: Evidence(1.0, time.time() * 1000), "UNIX seconds"),
        ("answered", lambda: Evidence(1.0, detail="s3cr3t"), "a secret"),
        ("answered", lambda: Evidence(1.0, detail="red\x1b[31m"), "answered"),
        ("answered", raising(KeyError("data")), "KeyError"),
        ("answered", raising(ProviderError("timeout", "too slow")), "too slow"),
        ("silent", lambda: Evidence(0.0, detail="nothing there"), "never a number"),
        ("silent", lambda: Evidence(None), "nothing says why"),
        ("wrong", lambda: Evidence(0.0, detail="fine"), "can't be asked"),
        ("wrong", raising(ValueError("bad")), "ValueError"),
        ("probe", raising(KeyError("url")), "probe without options"),
        ("alerts", raising(ProviderError("misconfigured", "token s3cr3t")), "a secret"),
    ],
)
async def test_what_is_wrong_with_a_source_is_told(gate: str, answer: Callable[[], Evidence], words: str) -> None:
    with pytest.raises(NotConforming, match=words):
        await check_evidence(Source({gate: answer}), ANSWERED, SILENT, WRONG, secrets=("s3cr3t",))
