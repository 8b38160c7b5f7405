import numpy as np
import pytest
from scipy.spatial.distance import pdist

from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.traffic.layout import place_nodes


@pytest.mark.parametrize("n_links", [500, 4500])
def test_the_layout_of_a_city_resembles_its_map(n_links: int):
    city = make_network("grid", n_links, 3)
    x, y = place_nodes(city.n_nodes, city.tail, city.head, city.length)
    drawn, real = pdist(np.column_stack([x, y])), pdist(np.column_stack([city.x, city.y]))
    assert np.corrcoef(drawn, real)[0, 1] > 0.95
    assert 0.0 <= min(x.min(), y.min()) and max(x.max(), y.max()) <= 1.0


def test_the_layout_is_the_same_every_time():
    city = make_network("ring-radial", 600, 3)
    first, second = (place_nodes(city.n_nodes, city.tail, city.head, city.length) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize("n_nodes", [0, 1, 2, 4])
def test_small_and_broken_networks_get_finite_places(n_nodes: int):
    links = ([0], [1]) if n_nodes > 1 else ([], [])
    x, y = place_nodes(n_nodes, *links, np.zeros(len(links[0])))
    assert x.shape == y.shape == (n_nodes,)
    assert np.isfinite(x).all() and np.isfinite(y).all()


def test_a_large_network_in_two_parts_gets_finite_places():
    chain = np.arange(1199)
    keep = chain != 600
    x, y = place_nodes(1200, chain[keep], chain[keep] + 1, np.ones(1198))
    assert np.isfinite(x).all() and np.isfinite(y).all() and np.ptp(x) > 0.5


def test_a_length_far_below_the_others_leaves_places_finite():
    x, y = place_nodes(3, [0, 1], [1, 2], [1e-320, 1.0])
    assert np.isfinite(x).all() and np.isfinite(y).all() and np.ptp(x) > 0.5
