"""Files of rain that tests write: cubes in NetCDF and Zarr, composites in ODIM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray

from citytide.datasets.place.transformation import transform

RATE = np.array([[[0.0, 6.0, 12.0], [np.nan, 60.0, 0.0]], [[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]]])
ENDS = [1_694_088_000, 1_694_088_300]  # 2023-09-07 12:00 and 12:05 UTC


def make_cube(values: Any = RATE, units: str | None = "mm h-1", crs: str | None = "EPSG:4547") -> xarray.Dataset:
    from pyproj import CRS

    cube = xarray.Dataset(
        {"rain": (("time", "y", "x"), values)},
        {
            "time": ("time", [0, 5], {"units": "minutes since 2023-09-07 12:00:00"}),
            "y": ("y", [2_480_500.0, 2_481_500.0], {"units": "m"}),
            "x": ("x", [500_500.0, 501_500.0, 502_500.0], {"units": "m"}),
        },
    )
    if units is not None:
        cube["rain"].attrs["units"] = units
    if crs is not None:
        cube["spatial_ref"] = ((), 0, CRS(crs).to_cf())
        cube["rain"].attrs["grid_mapping"] = "spatial_ref"
    return cube


def bound(cube: xarray.Dataset, minutes: float = 5.0) -> xarray.Dataset:
    """The same with bounds: each frame ends ``minutes`` after its time."""
    cube["time"].attrs["bounds"] = "time_bnds"
    cube["time_bnds"] = (("time", "nv"), np.stack([cube.time.values, cube.time.values + minutes], axis=1))
    return cube


def write(cube: xarray.Dataset, path: Path, engine: Any = "scipy") -> Path:
    if path.suffix == ".zarr":
        cube.to_zarr(path, consolidated=False)
    else:
        cube.to_netcdf(path, engine=engine)
    return path


WEST, SOUTH, CELL = 500_000.0, 2_480_000.0, 1000.0
RAW = np.array([[0, 1, 2], [255, 10, 200]], np.uint8)  # as in a file: the upper row first
WHAT: dict[str, Any] = {"quantity": "RATE", "gain": 0.5, "offset": -0.5, "nodata": 255.0, "undetect": 0.0}
RATES = [[np.nan, 4.5, 99.5], [0.0, 0.0, 0.5]]


def write_odim(file: Path, raw: Any = RAW, *, crs: str = "EPSG:4547", clock: str = "120000", **more: Any) -> Path:
    """A composite; ``more`` overrides attributes of what and where, None leaves one out."""
    n_y, n_x = raw.shape
    corners = {}
    for name, x, y in (("LL", WEST, SOUTH), ("UR", WEST + n_x * CELL, SOUTH + n_y * CELL)):
        lon, lat = transform(x, y, "EPSG:4547", "EPSG:4326")
        corners |= {f"{name}_lon": float(lon), f"{name}_lat": float(lat)}
    groups: dict[str, dict[str, Any]] = {
        "what": {"object": "COMP", "date": "20230907", "time": clock},
        "where": {"projdef": crs, "xscale": CELL, "yscale": CELL, "xsize": n_x, "ysize": n_y, **corners},
        "how": {},
        "dataset1/what": {"startdate": "20230907", "starttime": "115500", "enddate": "20230907", "endtime": "120003"},
        "dataset1/data1/what": dict(WHAT),
    }
    with h5py.File(file, "w") as opened:
        for name, value in more.items():
            groups[next((at for at in groups if name in groups[at]), "how")][name] = value
        for at, held in groups.items():
            group = opened.require_group(at)
            for name, value in held.items():
                if value is not None:
                    group.attrs[name] = np.bytes_(value) if isinstance(value, str) else value
        opened["dataset1/data1/data"] = raw
    return file
