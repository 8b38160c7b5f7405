r"""Rain on the ground: from what a radar sees, and drawn towards what gauges measured.

A radar's reflectivity and the rain rate are tied by the power law

.. math:: Z = a R^b, \qquad dBZ = 10 \log_{10} Z

with Z in mm6 m-3 and R in mm h-1; a and b depend on the size of the drops.

All functions take CuPy arrays too, and return such. The checks of arguments wait for the GPU.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from ...device_arrays import array_module, as_alike
from ...engines import Array, Contract, Engine, kernel
from ...space.grid import Grid
from .kriging import krige_gauges

__all__ = ["adjust_rain", "compute_reflectivity", "estimate_field_bias", "estimate_rain", "sample_rain"]

MARSHALL_PALMER = (200.0, 1.6)  # a and b of steady rain; MeteoSwiss takes (316.0, 1.5), NEXRAD (300.0, 1.4)
Floats = npt.NDArray[Any]
PLACES = {"gauge_x": Array(("gauge",), "m"), "gauge_y": Array(("gauge",), "m")}


@kernel(
    Contract(
        takes={"reflectivity_dbz": Array(("...",), "dBZ")},
        gives={"rain": Array(("...",), "mm h-1", dtype="reflectivity_dbz", long_name="rain rate")},
        engines=("numpy", "cupy"),
        blocks=("...",),
    )
)
def estimate_rain(
    reflectivity_dbz: npt.ArrayLike,
    *,
    a: float = MARSHALL_PALMER[0],
    b: float = MARSHALL_PALMER[1],
    min_dbz: float = -math.inf,
    max_dbz: float = math.inf,
) -> Floats:
    """Estimate the rain rate from a radar's reflectivity.

    Parameters
    ----------
    reflectivity_dbz : array of float
        [dBZ]; NaN where the radar sees nothing, minus infinity where it sees no rain.
    a, b
        Factor and exponent of the power law Z = a R^b.
    min_dbz
        Reflectivity below which there is no rain [dBZ].
    max_dbz
        Reflectivity above which hail is assumed: it is lowered to this value [dBZ]; 53 is usual.

    Returns
    -------
    array of float
        Rain rate [mm h-1] in the dtype of the reflectivity, NaN where that is.

    Raises
    ------
    ValueError
        If a or b is not positive, or there is nothing between the bounds.

    References
    ----------
    .. [1] Marshall & Palmer (1948), doi:10.1175/1520-0469(1948)005<0165:TDORWS>2.0.CO;2
    .. [2] Fulton et al. (1998), doi:10.1175/1520-0434(1998)013<0377:TWRA>2.0.CO;2 (the cap)

    Examples
    --------
    >>> estimate_rain([23.0103, 39.0309, 55.0], max_dbz=53.0).round(2).tolist()      # Z = 200 and 8000
    [1.0, 10.03, 74.88]
    """
    _check_law(a, b)
    if not min_dbz < max_dbz:
        raise ValueError(f"min_dbz must lie below max_dbz, got {min_dbz} and {max_dbz}")
    (given,) = as_alike(reflectivity_dbz=reflectivity_dbz)
    xp, seen = array_module(given), _as_floats(given)
    of = seen.dtype.type
    shift, scale = of(math.log2(a) / b), of(math.log2(10.0) / (10.0 * b))
    rain = xp.exp2(xp.minimum(seen, of(max_dbz)) * scale - shift)
    found: Floats = xp.asarray(xp.where(seen < of(min_dbz), of(0.0), rain))
    return found


@kernel(
    Contract(
        takes={"rain": Array(("...",), "mm h-1")},
        gives={"reflectivity": Array(("...",), "dBZ", dtype="rain", long_name="radar reflectivity")},
        engines=("numpy", "cupy"),
        blocks=("...",),
    )
)
def compute_reflectivity(
    rain: npt.ArrayLike,
    *,
    a: float = MARSHALL_PALMER[0],
    b: float = MARSHALL_PALMER[1],
    dry_dbz: float = -math.inf,
) -> Floats:
    """Compute the reflectivity of rain, which inverts to the rain rate.

    Parameters
    ----------
    rain : array of float
        Rate [mm h-1].
    a, b
        Factor and exponent of the power law Z = a R^b.
    dry_dbz
        Lowest reflectivity, which dry cells get too [dBZ].

    Returns
    -------
    array of float
        Reflectivity [dBZ] in the dtype of the rain, NaN where that is.

    Raises
    ------
    ValueError
        If a or b is not positive, or a rate is negative.

    References
    ----------
    .. [1] Marshall & Palmer (1948), doi:10.1175/1520-0469(1948)005<0165:TDORWS>2.0.CO;2

    Examples
    --------
    >>> compute_reflectivity([0.0, 1.0, 10.0], dry_dbz=-15.0).round(2).tolist()
    [-15.0, 23.01, 39.01]
    """
    _check_law(a, b)
    (given,) = as_alike(rain=rain)
    xp, rate = array_module(given), _as_floats(given)
    _refuse_negative(rain=rate)
    of = rate.dtype.type
    with np.errstate(divide="ignore"):  # no rain is minus infinity; NaN passes through
        dbz = xp.log10(rate)
    found: Floats = xp.asarray(xp.maximum(dbz * of(10.0 * b) + of(10.0 * math.log10(a)), of(dry_dbz)))
    return found


@kernel(
    Contract(
        takes={"rain": Array(("y", "x"), on="grid"), **PLACES},
        gives={"rain": Array(("gauge",), units_of="rain")},
        engines=("numpy", "cupy"),
    )
)
def sample_rain(
    rain: npt.ArrayLike, gauge_x: npt.ArrayLike, gauge_y: npt.ArrayLike, *, grid: Grid, window: int = 1
) -> npt.NDArray[np.float64]:
    """Sample a field of rain at gauges.

    Parameters
    ----------
    rain : (y, x) array of float
        In any unit, NaN where it is missing.
    gauge_x, gauge_y : (gauge,) array of float
        Places [m] on the grid's plane.
    grid
        Grid of the field.
    window
        Odd side, in cells, of the square around the gauge whose median is taken: wind carries drops to other cells.

    Returns
    -------
    (gauge,) array of float
        NaN for a gauge off the grid, and where all cells of its window are missing.

    Raises
    ------
    ValueError
        If the field does not fit the grid, the gauges' places are not of one length, or the window is not odd.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Goudenhoofdt & Delobbe (2009), doi:10.5194/hess-13-195-2009

    Examples
    --------
    >>> field = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> sample_rain(field, [5.0, 15.0, 25.0], [5.0, 19.0, 5.0], grid=Grid(0.0, 0.0, 10.0, 2, 2)).tolist()
    [1.0, 4.0, nan]
    """
    field, x, y = as_alike(np.float64, rain=rain, gauge_x=gauge_x, gauge_y=gauge_y)
    xp = array_module(field)
    if field.shape != grid.shape:
        raise ValueError(f"rain {field.shape} does not fit its grid of {grid.shape} cells")
    if x.ndim != 1 or x.shape != y.shape:
        raise ValueError(f"gauge_x {x.shape} and gauge_y {y.shape} must be of one (gauge,) shape")
    if window < 1 or window % 2 == 0:
        raise ValueError(f"window must be an odd number of cells of at least 1, got {window}")
    inside = (x >= grid.west) & (x < grid.east) & (y >= grid.south) & (y < grid.north)
    column = xp.floor((xp.where(inside, x, grid.west) - grid.west) / grid.cell_m).astype(np.int64)
    row = xp.floor((xp.where(inside, y, grid.south) - grid.south) / grid.cell_m).astype(np.int64)
    reach = window // 2
    framed = xp.pad(field, reach, constant_values=np.nan)
    away = xp.arange(window)
    # a gauge just below an outer edge may round onto it
    rows, columns = (xp.minimum(at, n - 1)[:, None] + away for at, n in zip((row, column), grid.shape, strict=True))
    around = framed[rows[:, :, None], columns[:, None, :]].reshape(len(x), window * window)
    ordered = xp.sort(xp.where(inside[:, None], around, np.nan), axis=1)  # NaN last
    known = (~xp.isnan(ordered)).sum(axis=1)[:, None]
    low, high = (xp.take_along_axis(ordered, xp.maximum(at, 0), axis=1)[:, 0] for at in ((known - 1) // 2, known // 2))
    found: npt.NDArray[np.float64] = (low + high) / 2.0
    return found


@kernel(
    Contract(
        takes={"gauge_rain": Array(("gauge",)), "radar_rain": Array(("gauge",), units_of="gauge_rain")},
        gives={"field_bias": Array((), "1", long_name="rain of gauges over that of the radar")},
        engines=("numpy", "cupy"),
    )
)
def estimate_field_bias(
    gauge_rain: npt.ArrayLike, radar_rain: npt.ArrayLike, *, threshold: float = 0.0, min_gauges: int = 3
) -> float:
    """Estimate the mean-field bias of a radar: the ratio of the gauges' sum to the radar's sum.

    Parameters
    ----------
    gauge_rain, radar_rain : (gauge,) array of float
        What was measured, and what the radar has at the same places, in one unit and over one time.
    threshold
        Pairs count where both are above it, in the unit of the rain.
    min_gauges
        Smallest number of pairs; with fewer the factor is 1.

    Returns
    -------
    float
        Above 0; of CuPy arrays too, whose sums may differ from the host's in the last digits.

    Raises
    ------
    ValueError
        If the arrays differ in shape or a rain is negative.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Smith & Krajewski (1991), doi:10.1175/1520-0450(1991)030<0397:EOTMFB>2.0.CO;2

    Examples
    --------
    >>> estimate_field_bias([4.0, 6.0, 2.0, np.nan], [2.0, 3.0, 1.0, 9.0])
    2.0
    """
    measured, seen = as_alike(np.float64, gauge_rain=gauge_rain, radar_rain=radar_rain)
    if measured.shape != seen.shape:
        raise ValueError(f"gauge_rain {measured.shape} and radar_rain {seen.shape} must be of one shape")
    _refuse_negative(gauge_rain=measured, radar_rain=seen)
    both = (measured > threshold) & (seen > threshold)
    return float(measured[both].sum() / seen[both].sum()) if both.sum() >= max(min_gauges, 1) else 1.0


@kernel(
    Contract(
        takes={"rain": Array(("y", "x"), on="grid"), "gauge_rain": Array(("gauge",), units_of="rain"), **PLACES},
        gives={"rain": Array(("y", "x"), units_of="rain", dtype="rain")},
        engines=("numba", "python", "cupy"),
    )
)
def adjust_rain(
    rain: npt.ArrayLike,
    gauge_rain: npt.ArrayLike,
    gauge_x: npt.ArrayLike,
    gauge_y: npt.ArrayLike,
    *,
    grid: Grid,
    method: Literal["additive", "mean-field"],
    range_m: float = 10_000.0,
    nugget: float = 0.0,
    n_neighbours: int = 16,
    window: int = 1,
    min_gauges: int = 3,
    engine: Engine | Literal["auto"] = "auto",
    threads: int = 1,
) -> Floats:
    """Adjust a field of rain to gauges.

    Parameters
    ----------
    rain : (y, x) array of float
        Rate [mm h-1], or a sum in any unit; NaN where it is missing.
    gauge_rain : (gauge,) array of float
        In the unit of the field and over the same time; NaN for a gauge that is silent.
    gauge_x, gauge_y : (gauge,) array of float
        Places [m] on the grid's plane.
    grid
        Grid of the field.
    method
        ``"mean-field"`` multiplies all by :func:`estimate_field_bias`; ``"additive"`` adds the gauges' differences,
        kriged, and takes what falls below 0 for dry.
    range_m, nugget, n_neighbours
        Parameters for kriging the differences: see :func:`~citytide.kernels.hydro.rain.kriging.krige_gauges`.
    window
        See :func:`sample_rain`.
    min_gauges
        Smallest number of gauges with a value on known rain; with fewer the field is returned unchanged.
    engine, threads
        As in every kernel; the answer is the same for any number of threads.

    Returns
    -------
    (y, x) array of float
        In the dtype of the rain, NaN where that is.

    Raises
    ------
    ValueError
        If the method is unknown, a rain is negative, or what the functions above raise.
    EngineError
        If some arrays are CuPy's and others of the host.

    References
    ----------
    .. [1] Goudenhoofdt & Delobbe (2009), doi:10.5194/hess-13-195-2009

    Examples
    --------
    >>> grid, seen = Grid(0.0, 0.0, 1000.0, 1, 3), np.array([[1.0, 2.0, 3.0]])
    >>> at = {"gauge_x": [500.0, 1500.0, 2500.0], "gauge_y": [500.0, 500.0, 500.0], "grid": grid}
    >>> adjust_rain(seen, [2.0, 4.0, 6.0], **at, method="mean-field").tolist()
    [[2.0, 4.0, 6.0]]
    >>> adjust_rain(seen, [2.0, 1.0, 3.5], **at, method="additive").round(6).tolist()
    [[2.0, 1.0, 3.5]]
    """
    if method not in ("additive", "mean-field"):
        raise ValueError(f"method must be 'additive' or 'mean-field', got {method!r}")
    field, measured, x, y = as_alike(rain=rain, gauge_rain=gauge_rain, gauge_x=gauge_x, gauge_y=gauge_y)
    xp, field, measured = array_module(field), _as_floats(field), measured.astype(np.float64)
    _refuse_negative(rain=field, gauge_rain=measured)
    seen = sample_rain(field, x, y, grid=grid, window=window)
    if measured.shape != seen.shape:
        raise ValueError(f"gauge_rain {measured.shape} and gauge_x {seen.shape} must be of one (gauge,) shape")
    if method == "mean-field":
        factor = field.dtype.type(estimate_field_bias(measured, seen, min_gauges=min_gauges))
        adjusted: Floats = xp.asarray(field * factor)
        return adjusted
    off = measured - seen
    if xp.isfinite(off).sum() < max(min_gauges, 1):
        adjusted = field.copy()
        return adjusted
    differences = krige_gauges(
        off, x, y, xp.asarray(grid.x), xp.asarray(grid.y), range_m=range_m, nugget=nugget, n_neighbours=n_neighbours,
        engine=engine, threads=threads,
    )  # fmt: skip
    adjusted = xp.maximum(field + differences, 0.0).astype(field.dtype)
    return adjusted


def _as_floats(array: Any) -> Any:
    """In one piece: NumPy's logarithm of a view may differ in the last bits from that of a copy."""
    floats = array if array.dtype.kind == "f" else array.astype(np.float64)
    return array_module(array).ascontiguousarray(floats).reshape(array.shape)  # a number stays one


def _refuse_negative(**given: Any) -> None:
    for name, rain in given.items():
        if (rain < 0.0).any():
            raise ValueError(f"{name} must not be negative, got {float(array_module(rain).nanmin(rain)):g}")


def _check_law(a: float, b: float) -> None:
    if not (0.0 < a < math.inf and 0.0 < b < math.inf):
        raise ValueError(f"a and b of the power law must be finite and above 0, got {a} and {b}")
