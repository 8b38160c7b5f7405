"""Facilities are points with a kind; what nobody knows is kept as other, and said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.maps.facilities import open_facilities
from citytide.datasets.maps.layers import FACILITY_KINDS

TABLE = """编号,名称,类型,床位,经度,纬度
H1,市民医院,医院,1200,114.05,22.54
A1,中心,急救站,,114.06,22.55
X,汗蒸,浴室,3,114.07,22.5
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_every_encoding_gives_the_same_facilities(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "医院 一.csv"
    file.write_text(TABLE, encoding=encoding)
    care = open_facilities(file, crs="EPSG:4326")
    assert care.facility_id == ("H1", "A1", "X") and care.name == ("市民医院", "中心", "汗蒸")
    assert [FACILITY_KINDS[kind] for kind in care.kind] == ["hospital", "ambulance station", "other"]
    assert np.array_equal(care.capacity, [1200.0, np.nan, 3.0], equal_nan=True)
    assert care.notes == ("Facilities of kind 浴室 are kept as 'other'.",)


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ("name,lon,lat\na,1,2\n", r"must have kinds; name a column kind; the columns are name, lon, lat"),
        ("kind,name\nhospital,a\n", r"line 1: the table must have columns of places"),
        ("id,kind,lon,lat\n1,clinic,1,2\n1,clinic,3,4\n", r"line 3: facility id '1' is not unique"),
        ("kind,beds,lon,lat\nclinic,-2,1,2\n", r"line 2: beds is -2"),
        ("kind,beds,lon,lat\nclinic,few,1,2\n", r"line 2: beds is 'few'"),
        ("kind,lon,lat\nclinic,east,2\n", r"line 2: lon is 'east'"),
    ],
)
def test_what_is_wrong_with_a_table_names_the_line(tmp_path: Path, table: str, complaint: str) -> None:
    file = tmp_path / "care.csv"
    file.write_text(table)
    with pytest.raises(InputError, match=complaint):
        open_facilities(file, crs="EPSG:4326")
