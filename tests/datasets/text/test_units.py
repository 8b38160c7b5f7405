"""Units are read and converted at the door, or refused by name."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.text.units import agree_units, convert_units, find_interval, parse_units


@pytest.mark.parametrize(
    ("given_text", "same"),
    [
        ("mm/h", "mm h-1"),
        ("mm/hr", "mm h-1"),
        ("毫米/小时", "mm h-1"),
        ("毫米每小时", "mm h-1"),
        ("毫米/时", "mm h-1"),
        ("㎜/h", "mm h-1"),
        ("MM/H".lower(), "mm h-1"),
        ("米", "m"),
        ("公里/小时", "km h-1"),
        ("立方米/秒", "m3 s-1"),
        ("m³/s", "m3 s-1"),
        ("m^3/s", "m3 s-1"),
        ("mm/10min", "mm (10 min)-1"),
        ("毫米/10分钟", "mm (10 min)-1"),
        ("mm per 5 min", "mm (5 min)-1"),
        ("mm 10min-1", "mm (10 min)-1"),
        ("mm 5min^-1", "mm (5 min)-1"),
        ("mm 10min⁻¹", "mm (10 min)-1"),
        ("mm*10min**-1", "mm (10 min)-1"),
        ("mm/10 min", "mm (10 min)-1"),
        ("kg m-2 10min-1", "kg m-2 (10 min)-1"),
        ("0.1 mm/h", "mm (10 h)-1"),
        ("辆/小时", "veh h-1"),
        ("pcu/h", "veh/hour"),
        ("℃", "degC"),
        ("cumecs", "m3 s-1"),
        ("cms", "m3/s"),
        ("CFS", "ft3 s-1"),
        ("mins", "min"),
        ("hrs", "h"),
    ],
)
def test_spellings_of_tables_are_the_same_unit(given_text: str, same: str) -> None:
    assert parse_units(given_text) == parse_units(same)


@pytest.mark.parametrize("text", ["mm 10 min-1", "mm.10min-1", "mm/10", "mm h -1", "kg m-2 10 min-1"])
def test_units_that_can_be_read_in_two_ways_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is ambiguous as a unit"):
        parse_units(text)
    with pytest.raises(InputError, match=r"rain has the unit .*, which is ambiguous; .* mm/\(10 min\)"):
        convert_units([1.0], text, "mm h-1", what="rain")


@pytest.mark.parametrize("unit", ["Mm3/d", "MM3/day", "mm3/d", "Mm^3", "Mm³/d"])
def test_millions_of_cubic_metres_are_no_cubic_millimetres(unit: str) -> None:
    with pytest.raises(InputError, match=r"is ambiguous; write hm3 for millions of cubic metres"):
        convert_units([1.0], unit, "m3 s-1", what="discharge")
    np.testing.assert_allclose(convert_units([8.64], "hm3/d", "m3 s-1", what="discharge"), [100.0])


def test_a_sum_over_ten_minutes_is_six_times_as_much_an_hour() -> None:
    for text in ("mm 10min-1", "mm/10 min", "kg m-2 10min-1"):
        assert convert_units([2.5], text, "mm h-1", what="rain").tolist() == [15.0]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("mm/10min", 600.0),
        ("mm 5min-1", 300.0),
        ("毫米/6小时", 21600.0),
        ("mm/h", None),
        ("mm", None),
        ("m3 s-1", None),
    ],
)
def test_a_unit_tells_its_interval(text: str, seconds: float | None) -> None:
    assert find_interval(text) == seconds


def test_a_declared_unit_agrees_with_the_heading_or_is_refused() -> None:
    assert agree_units("rain (mm/h)", "mm/h", "mm hour-1") == "mm/h"
    assert agree_units("rain", None, "mm/h") == "mm/h" and agree_units("rain", None, None) is None
    with pytest.raises(InputError, match=r"g\.csv, line 1: heading 'rain \(mm/h\)' has 'mm/h', but 'mm' is declared"):
        agree_units("rain (mm/h)", "mm/h", "mm", file="g.csv")


@pytest.mark.parametrize("text", ["", "  ", "unknown", "no_unit", "furlongs of rain", "雨"])
def test_what_is_no_unit_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="unit"):
        parse_units(text)


@pytest.mark.parametrize(
    ("value", "have", "wanted", "result"),
    [
        (0.1, "mm min-1", "mm h-1", 6.0),
        (1.0, "in/h", "mm h-1", 25.4),
        (24.0, "mm/d", "mm h-1", 1.0),
        (2.5, "mm/10min", "mm h-1", 15.0),
        (3.0, "ft", "m", 0.9144),
        (36.0, "km/h", "m s-1", 10.0),
        (1.0, "kg m-2 s-1", "mm h-1", 3600.0),  # water: a litre on a square metre is a millimetre
        (5.0, "kg m-2", "mm", 5.0),
        (2.0, "m", "mm", 2000.0),
    ],
)
def test_conversions_that_are_exact_come_out_so(value: float, have: str, wanted: str, result: float) -> None:
    assert convert_units([value], have, wanted, what="x").tolist() == [result]


def test_temperatures_have_another_zero() -> None:
    assert convert_units([20.0], "degC", "K", what="air").tolist() == pytest.approx([293.15], abs=1e-9)


@given(st.lists(st.floats(-1e6, 1e6), max_size=20), st.sampled_from(("mm/h", "毫米/小时", "mm hour-1", " mm h-1 ")))
def test_one_unit_changes_no_bit_and_makes_a_copy(values: list[float], spelling: str) -> None:
    numbers = np.array(values, np.float64)
    kept = convert_units(numbers, spelling, "mm h-1", what="rain")
    assert kept.tobytes() == numbers.tobytes() and not np.shares_memory(kept, numbers)


@given(st.floats(1e-6, 1e6), st.sampled_from(("mm s-1", "in/h", "m d-1", "kg m-2 s-1", "ft/min")))
def test_there_and_back_is_the_same_number(value: float, unit: str) -> None:
    there = convert_units([value], unit, "mm h-1", what="rain")
    assert convert_units(there, "mm h-1", unit, what="rain")[0] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("depth", ["mm", "毫米", "in", "kg m-2"])
def test_a_depth_where_a_rate_is_needed_is_refused_by_name(depth: str) -> None:
    told = (
        rf"g\.csv, line 1: rain rate is in '{depth}', a sum over an interval, but a rate such as 'mm h-1' is "
        rf"needed; name the interval: write {depth}/h or {depth}/\(10 min\), or declare"
    )
    with pytest.raises(InputError, match=told):
        convert_units([1.0], depth, "mm h-1", what="rain rate", file="g.csv", line=1)


@given(st.integers(0, 1000), st.sampled_from((60, 300, 600, 3600, 86400)))
def test_a_depth_over_a_declared_interval_is_a_rate(depth: int, interval_s: int) -> None:
    rate = convert_units([depth], "mm", "mm h-1", what="rain", interval_s=interval_s)[0]
    assert rate == pytest.approx(depth * 3600 / interval_s, rel=1e-14)


@pytest.mark.parametrize(
    ("have", "wanted", "interval_s", "told"),
    [
        (
            None,
            "mm h-1",
            None,
            r"g\.csv: rain must have a unit; write it in the heading, such as rain \(mm h-1\), or",
        ),
        ("", "m", None, "rain must have a unit"),
        ("mmm", "mm h-1", None, "has the unit 'mmm', which is unknown; write it as 'mm h-1'"),
        ("degC", "mm h-1", None, "is in 'degC', which cannot be converted to 'mm h-1'; give a unit that can"),
        ("mm/h", "m", None, "is in 'mm/h', which cannot be converted to 'm'"),
        ("mm/h", "mm h-1", 600.0, "is in 'mm/h', which is not a sum over an interval, but interval_s is declared"),
        ("mm", "mm h-1", 0.0, "interval_s must be above 0 s, got 0"),
        ("mm", "mm h-1", float("nan"), "interval_s must be above 0 s, got nan"),
    ],
)
def test_units_that_do_not_fit_are_refused(have: str | None, wanted: str, interval_s: float | None, told: str) -> None:
    with pytest.raises(InputError, match=told):
        convert_units([1.0], have, wanted, what="rain", file="g.csv", interval_s=interval_s)
