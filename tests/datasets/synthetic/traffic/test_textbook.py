import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.synthetic.traffic.textbook import compute_two_route_flows, make_braess, make_two_routes


def travel_time(instance, flow):
    return instance.free_time * (1.0 + instance.b * (flow / instance.capacity) ** instance.power)


def test_braess_has_its_published_equilibria():
    braess = make_braess()
    time = travel_time(braess, np.array([4.0, 2.0, 2.0, 2.0, 4.0]))
    routes = [time[0] + time[2], time[1] + time[4], time[0] + time[3] + time[4]]
    assert routes == pytest.approx([92.0, 92.0, 92.0], abs=1e-6)
    without = travel_time(braess, np.array([3.0, 3.0, 3.0, 0.0, 3.0]))
    assert [without[0] + without[2], without[1] + without[4]] == pytest.approx([83.0, 83.0], abs=1e-6)


@given(
    st.floats(0.0, 100.0),
    st.tuples(st.floats(0.1, 50.0), st.floats(0.1, 50.0)),
    st.tuples(st.floats(0.0, 5.0), st.floats(0.01, 5.0)),
)
def test_two_routes_are_equally_long_where_both_are_used(demand, free_time, slope):
    instance = make_two_routes(demand, free_time=free_time, slope=slope)
    flow = np.array(compute_two_route_flows(demand, free_time=free_time, slope=slope))
    time = travel_time(instance, flow)
    assert flow.sum() == pytest.approx(demand) and (flow >= 0.0).all()
    scale = 1e-6 * max(1.0, *time)
    if flow[0] > 1e-9:
        assert time[0] <= time[1] + scale
    if flow[1] > 1e-9:
        assert time[1] <= time[0] + scale


def test_the_system_optimum_of_two_routes_costs_no_more_than_the_equilibrium():
    instance = make_two_routes()
    cost = {}
    for principle in ("user", "system"):
        flow = np.array(compute_two_route_flows(principle=principle))
        cost[principle] = float(flow @ travel_time(instance, flow))
    assert cost["system"] < cost["user"]
