"""One seed gives a whole city: streets, ground, people, care, trips, storms and gauges that fit each other."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from ..city.layers import CityLayers
from ..errors import InputError
from ..maps.layers import AreaLayer
from ..traffic.layers import RoadLayer
from .sizes import check_seed, get_size
from .traffic.city_streets import make_streets
from .traffic.trips import make_trips

if TYPE_CHECKING:
    from ...kernels.space.grid import Grid
    from ..traffic.instances import Instance

__all__ = ["MADE", "make_city", "make_instance", "make_layers_for"]

MADE = ("terrain", "areas", "facilities", "stations", "storms", "demand")
_AROUND_M = 200.0  # of land around roads that a user gives
_PEOPLE_PER_KM2 = 10_000.0
_PEOPLE_PER_AREA = 30_000


def make_instance(*, seed: int | str = 1, size: str = "8km") -> Instance:
    """Make the streets and the trips of a city only: what is used when nobody names a network.

    Parameters
    ----------
    seed, size
        See :func:`make_city`.

    Examples
    --------
    >>> make_instance(size="2km").name
    'synthetic-city'
    """
    from ..city.network import make_instance as join

    seed, wanted = check_seed(seed), get_size(size)
    roads, _ = make_streets(seed, size)
    return join("synthetic-city", roads, make_trips(roads, seed, n_zones=wanted.n_zones, load=wanted.load))


def make_city(seed: int | str = 1, size: str = "8km", *, workers: int = 1, cell_m: float = 10.0) -> CityLayers:
    """Make a city and all of its layers.

    Parameters
    ----------
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    size
        ``"2km"`` for tests, ``"8km"``, or ``"shenzhen"``: 100,000 links and 20 million people.
    workers
        Threads that make the terrain; the same bytes for any.
    cell_m
        Side of a terrain's cell [m].

    Returns
    -------
    CityLayers
        In EPSG:4547, with what is known of it in closed form.

    Raises
    ------
    InputError
        If the size is unknown or the seed no whole number from 0 up.

    Examples
    --------
    >>> city = make_city(seed=1, size="2km")
    >>> city.terrain.grid.shape, int(city.areas.people.sum()), [truth["kind"] for truth in city.truths]
    ((200, 200), 40000, ['underpass', 'underpass', 'valley'])
    """
    from ...kernels.space.grid import Grid
    from ..city.checks import refuse_many_cells
    from .ground import plan_ground
    from .hydro.analytic_solutions import find_truths
    from .hydro.gauges import make_readings, make_stations
    from .hydro.storms import make_storms
    from .hydro.terrain import make_terrain
    from .medical.facilities import make_care
    from .medical.population import make_areas

    seed, wanted = check_seed(seed), get_size(size)
    grid = Grid.cover(*wanted.box, cell_m=cell_m)
    refuse_many_cells(grid, "cell_m")
    roads, underpasses = make_streets(seed, size)
    ground = plan_ground(seed, *wanted.box)
    terrain = make_terrain(ground, roads, underpasses, grid, workers=workers)
    truths = find_truths(terrain, ground, underpasses)
    areas = make_areas(*wanted.box, wanted.n_areas, wanted.n_people, seed)
    storms = make_storms(seed, wanted.box)
    stations = make_stations(seed, roads, ground, truths, wanted.box)
    return CityLayers(
        name="synthetic-city",
        roads=roads,
        terrain=terrain,
        areas=areas,
        facilities=make_care(roads, areas, seed),
        stations=stations,
        readings=make_readings(stations, storms),
        storms=storms,
        demand=make_trips(roads, seed, n_zones=wanted.n_zones, load=wanted.load),
        truths=truths,
    )


def make_layers_for(
    roads: RoadLayer, seed: int, *, want: Collection[str], cell_m: float = 10.0, areas: AreaLayer | None = None
) -> dict[str, Any]:
    """Make layers around roads that a user gives.

    Parameters
    ----------
    roads
        In a projected CRS, in metres.
    seed
        A whole number from 0 up; the same seed gives the same bytes.
    want
        Names of layers, out of :data:`MADE`. Stations and storms together bring readings.
    cell_m
        Side of a terrain's cell [m].
    areas
        Those the user has, in the CRS of the roads: where facilities are made, they go to these people.

    Returns
    -------
    dict
        By name; all of them cover the roads and 200 m around. The ground is dry: a made-up river would not know
        of the roads' bridges. A terrain brings its ``truths``.

    Raises
    ------
    InputError
        If a layer is of no such name.

    Examples
    --------
    >>> roads, _ = make_streets(1, "2km")
    >>> made = make_layers_for(roads, 7, want={"areas", "demand"})
    >>> sorted(made), made["areas"].crs
    (['areas', 'demand'], 'EPSG:4547')
    """
    from ..city.checks import refuse_many_cells
    from .ground import plan_ground
    from .hydro.analytic_solutions import find_truths
    from .hydro.gauges import make_readings, make_stations
    from .hydro.storms import make_storms
    from .hydro.terrain import make_terrain
    from .medical.facilities import make_care
    from .medical.population import make_areas

    unknown = sorted(set(want) - set(MADE))
    if unknown:
        raise InputError(f"layer {unknown[0]!r} is unknown", way_out=f"choose one of {', '.join(MADE)}")
    seed = check_seed(seed)
    grid = _cover(roads, cell_m)
    refuse_many_cells(grid, "cell_m")
    box = grid.west, grid.south, grid.east, grid.north
    ground = plan_ground(seed, *box, has_water=False)
    made: dict[str, Any] = {}
    truths: tuple[dict[str, Any], ...] = ()
    if "terrain" in want:
        made["terrain"] = make_terrain(ground, roads, (), grid)
        truths = made["truths"] = find_truths(made["terrain"], ground, ())
    if "areas" in want:
        n_people = round((box[2] - box[0]) * (box[3] - box[1]) / 1e6 * _PEOPLE_PER_KM2)
        n_areas = max(4, round(n_people / _PEOPLE_PER_AREA))
        areas = made["areas"] = make_areas(*box, n_areas, n_people, seed, crs=roads.crs)
    if "facilities" in want:
        made["facilities"] = make_care(roads, areas, seed)
    if "stations" in want:
        made["stations"] = make_stations(seed, roads, ground, truths, box)
    if "storms" in want:
        made["storms"] = make_storms(seed, box, crs=roads.crs)
    if {"stations", "storms"} <= set(want):
        made["readings"] = make_readings(made["stations"], made["storms"])
    if "demand" in want:
        made["demand"] = make_trips(roads, seed)
    return made


def _cover(roads: RoadLayer, cell_m: float) -> Grid:
    """Whole cells over all lines and the land around, 1 km or more wide."""
    from ...kernels.space.grid import Grid

    edges = []
    for axis in (roads.vertex_x, roads.vertex_y):
        low, high = float(axis.min()) - _AROUND_M, float(axis.max()) + _AROUND_M
        more = max(0.0, 1_000.0 - (high - low)) / 2
        edges.append((low - more, high + more))
    return Grid.cover(edges[0][0], edges[1][0], edges[0][1], edges[1][1], cell_m=cell_m)
