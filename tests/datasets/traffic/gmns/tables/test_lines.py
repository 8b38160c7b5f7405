from pathlib import Path

import numpy as np
import pytest
from gmns_folders import LINK, write

from citytide.datasets.catalogue.networks import open_instance
from citytide.datasets.errors import InputError
from citytide.datasets.traffic.gmns.tables.lines import parse_line


@pytest.mark.parametrize(
    "text",
    [
        "LINESTRING (0 0, 3 4)",
        "linestring(0 0,3 4)",
        "SRID=4326;LINESTRING Z (0 0 7, 3 4 7)",
        '{"type": "LineString", "coordinates": [[0, 0], [3, 4]]}',
    ],
)
def test_lines_are_read_however_they_are_written(text: str):
    line = parse_line(text)
    assert line is not None
    np.testing.assert_array_equal(line, [[0.0, 0.0], [3.0, 4.0]])


@pytest.mark.parametrize(
    "text", ["LINESTRING (0 0)", "POINT (1 2)", "{}", "LINESTRING (0 0, 3)", "LINESTRING (. -, 1 1)"]
)
def test_what_is_no_line_is_none(text: str):
    assert parse_line(text) is None


TRIANGLE = "node_id,x_coord,y_coord,zone_id\n1,114.00,22.50,1\n2,114.01,22.50,\n3,114.02,22.50,2\n"
EMPTY = """link_id,from_node_id,to_node_id,directed,length,free_speed,capacity,geometry
1,1,2,true,,50,9,{}
2,2,3,true,,50,9,
"""


def measure(folder: Path, geometry: str = "", node: str = TRIANGLE, crs: str = "") -> list[float]:
    config = f"long_length,speed,crs\nkm,km/h,{crs}\n"
    link, demand = EMPTY.format(geometry and f'"{geometry}"'), "o_zone_id,d_zone_id,volume\n1,2,1\n"
    return open_instance(write(folder, link=link, node=node, demand=demand, config=config)).length.tolist()


def test_a_line_of_one_part_is_a_line(tmp_path: Path):
    bent = "LINESTRING (114 22.5, 114.005 22.52, 114.01 22.5)"
    assert measure(tmp_path, bent.replace("LINE", "MULTILINE").replace("(", "((") + ")") == measure(tmp_path, bent)
    assert measure(tmp_path, bent)[0] > 4.0 > 1.1 > measure(tmp_path)[0]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"geometry": "LINESTRING (114 22.5, 1e999 22.6, 114.01 22.5)"}, "line 2: geometry has a position that is"),
        ({"geometry": "LINESTRING (114 22.5, nan 22.6, 114.01 22.5)"}, "line 2: geometry has a position that is"),
        ({"geometry": "0102000000"}, "line 2: geometry is neither WKT LINESTRING nor GeoJSON, and no length is"),
        ({"node": "node_id,x_coord,y_coord,zone_id\n1,0,0,1\n2,0,0,\n3,0,0,2\n"}, "they are typically 0 m; links of"),
        ({"node": "node_id,x_coord,y_coord,zone_id\n1,0,0,1\n2,50,0,\n3,99,0,2\n"}, r"typically 5.\d+e\+06 m; links"),
        ({"crs": "EPSG:4547"}, "typically 0.00997 m; links of roads have 5 m to 50,000 m; give lengths, or c"),
        (
            {"crs": "EPSG:4326", "node": "node_id,x_coord,y_coord,zone_id\n1,22.5,114,1\n2,22.6,114,\n3,22.7,114,2\n"},
            "node.csv, line 2: y_coord is 114, and EPSG:4326 has degrees of at most 90 there; correct the crs, or swap",
        ),
    ],
)  # fmt: skip
def test_lengths_that_cannot_be_measured_are_refused(tmp_path: Path, changed: dict[str, str], said: str):
    with pytest.raises(InputError, match=said):
        measure(tmp_path, **changed)


def test_a_text_for_a_number_is_refused(tmp_path: Path):
    with pytest.raises(InputError, match=r"line 3: lanes is '2;3'; give a number, or leave the cell empty"):
        open_instance(write(tmp_path, link=LINK.replace("1.1,,30", "1.1,2;3,30")))
