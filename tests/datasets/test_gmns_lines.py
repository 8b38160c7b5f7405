import numpy as np
import pytest

from citytide.datasets.gmns_lines import parse_line


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
