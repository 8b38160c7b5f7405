"""Build a city: read what is given, omit or generate what is missing, and join all of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, field_validator

from ...datasets.city.assembly import assemble_city, choose_plane_of, move_layer
from ...datasets.city.city import City
from ...datasets.city.layers import CityLayers
from ...datasets.maps.layers import TerrainLayer
from ...datasets.place.crs import name_crs
from ...datasets.traffic.layers import DemandLayer, RoadLayer
from ...hpc.errors import RunError
from ...hpc.plan.settings import Settings

__all__ = ["DECLARABLE", "CityRequest", "build_city"]

Tell = Callable[[str], None]
LAYERS = ("terrain", "areas", "facilities", "stations", "readings", "demand")
# What a file may not say of itself, and what the reader's argument is called.
DECLARABLE = {
    "roads.crs": "name of the plane or datum of the roads, such as EPSG:4547, EPSG:4326 or GCJ-02",
    "roads.mode": "car, or all for footways and the like too",
    "roads.length_unit": "of lengths that a table of roads states: m, km, mile, ft",
    "roads.speed_unit": "of speeds that a table of roads states: km/h, mph, m/s",
    "roads.oneway": "what letters of oneway mean: osm-letters (F, T, B), boolean (t, f); of direction: link-direction "
    "(1, 0, -1), navigation (0 to 3)",
    "roads.zone_nodes": "of a GMNS folder: block if links to the nodes of zones are no roads, pass if they are",
    "roads.classes": "what unknown words of road class mean, such as 2_Klass=primary,other=drop; drop leaves them out",
    "roads.core_share": "least share of the car kilometres in the largest connected part, 0.8 if omitted",
    "terrain.crs": "name of the terrain's plane",
    "terrain.height_datum": "from where heights are counted, such as CN85",
    "terrain.height_units": "of heights whose file names none: m (also if omitted), cm, ft, us-ft",
    "terrain.nodata": "the number that means no data in the raster of heights",
    "terrain.manning": "one Manning roughness for all cells",
    "terrain.manning_file": "a raster of Manning roughness on the same grid",
    "terrain.resample_m": "side of the cells [m] that a terrain of another plane, or in degrees, is resampled to",
    "areas.crs": "name of the areas' plane or datum",
    "areas.gaps": "`meant` for areas that leave gaps between them",
    "areas.people": "`unknown` for areas without a column of people: they count nobody",
    "facilities.crs": "name of the facilities' plane or datum",
    "stations.crs": "name of the stations' plane or datum",
    "readings.quantity": "what is read: rain rate, water level, water depth",
    "readings.time_zone": "zone of times that name none, such as Asia/Shanghai",
    "readings.units": "units of the values where the table does not say, such as mm h-1",
    "readings.interval_s": "seconds over which a depth of rain was gathered",
    "readings.height_datum": "from where water levels are counted",
    "readings.missing": "codes that stand for no reading, such as 999.9,---; none where every number is one",
    "demand.datum": "of rides: wgs84, gcj02, or auto, which asks the roads",
    "demand.total": "vehicles per hour that the demand is scaled to",
    "demand.period": "which period of a table of trips with several",
    "demand.mode": "which mode of a table of trips with several",
    "demand.matrix": "which matrix of an OMX file with several",
    "demand.mapping": "which numbering of zones of an OMX file; count for 1, 2, 3, ...",
}

_WORDS = {"gaps": "meant", "people": "unknown"}  # the one thing that can be said of each


def _path(text: str | None) -> str | None:
    return None if text is None else str(Path(text).expanduser())


File = Annotated[str | None, AfterValidator(_path)]


class CityRequest(Settings):
    """Settings of ``citytide city build``."""

    name: str = Field(default="city", description="name of the city")
    roads: File = Field(
        default=None, description=".graphml, .osm.pbf, .osm, .gpkg, .shp, .geojson or .csv of roads, or a GMNS folder"
    )
    terrain: File = Field(default=None, description="GeoTIFF or ESRI ASCII grid of heights")
    areas: File = Field(default=None, description="polygons with codes, names and people")
    facilities: File = Field(default=None, description="points of hospitals, ambulance stations, shelters")
    stations: File = Field(default=None, description="points of gauges and checkpoints")
    readings: File = Field(default=None, description="table of what the stations measured")
    demand: File = Field(default=None, description="rides, or trips between nodes: CSV, matrix or OMX")
    synthetic: bool = Field(default=False, description="generate what is not given")
    size: Literal["2km", "8km", "shenzhen"] = Field(
        default="8km", description="size of a city that is wholly synthetic"
    )
    seed: int = Field(
        default=1, ge=0, lt=2**63, description="seed of what is synthetic; the same seed gives the same bytes"
    )
    cell_m: float = Field(default=10.0, gt=0, le=1000, description="side of a cell of a synthetic terrain [m]")
    crs: str | None = Field(default=None, description="the city's plane, such as EPSG:4547")
    time_zone: str = Field(default="Asia/Shanghai", description="time zone in which times are shown")
    declare: dict[str, str] = Field(default_factory=dict, description="what the files do not state themselves")
    workers: int = Field(default=1, ge=1, description="threads that generate the terrain; the bytes are the same")

    @field_validator("declare")
    @classmethod
    def _known(cls, declared: dict[str, str]) -> dict[str, str]:
        unknown = sorted(set(declared) - set(DECLARABLE))
        if unknown:
            raise ValueError(f"{unknown[0]!r} cannot be declared; choose one of {', '.join(DECLARABLE)}")
        return declared

    def declared(self, layer: str) -> dict[str, Any]:
        """What is declared of a layer, by the reader's argument."""
        return {key.partition(".")[2]: value for key, value in self.declare.items() if key.startswith(f"{layer}.")}


