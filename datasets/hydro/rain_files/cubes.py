"""Rain in one array of time, y and x: NetCDF and Zarr with the conventions CF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError
from ...place.crs import agree_crs, is_geographic
from ...text.missing import Missing
from ..rain.field import RainField
from ..rain.fill_values import mask_missing, mask_packed
from .axes import make_grid, read_axis, read_cube_times
from .parts import NO_BOUNDS, RainPart, agree_units, convert_rain, join_parts, read_stamp
from .quantity import choose_rain, find_valid_range, refuse_other_quantity

__all__ = ["read_cube_part", "read_rain_cube"]

_AXES = {  # names, then what CF calls them
    "x": (("x", "easting", "lon", "longitude"), ("projection_x_coordinate", "longitude", "X")),
    "y": (("y", "northing", "lat", "latitude"), ("projection_y_coordinate", "latitude", "Y")),
    "time": (("time", "valid_time", "t"), ("time", "T")),
}
_HDF = b"\x89HDF"


def read_rain_cube(
    path: str | Path,
    *,
    crs: str | None = None,
    units: str | None = None,
    missing: Missing | None = None,
    time_zone: str | None = None,
) -> RainField:
    """Read frames of rain.

    Parameters
    ----------
    path
        ``.nc`` or ``.zarr`` with a variable over time, y and x in any order, or over y and x at one time. A rate in any
        unit; a sum where time has bounds, which say over which interval.
    crs, units
        The CRS to assume without a grid mapping, and the unit to assume without one.
    missing
        The code for no value, if the file does not declare it.
    time_zone
        The time zone of the time in the file's name, which is used if the file holds no time.

    Returns
    -------
    RainField
        In the order of the file. Bounds give the ends of the frames and the edges of the cells; without them the times
        are the ends and a note says so, and x and y are middles. Sums since one start are differenced.

    Raises
    ------
    InputError
        If the file cannot be read, it holds no rain or more than one, the rain is a maximum or of another quantity, a
        unit, the CRS, the calendar or an axis is missing or unfit, intervals overlap, or cells are no squares.

    References
    ----------
    .. [1] NetCDF Climate and Forecast (CF) Metadata Conventions 1.12, sections 2.5.1, 3.1, 4.4, 5.6, 7.1 and 7.3

    Examples
    --------
    >>> import tempfile, xarray
    >>> rain = xarray.DataArray([[[1.0, 2.0]], [[0.0, 3.0]]], dims=("time", "y", "x"), name="rain")
    >>> rain = rain.assign_coords(x=[5.0, 15.0], y=[25.0], time=[5, 10])
    >>> rain.time.attrs["units"] = "minutes since 2023-09-07"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     rain.assign_attrs(units="mm (5 min)-1").to_netcdf(Path(folder) / "rain.nc", engine="scipy")
    ...     found = read_rain_cube(Path(folder) / "rain.nc", crs="EPSG:4547")
    >>> found.grid.west, found.time.tolist(), found.rate[1].tolist()
    (0.0, [1694045100, 1694045400], [[0.0, 36.0]])
    """
    path = Path(path)
    part = read_cube_part(path, crs=crs, units=units, missing=missing, time_zone=time_zone)
    return join_parts([path], [part])


def read_cube_part(
    path: Path, *, crs: str | None, units: str | None, missing: Missing | None, time_zone: str | None
) -> RainPart:
    """Read the frames of one file as it has them; parameters and errors are those of :func:`read_rain_cube`."""
    with open_arrays(path) as opened:
        name, others = choose_rain(opened, path)
        rain = opened[name]
        refuse_other_quantity(rain, path)
        along_x, along_y = (_find_axis(rain, path, which) for which in ("x", "y"))
        along = _find_time(opened, rain, path)
        if any(rain.sizes[dim] > 1 for dim in set(rain.dims) - {along_x, along_y, along}):
            raise InputError(
                f"{name} has the dimensions {', '.join(map(str, rain.dims))}",
                file=path,
                way_out="choose one of what is beside time, y and x",
            )
        if along is None:
            start, end = None, np.array([read_stamp(path, time_zone)], np.int64)
            notes = [NO_BOUNDS.format("the name of a file")]
        else:
            start, end, notes = read_cube_times(opened, str(along), path)
        named = agree_crs(_find_crs(opened, rain, along_x, crs), crs, file=path)
        unit = None if is_geographic(named) else "m"
        x, y = (read_axis(opened, rain[axis], unit, path) for axis in (along_x, along_y))
        grid, flip_y, flip_x = make_grid(x, y, path)
        frames = rain.squeeze(set(rain.dims) - {along_x, along_y, along})
        frames = frames.transpose(*(() if along not in frames.dims else (along,)), along_y, along_x)
        rate = np.empty((len(end), *grid.shape), np.float32)
        unit_of_rain = agree_units(rain.attrs.get("units"), units, file=path)
        low, high = find_valid_range(rain)
        n_invalid, packing = 0, _find_packing(rain)
        for frame in range(len(end)):
            values = np.asarray((frames if frames.ndim == 2 else frames[frame]).values, np.float64)
            is_out = (values < low) | (values > high)
            n_invalid += int(is_out.sum())
            values = np.where(is_out, np.nan, values)[::flip_y, ::flip_x]
            values = mask_missing(values, missing, what=name, file=path)
            if packing is not None:
                values = mask_packed(values, missing, *packing, what=name, file=path)
            over = None if start is None else float(end[frame] - start[frame])
            rate[frame] = convert_rain(values, unit_of_rain, over, name, path)
    if n_invalid:
        notes.append(f"{n_invalid:,} cells of {name} lay out of its valid range, and count as unknown.")
    if others:
        notes.append(f"Not read of the rain's file: {', '.join(others)}.")
    return RainPart(named, grid, start, end, rate, tuple(notes))


def _find_packing(rain: Any) -> tuple[float, float] | None:
    """Scale and offset of whole numbers; None where numbers are not packed."""
    held = rain.encoding
    if not {"scale_factor", "add_offset"} & set(held) or np.dtype(held.get("dtype", rain.dtype)).kind not in "iu":
        return None
    return float(held.get("scale_factor", 1.0)), float(held.get("add_offset", 0.0))


def open_arrays(path: Path) -> Any:
    import xarray

    if path.suffix == ".zarr":
        engine = "zarr"
    else:
        try:
            with path.open("rb") as file:
                engine = "h5netcdf" if file.read(4) == _HDF else "scipy"
        except OSError as error:
            raise InputError(f"the file cannot be read ({error.strerror})", file=path, way_out="give a file") from None
    if engine == "h5netcdf":
        try:
            import h5netcdf  # noqa: F401
        except ImportError:
            raise InputError(
                "h5netcdf, which reads this format, is not installed", file=path,
                way_out='pip install "citytide[radar]"',
            ) from None  # fmt: skip
    more: dict[str, Any] = {"consolidated": False} if engine == "zarr" else {}
    try:
        return xarray.open_dataset(path, engine=engine, decode_times=False, **more)
    except Exception as error:  # each engine has errors of its own
        raise InputError(
            f"the file cannot be read ({type(error).__name__}: {error})", file=path, way_out="is it NetCDF or Zarr?"
        ) from None


def _find_axis(rain: Any, path: Path, which: str) -> Any:
    names, meanings = _AXES[which]
    for dim in rain.dims:
        held = rain.coords[dim].attrs if dim in rain.coords else {}
        if held.get("standard_name") in meanings or held.get("axis") in meanings or str(dim).lower() in names:
            if dim in rain.coords:
                return dim
            break
    raise InputError(
        f"{rain.name} has no coordinate {which} along its dimensions {', '.join(map(str, rain.dims))}",
        file=path,
        way_out=f"name it {which}" + ("" if which == "time" else ", and give the middles of the cells"),
    )


def _find_time(opened: Any, rain: Any, path: Path) -> Any:
    """The coordinate of time: of a dimension, or one number; None where there is none."""
    try:
        return _find_axis(rain, path, "time")
    except InputError:
        if any(rain.sizes[dim] > 1 and dim in _AXES["time"][0] for dim in rain.dims):
            raise
    names, meanings = _AXES["time"]
    for name, held in opened.variables.items():
        is_time = held.attrs.get("standard_name") in meanings or str(name).lower() in names
        if is_time and held.size == 1:
            return name
    return None


def _find_crs(opened: Any, rain: Any, along_x: Any, declared: str | None) -> Any:
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    mapping = str(rain.attrs.get("grid_mapping", rain.encoding.get("grid_mapping", ""))).partition(":")[0].strip()
    if mapping in opened.variables:
        held = opened[mapping].attrs
        text = held.get("crs_wkt") or held.get("spatial_ref")
        if text:
            return text
        try:
            return CRS.from_cf(dict(held))
        except (CRSError, KeyError):
            return None  # then one must be declared
    text = rain.attrs.get("crs") or opened.attrs.get("crs")
    is_degrees = str(opened[along_x].attrs.get("units", "")).lower().startswith("degrees_e")
    return "EPSG:4326" if not text and is_degrees and declared is None else text  # degrees of what nobody says
