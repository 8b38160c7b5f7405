"""The clock lets nothing begin that has no time, and ends what hangs."""

from __future__ import annotations

import threading

from citytide.benchmarks.gpu.clock import Clock


class Hands:
    """A time that tests set."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_a_part_begins_nothing_once_its_share_is_spent() -> None:
    hands = Hands()
    clock = Clock(100.0, margin_s=20.0, now=hands)
    assert clock.has_time(0.5) and clock.left_s(0.5) == 40.0
    hands.at = 40.0
    assert not clock.has_time(0.5) and clock.left_s(0.5) == 0.0
    assert clock.has_time() and clock.left_s() == 40.0
    hands.at = 80.0  # the margin is for what has begun
    assert not clock.has_time()


def test_the_bell_rings_at_the_limit_and_not_after_it_was_cancelled() -> None:
    rung, silent = threading.Event(), threading.Event()
    Clock(0.05).ring(rung.set)
    Clock(0.05).ring(silent.set).cancel()
    assert rung.wait(5.0) and not silent.is_set()
