from pathlib import Path

import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.traffic.demand.files import DemandPart, read_entries

PERIODS = (
    "o_zone_id,d_zone_id,volume,mode,time_period\n1,2,10,auto,AM\n1,2,20,auto,PM\n1,2,30,truck,AM\n1,2,40,truck,PM\n"
)


def write(folder: Path, text: str) -> Path:
    (folder / "od.csv").write_text(text, encoding="utf-8")
    return folder / "od.csv"


@pytest.mark.parametrize(
    ("period", "mode", "volume"), [("AM", "auto", 10), ("pm", "auto", 20), ("AM", "Truck", 30), ("PM", "truck", 40)]
)
def test_one_period_and_one_mode_are_read(tmp_path: Path, period: str, mode: str, volume: float):
    entries = read_entries(write(tmp_path, PERIODS), DemandPart(period, mode))
    assert (entries.origin.tolist(), entries.destination.tolist(), entries.volume.tolist()) == ([1], [2], [volume])
    assert f"time_period is {period.upper()} in every row" in " ".join(entries.notes)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (DemandPart(), r"od.csv, line 1: column 'time_period' holds several: AM, PM; choose one with demand_period="),
        (DemandPart("AM"), r"column 'mode' holds several: auto, truck; choose one with demand_mode="),
        (DemandPart("noon"), r"demand_period is 'noon', and no row is of that period; choose one of AM, PM"),
        (DemandPart("AM", "bus"), r"demand_mode is 'bus', and no row is of that mode; choose one of auto, truck"),
        (DemandPart(matrix="m"), r"demand_matrix is 'm', and a table of pairs has no matrix; omit the option"),
    ],
)
def test_several_periods_and_modes_are_never_added_up(tmp_path: Path, part: DemandPart, message: str):
    with pytest.raises(InputError, match=message):
        read_entries(write(tmp_path, PERIODS), part)


@pytest.mark.parametrize(
    ("heading", "cells"),
    [("time", "7,8"), ("hour", "7,8"), ("departure_time", "07:00,08:00"), ("date", "2024-05-01,2024-05-02"),
     ("\u65f6\u6bb5", "\u65e9\u9ad8\u5cf0,\u665a\u9ad8\u5cf0"), ("Day Type", "work,free")],
)  # fmt: skip
def test_any_column_that_tells_times_apart_asks(tmp_path: Path, heading: str, cells: str):
    one, two = cells.split(",")
    file = write(tmp_path, f"origin,destination,demand (veh/h),{heading}\n1,2,3,{one}\n1,2,4,{two}\n")
    with pytest.raises(InputError, match="holds several"):
        read_entries(file)
    assert read_entries(file, DemandPart(period=two)).volume.tolist() == [4]


def test_hours_from_and_to_are_chosen_by_the_first(tmp_path: Path):
    file = write(tmp_path, "o,d,demand,start_hour,end_hour\n1,2,3,7,8\n1,2,4,8,9\n")
    assert read_entries(file, DemandPart(period="7")).volume.tolist() == [3]
    with pytest.raises(InputError, match=r"demand_period is '8', and columns start_hour, end_hour both hold it"):
        read_entries(file, DemandPart(period="8"))


def test_a_choice_that_the_table_does_not_have_is_refused(tmp_path: Path):
    file = write(tmp_path, "origin,destination,demand\n1,2,3\n")
    for part, word in ((DemandPart(period="AM"), "period"), (DemandPart(mode="car"), "mode")):
        with pytest.raises(InputError, match=f"and no column tells a {word}; omit the option"):
            read_entries(file, part)


def test_trips_on_foot_are_not_driven_unasked(tmp_path: Path):
    file = write(tmp_path, "origin,destination,demand,mode\n1,2,3,walk\n")
    with pytest.raises(InputError, match=r"mode is 'walk' in every row, which are no cars; set demand_mode=walk"):
        read_entries(file)
    assert read_entries(file, DemandPart(mode="walk")).volume.tolist() == [3]


def test_a_column_for_each_mode_is_read_at_the_one_that_is_named(tmp_path: Path):
    file = write(tmp_path, "origin,destination,car,truck\n1,2,3,4\n")
    with pytest.raises(
        InputError, match=r"column 'demand' is missing; .* or name a column of volumes with demand_mode="
    ):
        read_entries(file)
    entries = read_entries(file, DemandPart(mode="truck"))
    assert entries.volume.tolist() == [4] and "not read: car" in " ".join(entries.notes)


