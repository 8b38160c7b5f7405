from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.medical.population import make_areas

BOX = (500_000.0, 2_490_000.0, 508_000.0, 2_498_000.0)


def polygons(areas):
    x, y, at = areas.vertex_x, areas.vertex_y, areas.vertex_offset
    return np.array([shapely.Polygon(np.stack([x[a:b], y[a:b]], axis=1)) for a, b in pairwise(at)])


@given(
    seed=st.integers(0, 2**64 - 1),
    n_areas=st.integers(1, 90),
    width=st.floats(300.0, 60_000.0),
    height=st.floats(3_000.0, 33_000.0),
)
@settings(max_examples=60)
def test_areas_tile_the_box_exactly(seed, n_areas, width, height):
    box = 500_000.0, 2_490_000.0, 500_000.0 + width, 2_490_000.0 + height
    n_areas = min(n_areas, int(width * height / 1e4))
    shapes = polygons(make_areas(*box, n_areas, 1000, seed))
    assert len(shapes) == n_areas
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    assert shapely.coverage_union_all(shapes).equals(shapely.box(*box))
    assert shapely.area(shapes).min() > 0.2 * width * height / n_areas


@given(seed=st.integers(0, 2**64 - 1), n_areas=st.integers(1, 700), n_people=st.integers(0, 10**9))
@settings(max_examples=40)
def test_people_sum_to_what_was_asked_for(seed, n_areas, n_people):
    areas = make_areas(0.0, 0.0, 60_000.0, 33_000.0, n_areas, n_people, seed)
    assert areas.people.dtype == np.int64
    assert areas.people.min() >= 0
    assert int(areas.people.sum()) == n_people


def test_codes_and_names_are_unique_and_look_like_those_of_a_city():
    areas = make_areas(0.0, 0.0, 60_000.0, 33_000.0, 2000, 20_000_000, 1)
    assert len(set(areas.code)) == len(set(areas.name)) == 2000
    assert all(len(code) == 9 and code.isdigit() and code.startswith("44") for code in areas.code)
    assert all(name.endswith("街道") for name in areas.name)
    assert (areas.code[0], areas.code[99], areas.code[100]) == ("440303001", "440303100", "440304001")


def test_people_live_closest_together_near_a_centre():
    areas = make_areas(*BOX, 64, 900_000, 3)
    shapes = polygons(areas)
    density = areas.people / shapely.area(shapes)
    middle = shapely.distance(shapes, shapely.Point(504_000.0, 2_494_000.0)) < 1_200.0
    corner = shapely.distance(shapes, shapely.Point(500_000.0, 2_490_000.0)) < 1_200.0
    assert density[middle].mean() > 3.0 * density[corner].mean()


def test_same_seed_gives_the_same_bytes():
    one, again, other = (make_areas(*BOX, 32, 900_000, seed) for seed in (1, 1, 2))
    assert one.vertex_x.tobytes() == again.vertex_x.tobytes() and one.people.tobytes() == again.people.tobytes()
    assert one.name == again.name
    assert not np.array_equal(one.people, other.people)


def test_rings_are_closed_and_run_counter_clockwise():
    areas = make_areas(*BOX, 32, 900_000, 1)
    first, last = areas.vertex_offset[:-1], areas.vertex_offset[1:] - 1
    assert np.array_equal(areas.vertex_x[first], areas.vertex_x[last])
    assert np.array_equal(areas.vertex_y[first], areas.vertex_y[last])
    assert shapely.is_ccw(shapely.get_exterior_ring(polygons(areas))).all()
    assert not areas.hole.any()


@pytest.mark.parametrize(
    ("n_areas", "n_people", "named"),
    [(0, 10, "n_areas is 0"), (9_001, 10, "n_areas is 9001"), (8, -1, "n_people is -1"), (6401, 10, "too small")],
)
def test_impossible_numbers_are_refused(n_areas, n_people, named):
    with pytest.raises(InputError, match=named):
        make_areas(*BOX, n_areas, n_people, 1)
