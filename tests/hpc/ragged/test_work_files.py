"""Columns in work files: any rows of them, of any dtype, as NumPy itself would read them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as hnp

from citytide.hpc.errors import RunError
from citytide.hpc.ragged.work_files import column_names, leave_columns, place_of, read_rows

VALUES = hnp.arrays(st.sampled_from(["u2", "f4", "M8[s]", "U3", "?"]), st.tuples(st.integers(0, 9), st.integers(0, 2)))


@settings(max_examples=50)
@given(VALUES, st.integers(0, 9), st.integers(0, 9))
def test_rows_come_back_as_numpy_reads_them(tmp_path_factory: Any, values: Any, one: int, other: int) -> None:
    run, unsynced = tmp_path_factory.mktemp("run"), set[str]()
    start, stop = sorted((min(one, len(values)), min(other, len(values))))
    ((name, digest),) = leave_columns(run, "s", 3, {"y": values}, unsynced).items()
    assert name == "work/s/3/y.npy" and digest == hashlib.sha256((run / name).read_bytes()).hexdigest()
    assert column_names(place_of(run, "s", 3)) == ["y"] and len(unsynced) == 4
    whole = np.load(run / name)
    assert whole.dtype == values.dtype and whole.tobytes() == values.tobytes()
    rows = read_rows(run / name, start, stop)
    assert rows.tobytes() == values[start:stop].tobytes() and rows.shape == values[start:stop].shape


@pytest.mark.parametrize("kept", [3, 100])
def test_torn_file_is_named_with_the_way_out(tmp_path: Path, kept: int) -> None:
    leave_columns(tmp_path, "s", 0, {"y": np.arange(100)}, set())
    path = place_of(tmp_path, "s", 0) / "y.npy"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(RunError, match=r"y.npy is not what was written \(.*\): `citytide data verify .*` finds what"):
        read_rows(path, 0, 100)


def test_rows_that_are_not_there_are_refused(tmp_path: Path) -> None:
    leave_columns(tmp_path, "s", 0, {"y": np.arange(5)}, set())
    with pytest.raises(RunError, match="rows 3:6 were asked for, but it holds 5"):
        read_rows(place_of(tmp_path, "s", 0) / "y.npy", 3, 6)
