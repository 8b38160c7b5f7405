from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from citytide.datasets.errors import InputError
from citytide.datasets.formats.rain_series import read_rain_series


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_rates_are_kept_in_mm_an_hour(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "rain.csv"
    file.write_bytes("时间,山区\n0,1e-5\n60,2e-5\n".encode(encoding))
    start_s, rate = read_rain_series(file, units="m s-1")
    assert start_s.tolist() == [0.0, 60.0]
    np.testing.assert_allclose(rate[:, 0], [36.0, 72.0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no rows"),
        ("time,rain\n", "no rows"),
        ("5,1\n", "line 1: the time is 5 s"),
        ("0,1\n0,2\n", "line 2: the time is 0 s"),
        ("0,1\n9,-2\n", "line 2: the row holds 9,-2"),
        ("0,1\n9,nan\n", "line 2"),
        ("0,1\n9,x\n", "line 2: could not convert"),
        ("0,1\n9,2,3\n", "line 2: 3 columns after rows of 2"),
        ("0\n", "line 1"),
    ],
)
def test_wrong_row_is_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "rain.csv"
    file.write_text(text)
    with pytest.raises(InputError) as raised:
        read_rain_series(file, units="mm h-1")
    for part in said.split(": "):
        assert part in str(raised.value)


def test_depth_is_no_rate(tmp_path: Path) -> None:
    file = tmp_path / "rain.csv"
    file.write_text("0,1\n")
    with pytest.raises(InputError, match="mm"):
        read_rain_series(file, units="mm")
    with pytest.raises(InputError, match="rain_units"):
        read_rain_series(file, units=None)
