"""Radar composites in ODIM HDF5, the exchange format of European weather services and of many radar makers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ....kernels.space.grid import Grid
from ...errors import InputError
from ...place.crs import agree_crs, is_geographic
from ...place.crs_titles import title_crs
from ...place.transformation import transform
from ..rain.field import RainField
from ..rain.intervals import settle_intervals
from .odim_tree import choose_data, choose_level, find_attribute

__all__ = ["read_radar_odim"]

_QUANTITIES = ("RATE", "ACRR", "DBZH", "DBZ", "TH")  # the first that a file holds is read
_POLAR = {"PVOL", "SCAN", "CVOL", "RAY", "AZIM", "ELEV"}
_ZR = (200.0, 1.6)  # Marshall & Palmer (1948), where how names no zr_a and zr_b
_CAP_DBZ = 53.0  # above it hail and clutter reflect more than any rain
_MOST_DBZ = 300.0  # above it is not weather, and the rate would overflow


@dataclass(frozen=True)
class _Frame:
    quantity: str
    crs: str | None
    grid: Grid
    time: int
    interval_s: int
    zr: tuple[float, float]
    rate: npt.NDArray[np.float32]
    file: Path
    quality: tuple[str, ...] = ()


def read_radar_odim(files: Sequence[Path], *, crs: str | None = None, level: float | None = None) -> RainField:
    """Read composites: one frame from each file, or one from each data set where these differ in time.

    A cell of ``nodata`` is NaN, of ``undetect`` dry; any other is ``gain`` times what is stored, plus ``offset``.

    Parameters
    ----------
    files
        With ``RATE`` [mm h-1], ``ACRR`` [mm from start to end] or reflectivity [dBZ], which becomes rain by
        :math:`Z = a R^b` of the file's ``how/zr_a`` and ``how/zr_b``, else of Marshall and Palmer; a note says so.
    crs
        The CRS to assume if ``projdef`` is missing.
    level
        Elevation [degrees] or height [m] to read, where data sets differ in that.

    Returns
    -------
    RainField
        In the order of the files; the nominal time is taken as the end of a frame, but the time it ends at where a
        data set says that it starts at the nominal one, of sums, and of several data sets. Of reflectivity
        ``cap_mm_h`` is the rain of 53 dBZ. A note names quality fields, which are not read, and other quantities.

    Raises
    ------
    InputError
        If h5py is missing, a file is not ODIM or holds polar scans, an attribute is missing, cells are not squares,
        corners contradict the size, files differ in grid or quantity, several levels are there and none is chosen, or
        sums overlap.

    References
    ----------
    .. [1] EUMETNET OPERA, Data Information Model for HDF5 2.4 (2021), sections 3 and 4 and tables 1, 15 and 17
    .. [2] Marshall & Palmer (1948), doi:10.1175/1520-0469(1948)005<0165:TDORWS>2.0.CO;2
    """
    frames = [frame for file in files for frame in _read_frames(Path(file), crs, level)]
    first = frames[0]
    for frame in frames:
        for what, mine, others in (
            ("grid", frame.grid, first.grid),
            ("CRS", title_crs(str(frame.crs)), title_crs(str(first.crs))),
            ("quantity", frame.quantity, first.quantity),
        ):
            if mine != others or (what == "CRS" and frame.crs != first.crs):
                raise InputError(
                    f"the {what} is {mine}, in {first.file.name} it is {others}",
                    file=frame.file,
                    way_out="give frames of one product",
                )
    time = np.array([frame.time for frame in frames], np.int64)
    rate = np.stack([frame.rate for frame in frames])
    notes: list[str] = []
    cap, step = None, 0
    if first.quantity == "ACRR":
        start = time - np.array([frame.interval_s for frame in frames], np.int64)
        start, rate, more = settle_intervals(start, time, rate, file=first.file)
        notes, step = [*notes, *more], int(time[0] - start[0])
    elif first.quantity != "RATE":
        relations = sorted({frame.zr for frame in frames})
        named = ", ".join(f"Z = {a:g} R^{b:g}" for a, b in relations)
        notes.append(f"Rain was taken from reflectivity ({first.quantity}) by {named}.")
        cap = max(float(_rain_of(np.array(_CAP_DBZ), zr)) for zr in relations)
    if aside := sorted({name for frame in frames for name in frame.quality}):
        notes.append(f"Not read of the radar's files: {', '.join(aside)}.")
    return RainField(str(first.crs), first.grid, time, step, rate, tuple(files), tuple(notes), cap)


def _rain_of(dbz: npt.NDArray[np.float64], zr: tuple[float, float]) -> npt.NDArray[np.float64]:
    """Rain [mm h-1] of reflectivity; -inf dBZ, which is dry, becomes 0."""
    rate: npt.NDArray[np.float64] = (10.0 ** (np.minimum(dbz, _MOST_DBZ) / 10.0) / zr[0]) ** (1.0 / zr[1])
    return rate


def _read_frames(file: Path, crs: str | None, level: float | None) -> list[_Frame]:
    try:
        import h5py
    except ImportError:
        raise InputError(
            "h5py, which reads this format, is not installed", file=file, way_out='pip install "citytide[radar]"'
        ) from None
    try:
        with h5py.File(file, "r") as opened:
            return _read_composite(opened, file, crs, level)
    except InputError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"the file cannot be read ({error})", file=file, way_out="check that the file is complete, and HDF5"
        ) from None


def _read_composite(opened: Any, file: Path, crs: str | None, level: float | None) -> list[_Frame]:
    kind = str(find_attribute(opened, [""], "what", "object") or "").upper()
    if kind in _POLAR or find_attribute(opened, ["dataset1/", ""], "where", "nbins") is not None:
        raise InputError(
            f"the file holds polar scans (object {kind or 'not named'})",
            file=file,
            way_out="give a composite on a plane; wradlib, Py-ART and xradar make one from scans",
        )
    quantity, chosen, aside = choose_data(opened, file, _QUANTITIES)
    chosen = choose_level(opened, chosen, level, file)
    if len(chosen) == 1:
        return [_read_data(opened, chosen[0], quantity, aside, file, crs)]
    frames = [_read_data(opened, at, quantity, aside, file, crs, is_one=False) for at in chosen]
    times = [frame.time for frame in frames]
    if len(set(times)) < len(times):
        raise InputError(
            f"{', '.join(chosen)} hold {quantity} at the same time, and nothing says how they differ",
            file=file,
            way_out="keep the data set of rain",
        )
    return frames


def _read_data(
    opened: Any, at: str, quantity: str, aside: tuple[str, ...], file: Path, crs: str | None, *, is_one: bool = True
) -> _Frame:
    """A frame of ``datasetN/dataM``; ``is_one`` tells that no other is there, whose time the nominal one may be."""
    dataset, data = at.split("/")
    places = [f"{dataset}/{data}/", f"{dataset}/", ""]
    raw = np.asarray(opened[f"{dataset}/{data}/data"])
    named, grid = _read_place(opened, places, raw.shape, file, crs)
    values = _decode(opened, places, raw, file)
    start, end = (_read_time(opened, places, word, file) for word in ("start", "end"))
    zr = _ZR
    if quantity == "ACRR":
        if start is None or end is None or end <= start:
            raise InputError(
                "a sum must have an interval, the file names none", file=file, way_out="write start and end into what"
            )
        time, interval_s = end, end - start
        values *= 3600.0 / interval_s
    else:
        nominal = _read_time(opened, [""], "", file) if is_one or end is None else None
        if (nominal if nominal is not None else end) is None:
            raise InputError("the frame has no time", file=file, way_out="write date and time into what")
        if nominal is not None and start is not None and end is not None and nominal == start < end:
            nominal = end  # the time of a product may be that when its frame begins
        time, interval_s = int(nominal if nominal is not None else end or 0), 0
        if quantity != "RATE":
            a, b = (find_attribute(opened, places, "how", name) for name in ("zr_a", "zr_b"))
            if a is not None and b is not None:
                zr = (float(a), float(b))
            values = _rain_of(values, zr)
    rate = np.ascontiguousarray(values[::-1], np.float32)  # a file's first row is the northernmost
    return _Frame(quantity, named, grid, time, interval_s, zr, rate, file, aside)


def _decode(opened: Any, places: Sequence[str], raw: npt.NDArray[Any], file: Path) -> npt.NDArray[np.float64]:
    gain, offset, nodata, undetect = (
        find_attribute(opened, places, "what", name) for name in ("gain", "offset", "nodata", "undetect")
    )
    if nodata is None and raw.dtype.kind in "iu":
        raise InputError(
            "what must name nodata: without it, cells that the radar does not see would count as rain",
            file=file,
            way_out="write the code for no data there",
        )
    quantity = str(find_attribute(opened, places, "what", "quantity")).upper()
    values = raw.astype(np.float64) * float(1.0 if gain is None else gain) + float(0.0 if offset is None else offset)
    # A float32 beside a float64 of the same digits is another number: both as the data's own type.
    of = raw.dtype.type if raw.dtype.kind == "f" else float
    if undetect is not None:
        values[raw == of(undetect)] = 0.0 if quantity in ("RATE", "ACRR") else -np.inf
    if nodata is not None:
        values[raw == of(nodata)] = np.nan
    return values


def _read_place(
    opened: Any, places: Sequence[str], shape: tuple[int, ...], file: Path, crs: str | None
) -> tuple[str, Grid]:
    where = {
        name: find_attribute(opened, places, "where", name)
        for name in ("projdef", "xscale", "yscale", "LL_lon", "LL_lat", "UR_lon", "UR_lat", "xsize", "ysize")
    }
    missing = [name for name in ("xscale", "yscale", "LL_lon", "LL_lat") if where[name] is None]
    if missing:
        raise InputError(
            f"where names no {', '.join(missing)}", file=file, way_out="check that the file is an ODIM composite"
        )
    projdef = None if where["projdef"] is None else str(where["projdef"])
    metres = 1.0
    if projdef is not None and "+units=km" in projdef:
        projdef, metres = projdef.replace("+units=km", "+units=m"), 1000.0
    named = agree_crs(projdef, crs, file=file)
    width, height = (abs(float(where[name])) * metres for name in ("xscale", "yscale"))
    # over the raster rows and columns may drift apart by a thousandth of a cell
    if not 0.0 < width < np.inf or abs(width - height) * max(shape) > 1e-3 * width:
        raise InputError(
            f"the cells are {width:g} by {height:g}; they must be squares",
            file=file,
            way_out="resample it to square cells",
        )
    n_y, n_x = shape
    if where["xsize"] is not None and where["ysize"] is not None:
        said = int(where["ysize"]), int(where["xsize"])
        if said != shape:
            raise InputError(
                f"where says {said[0]} x {said[1]} cells, the data has {n_y} x {n_x}",
                file=file,
                way_out="fetch it again",
            )
    west, south = _project(named, where["LL_lon"], where["LL_lat"], file)
    if where["UR_lon"] is not None and where["UR_lat"] is not None:
        east, north = _project(named, where["UR_lon"], where["UR_lat"], file)
        off = max(abs(east - west - n_x * width), abs(north - south - n_y * width))
        if off > 0.5 * width:
            raise InputError(
                f"the corners are {east - west:.0f} by {north - south:.0f} m apart, {n_x} by {n_y} cells of "
                f"{width:g} m are not",
                file=file,
                way_out="give corners of the outermost cells, and the projection that they are in",
            )
    digits = 9 if is_geographic(named) else 3
    return named, Grid(round(west, digits), round(south, digits), width, n_y, n_x)


def _project(crs: str, lon: Any, lat: Any, file: Path) -> tuple[float, float]:
    from pyproj.exceptions import ProjError

    try:
        x, y = transform(float(lon), float(lat), "EPSG:4326", crs, file=file)
    except ProjError:
        raise InputError(
            "the projection must be of the earth", file=file, way_out="give lengths in projdef (+a, +b) in metres"
        ) from None
    return float(x), float(y)


def _read_time(opened: Any, places: Sequence[str], word: str, file: Path) -> int | None:
    date, clock = (find_attribute(opened, places, "what", f"{word}{part}") for part in ("date", "time"))
    if date is None or clock is None:
        return None
    try:
        moment = datetime.strptime(f"{date}{str(clock)[:6]}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise InputError(
            f"{word}date {date!s} and {word}time {clock!s} is not a time",
            file=file,
            way_out="write YYYYMMDD and HHMMSS in UTC",
        ) from None
    return int(moment.timestamp())
