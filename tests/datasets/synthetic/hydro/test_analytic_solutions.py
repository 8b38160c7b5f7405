"""The truths of basins, by ways that know nothing of how the basins were made."""

import heapq
import json

import numpy as np
import pytest
from fewstreets import BOX, build
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.city import make_city
from citytide.datasets.synthetic.ground import plan_ground
from citytide.datasets.synthetic.hydro.analytic_solutions import compute_fill_time_s, find_truths
from citytide.datasets.synthetic.hydro.basins import plan_basins

CASES = [(20.0, 1), (20.0, 8), (20.0, 40), (10.0, 1), (10.0, 3), (10.0, 11), (5.0, 2)]
AROUND = np.ones((3, 3), dtype=bool)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]:g}m-seed{case[1]}")
def made(request):
    cell_m, seed = request.param
    ground = plan_ground(seed, *BOX)
    terrain, places = build(ground, cell_m)
    return terrain, places, find_truths(terrain, ground, places)


def inside(truth):
    return slice(truth["row0"], truth["row1"]), slice(truth["col0"], truth["col1"])


def lowest(truth):
    return truth["lowest_row"], truth["lowest_col"]


def flood(height):
    """Level that water must reach at each cell before it can leave the map, over edges and corners of cells."""
    n_y, n_x = height.shape
    level = np.full(height.shape, np.inf)
    queue = [(height[r, c], r, c) for r in range(n_y) for c in range(n_x) if r in (0, n_y - 1) or c in (0, n_x - 1)]
    for here, r, c in queue:
        level[r, c] = here
    heapq.heapify(queue)
    while queue:
        here, r, c = heapq.heappop(queue)
        for i in range(max(r - 1, 0), min(r + 2, n_y)):
            for j in range(max(c - 1, 0), min(c + 2, n_x)):
                if level[i, j] == np.inf:
                    level[i, j] = max(here, height[i, j])
                    heapq.heappush(queue, (level[i, j], i, j))
    return level


def pour(heights, volume, area):
    """Level of a volume of water over cells that hang together."""
    ordered = np.sort(heights.ravel())
    for n in range(1, ordered.size + 1):
        level = (volume / area + ordered[:n].sum()) / n
        if n == ordered.size or level <= ordered[n]:
            return level
    raise AssertionError


def test_every_underpass_and_the_valley_is_there(made):
    _, places, truths = made
    assert [truth["kind"] for truth in truths] == ["underpass", "underpass", "valley"]
    assert [truth["name"] for truth in truths[:2]] == [place.name for place in places]
    assert json.loads(json.dumps(truths)) == list(truths)


def test_water_below_the_sill_reaches_exactly_the_ringed_cells(made):
    terrain, _, truths = made
    for truth in truths:
        parts, _ = ndimage.label(terrain.height < truth["sill_m"], AROUND)
        basin = parts == parts[lowest(truth)]
        ringed = np.zeros(basin.shape, dtype=bool)
        ringed[inside(truth)] = True
        assert np.array_equal(basin, ringed)
        # At the sill itself it is over.
        parts, _ = ndimage.label(terrain.height <= truth["sill_m"], AROUND)
        assert (parts == parts[lowest(truth)]).sum() > ringed.sum()


def test_water_leaves_over_the_sill_and_none_ponds_as_high_outside(made):
    terrain, _, truths = made
    level = flood(terrain.height.astype(np.float64))
    for truth in truths:
        assert level[lowest(truth)] == truth["sill_m"]
        rows, columns = inside(truth)
        beside = level[rows.start - 2 : rows.stop + 2, columns.start - 2 : columns.stop + 2].copy()
        beside[1:-1, 1:-1] = -np.inf
        assert beside.max() < truth["sill_m"] - 0.2


def test_volume_poured_in_stands_at_the_sill(made):
    terrain, _, truths = made
    area = terrain.grid.cell_m**2
    for truth in truths:
        cells = terrain.height[inside(truth)].astype(np.float64)
        assert truth["volume_m3"] == pytest.approx(sum(truth["sill_m"] - z for z in cells.ravel()) * area, rel=1e-12)
        assert truth["catchment_m2"] == cells.size * area
        assert pour(cells, truth["volume_m3"], area) == pytest.approx(truth["sill_m"], abs=1e-9)
        assert pour(cells, 0.99 * truth["volume_m3"], area) < truth["sill_m"] - 0.005
        assert cells.min() == truth["floor_m"] == terrain.height[lowest(truth)]
        assert terrain.height[lowest(truth)] <= truth["sill_m"] - 1.0


