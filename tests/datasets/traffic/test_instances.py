import json
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.synthetic.traffic.network import make_network
from citytide.datasets.synthetic.traffic.textbook import make_braess, make_two_routes
from citytide.datasets.traffic.instances import Instance


def same(one: Instance, other: Instance) -> bool:
    for field in fields(Instance):
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            if a.dtype != b.dtype or not np.array_equal(a, b):
                return False
        elif a != b:
            return False
    return True


@given(st.lists(st.text(max_size=6), min_size=5, max_size=5))
def test_arrays_and_attributes_rebuild_the_instance(names: list[str]):
    instance = replace(make_braess(), link_name=tuple(names), notes=("路",), toll_weight=0.02)
    arrays, attrs = instance.to_arrays()
    assert all(array.dtype.kind in "biuf" for array in arrays.values()), "no objects, no strings"
    assert same(Instance.from_arrays(arrays, json.loads(json.dumps(attrs))), instance)


def test_no_path_enters_the_arrays():
    instance = replace(make_braess(), sources=(Path("/some/where/net.tntp"),))
    arrays, attrs = instance.to_arrays()
    assert "where" not in json.dumps(attrs)
    assert Instance.from_arrays(arrays, attrs).sources == ()


def test_factors_scale_capacity_and_speed_and_close_at_zero():
    base = make_braess()
    network, closed = base.network(capacity_factor=[0.5, 1, 1, 1, 0], speed_factor=[1, 0.25, 1, 0, 1])
    assert closed.tolist() == [False, False, False, True, True]
    assert network.capacity[0] == 0.5 * base.capacity[0]
    assert network.free_time[1] == base.free_time[1] / 0.25
    assert np.isfinite(network.free_time).all() and (network.capacity > 0).all()


def test_weights_make_the_fixed_cost_and_default_to_the_instances_own():
    instance = replace(make_two_routes(), toll=np.array([10.0, 0.0]), toll_weight=0.02, distance_weight=0.04)
    assert instance.network()[0].fixed_cost.tolist() == [0.02 * 10.0 + 0.04, 0.04]
    assert instance.network(0.0, 0.0)[0].fixed_cost.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("factor", "message"),
    [
        ([1.0, -1.0], "capacity_factor must be finite and >= 0, got -1.0 at link 2"),
        ([np.nan, 1.0], "got nan at link 1"),
        ([1.0], "each of 2 links"),
    ],
)
def test_a_bad_factor_is_refused(factor: list[float], message: str):
    with pytest.raises(ValueError, match=message):
        make_two_routes().network(capacity_factor=factor)


def test_an_instance_of_uneven_arrays_is_refused():
    with pytest.raises(ValueError, match=r"toll of braess must have shape \(5,\)"):
        replace(make_braess(), toll=np.zeros(3))


def test_the_repr_reads_well():
    assert repr(make_network("grid", 100, 0)).startswith("<Instance grid-100-seed0: 36 nodes, 100 links, 380 pairs")
