"""Heights name their datum; roughness is one number or a raster on the same grid."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.formats.terrain import open_terrain

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
    assert terrain.manning[0].round(3).tolist() == pytest.approx([0.05, 0.06, 0.035])


@pytest.mark.parametrize(
    ("rows", "head", "options", "complaint"),
    [
        ("1 2 3\n4 5 6\n", HEAD, {}, r"z.asc: .*height"),
        ("1 2 3\n4 5 6\n", HEAD, {"height_datum": "sea"}, r"'sea'"),
        ("1 2 3\n4 5 6\n", HEAD, {"height_datum": "CN85", "manning": -1.0}, r"manning is -1"),
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
    with pytest.raises(InputError, match="NODATA"):
        open_terrain(file, crs="local")
