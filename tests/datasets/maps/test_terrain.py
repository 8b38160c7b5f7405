"""Heights name their datum; roughness is one number or a raster on the same grid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.maps.terrain import open_terrain

HEAD = "ncols 3\nnrows 2\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -1\n"


def write(file: Path, rows: str, head: str = HEAD) -> Path:
    file.write_text(head + rows)
    return file


def test_a_terrain_names_its_datum_and_masks_what_is_missing(tmp_path: Path) -> None:
    terrain = open_terrain(write(tmp_path / "z.asc", "1 2 3\n4 5 -1\n"), crs="EPSG:4547", height_datum="cn85")
    assert terrain.height_datum == "CN85" and terrain.height.tolist() == [[4, 5, 0], [1, 2, 3]]
    assert terrain.valid.tolist() == [[True, True, False], [True, True, True]]
    assert np.unique(terrain.manning).tolist() == [np.float32(0.035)]


def test_roughness_comes_from_a_raster_on_the_same_grid(tmp_path: Path) -> None:
    heights, rough = (
        write(tmp_path / "z.asc", "1 2 3\n4 5 -1\n"),
        write(tmp_path / "n.asc", ".02 .03 .04\n.05 .06 -1\n"),
    )
    terrain = open_terrain(heights, crs="local", manning_file=rough)
    assert terrain.height_datum == "local"
    heights.with_suffix(".prj").write_text("EPSG:4547")
    assert open_terrain(heights, height_datum="CN85", manning_file=rough).crs == "EPSG:4547"
    assert terrain.manning[0].round(3).tolist() == pytest.approx([0.05, 0.06, 0.035])


@pytest.mark.parametrize(
    ("rows", "head", "options", "complaint"),
    [
        ("1 2 3\n4 5 6\n", HEAD, {}, r"z.asc: .*height"),
        ("1 2 3\n4 5 6\n", HEAD, {"height_datum": "sea"}, r"'sea'"),
        ("1 2 3\n4 5 6\n", HEAD, {"height_datum": "CN85", "manning": -1.0}, r"manning must be above 0 .* got -1"),
    ],
)
def test_what_is_not_said_of_a_terrain_is_asked_for(
    tmp_path: Path, rows: str, head: str, options: dict[str, object], complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        open_terrain(write(tmp_path / "z.asc", rows, head), crs="EPSG:4547", **options)  # type: ignore[arg-type]


def test_roughness_on_another_grid_or_missing_under_heights_is_refused(tmp_path: Path) -> None:
    heights = write(tmp_path / "z.asc", "1 2 3\n4 5 6\n")
    moved = write(tmp_path / "n.asc", ".02 .03 .04\n.05 .06 .07\n", HEAD.replace("xllcorner 0", "xllcorner 5"))
    with pytest.raises(InputError, match=r"n.asc: the roughness is on .*resample"):
        open_terrain(heights, crs="local", manning_file=moved)
    bare = write(tmp_path / "m.asc", ".02 .03 .04\n.05 .06 -1\n")
    with pytest.raises(InputError, match=r"m.asc: the roughness at 25, 5 is -1"):
        open_terrain(heights, crs="local", manning_file=bare)


@pytest.mark.parametrize(
    ("head", "cell"),
    [("NODATA_value -3.4028234663852886e+38", "-3.4028235e+38"), ("", "-9999"), ("NODATA_value -32768", "-32768")],
)
def test_nodata_is_known_by_its_float32(tmp_path: Path, head: str, cell: str) -> None:
    file = tmp_path / "dem.asc"
    file.write_text(f"ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\n{head}\n5 {cell}\n")
    terrain = open_terrain(file, crs="local")
    assert terrain.valid.tolist() == [[True, False]] and terrain.height.tolist() == [[5.0, 0.0]]


@pytest.mark.parametrize("cell", ["-9999", "-3.4e38", "12000"])
def test_number_that_is_no_height_is_refused(tmp_path: Path, cell: str) -> None:
    file = tmp_path / "dem.asc"
    file.write_text(f"ncols 2\nnrows 1\nxllcorner 0\nyllcorner 0\ncellsize 10\nNODATA_value -1\n5 {cell}\n")
    with pytest.raises(InputError, match="means no data, declare it as the NODATA value: nodata="):
        open_terrain(file, crs="local")


def write_tiff(file: Path, values: Any, units: str | None = None, crs: str = "EPSG:4547", cell_m: float = 10.0) -> Path:
    import rasterio
    from rasterio.transform import from_origin

    place = from_origin(505000.0, 2493000.0, cell_m, cell_m)
    profile = dict(driver="GTiff", height=2, width=2, count=1, dtype=values.dtype, crs=crs, transform=place)
    with rasterio.open(file, "w", **profile) as opened:
        opened.write(values, 1)
        if units:
            opened.units = (units,)
    return file


HIGH = np.array([[100.0, 200.0], [300.0, 400.0]], np.float32)


@pytest.mark.parametrize(("units", "metres"), [("m", 1.0), ("ft", 0.3048), ("us-ft", 1200 / 3937), ("cm", 0.01)])
def test_heights_become_metres(tmp_path: Path, units: str, metres: float) -> None:
    expected = pytest.approx((HIGH[::-1].astype(np.float64) * metres).ravel().tolist(), rel=1e-7)
    for stated, declared in ((units, None), (None, units), (units, units)):
        file = write_tiff(tmp_path / "dem.tif", HIGH, stated)
        terrain = open_terrain(file, height_datum="CN85", height_units=declared)
        assert terrain.height.ravel().tolist() == expected
        assert ("Heights were converted" in " ".join(terrain.notes)) == (metres != 1.0)
    (tmp_path / "dem.prj").write_text("Projection UTM\nZone 33\nDatum WGS84\nZunits FEET\n")
    terrain = open_terrain(write(tmp_path / "dem.asc", "100 2 3\n4 5 6\n"), crs="EPSG:32633", height_datum="EGM96")
    assert terrain.height[1, 0] == pytest.approx(30.480061, abs=1e-5)


def test_a_vertical_crs_gives_datum_and_unit(tmp_path: Path) -> None:
    file = write_tiff(tmp_path / "dem.tif", HIGH, crs="EPSG:26911+6360")
    terrain = open_terrain(file)
    assert (terrain.crs, terrain.height_datum) == ("EPSG:26911", "NAVD88")
    assert terrain.height[1, 0] == pytest.approx(30.480061, abs=1e-5)
    plain = open_terrain(write_tiff(tmp_path / "p.tif", HIGH), height_datum="NAVD88 height (ft)")
    assert plain.height_datum == "NAVD88" and plain.height[1, 0] == pytest.approx(30.48)
    feet = open_terrain(write_tiff(tmp_path / "f.tif", HIGH, "ft"), height_datum="NAVD88")
    assert feet.height[1, 0] == pytest.approx(30.48)
    with pytest.raises(InputError, match=r"dem\.tif: the file has heights above NAVD88, CN85 is declared; omit"):
        open_terrain(file, height_datum="CN85")
    with pytest.raises(InputError, match=r"the file has heights in US survey foot, but height_units is m; omit"):
        open_terrain(file, height_units="m")


@pytest.mark.parametrize(
    ("values", "units", "crs", "complaint"),
    [
        (HIGH, "degC", "EPSG:4547", r"dem\.tif: the heights have the unit 'degC', which is not a known length"),
        (HIGH, None, "EPSG:2229", r"plane EPSG:2229 is not in metres, and nothing says in which unit the heights are"),
        (HIGH.astype(np.uint8), None, "EPSG:4547+5737", r"heights are 8-bit numbers"),
        (HIGH.astype(np.uint8), None, "EPSG:4547", r"heights are 8-bit numbers, as in a picture .*height_units=m"),
    ],
)
def test_numbers_that_may_be_no_metres_are_asked_for(
    tmp_path: Path, values: Any, units: str | None, crs: str, complaint: str
) -> None:
    with pytest.raises(InputError, match=complaint):
        open_terrain(write_tiff(tmp_path / "dem.tif", values, units, crs), height_datum="CN85")


def test_a_palette_is_no_terrain_and_declared_bytes_are(tmp_path: Path) -> None:
    import rasterio

    small = HIGH.astype(np.uint8)
    file = write_tiff(tmp_path / "dem.tif", small)
    terrain = open_terrain(file, height_datum="CN85", height_units="m")
    assert terrain.height.tolist() == small[::-1].tolist()
    whole = open_terrain(write_tiff(tmp_path / "i.tif", HIGH.astype(np.int16)), height_datum="CN85")
    assert whole.height.tolist() == HIGH[::-1].tolist()
    with rasterio.open(file, "r+") as opened:
        opened.write_colormap(1, {1: (255, 0, 0, 255)})
    with pytest.raises(InputError, match=r"the raster is a picture: its numbers are indices of a colour palette"):
        open_terrain(file, height_datum="CN85", height_units="m")


def test_an_unknown_word_for_a_unit_gives_way_to_the_declared_one(tmp_path: Path) -> None:
    file = write_tiff(tmp_path / "dem.tif", HIGH, "metros")
    assert open_terrain(file, height_datum="CN85", height_units="m").height.max() == 400.0
    with pytest.raises(InputError, match="unit 'metros', which is not a known length"):
        open_terrain(file, height_datum="CN85")
    with pytest.raises(InputError, match="unit 'degC', which is not a known length"):
        open_terrain(write_tiff(file, HIGH, "degC"), height_datum="CN85", height_units="m")


@pytest.mark.parametrize("cell", ["-999", "-32768", "1e20"])
def test_nodata_that_the_file_does_not_name_is_declared(tmp_path: Path, cell: str) -> None:
    file = write(tmp_path / "z.asc", f"1 2 3\n4 5 {cell}\n")
    with pytest.raises(
        InputError,
        match=rf"height at 25, 5 is .*declare it as the NODATA value: nodata={float(cell):g}".replace("+", r"\+"),
    ):
        open_terrain(file, crs="local")
    assert open_terrain(file, crs="local", nodata=float(cell)).valid.tolist() == [[True, True, False], [True] * 3]


def test_a_roughness_whose_cells_are_the_same_up_to_rounding_is_on_the_grid(tmp_path: Path) -> None:
    heights = write(tmp_path / "z.asc", "1 2 3\n4 5 6\n")
    near = write(tmp_path / "n.asc", ".02 .03 .04\n.05 .06 .07\n", HEAD.replace("xllcorner 0", "xllcorner 0.005"))
    assert open_terrain(heights, crs="local", manning_file=near).manning[0, 0] == np.float32(0.05)


@pytest.mark.parametrize(("scale", "told"), [(0.01, "-99.99"), (0.1, "-999.9")])
def test_advice_for_a_code_in_packed_heights_is_followed(tmp_path: Path, scale: float, told: str) -> None:
    import rasterio
    from rasterio.transform import from_origin

    file, held = tmp_path / "dem.tif", np.array([[100, 120], [-9999, 140]], np.int16)
    shape = {"driver": "GTiff", "height": 2, "width": 2, "count": 1, "dtype": "int16", "crs": "EPSG:4547"}
    with rasterio.open(file, "w", transform=from_origin(505_000.0, 2_493_020.0, 10.0, 10.0), **shape) as opened:
        opened.write(held, 1)
        opened.scales = (scale,)
    for nodata in (None, float(told)):
        with pytest.raises(InputError, match=rf"505005, 2493005 is {told} m, packed as -9999, .*nodata=-9999;"):
            open_terrain(file, height_datum="CN85", nodata=nodata)
    found = open_terrain(file, height_datum="CN85", nodata=-9999.0)
    assert found.height.tolist() == [[0.0, pytest.approx(140 * scale)], pytest.approx([100 * scale, 120 * scale])]
    assert found.valid.tolist() == [[False, True], [True, True]]
