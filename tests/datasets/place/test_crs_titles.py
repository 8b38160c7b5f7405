"""Names of CRS in messages are short."""

from __future__ import annotations

import pytest
from pyproj import CRS

from citytide.datasets.place.crs import name_crs
from citytide.datasets.place.crs_titles import title_crs


@pytest.mark.parametrize(
    ("crs", "title"),
    [
        ("EPSG:4547", "EPSG:4547"),
        ("local", "local"),
        (
            "+proj=laea +lat_0=55 +lon_0=10 +a=6370040 +b=6370040",
            "an unnamed CRS (Lambert Azimuthal Equal Area (Spherical))",
        ),
        ("+proj=longlat +a=6370040 +b=6370040", "an unnamed CRS of degrees"),
    ],
)
def test_titles_are_short(crs: str, title: str) -> None:
    assert title_crs(name_crs(crs)) == title


def test_title_of_wkt_is_its_own() -> None:
    held = CRS("EPSG:3035").to_json_dict()
    held.pop("id")
    for name in ("Radar composite", "Radar composite " * 9):
        held["name"] = name
        title = title_crs(CRS.from_json_dict(held).to_wkt())
        assert title.startswith("Radar composite") and len(title) <= 60
