"""Warnings as files: places on earth, order, and what stands where nothing happens."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.place.transformation import transform
from citytide.workflows.hydro.warning.files import describe_rows, write_warnings
from citytide.workflows.hydro.warning.table import derive_warnings

NAMES = ["深南大道下穿", "valley"]
X, Y = np.array([500_000.0, 501_000.0]), np.array([2_490_000.0, 2_491_000.0])
ISSUED = 1_694_095_200  # 2023-09-07 14:00 UTC


def make_rows() -> list[dict[str, object]]:
    depth = np.zeros((2, 3, 2))
    depth[:, 1:, 1] = 0.4
    found = derive_warnings(depth, ISSUED + np.array([0, 300, 600]), [[0.2], [0.2]])
    return describe_rows(found, NAMES, issued_s=ISSUED, valid_until_s=ISSUED + 600)


def test_table_says_what_the_members_say(tmp_path: Path) -> None:
    table, _ = write_warnings(tmp_path, make_rows(), NAMES, X, Y, "EPSG:4547")
    first, second = csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    assert (first["point"], first["probability"], first["x"]) == ("valley", "1.0", "501000.000")
    assert first["onset_50"] == "2023-09-07T14:02:30Z" and first["peak_m_50"] == "0.4"
    assert first["issued_at"] == "2023-09-07T14:00:00Z" and first["valid_until"] == "2023-09-07T14:10:00Z"
    assert (second["point"], second["probability"], second["onset_50"]) == (NAMES[0], "0.0", "")


def test_points_stand_where_they_are_on_earth(tmp_path: Path) -> None:
    _, points = write_warnings(tmp_path, make_rows(), NAMES, X, Y, "EPSG:4547")
    document = json.loads(points.read_text(encoding="utf-8"))
    assert document["type"] == "FeatureCollection" and "plane" not in document
    place = document["features"][0]["geometry"]["coordinates"]
    east, north = transform(X[1:], Y[1:], "EPSG:4547", "EPSG:4326")
    assert place == pytest.approx([east[0], north[0]], abs=1e-7)
    assert 113 < place[0] < 115 and 22 < place[1] < 23
    assert document["features"][1]["properties"]["onset_50"] is None


def test_plane_without_a_place_on_earth_says_so(tmp_path: Path) -> None:
    _, points = write_warnings(tmp_path, make_rows(), NAMES, X, Y, "local")
    document = json.loads(points.read_text(encoding="utf-8"))
    assert document["plane"].startswith("local")
    assert document["features"][0]["geometry"]["coordinates"] == [501_000.0, 2_491_000.0]
    assert not list(tmp_path.glob("*.partial"))
