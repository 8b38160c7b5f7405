from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.workflows.hydro.warning.observations import open_observations
from citytide.workflows.hydro.warning.points import Points

POINTS = Points(("gate", "yard"), np.array([5.0, 15.0]), np.array([5.0, 5.0]), np.array([0, 1]), ((0.1,), (0.2,)))
TIME = 1_694_080_800 + np.array([0, 300, 600])  # 2023-09-07 10:00 UTC, 18:00 in Shenzhen


def write(folder: Path, *rows: str) -> Path:
    path = folder / "read.csv"
    path.write_text("point,time,depth (cm)\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_depths_lie_on_lines_between_readings_in_any_unit_and_zone(tmp_path: Path) -> None:
    path = write(tmp_path, "gate,2023-09-07 18:00,0", "gate,2023-09-07 18:10,20", "yard,2023-09-07 18:05,50")
    depth, notes = open_observations(path, POINTS, TIME, time_zone="Asia/Shanghai")
    np.testing.assert_allclose(depth[:, 0], [0.0, 0.1, 0.2], rtol=1e-6)
    assert np.isnan(depth[:, 1]).all() and notes == ("1 of 2 points were not read throughout and are not verified.",)


def test_codes_zones_and_other_columns_of_readings_are_told(tmp_path: Path) -> None:
    path = tmp_path / "read.csv"
    path.write_text(
        "point;time (UTC+8);depth (cm);by\ngate;2023-09-07 18:00;0;A\ngate;2023-09-07 18:05;99,9;A\n"
        "gate;2023-09-07 18:10;20,0;A\n"
    )
    with pytest.raises(InputError, match=r"line 3: depth \(cm\) is 99\.9, .* declare --set missing=99\.9"):
        open_observations(path, POINTS, TIME, time_zone=None)
    depth, notes = open_observations(path, POINTS, TIME, time_zone=None, missing="99.9")
    np.testing.assert_allclose(depth[:, 0], [0.0, 0.1, 0.2], rtol=1e-6)
    assert notes[:2] == ("1 of 3 rows have no value and were left out.", "read.csv: not read: by.")


def test_levels_are_no_depths(tmp_path: Path) -> None:
    path = tmp_path / "read.csv"
    path.write_text("point,time,level (m)\ngate,2023-09-07T10:00Z,5\ngate,2023-09-07T10:10Z,5\n")
    with pytest.raises(InputError, match=r"column 'level \(m\)' may not be the water depth; name it"):
        open_observations(path, POINTS, TIME, time_zone=None)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            "gate,2023-09-07T10:01Z,5",
            r"read.csv: at least one point must have readings .* from 2023-09-07T10:00:00Z to 2023-09-07T10:10:00Z",
        ),
        ("tower,2023-09-07T10:00Z,5", "point 'tower' is not among"),
        ("gate,2023-09-07 10:00,5", "zone"),
        ("gate,2023-09-07T10:00Z,-5", "depth"),
        ("gate,2023-09-07T10:00Z,5100", "which is 51 m; it must be 0 to 50 m"),
    ],
)
def test_readings_that_cannot_verify_are_refused(tmp_path: Path, row: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        open_observations(write(tmp_path, row), POINTS, TIME, time_zone=None)
