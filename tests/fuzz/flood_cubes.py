"""Cubes of rain in netCDF and Zarr, and folders of one file for each frame, as many programs write them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import cf_units
import numpy as np
import xarray
from dresses import OPEN, PLAIN, Dress
from flood_rasters import Floats, Layout, name_wkt, write_tiff
from pyproj import CRS

CONTAINERS = {
    "nc4": PLAIN, "nc3": PLAIN, "zarr": PLAIN, "one netCDF for each frame": OPEN, "one GeoTIFF for each frame": OPEN,
}  # fmt: skip
PACKINGS = {  # the step of what is stored, its offset and its type
    "int16 with a scale": (1 / 320, 0.0, "int16"), "int16 with a scale and an offset": (1 / 320, 50.0, "int16"),
    "uint8 with a scale": (1 / 2.5, 0.0, "uint8"),
}  # fmt: skip
FILL = -9999.0
LENGTHS = {"m": 1.0, "km": 1000.0, "ft": 0.3048, "unsaid": 1.0, "K": 1.0}
NAMES = {
    "x, y": ("x", "y"), "easting, northing": ("easting", "northing"), "X, Y": ("X", "Y"),
    "odd names with standard names": ("nj", "ni"), "no coordinates": ("x", "y"),
}  # fmt: skip


@dataclass(frozen=True)
class Cube:
    """Rates [mm/h] of frames, and the unit in which they are written."""

    layout: Layout
    end_s: np.ndarray
    step_s: int
    rate: Floats
    is_missing: np.ndarray
    unit: str | None
    scale: float  # mm/h, or mm of a sum, in one of the unit

    def find_numbers(self, how: str) -> Floats:
        """What is stored, in the unit of the file, before it is packed."""
        fallen = self.rate * self.step_s / 3600.0
        if how.startswith("sum since"):
            fallen = np.cumsum(fallen, axis=0)
        elif how == "sum of two steps":
            fallen = fallen + np.concatenate([fallen[:1], fallen[:-1]])
        return (fallen if how.startswith("sum") else self.rate) / self.scale

    def find_bounds(self, how: str) -> np.ndarray | None:
        """Start and end of each frame [s since 1970], where the file says them."""
        length = self.step_s * 2 if "two" in how else self.step_s
        start = np.full_like(self.end_s, self.end_s[0] - self.step_s) if "since" in how else self.end_s - length
        has_them = ", bounds" in how or how in ("sum since the start", "sum of two steps")
        return np.stack([start, self.end_s], axis=1) if has_them else None


def write_cube(cube: Cube, dress: Dress, folder: Path) -> tuple[Path, float]:
    """The file or folder, and the step of its numbers [mm/h]."""
    how, container = dress["rain"], dress["container"]
    bounds = cube.find_bounds(how)
    numbers = np.where(cube.is_missing, np.nan, cube.find_numbers(how))
    picked = _pick_frames(dress["frames"], len(cube.end_s))
    if "GeoTIFF" in container:
        return _write_tiffs(cube, numbers, picked, dress, folder), 0.0
    numbers, attrs, dtype, step = _encode(cube, numbers, dress)
    dataset = _lay_out(cube, numbers.astype(dtype), attrs, bounds, dress).isel(time=picked)
    order = dress["order"].split()
    x, y = NAMES[dress["axes"]]
    dims = [{"x": x, "y": y}.get(name, name) for name in order]
    more = [dim for dim in dataset["rain"].dims if dim not in dims]
    dataset["rain"] = dataset["rain"].transpose(*more, *dims)
    return _save(dataset, container, folder), step


def _pick_frames(how: str, n: int) -> list[int]:
    whole = list(range(n))
    return {"backwards": whole[::-1], "one twice": [0, 1, 1, *whole[2:]], "one left out": [0, *whole[2:]]}.get(
        how, whole
    )


def _encode(cube: Cube, numbers: Floats, dress: Dress) -> tuple[Floats, dict[str, Any], str, float]:
    """Numbers as they are stored, the attributes that say how, their type and their step [mm/h]."""
    attrs: dict[str, Any] = {}
    how, packing = dress["missing"], dress["packing"]
    dtype = packing.split()[0]
    held = np.nan
    if how in ("_FillValue", "missing_value") or "undeclared" in how or "named" in how:
        held = float(how.split()[0]) if " " in how else FILL
    if how in ("outside of valid_range", "above valid_max"):
        held = 3.0 * float(np.nanmax(numbers))
        top = np.asarray(np.nanmax(numbers) * 2, dtype)[()]
        attrs |= {"valid_max": top} if "max" in how else {"valid_range": np.array([0, top], dtype)}
    step = 1e-5
    if packing in PACKINGS:
        share, at, dtype = PACKINGS[packing]
        scale_factor = share * np.nanmax(numbers) / 100.0
        offset = at * np.nanmax(numbers) / 100.0
        attrs |= {"scale_factor": scale_factor, "add_offset": offset} if offset else {"scale_factor": scale_factor}
        numbers = np.round((numbers - offset) / scale_factor)
        held = 255.0 if dtype == "uint8" else -32767.0
        per_hour = cube.scale * (3600.0 / cube.step_s if dress["rain"].startswith("sum") else 1.0)
        step = scale_factor * per_hour * (2.0 if "since" in dress["rain"] else 1.0)
        if how != "none":
            attrs["missing_value" if how == "missing_value" else "_FillValue"] = np.asarray(held, dtype)[()]
    elif how in ("_FillValue", "missing_value"):
        attrs[how] = np.asarray(FILL, dtype)[()]
    return np.where(np.isnan(numbers), held, numbers), attrs, dtype, step


def _lay_out(
    cube: Cube, numbers: Any, attrs: dict[str, Any], bounds: np.ndarray | None, dress: Dress
) -> xarray.Dataset:
    x, y = NAMES[dress["axes"]]
    is_degrees = cube.layout.cell < 1.0
    along_x, along_y = _find_axes(cube, dress)
    values = numbers
    if dress["rows"] in ("southwards", "both"):
        values, along_y = values[:, ::-1], along_y[::-1]
    if dress["rows"] in ("westwards", "both"):
        values, along_x = values[:, :, ::-1], along_x[::-1]
    rain_attrs = dict(attrs)
    if cube.unit is not None:
        rain_attrs["units"] = cube.unit
    is_sum = dress["rain"].startswith("sum")
    is_mass = cube.unit is not None and cube.unit.startswith("kg")
    amount = "rainfall_amount" if is_mass else "lwe_thickness_of_precipitation_amount"
    rate = "rainfall_flux" if is_mass else "rainfall_rate"
    name = {
        "right": amount if is_sum else rate, "of a rate for a sum": "rainfall_rate",
        "of a sum for a rate": "lwe_thickness_of_precipitation_amount", "of something else": "air_temperature",
    }.get(dress["meaning"])  # fmt: skip
    if name is not None:
        rain_attrs["standard_name"] = name
    array = xarray.DataArray(values, dims=("time", y, x), attrs=rain_attrs)
    dataset = xarray.Dataset({"rain": array})
    if dress["axes"] != "no coordinates":
        unit = None if dress["lengths"] == "unsaid" else dress["lengths"]
        for axis, along, which in ((x, along_x, "x"), (y, along_y, "y")):
            held: dict[str, Any] = {}
            if is_degrees:
                held = {"units": "degrees_east" if which == "x" else "degrees_north",
                        "standard_name": "longitude" if which == "x" else "latitude"}  # fmt: skip
            else:
                if unit is not None:
                    held["units"] = unit
                if "standard" in dress["axes"]:
                    held["standard_name"] = f"projection_{which}_coordinate"
            dataset = dataset.assign_coords({axis: (axis, along, held)})
    _set_times(dataset, cube, bounds, dress)
    _set_crs(dataset, cube.layout, dress["crs"])
    if dress["beside"] == "a quality index":
        dataset["quality"] = xarray.ones_like(dataset["rain"], dtype="float32")
        dataset["quality"].attrs = {"units": "1"}
    elif dress["beside"] == "another rain":
        dataset["rain_rate"] = dataset["rain"] * 3
        dataset["rain_rate"].attrs = dict(dataset["rain"].attrs)
    elif dress["beside"] in ("a member of one", "two levels"):
        n = 1 if "one" in dress["beside"] else 2
        dataset["rain"] = dataset["rain"].expand_dims({"member" if n == 1 else "level": n})
    return dataset


def _find_axes(cube: Cube, dress: Dress) -> tuple[Floats, Floats]:
    x, y = cube.layout.x.copy(), cube.layout.y.copy()
    if cube.layout.cell >= 1.0:
        x, y = x / LENGTHS[dress["lengths"]], y / LENGTHS[dress["lengths"]]
    if dress["cells"] == "oblong":
        y = y[0] + 1.5 * (y - y[0])
    elif dress["cells"] == "uneven":
        x[len(x) // 2 :] += 0.3 * (x[1] - x[0])
    return x, y


def _set_times(dataset: xarray.Dataset, cube: Cube, bounds: np.ndarray | None, dress: Dress) -> None:
    how = dress["time"]
    calendar = how if how in ("noleap", "360_day") else None
    unit = {"no unit": "seconds since 1970-01-01", "seconds": "seconds since 1970-01-01"}.get(how, how)
    if calendar is not None or how.startswith("parsec"):
        unit = "seconds since 1970-01-01"
    dtype = "float32" if unit.startswith("float32") else "float64"
    unit = unit.removeprefix("float32 ")
    to = cf_units.Unit(unit, calendar="standard")
    since = cf_units.Unit("seconds since 1970-01-01 00:00:00", calendar="standard")
    when = cube.end_s.astype(np.float64)
    if "time at the start" in dress["rain"]:
        when = when - cube.step_s
    elif "in the middle" in dress["rain"]:
        when = when - cube.step_s / 2
    held: dict[str, Any] = {} if how == "no unit" else {"units": "seconds" if how == "seconds" else unit}
    if how.startswith("parsec"):
        held["units"] = how
    if calendar is not None:
        held["calendar"] = calendar
    dataset["time"] = ("time", np.asarray(since.convert(when, to)).astype(dtype), held)
    if bounds is not None:
        dataset["time"].attrs["bounds"] = "time_bnds"
        dataset["time_bnds"] = (
            ("time", "bnds"),
            np.asarray(since.convert(bounds.astype(np.float64), to)).astype(dtype),
        )


@lru_cache
def _name_parameters(crs: str) -> dict[str, Any]:
    return {key: value for key, value in CRS.from_user_input(crs).to_cf().items() if key != "crs_wkt"}


def _set_crs(dataset: xarray.Dataset, layout: Layout, how: str) -> None:
    if how == "an attribute":
        dataset["rain"].attrs["crs"] = layout.crs
        return
    held = {
        "crs_wkt": {"crs_wkt": name_wkt(layout.crs)}, "spatial_ref": {"spatial_ref": name_wkt(layout.crs)},
        "both": {"crs_wkt": name_wkt(layout.crs)}, "contradicted": {"crs_wkt": name_wkt(layout.crs)},
        "parameters of CF": _name_parameters(layout.crs),
    }.get(how)  # fmt: skip
    if held is not None:
        dataset["crs"] = ((), np.int32(0), held)
        dataset["rain"].attrs["grid_mapping"] = "crs"


def _save(dataset: xarray.Dataset, container: str, folder: Path) -> Path:
    for name in dataset.variables:
        dataset[name].encoding = {} if "_FillValue" in dataset[name].attrs else {"_FillValue": None}
    if container == "zarr":
        file = folder / "rain.zarr"
        dataset.to_zarr(file, mode="w", consolidated=False)
        return file
    if container == "one netCDF for each frame":
        file = folder / "rain"
        file.mkdir()
        for at in range(dataset.sizes["time"]):
            dataset.isel(time=at).to_netcdf(file / f"rain_{at:03d}.nc", engine="h5netcdf")
        return file
    file = folder / "rain.nc"
    dataset.to_netcdf(file, engine="scipy" if container == "nc3" else "h5netcdf")
    return file


def _write_tiffs(cube: Cube, numbers: Floats, picked: list[int], dress: Dress, folder: Path) -> Path:
    file = folder / "rain"
    file.mkdir()
    how = dress["missing"]
    held = FILL if how == "_FillValue" else float(how.split()[0]) if "undeclared" in how or "named" in how else np.nan
    layout = cube.layout
    if dress["crs"] in ("nowhere", "declared"):
        layout = Layout(layout.west, layout.south, layout.cell, layout.shape, None)
    for at in picked:
        when = datetime.fromtimestamp(int(cube.end_s[at]), UTC)
        write_tiff(
            file / f"rain_{when:%Y%m%dT%H%M%SZ}.tif", np.where(np.isnan(numbers[at]), held, numbers[at]), layout,
            nodata=held if how == "_FillValue" else None, unit=cube.unit,
        )  # fmt: skip
    return file
