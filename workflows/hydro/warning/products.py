"""What a flood warning leaves behind beside its warnings: rain and water of all members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ....hpc.store.products import Product, Variable
from ....hpc.store.stores import share_columns
from ...georeference import georeference, name_crs_in
from ..products import describe_flood

__all__ = ["describe_forecast", "describe_warned_flood"]

TIME_UNITS = "seconds since 1970-01-01 00:00:00"
EAST, NORTH = "projection_x_coordinate", "projection_y_coordinate"


def describe_forecast(n_members: int, n_steps: int, shape: tuple[int, int], attrs: Mapping[str, Any]) -> Product:
    """Layout of ``forecast.zarr``: the rain of each member over the ground."""
    return Product(
        "forecast",
        "Rain over the ground, member by member",
        georeference((
            Variable(
                "forecast_rain", ("member", "step", "rain_y", "rain_x"), "float32", "mm h-1",
                "rain until the end of the step", "blocks", (n_members, n_steps, *shape),
            ),
            Variable(
                "unseen", ("member",), "float64", "1", "share that came from beyond the radar's sight", "ledger",
                (n_members,),
            ),
            Variable("member", ("member",), "string", "1", "name of the member", "inputs"),
            Variable("step", ("step",), "int64", TIME_UNITS, "end of the step", "inputs", standard_name="time"),
            Variable("rain_y", ("rain_y",), "float64", "m", "northing of the cell", "inputs", standard_name=NORTH),
            Variable("rain_x", ("rain_x",), "float64", "m", "easting of the cell", "inputs", standard_name=EAST),
        ), attrs["crs"]),
        name_crs_in(attrs),
    )  # fmt: skip


def describe_warned_flood(
    n_members: int,
    n_times: tuple[int, int, int],
    shape: tuple[int, int],
    *,
    n_links: int,
    n_points: int,
    attrs: Mapping[str, Any],
) -> Product:
    """Layout of ``flood.zarr``: as an inundation's, depths everywhere at a few times only, and those at the points."""
    n_outputs, n_map_times, n_point_times = n_times
    at_points, everywhere = (n_members, n_point_times, n_points), (n_members, n_map_times, *shape)
    flood = describe_flood(n_members, n_outputs, shape, n_links, attrs, TIME_UNITS)
    depth, *others = (variable for variable in flood.variables if variable.name != "rain_factor")
    points = (
        Variable(
            "point_depth", ("member", "point_time", "point"), "float32", "m", "depth at the point", "blocks",
            at_points, columns_per_shard=share_columns(at_points, "float32"),
        ),
        Variable("point", ("point",), "string", "1", "name of the point", "inputs"),
        Variable("point_x", ("point",), "float64", "m", "easting of the point", "inputs", standard_name=EAST),
        Variable("point_y", ("point",), "float64", "m", "northing of the point", "inputs", standard_name=NORTH),
        Variable(
            "point_time", ("point_time",), "int64", TIME_UNITS, "time of the depths at points", "inputs",
            standard_name="time",
        ),
        Variable("map_time", ("map_time",), "int64", TIME_UNITS, "time of the map", "inputs", standard_name="time"),
    )  # fmt: skip
    shared = share_columns(everywhere, "float32")
    maps = replace(depth, dims=("member", "map_time", "y", "x"), shape=everywhere, columns_per_shard=shared)
    variables = georeference((maps, *others, *points), attrs["crs"])
    return replace(flood, title="Water over the ground, member by member", variables=variables)
