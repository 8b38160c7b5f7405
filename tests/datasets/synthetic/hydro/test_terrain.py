import numpy as np
import pytest
from fewstreets import BOX, build, draw_city, draw_streets, find_places

from citytide.datasets.errors import InputError
from citytide.datasets.synthetic.ground import Underpass, plan_ground
from citytide.datasets.synthetic.hydro.terrain import make_terrain
from citytide.kernels.space.grid import Grid


@pytest.fixture(scope="module")
def ground():
    return plan_ground(1, *BOX)


@pytest.fixture(scope="module")
def terrain(ground):
    return build(ground, 10.0)[0]


@pytest.mark.parametrize(("workers", "block_rows"), [(1, 1), (3, 7), (2, 64), (1, 1000)])
def test_same_bytes_for_any_rows_in_a_block_and_any_workers(ground, terrain, workers, block_rows):
    other, _ = build(ground, 10.0, workers=workers, block_rows=block_rows)
    assert other.height.tobytes() == terrain.height.tobytes()
    assert other.manning.tobytes() == terrain.manning.tobytes()


def test_same_seed_gives_the_same_bytes_and_another_one_others(terrain):
    again, _ = build(plan_ground(1, *BOX), 10.0)
    other, _ = build(plan_ground(2, *BOX), 10.0)
    assert again.height.tobytes() == terrain.height.tobytes()
    assert other.height.tobytes() != terrain.height.tobytes()


def test_heights_are_whole_millimetres_and_the_layer_says_what_it_is(terrain):
    whole = np.round(terrain.height.astype(np.float64), 3).astype(np.float32)
    assert np.array_equal(whole, terrain.height)
    assert np.isfinite(terrain.height).all() and terrain.valid.all()
    assert (terrain.crs, terrain.height_datum, terrain.is_synthetic) == ("EPSG:4547", "synthetic", True)


def test_streets_lie_a_kerb_below_their_blocks_and_nothing_else_changes(ground, terrain):
    places = find_places(ground, 10.0)
    far = draw_streets((BOX[0] + 20.0, BOX[3] - 15.0, BOX[0] + 30.0, BOX[3] - 15.0, 0))
    bare = make_terrain(ground, far, places, terrain.grid)
    fall = (bare.height - terrain.height)[:-5]
    assert set(np.unique(np.round(fall, 3))) == {np.float32(0.0), np.float32(0.15)}
    assert np.allclose(terrain.manning[:-5][fall > 0.1], 0.015)
    assert 250 < (fall > 0.1).sum() < 400


def test_river_bed_stays_as_it_is_below_a_bridge(ground, terrain):
    grid = terrain.grid
    row = int((BOX[1] + 1000.0 - grid.south) // grid.cell_m)
    water = ground.is_water(grid.x, grid.y[row])
    bare = ground.compute_heights(grid.x, grid.y[row : row + 1])[0]
    assert water.sum() >= 3
    assert np.allclose(terrain.height[row][water], bare[water], atol=6e-4)
    assert np.allclose(terrain.manning[row][water], 0.03)


def test_sea_lies_below_zero_along_the_whole_southern_edge(ground, terrain):
    x, y = terrain.grid.x, terrain.grid.y
    sea = y[:, None] < ground.coast_y(x)[None, :]
    assert sea[0].all()
    assert (terrain.height[sea] < 0.0).all()
    assert np.allclose(terrain.manning[sea], 0.03)


def test_land_is_continuous_away_from_structures(ground, terrain):
    grid = terrain.grid
    land = np.ones(grid.shape, dtype=bool)
    for place in (*find_places(ground, 10.0), ground.valley):
        off_x, off_y = np.abs(grid.x - place.x)[None, :], np.abs(grid.y - place.y)[:, None]
        land &= (off_x > 130.0) | (off_y > 130.0)
    near = np.abs(grid.x[None, :] - ground.river_x(grid.y)[:, None]) < ground.river_width_m(grid.y)[:, None]
    land &= ~near & (grid.y[:, None] > ground.coast_y(grid.x)[None, :] + 40.0)
    for axis in (0, 1):
        step = np.abs(np.diff(terrain.height, axis=axis))
        both = np.delete(land, 0, axis=axis) & np.delete(land, -1, axis=axis)
        assert both.sum() > 20_000
        assert step[both].max() < 0.15 + 10.0 * 0.2


def test_roughness_is_that_of_four_surfaces(terrain):
    assert np.allclose(np.unique(terrain.manning), [0.015, 0.03, 0.05, 0.08])


def test_broad_streets_are_as_broad_on_finer_cells(ground):
    line = (BOX[0] + 100.0, BOX[3] - 203.0, BOX[0] + 400.0, BOX[3] - 203.0, 0)
    widths = []
    for lanes in (1.0, 3.0):
        street = draw_streets(line, lanes=lanes)
        terrain = make_terrain(ground, street, [], Grid.cover(*BOX, cell_m=2.0))
        column = int(200.0 // 2.0)
        widths.append(2.0 * float(np.isclose(terrain.manning[850:950, column], 0.015).sum()))
    assert widths == [6.0, 22.0]


def test_street_far_below_shows_only_in_a_synthetic_city(ground):
    from dataclasses import replace

    tunnel = draw_streets((BOX[0] + 100.0, BOX[3] - 203.0, BOX[0] + 400.0, BOX[3] - 203.0, -1))
    grid = Grid.cover(*BOX, cell_m=20.0)
    shown = make_terrain(ground, tunnel, [], grid)
    hidden = make_terrain(ground, replace(tunnel, is_synthetic=False), [], grid)
    assert 15 <= (shown.height < hidden.height - 0.1).sum() <= 17


@pytest.mark.parametrize(
    ("move", "named"),
    [("river", "lies in water"), ("edge", "lies at the edge of the grid"), ("other", "lies on another basin")],
)
def test_misplaced_underpass_is_refused_by_name(ground, move, named):
    good = find_places(ground, 10.0)[0]
    y = BOX[1] + 1000.0
    wrong = {
        "river": Underpass(float(ground.river_x(y)), y, "x", name="wrong one"),
        "edge": Underpass(BOX[0] + 20.0, y, "x", name="wrong one"),
        "other": Underpass(good.x + 40.0, good.y, "y", name="wrong one"),
    }[move]
    with pytest.raises(InputError, match=f"'wrong one' {named}"):
        make_terrain(ground, draw_city(ground), [good, wrong], Grid.cover(*BOX, cell_m=10.0))
