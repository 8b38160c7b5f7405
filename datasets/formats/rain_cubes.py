"""Rain in one array of time, y and x: NetCDF and Zarr with the conventions CF."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..errors import InputError
from ..place import agree_crs, is_geographic
from ..rain import RainField
from ..units import convert_units, parse_units

__all__ = ["read_rain_cube"]

_AXES = {  # names, then what CF calls them
    "x": (("x", "easting", "lon", "longitude"), ("projection_x_coordinate", "longitude", "X")),
    "y": (("y", "northing", "lat", "latitude"), ("projection_y_coordinate", "latitude", "Y")),
    "time": (("time", "valid_time", "t"), ("time", "T")),
}
_RAIN = ("rain", "rain_rate", "rainfall", "rainfall_rate", "precipitation", "precipitation_rate", "precip", "pr", "tp")
_STANDARD = ("rainfall_rate", "lwe_precipitation_rate", "precipitation_flux", "rainfall_flux",
             "lwe_thickness_of_precipitation_amount", "thickness_of_rainfall_amount", "rainfall_amount",
             "precipitation_amount")  # fmt: skip
_CALENDARS = ("standard", "gregorian", "proleptic_gregorian")
_HDF = b"\x89HDF"


def read_rain_cube(path: str | Path, *, crs: str | None = None) -> RainField:
    """Read frames of rain.

    Parameters
    ----------
    path
        ``.nc`` or ``.zarr`` with a variable over time, y and x in any order. A rate in any unit; a sum where time has
        bounds, which say over which interval.
    crs
        Of a file without a grid mapping.

    Returns
    -------
    RainField
        In the order of the file. Bounds give the ends of the frames; without them the times are the ends, and a note
        says so.

    Raises
    ------
    InputError
        If the file cannot be read, it holds no rain or more than one, a unit, the CRS, the calendar or an axis is
        missing or unfit, or cells are no squares.

    References
    ----------
    .. [1] NetCDF Climate and Forecast (CF) Metadata Conventions 1.12, sections 3.1, 4.4, 5.6 and 7.1

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
    with _open(path) as opened:
        name = _choose_rain(opened, path)
        rain = opened[name]
        along_x, along_y, along = (_find_axis(rain, path, which) for which in _AXES)
        if any(rain.sizes[dim] > 1 for dim in set(rain.dims) - {along_x, along_y, along}):
            raise InputError(
                f"{name} has the dimensions {', '.join(map(str, rain.dims))}",
                file=path,
                way_out="choose one of what is beside time, y and x",
            )
        time, interval_s, notes = _read_times(opened, str(along), path)
        named = agree_crs(_find_crs(opened, rain, along_x), crs, file=path)
        unit = None if is_geographic(named) else "m"
        x, y = (_read_axis(rain[axis], unit, path) for axis in (along_x, along_y))
        grid, flip_y, flip_x = _make_grid(x, y, path)
        frames = rain.squeeze(set(rain.dims) - {along_x, along_y, along}).transpose(along, along_y, along_x)
        rate = np.empty(frames.shape, np.float32)
        for frame in range(len(time)):
            values = np.asarray(frames[frame].values, np.float64)[::flip_y, ::flip_x]
            over = None if interval_s is None else float(interval_s[frame])
            rate[frame] = _convert(values, rain.attrs.get("units"), over, name, path)
    return RainField(named, grid, time, 0, rate, (path,), notes)


def _open(path: Path) -> Any:
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


def _choose_rain(opened: Any, path: Path) -> str:
    """By standard name, else by name, else the only one over three dimensions."""
    cubes = [name for name in opened.data_vars if opened[name].ndim >= 3]
    for chosen in (
        [name for name in cubes if opened[name].attrs.get("standard_name") in _STANDARD],
        [name for name in cubes if str(name).lower() in _RAIN],
        cubes,
    ):
        if len(chosen) == 1:
            return str(chosen[0])
        if chosen:
            raise InputError(
                f"the file holds {', '.join(map(str, chosen))}", file=path, way_out="keep the one that is the rain"
            )
    raise InputError(
        f"no variable has time, y and x; there are {', '.join(map(str, opened.data_vars)) or 'none'}",
        file=path,
        way_out="give rain in frames",
    )


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


