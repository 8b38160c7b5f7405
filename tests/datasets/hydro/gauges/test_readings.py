"""What stations measured is the same layer whatever the table's encoding, order and zone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.gauges.readings import open_readings
from citytide.datasets.hydro.gauges.stations import open_readings as same_door
from citytide.datasets.hydro.layers import ReadingLayer, StationLayer
from citytide.datasets.text.times import read_times, show_time

STATIONS = StationLayer(
    "EPSG:4326", ("G2", "G1"), np.uint8([1, 1]), ("二", "一"), np.array([114.0, 114.1]), np.array([22.5, 22.6])
)
NIGHT = 1694095200  # 2023-09-07 22:00 in Shenzhen
NAIVE = "站号,时间,雨量(毫米/小时)\nG1,2023-09-07 23:00,12.5\nG2,2023-09-07 22:00,101.8\nG1,2023-09-07 22:00,0.1\n"

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def to_file(text: str, name: str = "rain.csv", encoding: str = "utf-8") -> Path:
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return to_file


def assert_equal(one: ReadingLayer, other: ReadingLayer) -> None:
    assert (one.quantity, one.units, one.notes) == (other.quantity, other.units, other.notes)
    for field in ("station", "time", "value"):
        assert getattr(one, field).dtype == getattr(other, field).dtype
        assert getattr(one, field).tobytes() == getattr(other, field).tobytes()


def test_readings_are_sorted_by_station_and_time(write: Write) -> None:
    layer = same_door(write(NAIVE), STATIONS, time_zone="Asia/Shanghai")
    assert (layer.quantity, layer.units, layer.height_datum) == ("rain rate", "mm h-1", None)
    assert layer.station.tolist() == [0, 1, 1]  # places in the station layer, not ids
    assert layer.time.tolist() == [NIGHT, NIGHT, NIGHT + 3600]
    assert layer.value.tolist() == [101.8, 0.1, 12.5]


def test_three_encodings_and_three_ways_to_tell_the_time_give_one_layer(write: Write) -> None:
    want = open_readings(write(NAIVE), STATIONS, time_zone="Asia/Shanghai")
    utc = NAIVE.replace(" 22:00", " 14:00").replace(" 23:00", " 15:00")
    aware = NAIVE.replace(":00,", ":00+08:00,")
    chinese = NAIVE.replace("2023-09-07 ", "2023年9月7日").replace(":00,", "时,")
    for text, zone in ((NAIVE, "Asia/Shanghai"), (utc, "UTC"), (aware, None), (chinese, "Asia/Shanghai")):
        for encoding in ("utf-8", "utf-8-sig", "gb18030"):
            file = write(text, f"深圳 {encoding}.csv", encoding)
            assert_equal(open_readings(file, STATIONS, time_zone=zone), want)


def test_the_order_of_rows_does_not_matter(write: Write) -> None:
    hours = [(name, NIGHT + 600 * k, 0.1 * (k + len(name))) for name in ("G1", "G2") for k in range(200)]
    rows = [f"{name},{show_time(second)},{value!r}" for name, second, value in hours]
    want = open_readings(write("\n".join(["id,time,rain (mm/h)", *rows])), STATIONS)
    random.Random(3).shuffle(rows)
    assert_equal(open_readings(write("\n".join(["id,time,rain (mm/h)", *rows])), STATIONS), want)
    assert want.value.tolist() == [value for name in ("G2", "G1") for other, _, value in hours if other == name]


def test_a_depth_over_its_interval_is_the_rate(write: Write) -> None:
    depth = write("id,time,rain (mm)\nG1,2023-09-07T14:00Z,2.5\n")
    declared = open_readings(depth, STATIONS, interval_s=600.0)
    written = open_readings(write("id,time,rain (mm/10min)\nG1,2023-09-07T14:00Z,2.5\n", "b.csv"), STATIONS)
    assert declared.value.tolist() == written.value.tolist() == [15.0]


def test_units_may_be_declared_and_other_columns_stay_aside(write: Write) -> None:
    file = write("id,name,time,value\nG1,一,2023-09-07T14:00Z,1\n")
    assert open_readings(file, STATIONS, quantity="rain rate", units="in/h").value.tolist() == [25.4]
    file = write("id,time,雨量(mm/h),水位(cm)\nG1,2023-09-07T14:00Z,1,250\n")
    level = open_readings(file, STATIONS, quantity="water level", height_datum="珠基")
    assert (level.units, level.value.tolist(), level.height_datum) == ("m", [2.5], "Pearl River")
    depth = open_readings(write("id,time,积水深度(厘米)\nG1,2023-09-07T14:00Z,35\n"), STATIONS)
    assert (depth.quantity, depth.value.tolist(), depth.height_datum) == ("water depth", [0.35], None)


def test_empty_cells_are_no_readings_and_are_counted(write: Write) -> None:
    file = write("id,time,rain (mm/h)\nG1,2023-09-07T14:00Z,\nG1,2023-09-07T14:00Z,1\nG1,2023-09-07T15:00Z,NaN\n")
    layer = open_readings(file, STATIONS)
    assert layer.value.tolist() == [1.0]
    assert layer.notes == ("2 of 3 rows have no value and were left out.",)
    text = HEAD + "G1,2023-09-07T14:00Z,999.9\nG1,2023-09-07T14:10Z,---\nG1,2023-09-07T15:00Z,2\n"
    assert open_readings(write(text), STATIONS, missing="999.9,---").value.tolist() == [2.0]


def test_zone_and_datum_of_headings_are_read(write: Write) -> None:
    file = write("id,time (UTC),level (cm HKPD),remark\nG1,2023-09-07 14:00,250,calm\n")
    layer = open_readings(file, STATIONS)
    assert (layer.time.tolist(), layer.value.tolist(), layer.height_datum) == ([NIGHT], [2.5], "HKPD")
    assert layer.notes == ("rain.csv: not read: remark.",)


def test_sums_follow_each_other_by_their_interval(write: Write) -> None:
    hours = [f"G1,2023-09-07T{hour}:00Z,100\n" for hour in (10, 11, 12, 14)]
    head = "id,time,rain (mm)\n"
    layer = open_readings(write(head + "".join(hours)), STATIONS, interval_s=3600.0)
    assert layer.value.tolist() == [100.0] * 4
    assert layer.notes == ("1 of 3 readings do not follow the one before by 3600 s: gaps stay gaps.",)
    hourly = open_readings(write("id,time,小时雨量(毫米)\n" + "".join(hours)), STATIONS)
    assert hourly.value.tolist() == [100.0] * 4
    for interval_s, what in ((600.0, "miss the rest of the time"), (7200.0, "overlap")):
        with pytest.raises(InputError, match=f"station 'G1' is read 3600 s apart .* would {what}; .*interval_s=3600"):
            open_readings(write(head + "".join(hours)), STATIONS, interval_s=interval_s)
    with pytest.raises(InputError, match="sums over 600 s, but station 'G1' is read 3600 s apart"):
        open_readings(write(head.replace("(mm)", "(mm/10min)") + "".join(hours)), STATIONS)


HEAD, ROW = "id,time,rain (mm/h)\n", "G1,2023-09-07T14:00Z,1\n"


@pytest.mark.parametrize(
    ("text", "options", "told"),
    [
        (NAIVE, {}, r"rain\.csv, line 2: time '2023-09-07 23:00' has no time zone; declare it, such as --declare"),
        (NAIVE, {"time_zone": "China"}, "time zone 'China' is unknown; give a name such as Asia/Shanghai"),
        (
            HEAD.replace("mm/h", "mm") + ROW,
            {},
            r"rain\.csv, line 1: rain rate is in 'mm', a sum over an interval, but a rate such as 'mm h-1' is "
            r"needed; name the interval: write mm/h or .* --declare readings\.interval_s=3600",
        ),
        (HEAD + ROW, {"interval_s": 600.0}, "which is not a sum over an interval, but interval_s is declared"),
        (HEAD + ROW, {"units": "mm"}, r"line 1: heading 'rain \(mm/h\)' has 'mm/h', but 'mm' is declared"),
        (HEAD.replace(" (mm/h)", "") + ROW, {}, "rain rate must have a unit; write it in the heading"),
        (HEAD.replace("mm/h", "kg") + ROW, {}, "cannot be converted to 'mm h-1'"),
        (HEAD + "G9,2023-09-07T14:00Z,1\n", {}, "line 2: station 'G9' is not among the 2 stations; add it there"),
        (
            HEAD + ROW + "G1,2023-09-07 22:00+08:00,1\n",
            {},
            r"line 3: station 'G1' has two readings at 2023-09-07 14:00:00\+00:00, the first on line 2; keep one",
        ),
        (HEAD + "G1,2023-09-07T14:00Z,-8\n", {}, r"line 2: rain \(mm/h\) is -8, .* leave the cell empty"),
        (HEAD + "G1,2023-09-07T14:00Z,2001\n", {}, "line 2: .* must be 0 to 2000"),
        (HEAD + "G1,2023-09-07T14:00Z,999.9\n", {}, r"line 2: .* usual code .* --declare readings\.missing=999\.9"),
        (
            HEAD + "G1,2023-09-07T14:00Z,T\n",
            {},
            r"line 2: .*'T'; give .* --declare readings\.missing=T",
        ),
        (
            HEAD.replace("time", "time (UTC)") + "G1,2023-09-07 14:00,1\n",
            {"time_zone": "Asia/Shanghai"},
            r"heading 'time \(UTC\)' and time_zone=Asia/Shanghai disagree: 2023-09-07 14:00 is",
        ),
        (HEAD.replace("time", "time (min)") + "G1,5,1\n", {}, "counts from a start, but dates are needed"),
        (
            "id,time,小时雨量(mm)\n" + ROW,
            {"interval_s": 600.0},
            "gives sums over 3600 s, but interval_s=600 is declared",
        ),
        ("id,time,daily rain (mm)\n" + ROW, {"quantity": "rain rate", "interval_s": 600.0}, "sums over 86400 s"),
        (
            HEAD.strip() + ",unit\nG1,2023-09-07T14:00Z,1,in/h\n",
            {},
            "column 'unit' is not read: units, time zones, datums",
        ),
        ("id,time,level (m HKPD)\n" + ROW, {"height_datum": "CN85"}, "counts water levels from HKPD, the declaration"),
        ("id,time,depth (m)\nG1,2023-09-07T14:00Z,51\n", {}, "is 51 m; it must be 0 to 50 m"),
        (HEAD.strip() + ",flag\nG1,2023-09-07T14:00Z,1,A\nG1,2023-09-07T15:00Z,1,M\n", {}, "column 'flag' marks rows"),
        (HEAD + "G1,2023-09-07T14:00Z,much\n", {}, r"line 2: rain \(mm/h\) is 'much'; give a number"),
        (HEAD + ",2023-09-07T14:00Z,1\n", {}, "line 2: id is empty"),
        (
            "id,time,level (m)\n" + ROW,
            {},
            "the heights must have a datum, they name none; declare height_datum as one of CN85",
        ),
        ("id,time,level (m)\n" + ROW, {"height_datum": "sea"}, "height datum 'sea' is unknown"),
        (
            "id,time,wind\n" + ROW,
            {},
            r"no column whose quantity is known \(wind\); declare quantity as one of",
        ),
        ("id,time,rain (mm),rain (mm/h)\nG1,2023-09-07T14:00Z,1,1\n", {}, "has several columns of values"),
        (
            "id,time,cumulative rain (mm)\n" + ROW,
            {"quantity": "rain rate", "interval_s": 3600.0},
            "may not be the rain",
        ),
        ("id,time,wind (mm/h)\n" + ROW, {"quantity": "rain rate"}, r"column 'wind \(mm/h\)' may not be the rain"),
        (HEAD + ROW, {"quantity": "snow"}, "quantity 'snow' is unknown; choose one of rain rate"),
        ("id,rain (mm/h)\nG1,1\n", {}, "line 1: the table has no times; name a column time"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(write: Write, text: str, options: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        open_readings(write(text), STATIONS, **options)


def test_an_empty_table_has_no_readings(write: Write) -> None:
    layer = open_readings(write(HEAD), STATIONS)
    assert layer.time.dtype == read_times([]).dtype and len(layer.value) == 0
