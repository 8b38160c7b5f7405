"""What an inundation leaves behind beside ``flood.zarr``: how many members agree."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....hpc.store.products import Product, Variable
from ...georeference import georeference, name_crs_in
from ..products import describe_axes

__all__ = ["describe_agreement"]


def describe_agreement(shape: tuple[int, int], attrs: Mapping[str, Any]) -> Product:
    """Layout of ``agreement.zarr``: each cell over all members.

    Members are multiples of one rain, none of them as likely as another: how many agree is no probability.
    """

    def over_members(name: str, dtype: str, text: str) -> Variable:
        return Variable(name, ("y", "x"), dtype, "1", text, "blocks", shape, per_shard=shape[0])

    return Product(
        "agreement",
        "How many members flood a cell; they are not equally likely, so this is no probability",
        georeference(
            (
                over_members("n_flooded", "int64", "members in which the depth exceeds the threshold at some time"),
                over_members("share_flooded", "float64", "share of members in which the depth exceeds the threshold"),
                *describe_axes(),
            ),
            attrs["crs"],
        ),
        name_crs_in(attrs),
    )
