"""One city: its layers on one plane, and the weights that carry a quantity from one layer to another."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.crosswalk import Crosswalk
from ...kernels.space.grid import Grid
from ..errors import InputError
from ..hydro.layers import ReadingLayer, StationLayer, StormLayer
from ..maps.layers import AreaLayer, FacilityLayer, TerrainLayer
from ..traffic.layers import DemandLayer, RoadLayer
from .variables import CROSSWALKS, LAYERS, VARIABLES, crosswalk_variables

if TYPE_CHECKING:
    import zarr

__all__ = ["SCHEMA_VERSION", "City", "open_city"]

SCHEMA_VERSION = 2


@dataclass(frozen=True)
class City:
    """What a city's workflows share.

    Attributes
    ----------
    name
        What the city calls itself.
    crs
        The plane of all layers, in metres.
    time_zone
        In which times are shown; they are stored in UTC.
    roads
        The one layer that every city has.
    terrain, areas, facilities, stations, readings, storms, demand
        The others, or None where the city has none.
    crosswalks
        By name, rows to columns: ``link_cell, area_cell, area_node, facility_node, station_link``, each where the city
        has both sides. A cell is ``row * n_x + column`` of the terrain's grid.
    truths
        What is known of a synthetic city in closed form.

    Examples
    --------
    >>> from citytide.datasets.city.assembly import assemble_city
    >>> from citytide.datasets.synthetic.city import make_city
    >>> city = assemble_city(make_city(seed=1, size="2km"))
    >>> float(city.crosswalks["link_cell"].covered.min().round(12))
    1.0
    """

    name: str
    crs: str
    time_zone: str
    roads: RoadLayer
    terrain: TerrainLayer | None = None
    areas: AreaLayer | None = None
    facilities: FacilityLayer | None = None
    stations: StationLayer | None = None
    readings: ReadingLayer | None = None
    storms: StormLayer | None = None
    demand: DemandLayer | None = None
    crosswalks: Mapping[str, Crosswalk] = field(default_factory=dict)
    truths: tuple[dict[str, Any], ...] = ()

    @property
    def layers(self) -> dict[str, Any]:
        """The layers that this city has, by name."""
        return {name: layer for name in LAYERS if (layer := getattr(self, name)) is not None}

    @property
    def height_datum(self) -> str | None:
        """From where heights are counted; None without a terrain."""
        return None if self.terrain is None else self.terrain.height_datum

    @property
    def notes(self) -> tuple[str, ...]:
        """What the readers and makers of the layers had to say."""
        return tuple(note for layer in self.layers.values() for note in getattr(layer, "notes", ()))

    @property
    def sources(self) -> tuple[Path, ...]:
        """Every file that was read; empty for a city that was opened from its store."""
        return tuple(path for layer in self.layers.values() for path in getattr(layer, "sources", ()))

    def __repr__(self) -> str:
        made = [name for name, layer in self.layers.items() if getattr(layer, "is_synthetic", False)]
        parts = [f"{self.roads.n_nodes:,} nodes", f"{self.roads.n_links:,} links"]
        if self.terrain is not None:
            parts.append(
                f"{self.terrain.grid.n_y:,} x {self.terrain.grid.n_x:,} cells of {self.terrain.grid.cell_m:g} m"
            )
        if self.areas is not None:
            parts.append(f"{self.areas.n_areas:,} areas with {int(self.areas.people.sum()):,} people")
        if self.facilities is not None:
            parts.append(f"{self.facilities.n_facilities:,} facilities")
        return f"<City {self.name} ({self.crs}): {', '.join(parts)}{'; synthetic: ' + ', '.join(made) if made else ''}>"

    def to_arrays(self) -> tuple[dict[str, npt.NDArray[Any]], dict[str, Any]]:
        """Plain arrays by the names of :data:`~.variables.VARIABLES`, and JSON-able attributes.

        Where files lay is left out: it belongs to the record of a build, not to its data.
        """
        arrays: dict[str, npt.NDArray[Any]] = {}
        for variable in VARIABLES:
            layer = getattr(self, variable.layer)
            if layer is not None:
                values = getattr(layer, variable.attribute)
                arrays[variable.name] = (
                    _text(values) if variable.dtype == "string" else np.asarray(values, variable.dtype)
                )
        if self.terrain is not None:
            arrays |= {"y": self.terrain.grid.y, "x": self.terrain.grid.x}
        for name, crosswalk in self.crosswalks.items():
            offset, column, weight = crosswalk_variables(name)
            arrays |= {offset.name: crosswalk.offset, column.name: crosswalk.column, weight.name: crosswalk.weight}
        attrs: dict[str, Any] = {
            "name": self.name,
            "city_schema": SCHEMA_VERSION,
            "crs_name": self.crs,
            "time_zone": self.time_zone,
            "layers": {name: _plain(layer) for name, layer in self.layers.items()},
            "n_columns": {name: crosswalk.n_columns for name, crosswalk in self.crosswalks.items()},
            "truths": list(self.truths),
        }
        return arrays, attrs

    @classmethod
    def from_arrays(cls, arrays: Any, attrs: Mapping[str, Any], layers: Collection[str] = LAYERS) -> City:
        """Rebuild a city, or only some of its layers, from what :meth:`to_arrays` returned; a Zarr group will do."""
        found: dict[str, Any] = {}
        for name, plain in attrs["layers"].items():
            if name not in layers:
                continue
            values = dict(plain)
            for variable in VARIABLES:
                if variable.layer == name:
                    array = np.asarray(arrays[variable.name][...])
                    values[variable.attribute] = tuple(array.tolist()) if variable.dtype == "string" else array
            if name == "terrain":
                values["grid"] = Grid(**values["grid"])
            if "notes" in values:
                values["notes"] = tuple(values["notes"])
            found[name] = LAYERS[name](**values)
        crosswalks = {}
        for name, n_columns in attrs["n_columns"].items():
            if set(CROSSWALKS[name]) <= set(layers):
                offset, column, weight = (
                    np.asarray(arrays[variable.name][...]) for variable in crosswalk_variables(name)
                )
                crosswalks[name] = Crosswalk(offset, column, weight, int(n_columns))
        return cls(
            attrs["name"], attrs["crs_name"], attrs["time_zone"],
            crosswalks=crosswalks, truths=tuple(attrs["truths"]), **found,
        )  # fmt: skip


def _text(values: tuple[str, ...]) -> npt.NDArray[Any]:
    return np.array(values, dtype=np.dtypes.StringDType())


def _plain(layer: Any) -> dict[str, Any]:
    """What a layer holds beside its arrays."""
    stored = {variable.attribute for variable in VARIABLES if LAYERS[variable.layer] is type(layer)}
    found: dict[str, Any] = {}
    for item in fields(layer):
        if item.name in stored or item.name == "sources":
            continue
        value = getattr(layer, item.name)
        if isinstance(value, Grid):
            value = {part.name: getattr(value, part.name) for part in fields(value)}
        found[item.name] = list(value) if isinstance(value, tuple) else value
    return found


def open_city(path: str | Path, layers: Collection[str] = LAYERS) -> City:
    """Open a ``city.zarr``.

    Parameters
    ----------
    path
        The folder that ``citytide city build`` wrote.
    layers
        Names of the layers wanted; ``roads`` must be among them. Crosswalks come where both of their sides do.

    Raises
    ------
    InputError
        If this is no city, one of a later version, or a chunk of it is damaged.
    """
    path = Path(path)
    group = _open_group(path)
    attrs = dict(group.attrs)
    version = attrs.get("city_schema")
    if version != SCHEMA_VERSION:
        raise InputError(
            "the Zarr group is not a city" if version is None else f"the city is of version {version}",
            file=path,
            way_out="name a folder that `citytide city build` wrote"
            if version is None
            else f"this citytide reads version {SCHEMA_VERSION}: build the city again",
        )
    try:
        return City.from_arrays(group, attrs, layers)
    except (KeyError, OSError, RuntimeError, ValueError) as error:
        raise InputError(f"the city is damaged ({error})", file=path, way_out="build it again") from None


def _open_group(path: Path) -> zarr.Group:
    import zarr

    try:
        return zarr.open_group(path, mode="r")
    except (FileNotFoundError, zarr.errors.GroupNotFoundError, zarr.errors.ContainsArrayError):
        found = "the folder does not exist" if not path.exists() else "the folder is not a Zarr group"
        raise InputError(found, file=path, way_out="name a folder that `citytide city build` wrote") from None
    except ValueError as error:
        raise InputError(f"the city is damaged ({error})", file=path, way_out="build it again") from None
