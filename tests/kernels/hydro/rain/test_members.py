"""What members start from, and how they are put in order, on the host and on CuPy."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from citytide.kernels.hydro.rain.members import WET_MM_H, Cells, Member, Start, order_highest, prepare_members


def make_rain() -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[:40, :50]
    rain = np.stack([20.0 * np.exp(-((x - 20 - 2 * at) ** 2 + (y - 20) ** 2) / 60.0) for at in range(3)])
    rain[0, 5:9] = np.nan
    motion = np.stack([np.full((40, 50), 2.0), np.zeros((40, 50))])
    return rain.astype(np.float32), motion.astype(np.float32)


def test_start_holds_the_rates_seen_and_how_far_they_are() -> None:
    rain, motion = make_rain()
    start = prepare_members(rain, motion, 4)
    is_wet = rain[-1] >= WET_MM_H
    assert np.array_equal(start.wet, np.sort(rain[-1][is_wet])) and not start.distance[is_wet].any()
    assert start.distance[20, 49] == pytest.approx(49 - np.flatnonzero(is_wet[20]).max())
    assert start.filter[0, 0] == 0.0  # noise has no mean


def test_start_on_cupy_is_that_of_the_host(cupy: Any) -> None:
    rain, motion = make_rain()
    here, there = prepare_members(rain, motion, 4), prepare_members(cupy.asarray(rain), cupy.asarray(motion), 4)
    for name in (field.name for field in fields(Start)):
        expected, found = getattr(here, name), getattr(there, name)
        if name in ("phi", "ratio"):  # numbers of levels are wanted on the host
            np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-6)
            continue
        assert isinstance(found, cupy.ndarray) and found.dtype == expected.dtype
        scale = float(np.abs(expected).max())
        np.testing.assert_allclose(found.get(), expected, rtol=1e-5, atol=1e-6 * scale, err_msg=name)


def test_noise_is_the_same_wherever_it_goes(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    rain, motion = make_rain()
    starts = prepare_members(rain, motion, 4), prepare_members(cupy.asarray(rain), cupy.asarray(motion), 4)
    drawn: list[np.ndarray] = []
    draw = Member._random

    def noted(self: Member, purpose: int, step: int) -> np.random.Generator:
        drawn.append(draw(self, purpose, step).standard_normal(self.shape, dtype=np.float32))
        return draw(self, purpose, step)

    monkeypatch.setattr(Member, "_random", noted)
    for start in starts:
        Member(start, 5, 2, Cells(1000.0, 300.0), (40, 50)).go_on(start, 0)
    assert len(drawn) == 4
    np.testing.assert_array_equal(drawn[:2], drawn[2:])


@pytest.mark.parametrize("n", [1, 7, 60, 300])
def test_highest_are_in_order_and_equal_ones_by_index(cupy: Any, n: int) -> None:
    field = np.random.default_rng(3).permutation(300).astype(np.float32)
    expected = np.argsort(field)[300 - n :]
    assert np.array_equal(order_highest(field, n), expected)
    assert np.array_equal(order_highest(cupy.asarray(field), n).get(), expected)


def test_equal_ones_differ_at_the_edge_of_the_chosen_alone(cupy: Any) -> None:
    field = np.random.default_rng(3).integers(0, 20, 300).astype(np.float32)
    here, there = order_highest(field, 90), order_highest(cupy.asarray(field), 90).get()
    assert np.array_equal(field[here], field[there])
    inside = field[here] > field[here].min()
    assert np.array_equal(here[inside], there[inside])


def test_reach_and_straying_are_in_cells() -> None:
    """After 10 minutes new rain may fall within 10 + 10 km: 40 cells of 500 m."""
    cells = Cells(500.0, 300.0)
    assert cells.reach(1) == pytest.approx(40.0)
    along, across = cells.stray(0)  # Bowler et al. (2006), their numbers at 5 minutes, in km/h over 5 minutes
    assert along == pytest.approx((10.88 * 5**0.23 - 7.68) / 12 * 2)
    assert across == pytest.approx((5.76 * 5**0.31 - 2.72) / 12 * 2)
