"""Which variable of a file is the rain, and whether it is a mean or a sum of it: by the words of the CF conventions."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import InputError

__all__ = ["choose_rain", "find_valid_range", "refuse_other_quantity"]

_RAIN = ("rain", "rain_rate", "rainfall", "rainfall_rate", "precipitation", "precipitation_rate", "precip", "pr", "tp")
_STANDARD = ("rainfall_rate", "lwe_precipitation_rate", "precipitation_flux", "rainfall_flux",
             "lwe_thickness_of_precipitation_amount", "thickness_of_rainfall_amount", "rainfall_amount",
             "precipitation_amount")  # fmt: skip
_OTHERS = re.compile(
    r"evap|transpir|snow|runoff|run_off|infiltr|melt|hail|graupel|probab|quality|error|uncertain", re.I
)
_METHOD = re.compile(r"((?:\w+:\s+)+)(\w+)")
_NO_MEANS = ("maximum", "minimum", "maximum_absolute_value", "minimum_absolute_value", "median", "mid_range", "mode",
             "range", "standard_deviation", "variance", "sum_of_squares", "root_mean_square")  # fmt: skip


def choose_rain(opened: Any, path: Path) -> tuple[str, list[str]]:
    """Choose by standard name, else by name, else the only field; and name the fields that are not read.

    Raises
    ------
    InputError
        If there is none, or more than one.
    """
    aside = {name for held in opened.variables.values() for name in _list_aside(held)}
    fields = [name for name in opened.data_vars if name not in aside]
    for n_dims in (3, 2):
        cubes = [name for name in fields if opened[name].ndim >= n_dims]
        for chosen in (
            [name for name in cubes if opened[name].attrs.get("standard_name") in _STANDARD],
            [name for name in cubes if str(name).lower() in _RAIN],
            cubes,
        ):
            if len(chosen) == 1:
                others = [str(name) for name in fields if name != chosen[0] and opened[name].ndim >= 2]
                return str(chosen[0]), others
            if chosen:
                raise InputError(
                    f"the file holds {', '.join(map(str, chosen))}", file=path, way_out="keep the variable of rain"
                )
    raise InputError(
        f"no variable has time, y and x; there are {', '.join(map(str, opened.data_vars)) or 'none'}",
        file=path,
        way_out="give rain in frames",
    )


def _list_aside(held: Any) -> list[str]:
    """Variables that only describe another one."""
    words = [str({**held.encoding, **held.attrs}.get(key, "")) for key in ("bounds", "grid_mapping", "coordinates")]
    return " ".join(words).replace(":", " ").split()


def refuse_other_quantity(rain: Any, path: Path) -> None:
    """Raise InputError if a variable says that it is something else than a mean or a sum of rain."""
    named = str(rain.attrs.get("standard_name", ""))
    named = "" if named == "unknown" else named  # as ERA5 writes it
    if named and named not in _STANDARD:
        raise InputError(
            f"{rain.name} has the standard_name {named}, which is only a part of the rain",
            file=path,
            way_out=f"give one of {', '.join(_STANDARD[:4])}, or sums of them",
        )
    if not named and str(rain.name).lower() not in _RAIN:
        told = f"{rain.name} {rain.attrs.get('long_name', '')}".strip()
        if _OTHERS.search(told):
            raise InputError(
                f"the only field of the file, {told!r}, is not rain by its name",
                file=path,
                way_out="name the rain's variable rain, or give it a standard_name such as rainfall_rate",
            )
    methods = str(rain.attrs.get("cell_methods", ""))
    for axes, method in _METHOD.findall(methods):
        is_over_time = any(axis.startswith(("time", "T:", "t:", "valid_time")) for axis in axes.split())
        if method in _NO_MEANS or (method == "sum" and not is_over_time):
            raise InputError(
                f"{rain.name} is the {method.replace('_', ' ')} over {axes.strip().rstrip(':')} (cell_methods "
                f"{methods!r})",
                file=path,
                way_out="give means or sums through time",
            )


def find_valid_range(rain: Any) -> tuple[float, float]:
    """Find the lowest and highest valid value, in the unit of the unpacked values; infinite where none is given.

    A number of the packed type is of packed values, as CF has it.
    """
    held = rain.attrs
    pair = np.asarray(held.get("valid_range", (np.nan, np.nan))).ravel()
    found = []
    for key, at in (("valid_min", 0), ("valid_max", -1)):
        value = np.asarray(held.get(key, pair[at])).ravel()[0]
        packed = rain.encoding.get("dtype")
        number = float(value)
        if packed is not None and np.dtype(packed).kind in "iu" and np.asarray(value).dtype.kind in "iu":
            number = number * float(rain.encoding.get("scale_factor", 1.0)) + float(
                rain.encoding.get("add_offset", 0.0)
            )
        found.append(number)
    low, high = found
    margin = 1e-9 * max(abs(low), abs(high)) if np.isfinite([low, high]).all() else 0.0  # of unpacking
    return (-np.inf if np.isnan(low) else low - margin), (np.inf if np.isnan(high) else high + margin)
