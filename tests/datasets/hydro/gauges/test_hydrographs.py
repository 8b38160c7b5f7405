"""Hydrographs: what their rows and headings say, what a run sees of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.hydro.gauges.hydrographs import Hydrograph, read_hydrograph
from citytide.datasets.text.missing import read_missing


def write(folder: Path, text: str) -> Path:
    file = folder / "tide.csv"
    file.write_text(text, encoding="utf-8")
    return file


@pytest.mark.parametrize(
    "text",
    [
        "time (min),level (cm)\n0,50\n60,150\n",
        "time_s,level (m)\n0,0.5\n3600,1.5\n",
        "level (m),time (h)\n0.5,0\n1.5,1\n",
        "\ufefftime (s),stage at the gate (m)\n0,0.5\n3600,1.5\n",
        "elapsed_time (min),water surface elevation (m)\n0,0.5\n60,1.5\n",
        "time_min;level_cm\n0;50,0\n60;150,0\n",
        "# time (min)\tlevel (m CN85)\n0\t0.5\n60\t1.5\n",
    ],
)
def test_headings_tell_columns_and_units(tmp_path: Path, text: str) -> None:
    graph = read_hydrograph(write(tmp_path, text), "water level")
    np.testing.assert_allclose(graph.time_s, [0.0, 3600.0])
    np.testing.assert_allclose(graph.value, [0.5, 1.5])
    assert not graph.is_dated


def test_dates_are_laid_on_the_run(tmp_path: Path) -> None:
    text = "时间,流量(m3/s)\n2023-09-07 22:00,10\n2023-09-07 23:00,40\n"
    graph = read_hydrograph(write(tmp_path, text), "discharge", time_zone="Asia/Shanghai")
    assert graph.is_dated and graph.time_s[0] == 1694095200
    time_s, value = graph.cut(1800.0, start_utc_s=1694095200 + 600)
    np.testing.assert_allclose(time_s, [0.0, 1800.0])
    np.testing.assert_allclose(value, [15.0, 30.0])


@pytest.mark.parametrize(
    ("heading", "cells"),
    [
        ("time (UTC)", ("2023-09-07 14:00", "2023-09-07 15:00")),
        ("time_utc", ("2023-09-07 14:00", "2023-09-07T15:00Z")),
        ("时间(北京时间)", ("2023-09-07 22:00", "2023-09-07 23:00")),
        ("time (UTC+8)", ("2023-09-07 22:00", "2023-09-07 23:00+08:00")),
        ("datetime (Asia/Shanghai)", ("2023-09-07 22:00", "2023-09-07 23:00")),
        ("time (yyyy-mm-dd hh:mm utc)", ("2023-09-07 14:00", "2023-09-07 15:00")),
        ("time (h since 2023-09-07 13:00Z)", ("1", "2")),
    ],
)
def test_the_zone_of_a_heading_is_read(tmp_path: Path, heading: str, cells: tuple[str, str]) -> None:
    graph = read_hydrograph(write(tmp_path, f"{heading},level (m)\n{cells[0]},1\n{cells[1]},2\n"), "water level")
    assert graph.is_dated and graph.time_s.tolist() == [1694095200.0, 1694098800.0]


@pytest.mark.parametrize(
    ("unit", "value"),
    [
        ("ML/d", 86.4),
        ("ML/DAY", 86.4),
        ("Ml/d", 86.4),
        ("ml/s", 1e6),
        ("cumecs", 1.0),
        ("cms", 1.0),
        ("cfs", 35.314667),
    ],
)
def test_flows_in_the_units_of_their_countries_are_m3_a_second(tmp_path: Path, unit: str, value: float) -> None:
    for words in ("flow", "Q", "Flow_in"):
        text = f"time (hrs),{words} ({unit})\n0,{value}\n1,{value}\n"
        graph = read_hydrograph(write(tmp_path, text), "discharge")
        np.testing.assert_allclose(graph.value, [1.0, 1.0], rtol=1e-6)


def test_days_since_a_date_reach_over_a_run_to_their_digits(tmp_path: Path) -> None:
    text = "time (days since 2023-09-07T00:00Z),level (m)\n0.916667,1\n0.958333,2\n"
    graph = read_hydrograph(write(tmp_path, text), "water level")
    assert graph.cut(3600.0, start_utc_s=1694124000)[1][[0, -1]].tolist() == pytest.approx([1.0, 2.0], abs=1e-4)


def test_missing_values_lie_on_the_line_and_other_columns_are_told(tmp_path: Path) -> None:
    text = "time (s),level (m),wind (m/s),qc\n0,1,7,ok\n60,999.9,7,ok\n120,,7,ok\n180,4,7,ok\n"
    graph = read_hydrograph(write(tmp_path, text), "water level", missing=read_missing("999.9"))
    assert graph.value.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert graph.notes == (
        "tide.csv: not read: wind (m/s), qc (ok in every row).",
        "tide.csv: 2 of 4 values of level (m) are missing and were taken on straight lines between their neighbours, "
        "at most 180 s apart.",
    )


@pytest.mark.parametrize(
    "text",
    [
        "time (s),level (m HKPD)\n0,1\n60,2\n",
        "time (s),level above chart datum (m)\n0,1\n60,2\n",
        "time (s),level (m above MSL)\n0,1\n60,2\n",
        "time (s),珠基水位(米)\n0,1\n60,2\n",
        "time (s),level asl (m)\n0,1\n60,2\n",
        "time (s),level mlw (m)\n0,1\n60,2\n",
        "time (s),level CGVD28 (m)\n0,1\n60,2\n",
        "time (s),level ign69 (m)\n0,1\n60,2\n",
        "time (s),level above sea level (m)\n0,1\n60,2\n",
        "time (s),level (NAVD88 ft)\n0,1\n60,2\n",
        "time (s),吴淞水位(m)\n0,1\n60,2\n",
        "time (s),level (m),datum\n0,1,Pearl River\n60,2,Pearl River\n",
        "time (s),level (m),datum\n0,1,CN85\n60,2,NAVD88\n",
    ],
)
def test_levels_from_another_datum_than_the_ground_are_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"counts water levels from .*, the ground's heights are from CN85; convert"):
        read_hydrograph(write(tmp_path, text), "water level", height_datum="CN85")


def test_levels_from_the_datum_of_the_ground_are_read(tmp_path: Path) -> None:
    for heading in ("level (m CN85)", "level above CN85 (m)", "水位(米,85高程)", "level (m)"):
        graph = read_hydrograph(
            write(tmp_path, f'time (s),"{heading}"\n0,1\n60,2\n'), "water level", height_datum="CN85"
        )
        assert graph.value.tolist() == [1.0, 2.0]


@given(
    gaps=st.lists(st.floats(1.0, 500.0), min_size=1, max_size=6),
    values=st.lists(st.floats(-5.0, 5.0), min_size=7, max_size=7),
    share=st.tuples(st.floats(0.0, 0.4), st.floats(0.5, 1.0)),
)
def test_cut_keeps_the_line(gaps: list[float], values: list[float], share: tuple[float, float]) -> None:
    time = np.concatenate([[0.0], np.cumsum(gaps)])
    graph = Hydrograph(Path("x.csv"), time, np.array(values[: time.size]), is_dated=True)
    start, end = int(share[0] * time[-1]), share[1] * time[-1]
    cut_s, cut = graph.cut(end - start, start_utc_s=start)
    assert cut_s[0] == 0.0 and cut_s[-1] == end - start and (np.diff(cut_s) > 0).all()
    seen = np.linspace(0.0, end - start, 17)
    np.testing.assert_allclose(np.interp(seen, cut_s, cut), np.interp(seen + start, time, graph.value), atol=1e-9)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time (s),level\n0,1\n60,2\n", "water level must have a unit"),
        ("time (s),level (m3)\n0,1\n60,2\n", "m3"),
        ("level (m)\n1\n", "no column of times"),
        ("time (s)\n1\n", "no column of water levels"),
        ("time (min),depth (m)\n0,1\n9,2\n", "line 1: column 'depth .m.' may not be the water level"),
        ("time (min),surge (m)\n0,1\n9,2\n", "line 1: column 'surge .m.' may not be the water level"),
        ("site,time (s),level (m)\nA,0,1\nB,60,2\n", "of one station: column 'site' holds A, B"),
        ("time (s),level (Mm)\n0,1\n60,2\n", "which is 1e.06 m; it must be"),
        ("time (s),a,b\n0,1,2\n", "no column of water levels among"),
        ("time (s),level (m)\n0,1\n", "at least two rows"),
        ("time (s),level (m)\n", "at least (one|two) row"),
        ("time (s),level (m)\n0,1\n60,x\n", "line 3: level .m. is 'x'"),
        ("time (s),level (m)\n0,1\n60,nan\n", "line 3: level .m. has no value in the last row"),
        ("time (s),level (m)\n0,1\n60,999.9\n", "line 3: level .m. is 999.9, which is a usual code .*missing=999.9"),
        ("time (s),level (m)\n0,1\n60,---\n", "line 3: .*'---'; give a number, or declare --set missing=---"),
        ("time (s),level (m),stage (m)\n0,1,1\n60,2,2\n", "2 columns of water levels: level .m., stage .m.; keep"),
        ("time (UTC),time (UTC+8),level (m)\n,,1\n", "2 columns of times: time .UTC., time .UTC.8.; keep one"),
        ("time (CST),level (m)\n2023-09-07 22:00,1\n", "'CST' is an abbreviation that can mean different hours"),
        ("time,level (m)\n0,1\n60,2\n", "line 2: time is 0, a number, but the heading names no unit"),
        ("time (s),level_cm (m)\n0,1\n60,2\n", "names two units, 'cm' and 'm'; keep one"),
        ("time (s),level (m),quality\n0,1,1\n60,2,9\n", "column 'quality' marks rows .'1', '9'. and is not read"),
        ("id,time (s),level (m)\nA,0,1\nB,60,2\n", "line 1: the table must be of one station: column 'id' holds A, B"),
        ("# datum: MSL\ntime (s),level (m)\n0,1\n60,2\n", "comment '# datum: MSL' is not read: units, time zones"),
        ("time (s);level (m)\n0;1,250\n60;2,500\n", "line 2: '1,250' is ambiguous: it may be 1.250 or 1250"),
        ("time (s),level (cm)\n0,1\n60,9000001\n", "line 3: level .cm. is 9000001, which is 90000 m"),
        ("time (s),level (m)\n0,1\n60,2\n60,3\n", "line 4: time .s. is 60, which must be later"),
        ("time,level (m)\n2023-09-07 22:00,1\n2023-09-07 23:00,1\n", "line 2: .*names no offset|zone"),
    ],
)
def test_mistake_names_file_and_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        read_hydrograph(write(tmp_path, text), "water level")
    assert "tide.csv" in str(caught.value)


@pytest.mark.parametrize(
    ("is_dated", "start", "span", "said"),
    [
        (True, None, 10.0, "this run has no start date"),
        (False, 1_700_000_000, 10.0, "must use calendar dates, because the run starts at 2023-11-14"),
        (False, None, 61.0, "cover the whole run, 0 s to 61 s, got 0 s to 60 s"),
        (True, 1_700_000_000, 10.0, "the whole run, 2023-11-14.* got 1970-01-01 00:00"),
    ],
)
def test_rows_that_do_not_reach_over_the_run_are_refused(
    is_dated: bool, start: int | None, span: float, said: str
) -> None:
    graph = Hydrograph(Path("tide.csv"), np.array([0.0, 60.0]), np.array([1.0, 2.0]), is_dated)
    with pytest.raises(InputError, match=said):
        graph.cut(span, start_utc_s=start, needs_dates=start is not None)


def test_times_since_the_start_hold_for_a_run_with_a_date_too() -> None:
    graph = Hydrograph(Path("tide.csv"), np.array([0.0, 60.0]), np.array([1.0, 2.0]), is_dated=False)
    assert graph.cut(30.0, start_utc_s=1_700_000_000)[1].tolist() == [1.0, 1.5]


def test_a_flow_beyond_every_river_is_refused_and_a_zone_may_not_contradict(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"line 3: .* 500000 m3 s-1; it must be 0 to 400000 m3 s-1"):
        read_hydrograph(write(tmp_path, "time (s),flow (m3/s)\n0,1\n60,500000\n"), "discharge")
    text = "time (UTC),flow (m3/s)\n2023-09-07 14:00,1\n2023-09-07 15:00,1\n"
    with pytest.raises(InputError, match=r"line 2: heading 'time .UTC.' and time_zone=Asia/Shanghai disagree: .*omit"):
        read_hydrograph(write(tmp_path, text), "discharge", time_zone="Asia/Shanghai")
    assert read_hydrograph(write(tmp_path, text), "discharge", time_zone="UTC").time_s[0] == 1694095200
