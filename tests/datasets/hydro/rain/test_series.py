"""Rain through time: what headings say is read, what contradicts them is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.rain.series import RainSeries, read_rain_series
from citytide.datasets.text.missing import read_missing


def read(folder: Path, text: str, units: str | None = None, missing: str | None = None, **options: str) -> RainSeries:
    file = folder / "rain.csv"
    file.write_text(text, encoding="utf-8")
    return read_rain_series(file, units=units, missing=read_missing(missing), **options)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rates_are_kept_in_mm_an_hour(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "rain.csv"
    file.write_bytes("时间(秒),雨量\n0,1e-5\n60,2e-5\n".encode(encoding))
    rain = read_rain_series(file, units="m s-1")
    assert rain.start_s.tolist() == [0.0, 60.0] and rain.zone == (0,) and rain.epoch_s is None
    np.testing.assert_allclose(rain.rate[:, 0], [36.0, 72.0])


@pytest.mark.parametrize(
    "text",
    [
        "time (min),rain (mm/h)\n0,80\n10,20\n",
        "rain (mm/h),time (min)\n80,0\n20,10\n",
        "time_s,rain_mm_h\n0,80\n600,20\n",
        "time_s,zone_0_mm_h,\n0,80,\n600,20,\n",
        "time (h since start)\train [mm/min]\n0\t1.3333333333333333\n0.16666666666666666\t0.3333333333333333\n",
        "# from the office\n时间(分钟);雨强(毫米/小时)\n0;80,0\n10;20,0\n",
        "# time (min),rain (mm/h)\n# made by x\n0,80\n10,20\n",
        "# time (min);rain (mm/h)\n0,80\n10,20\n",
        "Elapsed time (min),Rainfall intensity (mm/h)\n0,80\n10,20\n",
        "time (mins),rain (mm/hr)\n0,80\n10,20\n",
        "TIME (HRS),RAIN (MM/H)\n0,80\n0.166666666667,20\n",
        "# time (min),rain (mm 10min-1)\n0,13.333333333333334\n10,3.3333333333333335\n",
    ],
)
def test_headings_tell_times_and_units(tmp_path: Path, text: str) -> None:
    rain = read(tmp_path, text)
    np.testing.assert_allclose(rain.start_s, [0.0, 600.0])
    np.testing.assert_allclose(rain.rate, [[80.0], [20.0]])


def test_numbers_order_the_zones(tmp_path: Path) -> None:
    rain = read(tmp_path, "time (s),zone2 (mm/h),zone 0,rain_1 (mm/h)\n0,2,0,1\n9,20,0,10\n", units="mm h-1")
    assert rain.zone == (0, 1, 2) and rain.rate.tolist() == [[0.0, 1.0, 2.0], [0.0, 10.0, 20.0]]
    some = read(tmp_path, "time (s),zone2 (mm/h),zone1 (mm/h)\n0,2,1\n")
    assert some.zone == (1, 2) and some.rate.tolist() == [[1.0, 2.0]]


def test_dates_give_the_run_its_start(tmp_path: Path) -> None:
    text = "time,rain (mm/h)\n2023-09-07 22:00,80\n2023-09-07 22:10,20\n"
    rain = read(tmp_path, text, time_zone="Asia/Shanghai")
    assert rain.epoch_s == 1694095200 and rain.start_s.tolist() == [0.0, 600.0]
    assert rain.notes == ("The run starts with the first row of rain.csv, at 2023-09-07 14:00:00+00:00.",)
    assert read(tmp_path, text.replace("time", "time (UTC+8)")).epoch_s == 1694095200


def test_days_since_a_date_are_read_with_their_fractions(tmp_path: Path) -> None:
    text = "time (days since 1970-01-01T00:00Z),rain (mm/h)\n19607.9166667,80\n19607.9236111,20\n"
    rain = read(tmp_path, text)
    assert rain.epoch_s == 1694124000 and rain.start_s[0] == 0.0 and abs(rain.start_s[1] - 600.0) < 0.01
    for since in ("2023-09-07", "2023-09-07Z", "2023/9/7 UTC", "2023-09-07 00:00:00+00:00"):
        rain = read(tmp_path, f"time (min since {since}),rain (mm/h)\n1320,80\n1330,20\n", time_zone="UTC")
        assert rain.epoch_s == 1694124000 and rain.start_s.tolist() == [0.0, 600.0]
    with pytest.raises(InputError, match="zone"):
        read(tmp_path, "time (min since 2023-09-07),rain (mm/h)\n1320,80\n")


def test_what_fell_in_an_interval_needs_rows_that_keep_it(tmp_path: Path) -> None:
    rain = read(tmp_path, "time (min),rain (mm/5min)\n0,5\n5,0\n30,2\n35,0\n")
    assert rain.rate.ravel().tolist() == [60.0, 0.0, 24.0, 0.0]
    told = r"line 2: rain is in 'mm/5min', a sum over 300 s, but the next row is 600 s later; correct the unit"
    with pytest.raises(InputError, match=told):
        read(tmp_path, "time (min),rain (mm/5min)\n0,5\n10,5\n20,0\n")
    with pytest.raises(InputError, match=r"line 1: rain is in 'mm \(5 min\)-1'"):
        read(tmp_path, "0,5\n600,0\n", units="mm (5 min)-1")


def test_an_interval_may_be_declared_for_a_heading_of_depths(tmp_path: Path) -> None:
    text = "time (min),rain (mm)\n0,5\n5,0\n"
    for units in ("mm/(5 min)", "mm/5 mins", "mm 5min-1"):
        assert read(tmp_path, text, units=units).rate.ravel().tolist() == [60.0, 0.0]
    with pytest.raises(InputError, match=r"heading 'rain \(mm\)' has 'mm', but 'cm \(5 min\)-1' is declared"):
        read(tmp_path, text, units="cm (5 min)-1")


def test_missing_rates_lie_between_their_neighbours(tmp_path: Path) -> None:
    rain = read(tmp_path, "time (s),rain (mm/h)\n0,10\n60,---\n120,999.90\n180,40\n", missing="999.9,---")
    assert rain.rate.ravel().tolist() == [10.0, 20.0, 30.0, 40.0]
    assert "rain.csv: 2 of 4 values of rain (mm/h) are missing" in rain.notes[0] and "180 s apart" in rain.notes[0]
    kept = read(tmp_path, "0,10\n60,999.9\n", units="mm h-1", missing="none")
    assert kept.rate.ravel().tolist() == [10.0, 999.9]


def test_columns_that_are_not_read_are_named(tmp_path: Path) -> None:
    rain = read(tmp_path, "# gauge 7\ntime (s),rain (mm/h),temperature (degC),quality\n0,1,20,good\n9,2,21,good\n")
    assert rain.notes == (
        "rain.csv: not read: temperature (degC), quality (good in every row).",
        "rain.csv: comments are not read: # gauge 7",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("time (s),rain\n", "at least one row"),
        ("5,1\n", "line 1: the time is 5 s"),
        ("0,1\n0,2\n", "line 2: the time is 0 s"),
        ("0,1\n9,-2\n", "line 2: column 2 is -2, which is -2 mm h-1; it must be 0 to 2000"),
        ("0,1\n9,nan\n", "line 2: column 2 has no value in the last row"),
        ("0,1\n9,x\n", "line 2: column 2 is 'x'; give a number, or declare --set missing=x"),
        ("0,1\n9,2,3\n", "line 2: the row has 3 cells for 2 columns"),
        ("0\n", "line 1: a row must have a time and at least one rate, got one cell"),
        ("80,0\n20,600\n", "line 1: the time is 80 s"),
        ("0,7200\n", "line 1: column 2 is 7200, which is 7200 mm h-1; it must be 0 to 2000"),
        ("0,999.9\n", "line 1: column 2 is 999.9, which is a usual code .* --set missing=none if every"),
        ("time (min),rain (mm)\n0,1\n", "has 'mm', but 'mm h-1' is declared; omit the rain_units"),
        ("time (min),rain (m/s)\n0,1\n", "has 'm/s', but 'mm h-1' is declared"),
        ("time,rain (mm/h)\n0,1\n", "line 2: time is 0, a number, but the heading names no unit; name the column time"),
        ("time (UTC),rain (mm/h)\n0,1\n", "line 2: time .UTC. is 0, a number"),
        ("time (fortnight-ish),rain\n0,1\n", "neither a unit of time nor a zone"),
        ("time (s),hills,plain\n0,1,2\n", "not understood as rain: 'hills', 'plain'; name one column rain"),
        ("time (s),rain,rain total\n0,1,2\n", "not understood as rain: 'rain total'"),
        ("time (s),rain,雨量\n0,1,2\n", "'rain' and '雨量' both hold the rain of zone 0"),
        (
            "# units: mm/10min\ntime (s),rain\n0,1\n",
            "comment '# units: mm/10min' is not read: units, time zones",
        ),
        (
            "id,time (s),rain\nA,0,1\nB,9,1\n",
            "of one station: column 'id' holds A, B; give one table for each station",
        ),
        (
            "site,time (s),rain\nA,0,1\nB,9,1\n",
            "of one station: column 'site' holds A, B; give one table for each station",
        ),
        ("# times in minutes\n0,1\n9,1\n", "comment '# times in minutes' names a unit of time, .* begin with seconds"),
        ("# time (min) rain\n0,1\n9,1\n", "names a unit of time, and columns without names begin with seconds"),
        ("# time (min),rain,more\n0,1\n9,1\n", "names a unit of time, and columns without names begin with seconds"),
        ("hills,rain\n0,1\n", "no column of times among hills, rain"),
        ("time (s),rain,quality\n0,1,good\n9,2,bad\n", "column 'quality' marks rows .'good', 'bad'. and is not read"),
        ("time (s);rain\n0;1,500\n9;2,250\n", "line 2: '1,500' is ambiguous: it may be 1.500 or 1500"),
    ],
)
def test_wrong_table_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(tmp_path, text, units="mm h-1")


def test_depth_is_no_rate(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="mm"):
        read(tmp_path, "0,1\n", units="mm")
    with pytest.raises(InputError, match="rain_units"):
        read(tmp_path, "0,1\n", units=None)
    with pytest.raises(InputError, match="rain_units"):
        read(tmp_path, "time (s),rain\n0,1\n", units=None)
