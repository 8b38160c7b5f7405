"""Hydrographs: what their rows and headings say, what a run sees of them, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from citytide.datasets.errors import InputError
from citytide.datasets.formats.hydrographs import Hydrograph, read_hydrograph


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
        ("time (s),level\n0,1\n60,2\n", "water level has no unit"),
        ("time (s),level (m3)\n0,1\n60,2\n", "m3"),
        ("level (m)\n1\n", "no column of times"),
        ("time (s)\n1\n", "no column of water levels"),
        ("time (s),a,b\n0,1,2\n", "no column of water levels among"),
        ("time (s),level (m)\n0,1\n", "fewer than two rows"),
        ("time (s),level (m)\n", "no rows|fewer than two rows"),
        ("time (s),level (m)\n0,1\n60,x\n", "line 3: level .m. is 'x'"),
        ("time (s),level (m)\n0,1\n60,nan\n", "line 3"),
        ("time (s),level (cm)\n0,1\n60,9999999\n", "line 3: level .cm. is 9999999, which is 100000 m"),
        ("time (s),level (m)\n0,1\n60,2\n60,3\n", "line 4: time .s. is 60, not after"),
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
        (True, None, 10.0, "bear dates, and the run has none"),
        (False, 1_700_000_000, 10.0, "bear no dates, and the run starts at 2023-11-14"),
        (False, None, 61.0, "reach from 0 s to 60 s, the run from 0 s to 61 s"),
        (True, 1_700_000_000, 10.0, "reach from 1970-01-01 00:00.* the run from 2023-11-14"),
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
