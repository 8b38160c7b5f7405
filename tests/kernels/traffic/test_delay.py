"""Cost, slope and integral of a link agree with arithmetic done otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from citytide.kernels.traffic.delay import Delay, compute_integral, price_link, raise_ratio

POWERS = [0.0, 0.4, 1.0, 2.0, 3.7, 4.0, 5.0, 16.83]


def price(flow: float, power: float, capacity: float = 7.0) -> tuple[float, float]:
    cost, slope = np.array([3.0]), np.zeros(1)
    price_link(0, np.array([flow]), Delay(*(np.array([v]) for v in (3.0, 2.0, capacity, power))), cost, slope)
    return float(cost[0]), float(slope[0])


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("ratio", [0.0, 1e-7, 0.3, 1.0, 2.5])
def test_power_is_the_power(ratio: float, power: float) -> None:
    assert raise_ratio(ratio, power) == pytest.approx(ratio**power, rel=1e-14)


@pytest.mark.parametrize("power", POWERS)
def test_slope_is_the_limit_of_differences(power: float) -> None:
    (above, _), (below, _), (_, slope) = price(5.001, power), price(4.999, power), price(5.0, power)
    assert slope == pytest.approx((above - below) / 0.002, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("power", POWERS)
def test_integral_is_the_area_under_the_cost(power: float) -> None:
    nodes, weights = np.polynomial.legendre.leggauss(60)
    flow = 9.0
    area = sum(w * price(0.5 * flow * (x + 1.0), power)[0] for x, w in zip(nodes, weights, strict=True)) * 0.5 * flow
    assert compute_integral(flow, 3.0, 2.0, 7.0, power) == pytest.approx(area, rel=1e-5)


def test_steep_power_on_unit_capacity_neither_overflows_nor_vanishes() -> None:
    cost, scale, flow = np.array([1.0]), np.array([1e-9 / 4.0**16.83]), np.array([4000.0])
    price_link(0, flow, Delay(np.ones(1), scale, np.ones(1), np.array([16.83])), cost, np.zeros(1))
    assert cost[0] == pytest.approx(1.0 + 1e-9 * 1000.0**16.83, rel=1e-12)


def test_slope_at_no_flow_is_finite_under_a_root() -> None:
    assert np.isfinite(price(0.0, 0.4)[1])
