"""Radar composites in ODIM HDF5, the exchange format of European weather services and of many radar makers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...kernels.space.grid import Grid
from ..errors import InputError
from ..place import agree_crs, transform
from ..rain import RainField

__all__ = ["read_radar_odim"]

_QUANTITIES = ("RATE", "ACRR", "DBZH", "DBZ", "TH")  # the first that a file holds is read
_POLAR = {"PVOL", "SCAN", "CVOL", "RAY", "AZIM", "ELEV"}
_ZR = (200.0, 1.6)  # Marshall & Palmer (1948), where how names no zr_a and zr_b


@dataclass(frozen=True)
class _Frame:
    quantity: str
    crs: str | None
    grid: Grid
    time: int
    interval_s: int
    zr: tuple[float, float]
    rate: npt.NDArray[np.float32]


def read_radar_odim(files: Sequence[Path], *, crs: str | None = None) -> RainField:
    """Read composites, one frame from each file.

    A cell of ``nodata`` is NaN, of ``undetect`` dry; any other is ``gain`` times what is stored, plus ``offset``.

    Parameters
    ----------
    files
        With ``RATE`` [mm h-1], ``ACRR`` [mm from start to end] or reflectivity [dBZ], which becomes rain by
        :math:`Z = a R^b` of the file's ``how/zr_a`` and ``how/zr_b``, else of Marshall and Palmer; a note says so.
    crs
        Of files whose ``projdef`` is missing.

    Returns
    -------
    RainField
        In the order of the files; the nominal time is taken as the end of a frame, of sums the time they end at.

    Raises
    ------
    InputError
        If h5py is missing, a file is none of ODIM or holds polar scans, an attribute is missing, cells are no squares,
        corners contradict the size, files differ in grid or quantity, or sums overlap.

    References
    ----------
    .. [1] EUMETNET OPERA, Data Information Model for HDF5 2.4 (2021), sections 3 and 4 and tables 1, 15 and 17
    .. [2] Marshall & Palmer (1948), doi:10.1175/1520-0469(1948)005<0165:TDORWS>2.0.CO;2
    """
    frames = [_read_frame(Path(file), crs) for file in files]
    first = frames[0]
    for file, frame in zip(files, frames, strict=True):
        for what, mine, others in (
            ("grid", frame.grid, first.grid),
            ("CRS", frame.crs, first.crs),
            ("quantity", frame.quantity, first.quantity),
        ):
            if mine != others:
                raise InputError(
                    f"the {what} is {mine}, in {Path(files[0]).name} it is {others}",
                    file=file,
                    way_out="give frames of one product",
                )
    time = np.array([frame.time for frame in frames], np.int64)
    notes = []
    if first.quantity == "ACRR":
        _refuse_overlap(files, frames, time)
    elif first.quantity != "RATE":
        relations = sorted({frame.zr for frame in frames})
        named = ", ".join(f"Z = {a:g} R^{b:g}" for a, b in relations)
        notes.append(f"Rain was taken from reflectivity ({first.quantity}) by {named}.")
    rate = np.stack([frame.rate for frame in frames])
    return RainField(str(first.crs), first.grid, time, 0, rate, tuple(files), tuple(notes))


def _refuse_overlap(files: Sequence[Path], frames: list[_Frame], time: npt.NDArray[np.int64]) -> None:
    steps = np.diff(np.sort(time))
    step = int(steps[steps > 0].min()) if (steps > 0).any() else None
    for file, frame in zip(files, frames, strict=True):
        if step is not None and frame.interval_s != step:
            raise InputError(
                f"the file holds a sum over {frame.interval_s} s, and another follows {step} s later",
                file=file,
                way_out=f"give sums over {step} s, or rates (RATE)",
            )


def _read_frame(file: Path, crs: str | None) -> _Frame:
    try:
        import h5py
    except ImportError:
        raise InputError(
            "h5py, which reads this format, is not installed", file=file, way_out='pip install "citytide[radar]"'
        ) from None
    try:
        with h5py.File(file, "r") as opened:
            return _read_composite(opened, file, crs)
    except InputError:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise InputError(f"the file cannot be read ({error})", file=file, way_out="is it whole, and HDF5?") from None


def _read_composite(opened: Any, file: Path, crs: str | None) -> _Frame:
    kind = str(_find(opened, [""], "what", "object") or "").upper()
    if kind in _POLAR or _find(opened, ["dataset1/", ""], "where", "nbins") is not None:
        raise InputError(
            f"the file holds polar scans (object {kind or 'not named'})",
            file=file,
            way_out="give a composite on a plane; wradlib, Py-ART and xradar make one from scans",
        )
    dataset, data, quantity = _choose_data(opened, file)
    places = [f"{dataset}/{data}/", f"{dataset}/", ""]
    raw = np.asarray(opened[f"{dataset}/{data}/data"])
    named, grid = _read_place(opened, places, raw.shape, file, crs)
    values = _decode(opened, places, raw, file)
    start, end = (_read_time(opened, places, word, file) for word in ("start", "end"))
    zr = _ZR
    if quantity == "ACRR":
        if start is None or end is None or end <= start:
            raise InputError(
                "the sum does not say over which interval", file=file, way_out="write start and end into what"
            )
        time, interval_s = end, end - start
        values *= 3600.0 / interval_s
    else:
        nominal = _read_time(opened, [""], "", file)
        if (nominal if nominal is not None else end) is None:
            raise InputError("the frame has no time", file=file, way_out="write date and time into what")
        time, interval_s = int(nominal if nominal is not None else end or 0), 0
        if quantity != "RATE":
            a, b = (_find(opened, places, "how", name) for name in ("zr_a", "zr_b"))
            if a is not None and b is not None:
                zr = (float(a), float(b))
            values = (10.0 ** (values / 10.0) / zr[0]) ** (1.0 / zr[1])  # -inf dBZ, which is dry, becomes 0
    rate = np.ascontiguousarray(values[::-1], np.float32)  # a file's first row is the northernmost
    return _Frame(quantity, named, grid, time, interval_s, zr, rate)


def _find(opened: Any, places: Sequence[str], group: str, name: str) -> Any:
    """An attribute of the nearest group that has it; lower groups override upper ones."""
    for place in places:
        at = f"{place}{group}"
        if at in opened and name in opened[at].attrs:
            value = np.asarray(opened[at].attrs[name]).ravel()
            if value.size:
                return value[0].decode("ascii", "replace").strip("\0 ") if value.dtype.kind == "S" else value[0]
    return None


def _choose_data(opened: Any, file: Path) -> tuple[str, str, str]:
    held: dict[str, tuple[str, str]] = {}
    for dataset in _list_numbered(opened, "dataset"):
        for data in _list_numbered(opened[dataset], "data"):
            places = [f"{dataset}/{data}/", f"{dataset}/"]
            quantity = str(_find(opened, places, "what", "quantity") or "").upper()
            if f"{dataset}/{data}/data" in opened:
                held.setdefault(quantity, (dataset, data))
    for quantity in _QUANTITIES:
        if quantity in held:
            return *held[quantity], quantity
    raise InputError(
        f"the file holds no rain; its quantities are {', '.join(sorted(held)) or 'none'}",
        file=file,
        way_out=f"give one of {', '.join(_QUANTITIES)} in an ODIM composite",
    )


def _list_numbered(group: Any, word: str) -> Iterator[str]:
    numbers = sorted(int(found[1]) for name in group if (found := re.fullmatch(rf"{word}(\d+)", name)))
    return (f"{word}{number}" for number in numbers)


def _decode(opened: Any, places: Sequence[str], raw: npt.NDArray[Any], file: Path) -> npt.NDArray[np.float64]:
    gain, offset, nodata, undetect = (
        _find(opened, places, "what", name) for name in ("gain", "offset", "nodata", "undetect")
    )
    if nodata is None and raw.dtype.kind in "iu":
        raise InputError(
            "what names no nodata, so what is not seen would count as rain",
            file=file,
            way_out="write the value that stands for it",
        )
    quantity = str(_find(opened, places, "what", "quantity")).upper()
    values = raw.astype(np.float64) * float(1.0 if gain is None else gain) + float(0.0 if offset is None else offset)
    if undetect is not None:
        values[raw == undetect] = 0.0 if quantity in ("RATE", "ACRR") else -np.inf
    if nodata is not None:
        values[raw == nodata] = np.nan
    return values


def _read_place(
    opened: Any, places: Sequence[str], shape: tuple[int, ...], file: Path, crs: str | None
) -> tuple[str, Grid]:
    where = {
        name: _find(opened, places, "where", name)
        for name in ("projdef", "xscale", "yscale", "LL_lon", "LL_lat", "UR_lon", "UR_lat", "xsize", "ysize")
    }
    missing = [name for name in ("xscale", "yscale", "LL_lon", "LL_lat") if where[name] is None]
    if missing:
        raise InputError(f"where names no {', '.join(missing)}", file=file, way_out="is it an ODIM composite?")
    projdef = None if where["projdef"] is None else str(where["projdef"])
    metres = 1.0
    if projdef is not None and "+units=km" in projdef:
        projdef, metres = projdef.replace("+units=km", "+units=m"), 1000.0
    named = agree_crs(projdef, crs, file=file)
    width, height = (abs(float(where[name])) * metres for name in ("xscale", "yscale"))
    if not 0.0 < width < np.inf or abs(width - height) > 1e-6 * width:
        raise InputError(
            f"the cells are {width:g} by {height:g}, no squares", file=file, way_out="resample it to square cells"
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
    return named, Grid(round(west, 3), round(south, 3), width, n_y, n_x)


def _project(crs: str, lon: Any, lat: Any, file: Path) -> tuple[float, float]:
    from pyproj.exceptions import ProjError

    try:
        x, y = transform(float(lon), float(lat), "EPSG:4326", crs, file=file)
    except ProjError:
        raise InputError(
            "the projection is none of the earth", file=file, way_out="give lengths in projdef (+a, +b) in metres"
        ) from None
    return float(x), float(y)


def _read_time(opened: Any, places: Sequence[str], word: str, file: Path) -> int | None:
    date, clock = (_find(opened, places, "what", f"{word}{part}") for part in ("date", "time"))
    if date is None or clock is None:
        return None
    try:
        moment = datetime.strptime(f"{date}{str(clock)[:6]}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise InputError(
            f"{word}date {date!s} and {word}time {clock!s} are no time",
            file=file,
            way_out="write YYYYMMDD and HHMMSS in UTC",
        ) from None
    return int(moment.timestamp())