@pytest.mark.parametrize(
    ("heading", "volume"),
    [("demand (veh/h)", 3.0), ("Volume [pcu/h]", 3.0), ("trips", 3.0), ("demand (veh/15min)", 12.0), ("veh_h", 3.0),
     ("demand (\u8f86/\u5c0f\u65f6)", 3.0), ("volume (trips/min)", 180.0)],
)  # fmt: skip
def test_units_of_volumes_become_vehicles_per_hour(tmp_path: Path, heading: str, volume: float):
    assert read_entries(write(tmp_path, f"origin,destination,{heading}\n1,2,3\n")).volume.tolist() == [volume]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "origin,destination,demand (veh/d)\n1,2,3\n",
            r"column 'demand \(veh/d\)' counts a day, and capacities an hour",
        ),
        ("origin,destination,demand (t)\n1,2,3\n", r"the unit of 'demand \(t\)' must be vehicles per time"),
        ("origin,destination,demand (人次)\n1,2,3\n", r"the unit of 'demand \(人次\)' must be vehicles per time"),
        (
            "origin,destination,demand (persons/h)\n1,2,3\n",
            r"must be vehicles per time; give vehicles per hour",
        ),
        ("origin,destination,demand,expansion\n1,2,3,10\n", r"column 'expansion' may scale the demand and is not read"),
        ("origin,destination,demand,unit\n1,2,3,veh/d\n", r"column 'unit' is not read: units, time zones"),
        ("origin,destination,demand,volume\n1,2,3,4\n", r"columns 'demand', 'volume' may each be the demand"),
        ("o,d,from,to,demand\n1,2,1,2,3\n", r"origins and destinations are named twice: by o, d and from, to"),
        ("a,b,c\n1,2,3\n", r"column 'origin' is missing; the columns are a, b, c; name them origin, destination"),
        ("o,d,volume,period\n1,2,3,0600_0900\n", r"period '0600_0900' lasts 3 h, and capacities are those of one hour"),
        ("1,2,300\n1,3,200\n", r"column 'origin' is missing"),
        ("<NUMBER OF ZONES> 2\n<END OF METADATA>\n", r"this is a TNTP trip table, which only a TNTP network takes"),
        ("o/d,1,2,sum\n1,0,3,3\n", r"heading 'sum' of a matrix is no whole number of a zone; remove sums"),
        ("o/d,1 Centre,2 North\n1,0,3\n", r"heading '1 centre' of a matrix is no whole number of a zone"),
        ("o,d,demand (veh/h),demand (veh/min)\n1,2,3,4\n", r"columns 'demand \(veh/h\)' and 'demand \(veh/min\)' may"),
        ("o (id),o (code),d,demand\n1,2,3,4\n", r"columns 'o \(id\)' and 'o \(code\)' may each be the o; keep one"),
    ],
)
def test_what_would_change_the_answer_is_refused(tmp_path: Path, text: str, message: str):
    with pytest.raises(InputError, match=message):
        read_entries(write(tmp_path, text))


def test_a_period_of_an_hour_or_a_stated_unit_is_taken(tmp_path: Path):
    hour = read_entries(write(tmp_path, "o,d,volume,period\n1,2,3,0700_0800\n"))
    assert hour.volume.tolist() == [3] and "period is 0700_0800" in hour.notes[0]
    stated = read_entries(write(tmp_path, "o,d,volume (veh/h),period\n1,2,3,0600_0900\n"))
    assert stated.volume.tolist() == [3]


@pytest.mark.parametrize(
    ("heading", "cell", "said"),
    [
        ("period", "0000_2400", "lasts 24 h"), ("period", "00:00-24:00", "lasts 24 h"), ("period", "7-9", "lasts 2 h"),
        ("period", "AM 7-9", "lasts 2 h"), ("tod", "07-09", "lasts 2 h"), ("period", "7:00 AM - 9:00 AM", "lasts 2 h"),
        ("period", "7:00\u20149:00", "lasts 2 h"), ("\u65f6\u6bb5", "7\u65f6-9\u65f6", "lasts 2 h"),
        ("time", "2026-01-01 07:00/2026-01-01 09:00", "lasts 2 h"), ("period", "AM (3h)", "lasts 3 h"),
        ("time_period", "24h", "lasts 24 h"), ("period", "daily", "lasts 24 h"),
        ("\u65f6\u6bb5", "\u5168\u65e5", "lasts 24 h"), ("interval", "15", "does not say that it is an hour"),
        ("interval", "15 min", "lasts 0.25 h"), ("interval_min", "15", "lasts 0.25 h"),
        ("duration_h", "3", "lasts 3 h"),
        ("hours", "3", "lasts 3 h"), ("duration", "3", "does not say"),
        ("start_time,end_time", "07:00,09:00", "lasts 2 h"),
        ("start_hour,end_hour", "7,9", "lasts 2 h"), ("period", "winter", "does not say that it is an hour"),
        ("time", "25200", "does not say"), ("date", "2026-01-01", "does not say"), ("day", "Monday", "does not say"),
        ("period_name", "peak period", "does not say"), ("period", "2026-01-01", "does not say"),
    ],
)  # fmt: skip
def test_a_period_that_is_no_hour_is_refused_unless_the_heading_has_the_unit(
    tmp_path: Path, heading: str, cell: str, said: str
):
    with pytest.raises(InputError, match=rf"period '.*' {said}.*, and capacities are those of one hour; give vehicles"):
        read_entries(write(tmp_path, f"origin,destination,demand,{heading}\n1,2,2400,{cell}\n"))
    stated = read_entries(write(tmp_path, f"origin,destination,demand (veh/h),{heading}\n1,2,2400,{cell}\n"))
    assert stated.volume.tolist() == [2400]


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("period", "AM"), ("period", "07:00-08:00"), ("hour", "7"), ("period", "7-8"), ("period", "am peak hour"),
     ("start,end", "7,8"), ("start_time,end_time", "07:00,08:00"), ("duration_min", "60"),
     ("date,hour", "2026-01-01,7"),
     ("interval", "1h"), ("\u65f6\u6bb5", "\u65e9\u9ad8\u5cf0"), ("period", "0700_0800"), ("travel_time", "17")],
)  # fmt: skip
def test_a_period_that_may_be_an_hour_is_read(tmp_path: Path, heading: str, cell: str):
    assert read_entries(write(tmp_path, f"o,d,volume,{heading}\n1,2,3,{cell}\n")).volume.tolist() == [3]


