"""What every simulation of water leaves behind: each variable of ``flood.zarr``, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...hpc.store.products import Product, Variable
from ...hpc.store.stores import share_columns
from ..georeference import georeference, name_crs_in

__all__ = ["LIMITED_SHARE", "MAP_TEXTS", "VOLUMES", "describe_axes", "describe_flood", "list_parts"]

VOLUMES = {
    "initial_m3": "water on the ground at the start, the sea's included",
    "rain_m3": "water that rained",
    "inflow_m3": "water that flowed in at points",
    "edge_m3": "water that came in over held edges, less what left there",
    "lost_m3": "water that sank into soil and drains",
    "stored_m3": "water on the ground at the end",
}
MAP_TEXTS = {
    "deepest": ("m", "greatest depth"),
    "hazard": ("m2 s-1", "greatest product of depth and speed"),
    "arrival": ("s", "first time above the threshold since the start"),
    "duration": ("s", "time above the threshold"),
    "limited": ("s", "time for which local inertia limits the outflow of the cell, to a Froude number of 2"),
}
LIMITED_SHARE = 0.05  # share of the time simulated; a cell limited for longer counts, and a passing front does not


def describe_flood(
    n_members: int, n_times: int, shape: tuple[int, int], n_links: int, attrs: Mapping[str, Any], time_units: str
) -> Product:
    """Layout of ``flood.zarr``."""
    n_y, n_x = shape
    everywhere, on_links = (n_members, n_times, n_y, n_x), (n_members, n_times, n_links)
    fields = [
        Variable(
            "depth", ("member", "time", "y", "x"), "float32", "m", "depth of water", "blocks", everywhere,
            columns_per_shard=share_columns(everywhere, "float32"),
        ),
        *(
            Variable(name, ("member", "y", "x"), "float32", units, text, "blocks", (n_members, n_y, n_x))
            for name, (units, text) in MAP_TEXTS.items()
        ),
    ]  # fmt: skip
    if n_links:
        link = ("member", "time", "link"), "float32"
        shared = share_columns(on_links, "float32")
        fields += [
            Variable(
                "link_depth", *link, "m", "greatest depth under the link since the last output", "blocks", on_links,
                columns_per_shard=shared,
            ),
            Variable(
                "link_hazard", *link, "m2 s-1", "greatest depth times speed under the link since the last output",
                "blocks", on_links, columns_per_shard=shared,
            ),
            Variable("link", ("link",), "int64", "1", "stable identifier of the link", "inputs"),
        ]  # fmt: skip
    scalars = [
        *(Variable(name, ("member",), "float64", "m3", text, "ledger", (n_members,)) for name, text in VOLUMES.items()),
        Variable("balance", ("member",), "float64", "1", "share of the water that is not accounted for", "ledger",
                 (n_members,)),
        Variable("n_steps", ("member",), "int64", "1", "time steps", "ledger", (n_members,)),
        Variable("n_limited", ("member",), "int64", "1", "flooded cells, limited for a twentieth of the time",
                 "ledger", (n_members,)),
    ]  # fmt: skip
    axes = (
        Variable("member", ("member",), "string", "1", "name of the member", "inputs"),
        Variable("rain_factor", ("member",), "float64", "1", "multiple of the rain", "inputs"),
        Variable(
            "time", ("time",), "int64", time_units, "time of the output", "inputs",
            standard_name="time" if "since" in time_units else None,
        ),
        Variable("sea_depth", ("y", "x"), "float64", "m", "depth of the sea, or a river, at the start", "inputs"),
        *describe_axes(),
    )  # fmt: skip
    variables = georeference((*fields, *scalars, *axes), attrs["crs"])
    return Product("flood", "Water over the ground", variables, name_crs_in(attrs))


def list_parts(product: Product) -> list[Variable]:
    """The variables that a block hands over while it runs: those through time."""
    through_time = ("time", "map_time", "point_time")
    return [variable for variable in product.filled_by("blocks") if variable.dims[1] in through_time]


def describe_axes() -> tuple[Variable, ...]:
    """Coordinates of the ground's cells."""
    return (
        Variable(
            "y", ("y",), "float64", "m", "northing of the cell", "inputs", standard_name="projection_y_coordinate"
        ),
        Variable("x", ("x",), "float64", "m", "easting of the cell", "inputs", standard_name="projection_x_coordinate"),
    )
