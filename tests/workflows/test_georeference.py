"""Every variable of a store says where it lies, in words that other tools read."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import rioxarray  # noqa: F401  (gives data sets their accessor `rio`)
import xarray as xr
from pyproj import CRS

from citytide.hpc.store.products import Product, Variable
from citytide.hpc.store.stores import create_product, locate, write_block
from citytide.workflows.georeference import georeference

EAST, NORTH = "projection_x_coordinate", "projection_y_coordinate"


def on(dim: str, name: str, standard_name: str | None = None) -> Variable:
    return Variable(name, (dim,), "float64", "m", name, "inputs", standard_name=standard_name)


def more_of(*variables: Variable, crs: str = "EPSG:4547") -> dict[str, dict[str, str]]:
    return {variable.name: dict(variable.more) for variable in georeference(variables, crs)}


def test_things_at_points_refer_to_their_coordinates_and_lines_carry_their_own() -> None:
    found = more_of(
        on("gauge", "gauge"), on("gauge", "gauge_x", EAST), on("gauge", "gauge_y", NORTH), on("gauge", "level"),
        on("link", "from_x", EAST), on("link", "from_y", NORTH), on("link", "to_x", EAST), on("link", "to_y", NORTH),
        on("link", "flow"), on("vertex", "vertex_x", EAST), on("vertex", "vertex_y", NORTH),
    )  # fmt: skip
    mapped = {"grid_mapping": "crs"}
    assert found["level"] == {"coordinates": "gauge_x gauge_y", **mapped}
    assert found["gauge"] == found["gauge_x"] == found["flow"] == {}
    assert found["from_x"] == found["to_y"] == found["vertex_x"] == mapped
    assert CRS.from_cf(found["crs"]) == CRS("EPSG:4547")


def test_local_plane_has_axes_and_no_crs() -> None:
    found = more_of(
        on("y", "y", NORTH), on("x", "x", EAST), Variable("h", ("y", "x"), "f4", "m", "h", "blocks"), crs="local"
    )
    assert found == {"y": {"axis": "Y"}, "x": {"axis": "X"}, "h": {}}


def test_said_twice_is_said_once() -> None:
    once = georeference((on("y", "y", NORTH), on("x", "x", EAST)), "EPSG:4547")
    assert georeference(once, "EPSG:4547") == once


def test_other_tools_read_crs_place_and_orientation(tmp_path: Path) -> None:
    y, x = 2_493_005.0 + 10.0 * np.arange(4), 505_005.0 + 10.0 * np.arange(3)
    depth = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    declared = (
        Variable("depth", ("member", "y", "x"), "float32", "m", "depth", "blocks", depth.shape, per_shard=2),
        Variable("member", ("member",), "string", "1", "name", "inputs"),
        on("y", "y", NORTH),
        on("x", "x", EAST),
    )  # fmt: skip
    product = Product("flood", "Water", georeference(declared, "EPSG:4547"))
    create_product(tmp_path, product, {"y": y, "x": x, "member": np.array(["dry", "wet"], dtype="T")})
    write_block(tmp_path, "flood", 0, 2, {"depth": depth})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plain = xr.open_zarr(locate(tmp_path, "flood"))
        data = xr.open_zarr(locate(tmp_path, "flood"), decode_coords="all")
    assert plain.depth.attrs["grid_mapping"] == "crs" and "crs" in plain.data_vars
    assert "crs" in data.coords and set(data.data_vars) == {"depth"}
    assert data.rio.crs.to_epsg() == 4547 == data.depth.rio.crs.to_epsg()
    assert data.rio.resolution() == (10.0, 10.0)  # row 0 is the southernmost
    assert data.rio.bounds() == (505_000.0, 2_493_000.0, 505_030.0, 2_493_040.0)
    to_place = data.depth.rio.transform()
    assert to_place * (0.5, 0.5) == (505_005.0, 2_493_005.0) and to_place * (2.5, 3.5) == (505_025.0, 2_493_035.0)
    found = data.depth.sel(member="wet").sel(x=505_026.0, y=2_493_033.0, method="nearest")
    assert found.compute().item() == depth[1, 3, 2]
    north_up = data.depth.sel(member="wet").rio.reproject("EPSG:4547", resolution=10.0)
    assert north_up.y.values[0] > north_up.y.values[-1] and north_up.values[0, 0] == depth[1, 3, 0]
