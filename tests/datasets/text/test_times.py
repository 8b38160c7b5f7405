"""Times of tables become seconds of UTC, or are refused with the way out."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import hypothesis.strategies as st
import pytest
from hypothesis import given

from citytide.datasets.errors import InputError
from citytide.datasets.text.times import check_zone, find_zone, read_times, show_time

NIGHT = 1694095200  # 2023-09-07 22:00 in Shenzhen
ZONES = st.sampled_from(("Asia/Shanghai", "UTC", "Europe/Zurich", "America/St_Johns", "Asia/Kathmandu"))


@pytest.mark.parametrize(
    "text",
    [
        "2023-09-07 22:00",
        "2023-09-07 22:00:00",
        "2023-09-07T22:00:00.000",
        "2023/9/7 22:00",
        "2023.09.07 22:00",
        "2023年9月7日22时",
        "2023年09月07日 22时00分",
        "2023年9月7日22点0分0秒",
        "2023年9月7日 22:00",
        "2023-09-07 22:00",  # full-width digits and colon
        "202309072200",
        "20230907T220000",
        "2023090722",
        " 2023-09-07 22:00 ",
        "2023-09-07 22:00+08:00",
        "2023-09-07T22:00:00 +0800",
        "2023-09-07T14:00:00Z",
        "2023-09-07 14:00 UTC",
        "2023-09-07 22:00 北京时间",
        "2023-09-07 09:00-05",
        "20230907T140000Z",
    ],
)
def test_one_hour_in_many_forms(text: str) -> None:
    assert read_times([text], time_zone="Asia/Shanghai").tolist() == [NIGHT]


def test_24_00_ends_its_day() -> None:
    same = read_times(["2023-12-31 24:00", "2024-01-01 00:00", "2023年12月31日24时"], time_zone="Asia/Shanghai")
    assert len(set(same.tolist())) == 1


def test_an_offset_outweighs_the_declared_zone() -> None:
    assert read_times(["2023-09-07T14:00Z", "2023-09-07 14:00"], time_zone="Asia/Tokyo").tolist() == [
        NIGHT,
        NIGHT - 9 * 3600,
    ]


def test_naive_times_are_refused_with_their_line_unless_a_zone_is_declared() -> None:
    told = (
        r"rain\.csv, line 4: time '2023-09-07 22:00' has no time zone; declare it, such as "
        r"--declare readings\.time_zone=Asia/Shanghai"
    )
    with pytest.raises(InputError, match=told):
        read_times(["2023-09-07T14:00Z", "2023-09-07 22:00"], time_zone=None, file="rain.csv", line=[2, 4])


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("yesterday", r"'yesterday' cannot be read; write 2023-09-07 22:00:00"),
        ("", "cannot be read"),
        ("7/9/2023 22:00", "cannot be read"),  # of September, or of July?
        ("2023-9/7 22:00", "cannot be read"),
        ("2023-09-07 22:00 CST", "cannot be read"),  # China's, Cuba's or Chicago's
        ("2023-09-07", r"must have an hour, not only a date; give the time at which the reading ended"),
        ("20230907", r"must have an hour, not only a date"),
        ("2023-02-30 10:00", r"does not exist \(day is out of range for month\); correct the row"),
        ("2023-09-07 24:30", "does not exist"),
        ("2023-09-07 22:60", "does not exist"),
        ("2023-09-07 22:00+08:75", "does not exist"),
        ("2023-09-07 22:00+25:00", "does not exist"),
        ("2023-09-07 22:00:00.5", "is not a whole second"),
    ],
)
def test_what_is_no_time_is_refused(text: str, told: str) -> None:
    with pytest.raises(InputError, match=told):
        read_times([text], time_zone="Asia/Shanghai")


def test_hours_that_a_change_of_clocks_left_out_or_gave_twice_are_refused() -> None:
    for text, zone, told in (
        ("2024-03-31 02:30", "Europe/Zurich", "never happened in Europe/Zurich"),
        ("2024-10-27 02:30", "Europe/Zurich", "happened twice in Europe/Zurich"),
        ("1988-04-17 02:30", "Asia/Shanghai", "never happened in Asia/Shanghai"),  # China had summer time until 1991
    ):
        with pytest.raises(InputError, match=f"{told}, when the clocks changed; write it with its offset"):
            read_times([text], time_zone=zone)
    assert read_times(["2024-10-27 02:30+01:00"], time_zone="Europe/Zurich").tolist() == [1729992600]


def test_an_unknown_zone_is_refused() -> None:
    for name in ("Asia/Shenzhen", "", "../etc/passwd"):
        with pytest.raises(InputError, match=r"time zone .* is unknown; give a name such as Asia/Shanghai"):
            check_zone(name)
    with pytest.raises(InputError, match=r"^f\.csv: time zone 'CST'"):
        read_times([], time_zone="CST", file="f.csv")


@given(st.integers(-(10**10), 10**11), ZONES)
def test_what_is_shown_reads_back(second: int, zone: str) -> None:
    if ZoneInfo(zone).utcoffset(datetime(1970, 1, 1) + timedelta(seconds=second)).total_seconds() % 60:  # type: ignore[union-attr]
        return  # before standard time offsets had seconds, which ISO 8601 has not
    assert read_times([show_time(second, zone)], time_zone=None).tolist() == [second]


@given(st.lists(st.datetimes(datetime(1992, 1, 1), datetime(2100, 1, 1)), max_size=20))
def test_beijing_time_and_utc_give_the_same_seconds(moments: list[datetime]) -> None:
    moments = [moment.replace(microsecond=0) for moment in moments]
    here = read_times([f"{m:%Y-%m-%d %H:%M:%S}" for m in moments], time_zone="Asia/Shanghai")
    there = read_times([f"{m - timedelta(hours=8):%Y-%m-%d %H:%M:%S}" for m in moments], time_zone="UTC")
    assert here.dtype == "int64" and here.tobytes() == there.tobytes()


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("UTC", 0.0),
        ("z", 0.0),
        ("utc+8", 8.0),
        ("GMT-05:30", -5.5),
        ("+08:00", 8.0),
        ("北京时间", 8.0),
        ("asia/tokyo", 9.0),
    ],
)
def test_zones_of_headings_are_found(text: str, hours: float) -> None:
    zone = find_zone(text)
    assert zone is not None and datetime(2023, 9, 7, tzinfo=zone).utcoffset() == timedelta(hours=hours)


@pytest.mark.parametrize("text", ["min", "s", "", "yyyy-mm-dd", "atlantis/west", "utc+25"])
def test_what_is_no_zone_is_none(text: str) -> None:
    assert find_zone(text) is None


def test_an_abbreviation_is_no_zone_that_can_be_relied_on() -> None:
    with pytest.raises(
        InputError, match=r"time zone 'CST' is an abbreviation .* write the offset, such as time \(UTC\+8"
    ):
        find_zone("CST")


def test_a_time_may_not_contradict_the_heading_of_its_column() -> None:
    zone = find_zone("utc")
    assert read_times(["2023-09-07 14:00", "2023-09-07T14:00Z"], time_zone=zone, heading="time (utc)").tolist() == [
        1694095200, 1694095200,
    ]  # fmt: skip
    with pytest.raises(
        InputError, match=r"'2023-09-07T22:00\+08:00' is not in the zone that heading 'time \(utc\)' names"
    ):
        read_times(["2023-09-07T22:00+08:00"], time_zone=zone, heading="time (utc)")
