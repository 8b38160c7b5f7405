"""Headings: capitals that matter, units in brackets or at the end, columns that tell stations or other quantities."""

from __future__ import annotations

from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.text.headings import (
    match_heading,
    refuse_other_quantity,
    refuse_several_stations,
    split_heading,
)
from citytide.datasets.text.tables import Table

FLOWS, LEVELS = ("discharge", "flow", "流量"), ("water level", "level", "stage", "水位")


def table(**columns: list[str]) -> Table:
    return Table(Path("t.csv"), columns, list(range(2, 2 + len(next(iter(columns.values()))))))


@pytest.mark.parametrize(
    ("heading", "parts"),
    [
        ("Flow (ML/d)", ("flow", "ML/d")),
        ("FLOW (ML/DAY)", ("flow", "ML/day")),
        ("流量\uff08ML/d\uff09", ("流量", "ML/d")),
        ("Flow (ml/s)", ("flow", "ml/s")),
        ("RAIN (MM/H)", ("rain", "mm/h")),
        ("Level [Mm]", ("level", "Mm")),
        ("Time (Min)", ("time", "min")),
        ("Flow ()", ("flow ()", None)),
    ],
)
def test_capitals_are_kept_where_they_change_a_unit(heading: str, parts: tuple[str, str | None]) -> None:
    assert split_heading(heading) == parts


@pytest.mark.parametrize(
    ("heading", "unit"),
    [
        ("flow_cfs", "ft3 s-1"), ("flow (cfs)", "cfs"), ("flow_in (m3/s)", "m3/s"), ("flow_d (l/s)", "l/s"),
        ("flow m3/s", "m3 s-1"),
    ],
)  # fmt: skip
def test_the_unit_is_told_from_the_words(heading: str, unit: str) -> None:
    assert match_heading(heading, FLOWS) == (True, unit)


def test_two_units_that_differ_are_refused() -> None:
    with pytest.raises(InputError, match="names two units, 'inch' and 'cm'"):
        match_heading("level_in (cm)", LEVELS)


@pytest.mark.parametrize(
    "column",
    [
        "site",
        "gauge",
        "station_no",
        "Station Number",
        "gage id",
        "rain_gauge",
        "location",
        "parameter",
        "scenario",
        "测站名",
    ],
)
def test_a_column_that_tells_series_apart_is_no_single_series(column: str) -> None:
    held = {"time (s)": ["0", "9"], "level (m)": ["1", "2"]}
    with pytest.raises(
        InputError, match=f"of one station: column '{column}' holds A, B; give one table for each station"
    ):
        refuse_several_stations(table(**held, **{column: ["A", "B"]}), list(held))
    refuse_several_stations(table(**held, **{column: ["A", "A"]}), list(held))
    refuse_several_stations(table(**held, **{"location (m/s)": ["1", "2"], "wind": ["3", "4"]}), list(held))


@pytest.mark.parametrize(
    "heading",
    [
        "depth (m)", "surge (m)", "anomaly (m)", "gauge height (m)", "level anomaly (m)", "tide residual (m)",
        "level above ground (m)", "B (m)", "增水(米)",
    ],
)  # fmt: skip
def test_a_lone_column_of_another_quantity_is_refused(heading: str) -> None:
    with pytest.raises(InputError, match="may not be the water level; name it water level if"):
        refuse_other_quantity(table(**{heading: ["1"]}), heading, (*LEVELS, "tide"))


def test_a_lone_column_of_the_quantity_or_of_values_is_taken() -> None:
    for heading in ("value (m)", "stage at the gate (m)", "observed water_level (m)", "东江水位(米)"):
        refuse_other_quantity(table(**{heading: ["1"]}), heading, LEVELS)
    refuse_other_quantity(table(**{"ponding depth (m)": ["1"]}), "ponding depth (m)", ("water depth", "depth"))
    for heading in ("outflow (m3/s)", "release (m3/s)", "flow loss (m3/s)"):
        with pytest.raises(InputError, match="may not be the discharge"):
            refuse_other_quantity(table(**{heading: ["1"]}), heading, FLOWS)