def test_volume_is_that_of_a_parabola(made):
    terrain, places, truths = made
    for place, truth in zip(places, truths, strict=False):
        n_y, n_x = truth["row1"] - truth["row0"], truth["col1"] - truth["col0"]
        n = n_x if place.along == "x" else n_y
        mean = 0.2 + (place.depth_m - 0.2) * (2.0 / 3.0 + 1.0 / (3.0 * n * n))
        assert truth["volume_m3"] == pytest.approx(truth["catchment_m2"] * mean, abs=1e-3 * truth["catchment_m2"])
        assert n == round(place.length_m / terrain.grid.cell_m)
    truth, bowl = truths[-1], 1.0
    for n in (truth["row1"] - truth["row0"], truth["col1"] - truth["col0"]):
        bowl *= 2.0 / 3.0 + 1.0 / (3.0 * n * n)
    assert truth["volume_m3"] == pytest.approx(truth["catchment_m2"] * (0.2 + 1.8 * bowl), rel=1e-3)


def test_rain_on_closed_walls_fills_the_basin_at_the_known_time(made):
    terrain, _, truths = made
    area = terrain.grid.cell_m**2
    for truth in truths:
        cells = terrain.height[inside(truth)].astype(np.float64)
        full_s = compute_fill_time_s(truth, 100.0)
        for share, is_full in ((0.9999, False), (1.0001, True)):
            fallen = cells.size * area * 100.0 / 3.6e6 * share * full_s
            assert (pour(cells, fallen, area) >= truth["sill_m"]) == is_full


def test_entrances_are_at_the_ends_of_the_street_and_lower_than_the_walls(made):
    terrain, places, truths = made
    for place, truth in zip(places, truths, strict=False):
        rows, columns = inside(truth)
        ring = terrain.height[rows.start - 1 : rows.stop + 1, columns.start - 1 : columns.stop + 1]
        ring = ring if place.along == "x" else ring.T
        assert np.allclose(ring[1:-1, [0, -1]], truth["sill_m"])
        assert np.allclose(ring[[0, -1], :], truth["sill_m"] + 0.9)


@given(seed=st.integers(0, 2**32), cell_m=st.sampled_from([8.0, 12.5, 20.0]))
@settings(max_examples=8)
def test_basins_are_closed_for_any_seed_and_cell(seed, cell_m):
    ground = plan_ground(seed, *BOX)
    terrain, places = build(ground, cell_m)
    level = flood(terrain.height.astype(np.float64)) if cell_m > 15.0 else None
    for truth in find_truths(terrain, ground, places):
        parts, _ = ndimage.label(terrain.height < truth["sill_m"], AROUND)
        assert (parts == parts[lowest(truth)]).sum() * cell_m**2 == truth["catchment_m2"]
        assert level is None or level[lowest(truth)] == truth["sill_m"]


@pytest.mark.parametrize("seed", [1, 5])
def test_basins_of_a_whole_city_are_closed_among_its_streets(seed):
    city = make_city(seed, "2km")
    level = flood(city.terrain.height.astype(np.float64))
    assert len(city.truths) == 3
    for truth in city.truths:
        parts, _ = ndimage.label(city.terrain.height < truth["sill_m"], AROUND)
        assert (parts == parts[lowest(truth)]).sum() * 100.0 == truth["catchment_m2"]
        assert level[lowest(truth)] == truth["sill_m"]


def test_basin_of_another_terrain_is_refused():
    ground, other = plan_ground(1, *BOX), plan_ground(4, *BOX)
    terrain, places = build(ground, 20.0)
    assert plan_basins(other, (), terrain.grid)[0].kind == "valley"
    with pytest.raises(InputError, match="'valley' is not a basin of this terrain"):
        find_truths(terrain, other, ())
    assert len(find_truths(terrain, ground, places)) == 3


@pytest.mark.parametrize("rain", [0.0, -1.0, float("nan"), float("inf")])
def test_rain_that_never_fills_is_refused(rain):
    with pytest.raises(InputError, match="rain_mm_h must be finite and above 0"):
        compute_fill_time_s({"volume_m3": 1.0, "catchment_m2": 1.0}, rain)
