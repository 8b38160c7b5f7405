"""Where the variables of a store lie, in the words of the CF conventions, so that other tools put them on the map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..datasets.place.grid_mapping import describe_crs
from ..hpc.store.products import Variable

__all__ = ["CRS", "georeference", "name_crs_in"]

CRS = "crs"  # the grid mapping variable of every store
_EAST, _NORTH = ("projection_x_coordinate", "longitude"), ("projection_y_coordinate", "latitude")


def georeference(variables: Iterable[Variable], crs: str) -> tuple[Variable, ...]:
    """Say of each variable where it lies, and add the variable that describes the CRS.

    Coordinates are known by their standard names. Those of a dim's own name are axes: what spans two of them lies on a
    grid. A dim whose things have one x and one y holds points: what is known of a point refers to them. All others,
    such as both ends of links, refer to the CRS themselves. A plane without a place on earth has no CRS to refer to.

    Parameters
    ----------
    variables
        As declared, with standard names on what is an x or a y.
    crs
        CRS of all of them; it replaces what they had.

    Examples
    --------
    >>> y, x = (
    ...     Variable(name, (name,), "float64", "m", name, "inputs", standard_name=f"projection_{name}_coordinate")
    ...     for name in "yx"
    ... )
    >>> depth = Variable("depth", ("y", "x"), "float32", "m", "depth of water", "blocks", (2, 3))
    >>> found = georeference((depth, y, x), "EPSG:4547")
    >>> found[0].more, found[2].more, found[3].more["grid_mapping_name"]
    ({'grid_mapping': 'crs'}, {'axis': 'X'}, 'transverse_mercator')
    """
    listed = tuple(variable for variable in variables if variable.name != CRS)
    described = describe_crs(crs)
    mapping = {"grid_mapping": CRS} if described else {}
    axes = {v.name: "X" if v.standard_name in _EAST else "Y" for v in listed if v.dims == (v.name,) and _is_place(v)}
    points = _find_points(listed)

    def place(variable: Variable) -> dict[str, str]:
        if variable.name in axes:
            return {"axis": axes[variable.name]}
        if sorted(axes[dim] for dim in variable.dims if dim in axes) == ["X", "Y"]:
            return mapping
        for dim in variable.dims:
            if dim in points and not _is_place(variable) and variable.name != dim:
                return {"coordinates": points[dim], **mapping}
        if _is_place(variable) and variable.dims[0] not in points:
            return mapping
        return {}

    placed = tuple(replace(variable, more={**variable.more, **place(variable)}) for variable in listed)
    if not described:
        return placed
    return (*placed, Variable(CRS, (), "int8", "", "coordinate reference system", "constant", more=described))


def name_crs_in(attrs: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a store, whose ``crs`` is ``crs_name``: other tools take ``crs`` for a CRS in their words.

    Examples
    --------
    >>> name_crs_in({"crs": "local", "threshold_m": 0.1})
    {'crs_name': 'local', 'threshold_m': 0.1}
    """
    return {"crs_name" if name == "crs" else name: value for name, value in attrs.items()}


def _is_place(variable: Variable) -> bool:
    return variable.standard_name in _EAST + _NORTH


def _find_points(variables: tuple[Variable, ...]) -> dict[str, str]:
    """The names of x and y of each dim that has one of both, and something to tell of its points."""
    found = {}
    for dim in sorted({variable.dims[0] for variable in variables if _is_place(variable) and len(variable.dims) == 1}):
        x = [v.name for v in variables if v.dims == (dim,) and v.standard_name in _EAST]
        y = [v.name for v in variables if v.dims == (dim,) and v.standard_name in _NORTH]
        others = [v for v in variables if dim in v.dims and not _is_place(v) and v.name != dim]
        if len(x) == len(y) == 1 and others:
            found[dim] = f"{x[0]} {y[0]}"
    return found