def _read_times(
    opened: Any, name: str, path: Path
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64] | None, tuple[str, ...]]:
    held = opened[name].attrs
    units, calendar = str(held.get("units", "")), str(held.get("calendar", "standard")).lower()
    if " since " not in units or calendar not in _CALENDARS:
        said = f"is in {units!r}" if " since " not in units else f"follows the calendar {calendar}"
        raise InputError(
            f"{name} {said}", file=path, way_out="give units such as 'seconds since 1970-01-01', in a standard calendar"
        )
    ends, intervals = np.asarray(opened[name].values), None
    notes = [f"The times are taken as the ends of the frames, for {name} has no bounds."]
    if (bounds := held.get("bounds")) in opened.variables:
        between = np.asarray(opened[bounds].values)
        starts, ends = (_count_seconds(between[:, side], units, calendar, path) for side in (0, 1))
        intervals, notes = ends - starts, []
        if (intervals <= 0).any():
            raise InputError(f"{bounds} end before they start", file=path, way_out="give start and end of each frame")
        return ends, intervals, tuple(notes)
    return _count_seconds(ends, units, calendar, path), intervals, tuple(notes)


def _count_seconds(values: npt.NDArray[Any], units: str, calendar: str, path: Path) -> npt.NDArray[np.int64]:
    import cf_units

    try:
        to = cf_units.Unit("seconds since 1970-01-01 00:00:00", calendar=calendar)
        seconds = cf_units.Unit(units, calendar=calendar).convert(values.astype(np.float64), to)
    except ValueError:
        raise InputError(f"the times are in {units!r}", file=path, way_out="write 'seconds since 1970-01-01'") from None
    whole = np.round(seconds)
    if not (np.abs(seconds - whole) < 0.1).all():
        raise InputError("the times are no whole seconds", file=path, way_out="give them in seconds, or as float64")
    return np.asarray(whole, np.int64)


def _find_crs(opened: Any, rain: Any, along_x: Any) -> Any:
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
    if not text and str(opened[along_x].attrs.get("units", "")).lower().startswith("degrees_e"):
        return "EPSG:4326"
    return text


def _read_axis(axis: Any, unit: str | None, path: Path) -> npt.NDArray[np.float64]:
    middles = np.asarray(axis.values, np.float64)
    held = str(axis.attrs.get("units", ""))
    if unit is None or not held or held == "1":
        return middles
    return convert_units(middles, held, unit, what=str(axis.name), file=path)


def _make_grid(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], path: Path) -> tuple[Grid, int, int]:
    """The grid, and the order (1 or -1) in which rows and columns run from south and west."""
    lengths = np.concatenate([np.abs(np.diff(x)), np.abs(np.diff(y))])
    cell = float(np.median(lengths)) if lengths.size else np.nan
    one_way = all((steps > 0).all() or (steps < 0).all() for steps in (np.diff(x), np.diff(y)))
    if not (one_way and cell > 0.0 and (np.abs(lengths - cell) <= 1e-3 * cell).all()):
        raise InputError(
            "the cells are no squares of one size"
            + ("" if not lengths.size else f" (from {lengths.min():g} to {lengths.max():g})"),
            file=path,
            way_out="resample the rain to square cells, at least two of them",
        )
    flip_x, flip_y = (-1 if axis[-1] < axis[0] else 1 for axis in (x, y))
    span = [(axis.max() - axis.min()) / (axis.size - 1) for axis in (x, y) if axis.size > 1]
    cell = round(float(span[0]), 9)
    west, south = (round(float(axis.min()) - 0.5 * cell, 6) for axis in (x, y))
    return Grid(west, south, cell, y.size, x.size), flip_y, flip_x


def _convert(
    values: npt.NDArray[np.float64], units: Any, interval_s: float | None, name: str, path: Path
) -> npt.NDArray[np.float64]:
    is_sum = units is not None and _is_sum(str(units))
    if is_sum and interval_s is None:
        raise InputError(
            f"{name} is in {units!r}, a sum over some interval that the file does not say",
            file=path,
            way_out="give time bounds, or write the unit as a rate such as 'mm h-1' or 'mm (5 min)-1'",
        )
    if units is not None and str(units).strip().lower() == "dbz":
        raise InputError(
            f"{name} is reflectivity in {units}", file=path, way_out="give rain, or ODIM composites: these become rain"
        )
    over = interval_s if is_sum else None
    text = None if units is None else str(units)
    return convert_units(values, text, "mm h-1", what=name, file=path, interval_s=over)


def _is_sum(units: str) -> bool:
    try:
        have = parse_units(units)
    except ValueError:
        return False
    return any(have.is_convertible(parse_units(of)) for of in ("mm", "kg m-2"))