def build_city(request: CityRequest, tell: Tell = lambda step: None) -> City:
    """Read, make and join.

    Parameters
    ----------
    request
        What is given and what is to be made.
    tell
        Is called with the name of each step before it starts.

    Raises
    ------
    RunError
        If the request makes no city.
    InputError
        If a file cannot be used, or the layers do not fit together.

    Examples
    --------
    >>> build_city(CityRequest(synthetic=True, size="2km", seed=7)).crs
    'EPSG:4547'
    """
    from ...datasets.text.times import check_zone

    check_zone(request.time_zone)
    given = [layer for layer in LAYERS if getattr(request, layer)]
    if request.roads is None:
        if not request.synthetic:
            raise RunError("a city needs roads: name them with --roads FILE, or have it all made with --synthetic")
        if given:
            raise RunError(f"--{given[0]} needs real roads: give --roads FILE too")
        layers = _make_whole(request, tell)
    else:
        layers = _read_layers(request, tell)
    keep_gaps = request.declare.get("areas.gaps") == "meant"
    return assemble_city(layers, crs=request.crs, time_zone=request.time_zone, keep_gaps=keep_gaps, tell=tell)


def _make_whole(request: CityRequest, tell: Tell) -> CityLayers:
    from ...datasets.synthetic.city import make_city

    tell(f"making a city of size {request.size}")
    made = make_city(request.seed, request.size, workers=request.workers, cell_m=request.cell_m)
    return replace(made, name=request.name)


def _read_layers(request: CityRequest, tell: Tell) -> CityLayers:
    from ...datasets.hydro.gauges.stations import open_readings, open_stations
    from ...datasets.maps.areas import open_areas
    from ...datasets.maps.facilities import open_facilities

    def read(layer: str, reader: Callable[..., Any], *before: Any) -> Any:
        file = getattr(request, layer)
        if file is None:
            return None
        tell(f"reading {layer}")
        return reader(Path(file), *before, **_convert(layer, request.declared(layer)))

    roads = read("roads", _read_roads)
    found: dict[str, Any] = {
        "terrain": read("terrain", partial(_read_terrain, request, roads)),
        "areas": read("areas", open_areas),
        "facilities": read("facilities", open_facilities),
        "stations": read("stations", open_stations),
    }
    if request.readings is not None:
        if found["stations"] is None:
            raise RunError("--readings need stations: give --stations FILE too")
        found["readings"] = read("readings", open_readings, found["stations"])
    if request.demand is not None:
        tell("reading demand")
        found["demand"] = _read_demand(roads, Path(request.demand), request.declared("demand"))
    layers = CityLayers(request.name, roads, **found)
    return _make_missing(layers, request, tell) if request.synthetic else layers


def _read_terrain(
    request: CityRequest, roads: RoadLayer, file: Path, *, resample_m: float | None = None, **declared: Any
) -> TerrainLayer:
    from ...datasets.city.resampling import warp_terrain
    from ...datasets.maps.terrain import open_terrain

    terrain = open_terrain(file, **declared)
    plane = name_crs(request.crs) if request.crs else choose_plane_of(CityLayers("", roads, terrain))
    return terrain if resample_m is None or terrain.crs == plane else warp_terrain(terrain, plane, resample_m)


def _convert(layer: str, declared: Mapping[str, Any]) -> dict[str, Any]:
    values = dict(declared)
    if layer == "areas":
        for key, word in _WORDS.items():
            if values.get(key, word) != word:
                raise RunError(f"--declare areas.{key} must be {word}, got {values[key]}")
        values = {key: value for key, value in values.items() if key not in _WORDS}
        values |= {"people_optional": True} if "people" in declared else {}
    for key in ("manning", "nodata", "resample_m", "interval_s", "core_share"):
        if key in values:
            try:
                values[key] = float(values[key])
            except ValueError:
                raise RunError(f"--declare {layer}.{key} must be a number, got {values[key]}") from None
    return values


def _read_roads(file: Path, **declared: Any) -> RoadLayer:
    """Read roads; errors name settings as this command takes them."""
    from ...datasets.errors import InputError
    from ...datasets.traffic.road_files import open_roads

    try:
        return open_roads(file, **declared)
    except InputError as error:
        told = error
        for key in (name.partition(".")[2] for name in DECLARABLE if name.startswith("roads.")):
            for verb in ("set", "declare"):
                told = told.reworded(f"{verb} {key}=", f"say {key}=")
            told = told.reworded(f" {key}=", f" --declare roads.{key}=")
        raise told from None


def _read_demand(roads: RoadLayer, file: Path, declared: Mapping[str, Any]) -> DemandLayer:
    from ...datasets.city.trips import read_trips
    from ...datasets.errors import InputError

    try:
        return read_trips(roads, file, **declared)
    except InputError as error:
        raise error.reworded("demand_", "--declare demand.") from None


def _make_missing(layers: CityLayers, request: CityRequest, tell: Tell) -> CityLayers:
    from ...datasets.synthetic.city import make_layers_for

    want = {
        name
        for name in ("terrain", "areas", "facilities", "stations", "storms", "demand")
        if getattr(layers, name) is None
    }
    tell(f"making {', '.join(sorted(want))}")
    plane = request.crs or choose_plane_of(layers)
    roads = move_layer("roads", layers.roads, plane, layers.roads)
    areas = move_layer("areas", layers.areas, plane, layers.roads)
    return replace(layers, **make_layers_for(roads, request.seed, want=want, cell_m=request.cell_m, areas=areas))