def test_times_that_follow_within_an_hour_are_no_hours(tmp_path: Path):
    file = write(tmp_path, "o,d,volume,time\n1,2,3,07:00\n1,2,4,07:15\n")
    with pytest.raises(InputError, match=r"period '07:15' lasts 0.25 h"):
        read_entries(file, DemandPart(period="07:15"))


@pytest.mark.parametrize(
    "mode",
    ["Public Transit", "PuT", "cyclist", "Bus rapid transit", "pedestrians", "\u516c\u5171\u4ea4\u901a", "walk_transit",
     "SCHOOL BUS", "car passenger", "all modes", "1"],
)  # fmt: skip
def test_a_mode_that_is_not_known_to_be_cars_is_asked_for(tmp_path: Path, mode: str):
    file = write(tmp_path, f"origin,destination,demand,mode\n1,2,3,{mode}\n")
    with pytest.raises(InputError, match=f"mode is '{mode}' in every row, which .* cars; set demand_mode={mode} if"):
        read_entries(file)
    assert read_entries(file, DemandPart(mode=mode)).volume.tolist() == [3]


@pytest.mark.parametrize(
    ("heading", "value"),
    [("mode", "car"), ("mode", "Auto"), ("main_mode", "SOV"), ("vehicle_type", "heavy truck"), ("mode", "Car (driver)"),
     ("\u8f66\u578b", "\u5c0f\u6c7d\u8f66"), ("purpose", "work"), ("user_class", "high income")],
)  # fmt: skip
def test_a_mode_that_is_cars_is_read(tmp_path: Path, heading: str, value: str):
    file = write(tmp_path, f"origin,destination,demand,{heading}\n1,2,3,{value}\n")
    assert read_entries(file).volume.tolist() == [3]


@pytest.mark.parametrize("heading", ["pce", "pcu", "persons_per_vehicle", "growth", "percent", "occupancy", "k_factor"])
def test_a_column_that_scales_the_demand_is_refused(tmp_path: Path, heading: str):
    with pytest.raises(InputError, match=f"column '{heading}' may scale the demand and is not read; multiply"):
        read_entries(write(tmp_path, f"origin,destination,demand,{heading}\n1,2,3,2.5\n"))
    assert read_entries(write(tmp_path, f"origin,destination,demand,{heading}\n1,2,3,1\n")).volume.tolist() == [3]


def test_other_traffic_beside_the_volumes_is_not_left_out_unasked(tmp_path: Path):
    file = write(tmp_path, "origin,destination,trips,trucks\n1,2,3,5\n")
    with pytest.raises(InputError, match=r"column 'trucks' may hold more of the traffic, and only 'trips' is read"):
        read_entries(file)
    assert read_entries(file, DemandPart(mode="trips")).volume.tolist() == [3]
    assert read_entries(file, DemandPart(mode="trucks")).volume.tolist() == [5]
    file = write(tmp_path, "origin,destination,distance\n1,2,3\n")
    with pytest.raises(InputError, match=r"column 'distance' may hold no trips; choose a column of volumes"):
        read_entries(file, DemandPart(mode="distance"))
    plain = "origin,destination,trips,distance_km,bus_trips,vehicle_id\n1,2,3,5,6,7\n"
    assert read_entries(write(tmp_path, plain)).volume.tolist() == [3]


def test_a_comment_of_a_day_is_refused(tmp_path: Path):
    with pytest.raises(
        InputError, match=r"comment '# daily trips' speaks of a day or more, and capacities are those of one"
    ):
        read_entries(write(tmp_path, "# daily trips\no,d,volume\n1,2,3\n"))
    assert read_entries(write(tmp_path, "# trips of 2019\no,d,volume\n1,2,3\n")).volume.tolist() == [3]


@pytest.mark.parametrize(
    ("column", "said"),
    [("0600_0900", "3 h"), ("am_3h", "3 h"), ("volume_15min", "0.25 h"), ("trips_24h", "a day or more")],
)
def test_a_column_of_a_period_that_is_no_hour_is_refused(tmp_path: Path, column: str, said: str):
    file = write(tmp_path, f"origin,destination,{column},pm\n1,2,3,4\n")
    with pytest.raises(InputError, match=f"column '{column}' counts {said}, and capacities are those of one hour"):
        read_entries(file, DemandPart(period=column))
    assert read_entries(file, DemandPart(period="pm")).volume.tolist() == [4]
