"""What is on its way to a terminal, on links of every kind: simulated, with a clock that is stepped."""

from __future__ import annotations

import pytest

from quarterdeck.ui.output.pacing import FIRST, LEAST, OVERDUE, SILENCE, Pace

PORTION = 2048


class Link:
    """A link of so many bytes per second and seconds of round trip, with a terminal at its end that answers."""

    def __init__(self, rate: float, round_trip: float) -> None:
        self.rate, self.round_trip = rate, round_trip
        self.now = self.free_at = 0.0
        self.answers: list[float] = []
        self.pace = Pace()
        self.sent = 0

    def send(self, size: int, *, more: bool) -> float:
        """Seconds until it has arrived."""
        self.free_at = max(self.free_at, self.now) + size / self.rate
        self.answers.append(self.free_at + self.round_trip)
        self.pace.sent(size, self.now, more=more)
        self.sent += size
        return self.free_at + self.round_trip / 2 - self.now

    def pass_time(self, seconds: float) -> None:
        end = self.now + seconds
        while self.answers and self.answers[0] <= end:
            self.now = self.answers.pop(0)
            self.pace.answered(self.now)
        self.now = end

    def open(self) -> None:
        """A first picture of nine kilobytes."""
        for _ in range(4):
            self.send(PORTION, more=True)
        self.send(1000, more=False)
        self.pass_time(10)


@pytest.mark.parametrize(("rate", "lag"), [(8_000, 0.7), (50_000, 0.16), (10_000_000, 0.1)])
def test_a_held_key_is_never_far_ahead_of_what_is_seen(rate: float, lag: float) -> None:
    link = Link(rate, 0.02)
    link.open()
    worst = 0.0
    for _ in range(150):  # five seconds of a repeated key whose every frame has two kilobytes
        link.pass_time(1 / 30)
        if link.pace.room(link.now) > 0:
            worst = max(worst, link.send(min(PORTION, link.pace.room(link.now)), more=True))
    assert worst <= lag


@pytest.mark.parametrize("round_trip", [0.001, 0.15, 0.6])
def test_a_quick_link_is_used_however_long_it_is(round_trip: float) -> None:
    link = Link(5_000_000, round_trip)
    link.open()
    before, began = link.sent, link.now
    while link.sent - before < 60_000:  # five whole screens
        if link.pace.room(link.now) > 0:
            link.send(PORTION, more=True)
        else:
            link.pass_time(0.001)
    assert link.now - began <= 3 * round_trip + 0.1


def test_small_answers_that_pass_at_once_say_nothing_about_the_rate() -> None:
    link = Link(8_000, 0.02)
    link.open()
    window = link.pace.window
    for _ in range(20):
        link.pass_time(0.2)
        link.pace.sent(200, link.now, more=False)
        link.pace.answered(link.now + 0.0001)
    assert link.pace.window <= window + LEAST


def test_a_terminal_that_never_answers_gets_everything() -> None:
    pace = Pace()
    pace.sent(FIRST, 0.0, more=True)
    assert pace.room(SILENCE / 2) <= 0
    assert pace.room(SILENCE) > 0
    pace.sent(FIRST, SILENCE, more=True)
    assert pace.room(SILENCE) > 0


def test_an_answer_that_is_lost_stops_nothing_for_long() -> None:
    pace = Pace()
    pace.sent(100, 0.0, more=False)
    pace.answered(0.01)
    pace.sent(FIRST * 4, 1.0, more=True)
    assert pace.room(1.0) <= 0
    assert pace.wait(1.0) == pytest.approx(OVERDUE)
    assert pace.room(1.0 + OVERDUE) > 0
    assert pace.wait(1.0 + OVERDUE) == 0
