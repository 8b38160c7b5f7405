"""A city's roads and trips are a network that traffic kernels take."""

from __future__ import annotations

import numpy as np

from citytide.datasets.city.layers import CityLayers
from citytide.datasets.city.network import make_instance
from citytide.kernels.traffic.assignment import assign_traffic


def test_travel_time_is_length_over_speed(layers: CityLayers) -> None:
    assert layers.demand is not None
    instance = make_instance("small", layers.roads, layers.demand)
    assert np.allclose(instance.free_time[:5], 60.0 * 0.2 / 50.0)
    assert instance.crs == "EPSG:4547" and instance.units["time"] == "min"


def test_trips_are_assigned_on_it(layers: CityLayers) -> None:
    """From the west to the east there is one way: links 5 and 2."""
    assert layers.demand is not None
    instance = make_instance("small", layers.roads, layers.demand)
    network, _ = instance.network()
    flow = assign_traffic(network, instance.origin, instance.destination, instance.demand, gap=1e-9).flow
    assert flow.tolist() == [0, 100, 0, 50, 100, 0, 0, 50, 0]
