"""`qd operation`: listing and showing what the journal says."""

from typing import Any

from quarterdeck.store.base import Draft


def stuck(written: Any) -> Any:
    written.begin("op1", written.plan())
    written.record(
        Draft("step.in_doubt", "runner", "op1", "production/checkout@west", {"step": "1", "detail": "line dropped"}),
        Draft(
            "operation.ended",
            "runner",
            "op1",
            "production/checkout@west",
            {"ending": "needs_operator", "detail": "somebody else swapped", "choices": ["retry", "abandon"]},
        ),
    )


def test_lists_what_waits(written: Any, qd: Any) -> None:
    stuck(written)
    assert "op1  swap production/checkout@west  needs_operator" in qd("operation").out
    assert qd("operation", "--json").json["operations"][0]["choices"] == ["retry", "abandon"]


def test_shows_steps_choices_and_events(written: Any, qd: Any) -> None:
    stuck(written)
    result = qd("operation", "op1")
    assert result.code == 5
    for words in ("[in doubt] swap staging with production (line dropped)", "--choose retry|abandon", "ana@jump: bec"):
        assert words in result.out


def test_the_beginning_of_an_id_is_enough(written: Any, qd: Any) -> None:
    stuck(written)
    assert qd("operation", "op").code == 5


def test_an_unknown_id_is_a_usage_error(written: Any, qd: Any) -> None:
    assert qd("operation", "nope").code == 2


def test_a_choice_that_is_not_offered_is_refused_before_anything_is_asked(written: Any, qd: Any) -> None:
    stuck(written)
    result = qd("operation", "op1", "--choose", "undo")
    assert result.code == 1
    assert "retry, abandon" in result.err
    assert written.store.pending() == ()


def test_a_read_only_session_answers_nothing(written: Any, qd: Any) -> None:
    stuck(written)
    assert qd("operation", "op1", "--choose", "retry", "--read-only").code == 3
    assert written.store.pending() == ()


def test_an_operation_that_ended_is_concluded_at_once_when_followed(written: Any, qd: Any) -> None:
    stuck(written)
    result = qd("operation", "op1", "--follow")
    assert result.code == 5
    assert "needs operator: somebody else swapped" in result.out
