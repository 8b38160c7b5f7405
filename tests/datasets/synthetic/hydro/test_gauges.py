import numpy as np
import pytest
from fewstreets import BOX, build, draw_city

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.layers import STATION_KINDS
from citytide.datasets.synthetic.ground import plan_ground
from citytide.datasets.synthetic.hydro.analytic_solutions import find_truths
from citytide.datasets.synthetic.hydro.gauges import make_readings, make_stations
from citytide.datasets.synthetic.hydro.storms import compute_rain_rate, make_storms
from citytide.datasets.traffic.layers import ROAD_KINDS


@pytest.fixture(scope="module")
def made():
    ground = plan_ground(1, *BOX)
    terrain, places = build(ground, 10.0)
    truths = find_truths(terrain, ground, places)
    roads = draw_city(ground)
    return ground, roads, truths, make_stations(1, roads, ground, truths, BOX)


@pytest.fixture(scope="module")
def storms():
    return make_storms(1, BOX)


def of_kind(stations, kind):
    return np.flatnonzero(stations.kind == STATION_KINDS.index(kind))


def test_ids_are_unique_and_all_lie_in_the_box(made):
    stations = made[3]
    assert len(set(stations.station_id)) == stations.n_stations
    assert ((stations.x > BOX[0]) & (stations.x < BOX[2])).all()
    assert ((stations.y > BOX[1]) & (stations.y < BOX[3])).all()
    assert stations.is_synthetic


def test_rain_gauges_are_spread_evenly_on_dry_land(made):
    ground, _, _, stations = made
    gauge = of_kind(stations, "rain gauge")
    assert gauge.size == 4
    assert not ground.is_water(stations.x[gauge], stations.y[gauge]).any()
    quarter = (stations.x[gauge] > BOX[0] + 1000.0) + 2 * (stations.y[gauge] > BOX[1] + 1000.0)
    assert sorted(quarter.tolist()) == [0, 1, 2, 3]


def test_larger_city_has_more_gauges():
    box = (0.0, 0.0, 60_000.0, 33_000.0)
    ground = plan_ground(1, *box)
    stations = make_stations(1, draw_city(plan_ground(1, *BOX)), ground, (), box)
    assert of_kind(stations, "rain gauge").size == pytest.approx(60 * 33 / 8, rel=0.05)


def test_water_is_measured_in_every_basin_and_at_the_bridge(made):
    ground, _, truths, stations = made
    level = of_kind(stations, "water level")
    assert level.size == len(truths) + 1  # two underpasses, the valley, one bridge with two links
    for station, truth in zip(level, truths, strict=False):
        assert (stations.x[station], stations.y[station]) == (truth["x"], truth["y"])
    bridge = level[-1]
    assert ground.is_water(stations.x[bridge], stations.y[bridge])
    assert stations.y[bridge] == BOX[1] + 1000.0
    assert abs(stations.x[bridge] - ground.river_x(stations.y[bridge])) < 3.0
    tide = of_kind(stations, "tide gauge")
    assert tide.size == 1 and stations.y[tide[0]] < ground.coast_y(stations.x[tide[0]])


def test_checkpoints_stand_at_the_middle_of_major_links_one_for_a_street(made):
    _, roads, _, stations = made
    checkpoint = of_kind(stations, "checkpoint")
    assert checkpoint.size == 3
    middle = {
        (round((roads.x[a] + roads.x[b]) / 2, 2), round((roads.y[a] + roads.y[b]) / 2, 2))
        for a, b in zip(roads.tail, roads.head, strict=True)
    }
    for k in checkpoint:
        assert min(abs(stations.x[k] - x) + abs(stations.y[k] - y) for x, y in middle) < 0.05


def test_local_streets_have_no_checkpoints(made):
    from dataclasses import replace

    ground, roads, truths, _ = made
    local = replace(roads, kind=np.full(roads.n_links, ROAD_KINDS.index("residential"), dtype=np.uint8))
    assert of_kind(make_stations(1, local, ground, truths, BOX), "checkpoint").size == 0


def test_dry_city_has_no_tide_gauge_and_no_bridge_level(made):
    _, roads, _, _ = made
    stations = make_stations(1, roads, plan_ground(1, *BOX, has_water=False), (), BOX)
    assert of_kind(stations, "tide gauge").size == of_kind(stations, "water level").size == 0


def test_readings_are_the_mean_rain_of_their_interval(made, storms):
    stations = made[3]
    readings = make_readings(stations, storms)
    assert (readings.quantity, readings.units) == ("rain rate", "mm h-1")
    order = np.lexsort((readings.time, readings.station))
    assert np.array_equal(order, np.arange(order.size))
    assert (readings.time % 300 == 0).all()
    most = int(np.argmax(readings.value))
    end, station = readings.time[most], readings.station[most]
    moments = np.linspace(end - 300, end, 3001)
    rain = compute_rain_rate(storms, moments, stations.x[station], stations.y[station])
    assert readings.value[most] == pytest.approx(np.trapezoid(rain, moments) / 300.0, rel=1e-3)
    assert readings.value.min() >= 0.0


def test_all_the_rain_is_read(made, storms):
    stations = made[3]
    readings = make_readings(stations, storms)
    gauge = readings.station[0]
    read_mm = readings.value[readings.station == gauge].sum() * 300.0 / 3600.0
    moments = np.arange(storms.start.min(), (storms.start + storms.duration_s).max(), 5.0)
    rain = compute_rain_rate(storms, moments, stations.x[gauge], stations.y[gauge])
    assert read_mm == pytest.approx(rain.sum() * 5.0 / 3600.0, rel=1e-3)
    assert read_mm > 1.0


def test_same_seed_gives_the_same_stations(made):
    ground, roads, truths, stations = made
    again, other = (make_stations(seed, roads, ground, truths, BOX) for seed in (1, 2))
    assert again.station_id == stations.station_id and again.x.tobytes() == stations.x.tobytes()
    assert other.x.tobytes() != stations.x.tobytes()


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"step_s": 7}, "step_s must be a whole multiple of 10 s, got 7"),
        ({"step_s": 300, "start": 100}, "must be whole multiples of step_s=300"),
        ({"start": 600, "stop": 300}, "start first, got 600 and 300"),
    ],
)
def test_times_that_are_no_intervals_are_refused(made, storms, options, named):
    with pytest.raises(InputError, match=named):
        make_readings(made[3], storms, **options)
